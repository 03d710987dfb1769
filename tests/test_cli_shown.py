"""What people are shown: no controls, one set of words, clear denominators, room on narrow terminals."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from batch_samples import card_file, dialogue_file, run, small_inspector, transcript

from qa_engine.batch.flat import criterion_rows
from qa_engine.batch.labels import OUTCOMES, code_name, deducted_note, passed_name
from qa_engine.batch.tally import RunTally
from qa_engine.batch.telling import masked
from qa_engine.cli.app import COMMANDS
from qa_engine.cli.call_view import view_call
from qa_engine.cli.masking import shown_id
from qa_engine.cli.visible import one_line, visible
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.scorecard import Outcome

CONTROLS = "\x1b]0;坏\x07\x9b31m\u202e反\u2066\x7f"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m红", "␛[31m红"),
        ("\x07\x00\x7f", "␇␀␡"),
        ("\x9b1m\x85", "‹9B›1m‹85›"),
        ("a\u202eb\u2069", "a‹202E›b‹2069›"),
        ("换\n行\t正常", "换\n行\t正常"),
    ],
)
def test_controls_become_symbols(text, shown):
    assert visible(text) == shown
    assert "\n" not in one_line(text)


def test_no_control_reaches_terminal_or_page(tmp_path):
    card_file(tmp_path)
    call = {
        "id": f"x{CONTROLS}[/red]", "agent": {"name": CONTROLS},
        "turns": [{"speaker": "agent", "text": f"办不了{CONTROLS}"}],
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(call), encoding="utf-8")
    words = ("show", tmp_path / "c.json", "-s", tmp_path / "card.yaml", "--model", "none")
    page = tmp_path / "c.html"
    assert run(*words, "--html", page).returncode == 0
    out = tmp_path / "site"
    done = run(
        "score", tmp_path / "c.json", "-s", tmp_path / "card.yaml", "--model", "none", "-o",
        tmp_path / "r.jsonl", "--html", out,
    )  # fmt: skip
    assert done.returncode == 0
    (called,) = (out / "calls").iterdir()
    texts = [path.read_text(encoding="utf-8") for path in (page, called, out / "index.html")]
    texts += [run(*words).stdout.decode(), run(*words, "--raw").stdout.decode()]
    for text in texts:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
        assert "␛" in text
    assert "[/red]" in texts[-1]


@pytest.mark.parametrize(
    ("transcript_id", "shown"),
    [
        ("13800138000_张三.txt", "[手机号]_[姓名].txt"),
        ("录音/欧阳小红-13900139000", "录音/[姓名]-[手机号]"),
        ("tc-0044", "tc-0044"),
        ("通话_1", "通话_1"),
        ("a/b.json#3", "a/b.json#3"),
    ],
)
def test_ids_hide_personal_data(transcript_id, shown):
    assert shown_id(transcript_id, masked=True) == shown
    assert shown_id(transcript_id, masked=False) == transcript_id


@pytest.mark.parametrize(
    ("quote", "shown"),
    [("我手机13800138000", "我手机[手机号]"), ("尾号0138 0013 8", "尾号[数字]"), ("扣了20块", "扣了20块")],
)
def test_quotes_of_tables_are_masked(quote, shown):
    assert masked(quote) == shown


def test_outcomes_have_one_set_of_words():
    assert list(OUTCOMES.values()) == ["合格", "不合格", "不适用", "未判定"]
    assert [passed_name(passed) for passed in (True, False, None)] == ["通过", "未通过", "待定"]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("no_customer_turns", "没有客户发言"),
        ("no_agent_turns", "没有坐席发言"),
        ("unknown_format", "认不出格式"),
        ("brand_new", "其他（brand_new）"),
    ],
)
def test_codes_have_names(code, name):
    assert code_name(code) == name


def test_unjudged_calls_do_not_count_as_zero(tmp_path):
    report = report_to_json(small_inspector(tmp_path).inspect(transcript(1)))
    judged, nothing = json.loads(json.dumps(report)), json.loads(json.dumps(report))
    judged["total"].update(percent=70.0, coverage=1.0, passed=True)
    nothing["total"].update(percent=0.0, coverage=0.0, passed=None)
    tally = RunTally()
    assert tally.mean_percent is None
    for fields in (judged, nothing):
        tally.add(fields)
    assert (tally.mean_percent, tally.judged, tally.decided, tally.scored) == (70.0, 1, 1, 2)


def test_item_paid_for_elsewhere_says_where(tmp_path):
    call = transcript(1)
    report = small_inspector(tmp_path).inspect(call)
    first, second, *others = report.criteria
    second = replace(second, outcome=Outcome.FAILED, earned=second.max, deducted_in=first.key)
    report = replace(report, criteria=(first, second, *others))
    view = view_call(call, report, {}, None)
    shown = [item for section in view.sections for item in section.criteria]
    assert shown[1].points == f"已在「{first.name}」扣分"
    rows = list(criterion_rows(report_to_json(report)))
    assert rows[1][9] == f"{second.reason}（已在「{first.name}」扣分）"
    assert deducted_note(None, {}) == ""


def test_show_of_many_says_which_and_warns_once(tmp_path):
    card_file(tmp_path)
    dialogue_file(tmp_path / "in.jsonl", 3)
    text = (tmp_path / "in.jsonl").read_text(encoding="utf-8")
    (tmp_path / "in.jsonl").write_text("{坏\n" + text, encoding="utf-8")
    words = ("show", tmp_path / "in.jsonl", "-s", tmp_path / "card.yaml", "--model", "none")
    told = run(*words).stderr.decode()
    assert "这是第 1 通 / 共 3 通，用 --call 选择" in told
    assert told.count("跳过一条读不了的记录") == 1
    assert "共 3 通" not in run(*words, "--call", "1").stderr.decode()


def test_narrow_table_leaves_out_the_least_important():
    from qa_engine.cli.demo_command import _hidden

    assert _hidden(160) == frozenset()
    assert _hidden(80) == {"覆盖率", "情绪", "来电事由"}


def test_short_help_is_the_first_line_of_the_help():
    for name in COMMANDS:
        assert COMMANDS[name].help in re.sub(r"\s*│?\n│?\s*", "", run(name, "--help").stdout.decode())


def test_version_option():
    assert run("--version").stdout == run("version").stdout
