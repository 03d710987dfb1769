"""The guides to fine-tuning tell no lie: every command, option and label in them exists."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import typer

from qa_engine.cli.app import app
from qa_engine.domain.taxonomy import AGENT_FAULTS
from training.corpus import read_corpus
from training.settings import read_settings

DOCS = Path(__file__).parent.parent / "docs"
ROOT = DOCS.parent
GUIDES = {
    name: (DOCS / name).read_text(encoding="utf-8") for name in ("fine-tuning.zh-CN.md", "fine-tuning.md")
}


def blocks(text, kind):
    return "\n".join(re.findall(rf"```{kind}\n(.*?)```", text, flags=re.S))


def commands(text):
    return [line for line in blocks(text, "sh").splitlines() if line.startswith("qa-engine ")]


COMMANDS = sorted({(name, line) for name, text in GUIDES.items() for line in commands(text)})


@pytest.mark.parametrize(("_guide", "line"), COMMANDS, ids=[line for _, line in COMMANDS])
def test_every_command_and_option_exists(_guide, line):
    command, words = typer.main.get_command(app), shlex.split(line)[1:]
    context = typer.Context(command)
    while hasattr(command, "resolve_command"):
        _, command, words = command.resolve_command(context, words)
        assert command is not None
        context = typer.Context(command)
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known
    # Parsed, though not run: values of the right kind in the right place.
    if "--model" not in words:
        command.make_context("x", list(words))


@pytest.mark.parametrize("name", GUIDES)
def test_guide_walks_the_whole_way(name):
    said = " ".join(commands(GUIDES[name]))
    for step in (
        "redact",
        "train neural",
        "train baseline",
        "evaluate",
        "models verify",
        "models use",
        "--default",
    ):
        assert step in said


@pytest.mark.parametrize("name", GUIDES)
def test_labels_shown_can_be_read(name, tmp_path):
    (tmp_path / "shown.jsonl").write_text(blocks(GUIDES[name], "jsonl"), encoding="utf-8")
    dialogues = read_corpus([tmp_path])
    assert dialogues[0].drops == (2,)
    assert set(dialogues[0].turns[1].faults or ()) <= set(AGENT_FAULTS)
    record = json.loads(blocks(GUIDES[name], "jsonl").splitlines()[0])
    for field in record["gold"]:
        assert f"`{field}`" in GUIDES["fine-tuning.zh-CN.md"], "every label is explained"


def test_values_told_are_those_of_the_configuration():
    settings = read_settings(ROOT / "training" / "baseline.toml")
    assert (settings.own_weight, settings.own_least) == (2.0, 60)
    text = GUIDES["fine-tuning.zh-CN.md"]
    assert "按 2 倍计（`own_weight`）" in text
    assert "60 通以上（`own_least`）" in text
    assert "`own_weight`" in GUIDES["fine-tuning.md"]
