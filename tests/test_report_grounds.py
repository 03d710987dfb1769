"""判断依据：从模型点名的句子到报告、表格、网页和终端。"""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from rich.console import Console
from scripted import dialogue, play

from qa_engine.batch.flat import evidence_rows
from qa_engine.batch.record import Scored
from qa_engine.batch.telling import Telling
from qa_engine.cli.call_view import view_call
from qa_engine.cli.masking import masks_of
from qa_engine.cli.pages import call_page
from qa_engine.cli.terminal_call import render_call
from qa_engine.detectors.attitude import AttitudeDetector
from qa_engine.detectors.complaint import ComplaintDetector
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Ground, Prediction
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.report_json import report_from_json, report_to_json
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.inspector.sections import detect_sections
from qa_engine.wiring import build_inspector

PHONE = "13800138000"
CALL = f"""
    客户 不满 抱怨：  扣费扣错了，我手机{PHONE}
    坐席 问候：您好，请讲
    系统：已接入
    客户 愤怒 抱怨：都说三遍了
    坐席 推诿：这个不归我管
    客户 平静：
"""
WHOLE = dialogue(resolution="unresolved", complaint=0.9, review=0.9)
CORPUS = Path(__file__).parents[1] / "data" / "corpus" / "mx.jsonl"
INSPECTOR = build_inspector("general_service", model="baseline")


def told(*, complaint=(), review=(), resolution=(), shirk=()) -> tuple:
    whole = replace(
        WHOLE,
        complaint_grounds=tuple(complaint),
        review_grounds=tuple(review),
        resolution_turns=tuple(resolution),
    )
    reading, prediction = play(CALL, whole=whole)
    turns = list(prediction.turns)
    turns[4] = replace(turns[4], fault_grounds={"shirk": tuple(shirk)})
    return reading, replace(prediction, turns=tuple(turns))


def inspected(reading, prediction: Prediction) -> InspectionReport:
    return INSPECTOR.judge(reading, prediction)


def corpus(count: int) -> list[Transcript]:
    lines = CORPUS.read_text(encoding="utf-8").splitlines()[:count]
    speakers = {"A": Speaker.AGENT, "C": Speaker.CUSTOMER}
    return [
        Transcript(record["id"], tuple(Turn(speakers[turn["s"]], turn["t"]) for turn in record["turns"]))
        for record in map(json.loads, lines)
    ]


RICH = {
    "complaint": (Ground(3, 2.0), Ground(0, 1.0)),
    "review": (Ground(4, 1.0), Ground(0, 0.5)),
    "resolution": (4, 0),
    "shirk": (Ground(3, 1.5), Ground(0, 0.2)),
}


def test_evidence_is_quoted_whole_and_in_order():
    reading, prediction = told(**RICH)
    found = ComplaintDetector().detect(reading, prediction)
    assert [quote.turn for quote in found.evidence] == [0, 3]
    for quote in found.evidence:
        assert reading.transcript.turns[quote.turn].text[quote.start : quote.end] == quote.quote
    assert found.evidence[1].quote == "都说三遍了"
    faults = AttitudeDetector().detect(reading, prediction).faults
    assert [(fault.turn, fault.kind, fault.because) for fault in faults] == [(4, "shirk", (0, 3))]


def test_what_speaks_against_a_verdict_or_is_blank_is_no_evidence():
    found = ComplaintDetector().detect(*told(complaint=(Ground(3, 1.0), Ground(1, -0.5), Ground(5, 0.4))))
    assert [quote.turn for quote in found.evidence] == [3]


def test_no_complaint_no_evidence():
    reading, prediction = told(complaint=(Ground(3, 1.0),))
    calm = replace(prediction, dialogue=replace(prediction.dialogue, complaint=0.1))
    assert ComplaintDetector().detect(reading, calm).evidence == ()


WRONG = [
    ("不存在的句子", {"complaint": (Ground(6, 1.0),)}, "complaint"),
    ("负数", {"review": (Ground(-1, 1.0),)}, "review"),
    ("系统的话", {"resolution": (2,)}, "resolution"),
    ("过错之后的话", {"shirk": (Ground(5, 1.0),)}, "attitude"),
    ("过错本身", {"shirk": (Ground(4, 1.0),)}, "attitude"),
]


