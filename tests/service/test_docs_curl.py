"""The commands of the guides run on a real server, in order; the two languages show the same ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from qa_engine.settings import Settings
from service.served import serving

ROOT = Path(__file__).parents[2]
GUIDES = {"zh": ROOT / "docs" / "api.zh-CN.md", "en": ROOT / "docs" / "api.md"}
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
_BLOCK = re.compile(r"^```(bash|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=== qa-engine docs block ==="


def blocks(path: Path) -> list[tuple[str, dict[str, object] | None]]:
    """The commands of a guide, each with the JSON that is shown as its answer (None where none is)."""
    found: list[tuple[str, dict[str, object] | None]] = []
    for kind, text in _BLOCK.findall(path.read_text("utf-8")):
        if kind == "bash":
            found.append((text, None))
        else:
            command, told = found[-1]
            assert told is None
            found[-1] = (command, json.loads(text))
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("docs"), workers="1", ticking_s="0.5") as running:
        yield running


def run_all(served, commands: list[str], folder: Path, password: str) -> list[str]:
    """Run the commands one after another in one shell; what each printed."""
    script = "set -euo pipefail\n" + f"\necho; echo '{_MARK}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-c", script],
        capture_output=True,
        cwd=folder,
        timeout=300,
        env={**os.environ, "QA": served.url, "QA_PASSWORD": password, "no_proxy": "*"},
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:] + done.stderr.decode()[-2000:]
    return done.stdout.decode().split(_MARK)


def insist_on(shown, answered, where):
    """Whatever the guide shows is in the answer; the answer may hold more."""
    if isinstance(shown, dict):
        assert isinstance(answered, dict), where
        for key, value in shown.items():
            assert key in answered, f"{where}.{key}"
            insist_on(value, answered[key], f"{where}.{key}")
    elif isinstance(shown, list):
        assert isinstance(answered, list), where
        assert len(answered) >= len(shown), where
        for i, value in enumerate(shown):
            insist_on(value, answered[i], f"{where}[{i}]")
    else:
        assert answered == shown, where


def last_json(printed: str) -> object:
    """The last JSON value of what a block printed (several commands may answer in one block)."""
    decoder, place, value = json.JSONDecoder(), 0, None
    text = printed.strip()
    while place < len(text):
        value, end = decoder.raw_decode(text, place)
        place = end + len(text[end:]) - len(text[end:].lstrip())
    return value


def test_the_commands_of_the_guide_do_what_it_shows(served, tmp_path):
    (tmp_path / "data").symlink_to(ROOT / "data")
    told = blocks(GUIDES["zh"])
    assert len(told) > 15
    printed = run_all(served, [command for command, _ in told], tmp_path, served.password)
    for (command, shown), answer in zip(told, printed, strict=True):
        if shown is not None:
            insist_on(shown, last_json(answer), command.splitlines()[0])
    exported = (tmp_path / "reports.csv").read_text("utf-8-sig")
    assert "call-0001" in exported
    assert "13800138000" not in exported
    assert "x-next-cursor" not in (tmp_path / "headers.txt").read_text().lower(), "one part held everything"


def test_both_languages_show_the_same_commands_and_answers():
    assert blocks(GUIDES["en"]) == blocks(GUIDES["zh"])


@pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
def test_every_setting_is_explained(guide):
    text = guide.read_text("utf-8")
    named = set(re.findall(r"QA_ENGINE_[A-Z_]*[A-Z]", text))
    assert named == {f"QA_ENGINE_{name.upper()}" for name in Settings.model_fields}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_the_commands_of_the_readme_are_among_those_of_the_guide(readme):
    known = "\n".join(command for command, _ in blocks(GUIDES["zh"]))
    for kind, text in _BLOCK.findall(readme.read_text("utf-8")):
        if kind == "bash" and "curl" in text:
            for line in filter(None, map(str.strip, text.splitlines())):
                assert line in known, f"{readme.name}: {line}"
