"""docs/transcripts*.md 说的就是程序做的：例子读得进，表头、标记、错误码、报告字段一个不漏、一个不多。"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.intake.documents import OwnReader
from qa_engine.intake.headers import SYNONYMS
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.producers import READERS, TEXT_READERS
from qa_engine.intake.read import read_inputs

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "docs" / "transcripts.zh-CN.md", ROOT / "docs" / "transcripts.md"]
CODE = sorted((ROOT / "qa_engine" / "intake").rglob("*.py"))
both = pytest.mark.parametrize("path", DOCUMENTS, ids=[path.name for path in DOCUMENTS])

# 例子的种类: 通数, 选项
EXAMPLES = {"jsonl": (3, {}), "csv": (1, {"agent_channel": "0"}), "text": (2, {})}


def section(path: Path, *titles: str) -> str:
    """一节的正文；标题中英文各写一个。"""
    parts = re.split(r"^## (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [body for title, body in zip(parts[1::2], parts[2::2], strict=True) if title in titles]
    assert len(found) == 1, titles
    return found[0]


def first_cells(body: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", body, flags=re.MULTILINE)


def written_in_code(calls: dict[str, int]) -> set[str]:
    """程序里作为某个参数写出的字符串：调用名 → 参数位置。"""
    found: set[str] = set()
    for source in CODE:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name not in calls:
                continue
            by_name = [one.value for one in node.keywords if one.arg == "code"]
            for value in [*node.args[calls[name] : calls[name] + 1], *by_name]:
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found.add(value.value)
    return found


@both
@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_examples_can_be_copied_and_read(tmp_path, path, kind):
    text = path.read_text(encoding="utf-8")
    (example,) = re.findall(rf"```{kind}\n(.*?)```", text, flags=re.DOTALL)
    copy = tmp_path / "example"
    copy.write_text(example, encoding="utf-8")
    count, options = EXAMPLES[kind]
    items = list(read_inputs([str(copy)], IntakeOptions(**options)))
    assert not [str(item) for item in items if isinstance(item, IntakeError)]
    assert len(items) == count
    for call in items:
        assert call.has_roles
        assert {flag.code for flag in call.flags} <= {"roles_inferred"}


@both
def test_every_field_of_the_full_example_is_read(tmp_path, path):
    (example,) = re.findall(r"```jsonl\n(.*?)```", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    copy = tmp_path / "example"
    copy.write_text(example.splitlines()[0], encoding="utf-8")
    (call,) = read_inputs([str(copy)])
    assert (call.id, call.channel.value, call.started_at, call.duration_ms) == (
        "c-1001", "voice", "2024-05-01T10:00:00", 9000,
    )  # fmt: skip
    assert None not in (call.agent.id, call.agent.name, call.agent.team, call.agent.skill_group)
    assert None not in (call.customer.id, call.customer.tier, call.customer.region)
    assert call.attributes["hangup_party"] == "customer"
    assert call.turns[1].words[0].confidence == 0.98
    assert call.turns[1].signals == {"loudness": 6.0}
    assert (call.turns[1].start_ms, call.turns[1].end_ms) == (3000, 5200)


@both
def test_every_header_is_listed(path):
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|]+) \|$", section(path, "CSV / XLSX"), flags=re.MULTILINE)
    assert {name: tuple(headers.strip().split("、")) for name, headers in rows} == dict(SYNONYMS)


@both
def test_every_producer_is_listed(path):
    names = {reader.name for reader in (OwnReader(), *READERS, *TEXT_READERS)}
    assert set(first_cells(section(path, "认得的产出方", "Producers"))) == names


@both
def test_every_flag_is_listed(path):
    raised = written_in_code({"TranscriptFlag": 0, "_flag": 0})
    assert {"one_sided", "beyond_duration", "unit_unknown"} <= raised
    listed = first_cells(section(path, "标记", "Flags"))
    assert len(listed) == len(set(listed))
    assert set(listed) == raised


@both
def test_every_error_code_is_listed(path):
    raised = written_in_code({"FieldProblem": 3, "IntakeError": 3, "_error": 3})
    assert {"duplicate_id", "duplicate_key", "no_header", "bad_cue"} <= raised
    listed = first_cells(section(path, "读取错误", "Reading errors"))
    assert len(listed) == len(set(listed))
    assert set(listed) == raised


@both
def test_every_field_of_the_report_is_listed(path):
    source = (ROOT / "qa_engine" / "domain" / "report_json.py").read_text(encoding="utf-8")
    keys = {
        key.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    }
    assert {"upper_percent", "recovered_by_agent", "deducted_in"} <= keys
    body = section(path, "报告：inspection-report/1", "The report: inspection-report/1")
    told = {part for name in re.findall(r"`([^`]+)`", body) for part in re.split(r"[.\[\]]+", name)}
    assert keys <= told


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_leads_there(readme):
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert any(f"(docs/{path.name})" in text for path in DOCUMENTS)


def test_messages_name_a_document_that_exists():
    named = {name for source in CODE for name in re.findall(r"docs/[\w.\-]+\.md", source.read_text("utf-8"))}
    assert "docs/transcripts.zh-CN.md" in named
    assert all((ROOT / name).is_file() for name in named)