@pytest.mark.parametrize(("grounds", "section"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_model_that_names_wrong_turns_is_told_not_shown(grounds, section):
    sections = detect_sections(*told(**grounds))
    assert [(gap.what, gap.code) for gap in sections.missing] == [(section, "detector_failed")]
    assert not sections.complaint.evidence
    assert not sections.review_evidence


def test_a_prediction_without_grounds_is_judged_all_the_same():
    sections = detect_sections(*play(CALL, whole=WHOLE))
    assert sections.missing == ()
    assert sections.complaint.is_complaint
    assert (sections.complaint.evidence, sections.review_evidence, sections.resolution.turns) == ((), (), ())


def test_review_has_evidence_only_where_a_review_is_due():
    report = inspected(*told(**RICH))
    assert report.review.needed
    assert [quote.turn for quote in report.review.evidence] == [0, 4]
    reading, prediction = play("坐席 问候：您好\n客户 平静 询问：查话费\n坐席 告知：已查到\n客户 满意：谢谢")
    whole = replace(prediction.dialogue, review_grounds=(Ground(1, 1.0),))
    calm = INSPECTOR.judge(reading, replace(prediction, dialogue=whole)).review
    assert (calm.needed, calm.evidence) == (False, ())


def test_the_report_keeps_them_and_older_reports_can_be_read():
    report = inspected(*told(**RICH))
    fields = json.loads(json.dumps(report_to_json(report)))
    assert report_to_json(report_from_json(fields)) == fields
    assert fields["complaint"]["evidence"][1] == {"turn": 3, "start": 0, "end": 5, "quote": "都说三遍了"}
    assert fields["attitude"]["faults"][0]["because"] == [0, 3]
    del (
        fields["complaint"]["evidence"],
        fields["review"]["evidence"],
        fields["attitude"]["faults"][0]["because"],
    )
    old = report_from_json(fields)
    assert (old.complaint.evidence, old.review.evidence, old.attitude.faults[0].because) == ((), (), ())


def test_tables_hold_them_masked_unless_asked_otherwise():
    scored = Scored(0, "剧本", orjson.dumps(report_to_json(inspected(*told(**RICH)))))
    for raw in (False, True):
        fields = Telling(raw=raw).report(scored)
        assert (PHONE in orjson.dumps(fields).decode()) == raw
        rows = [row for row in evidence_rows(fields) if row[1] in ("complaint", "review")]
        assert [row[1:5] for row in rows] == [
            ("complaint", "投诉判断", "是", 1), ("complaint", "投诉判断", "是", 4),
            ("review", "复核建议", "是", 1), ("review", "复核建议", "是", 5),
        ]  # fmt: skip


def test_page_and_terminal_show_them_with_links_and_masks():
    reading, prediction = told(**RICH)
    call = reading.transcript
    view = view_call(call, inspected(reading, prediction), {}, masks_of(call))
    assert [(ground.name, [quote.turn for quote in ground.quotes]) for ground in view.grounds] == [
        ("问题未解决", [0, 4]), ("客户投诉", [0, 3]), ("建议复核", [0, 4]),
    ]  # fmt: skip
    page = call_page(view, "通用")
    grounds = page[page.index('class="grounds"') :]
    assert re.search(
        r'客户投诉的依据</h3><blockquote><a href="#t0">第 1 句</a>　\s*扣费扣错了，我手机\[手机号\]', grounds
    )
    assert '依据<a href="#t0">第 1 句</a>、<a href="#t3">第 4 句</a>' in page
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(render_call(view, "通用"))
    shown = console.export_text()
    assert "依据第 4 句 “都说三遍了”" in shown
    assert "依据第 1、4 句" in shown
    for text in (page, shown):
        assert PHONE not in text


@pytest.mark.parametrize("name", ["baseline", "neural"])
def test_law_evidence_of_real_calls(name):
    if name == "neural":
        pytest.importorskip("onnxruntime", reason="没有安装 onnxruntime，神经模型不可用")
    inspector = build_inspector("general_service", model=name)
    named = 0
    calls = corpus(12)
    for call, report in zip(calls, inspector.inspect_many(calls), strict=True):
        for evidence in (report.complaint.evidence, report.review.evidence):
            turns = [quote.turn for quote in evidence]
            assert turns == sorted(set(turns))
            for quote in evidence:
                assert call.turns[quote.turn].speaker in (Speaker.AGENT, Speaker.CUSTOMER)
                assert call.turns[quote.turn].text[quote.start : quote.end] == quote.quote != ""
            named += len(turns)
        assert list(report.resolution.turns) == sorted(set(report.resolution.turns))
        for fault in report.attitude.faults:
            assert list(fault.because) == sorted(set(fault.because))
            assert all(turn < fault.turn for turn in fault.because)
            named += len(fault.because)
        assert not [gap for gap in report.not_evaluated if gap.code == "detector_failed"]
    assert named > 5


def test_without_a_model_there_is_no_evidence():
    reading, _ = play(CALL)
    sections = detect_sections(reading, NotEvaluable("no_model", "没有模型"))
    assert (sections.complaint.evidence, sections.review_evidence) == ((), ())
