"""Reading aid for rule tables: dialogues as lines, verdicts as one word."""

from __future__ import annotations

import re
from typing import Any

from qa_engine.domain.finding import ConditionResult, NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.rules import CriterionRule, Facts, RuleSet, compile_rules
from qa_engine.text.reading import read_transcript

NO_MODEL = NotEvaluable("no_model", "没有模型")
SPEAKERS = {"客服": Speaker.AGENT, "客户": Speaker.CUSTOMER, "系统": Speaker.SYSTEM, "未知": Speaker.UNKNOWN}
_LINE = re.compile(r"(?P<who>客服|客户|系统|未知)(?:@(?P<start>[\d.]+)-(?P<end>[\d.]+))?[:：](?P<text>.*)")


def call(dialogue: str, **facts: Any) -> Transcript:
    """``客服@1.5-3: 您好`` a line; times in seconds are optional. ``facts`` are fields of Transcript."""
    turns = []
    for line in filter(None, map(str.strip, dialogue.strip().splitlines())):
        match = _LINE.fullmatch(line)
        assert match is not None, line
        start, end = (
            None if value is None else round(float(value) * 1000) for value in match.group("start", "end")
        )
        turns.append(Turn(SPEAKERS[match["who"]], match["text"].strip(), start, end))
    return Transcript("t", tuple(turns), **facts)


def rules(
    conditions: dict[str, object], phrases: dict[str, list[str]] | None = None, **criteria: Any
) -> RuleSet:
    """Compile; any problem fails the test. ``criteria``: key → EXPR of ``fail_when`` or a CriterionRule."""
    problems: list[Any] = []
    written = {
        key: rule if isinstance(rule, CriterionRule) else CriterionRule(fail_when=rule)
        for key, rule in criteria.items()
    }
    compiled = compile_rules(phrases or {}, conditions, written, lambda *problem: problems.append(problem))
    assert problems == []
    return compiled


def problems_of(conditions: dict[str, object], **criteria: Any) -> list[tuple[Any, str, str]]:
    """Everything that is wrong with some rules."""
    problems: list[tuple[Any, str, str]] = []
    written = {
        key: rule if isinstance(rule, CriterionRule) else CriterionRule(fail_when=rule)
        for key, rule in criteria.items()
    }
    compile_rules({}, conditions, written, lambda *problem: problems.append(problem))
    return problems


def judge(
    condition: dict[str, object],
    transcript: Transcript,
    prediction: Prediction | NotEvaluable = NO_MODEL,
    **others: object,
) -> ConditionResult:
    """Judge one condition; ``others`` are further named conditions (anchors)."""
    return rules({**others, "it": condition}).evaluate_condition(
        "it", Facts(read_transcript(transcript), prediction)
    )


def quotes(result: ConditionResult) -> list[str]:
    return [quote.quote for finding in result.findings for quote in finding.evidence]


def turns(result: ConditionResult) -> list[int]:
    return sorted({quote.turn for finding in result.findings for quote in finding.evidence})
