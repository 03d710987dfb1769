"""Runs the tests of a scorecard file and says in Chinese what differs.

Judging belongs to the floors above, so the runner is given a ``judge``; every InspectionReport is
a `Judgement`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qa_engine.domain.finding import Evidence, LookedAt, NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import CriterionResult, Total
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Transcript
from qa_engine.scorecards.cases import ScorecardTest, looked_at_of
from qa_engine.scorecards.file import EvidenceExpected, TotalExpected
from qa_engine.scorecards.loading import LoadedScorecard

OUTCOME_NAMES = {
    Outcome.PASSED: "合格",
    Outcome.FAILED: "不合格",
    Outcome.NOT_APPLICABLE: "不适用",
    Outcome.NOT_EVALUATED: "未能判定",
}


class Judgement(Protocol):
    """The part of an inspection report that tests look at."""

    @property
    def criteria(self) -> tuple[CriterionResult, ...]:
        """Every graded criterion."""
        ...

    @property
    def total(self) -> Total:
        """The total."""
        ...


Judge = Callable[[LoadedScorecard, Transcript, Prediction | NotEvaluable], Judgement]


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test; ``differences`` are Chinese sentences, empty when it is green."""

    __test__ = False

    name: str
    line: int | None
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """True when everything came out as expected."""
        return not self.differences

    def __str__(self) -> str:
        where = f"第 {self.line} 行" if self.line is not None else ""
        if self.passed:
            return f"通过  {where} {self.name}"
        return "\n".join([f"不符  {where} {self.name}", *(f"      · {text}" for text in self.differences)])


def run_tests(loaded: LoadedScorecard, judge: Judge) -> tuple[TestResult, ...]:
    """Run every test of a scorecard, in file order."""
    return tuple(run_test(loaded, test, judge) for test in loaded.tests)


def run_test(loaded: LoadedScorecard, test: ScorecardTest, judge: Judge) -> TestResult:
    """Judge one test's dialogue and compare."""
    judged = judge(loaded, test.transcript, test.prediction)
    results = {result.key: result for result in judged.criteria}
    differences: list[str] = []
    for key, expected in test.outcomes.items():
        differences += _outcome_difference(results[key], expected)
    for key, evidence in test.evidence.items():
        differences += _evidence_differences(results[key], evidence)
    if test.total is not None:
        differences += _total_differences(judged.total, test.total)
    return TestResult(test.name, test.line, tuple(differences))


def _outcome_difference(result: CriterionResult, expected: Outcome) -> Iterator[str]:
    if result.outcome is not expected:
        got, wanted = OUTCOME_NAMES[result.outcome], OUTCOME_NAMES[expected]
        yield f"「{result.name}」（{result.key}）期望{wanted}，实际{got}：{result.reason}"


def _evidence_differences(result: CriterionResult, expected: EvidenceExpected) -> Iterator[str]:
    name = f"「{result.name}」（{result.key}）"
    if expected.turns is not None:
        turns = sorted({quote.turn for quote in result.evidence})
        if turns != sorted(set(expected.turns)):
            wanted, got = _places(sorted(set(expected.turns))), _places(turns)
            yield f"{name}的证据期望在{wanted}，实际在{got}（turns 从 0 数起，实际写作 {turns}）"
    if expected.quotes is not None:
        missing = [quote for quote in expected.quotes if not _quoted(quote, result.evidence)]
        if missing:
            got = "、".join(f"“{evidence.quote}”" for evidence in result.evidence) or "没有证据"
            yield f"{name}的证据里没有{'、'.join(f'“{quote}”' for quote in missing)}，实际是：{got}"
    ranges = looked_at_of(expected)
    if ranges is not None and ranges != result.looked_at:
        wanted, got = _spans(ranges), _spans(result.looked_at)
        written = [[span.from_turn, span.to_turn] for span in result.looked_at]
        yield f"{name}期望检查{wanted}，实际检查了{got}（looked_at 从 0 数起，实际写作 {written}）"


def _quoted(quote: str, evidence: Sequence[Evidence]) -> bool:
    return any(quote == item.quote for item in evidence)


def _places(turns: Sequence[int]) -> str:
    """Turns as people count them, from 1."""
    return f"第 {'、'.join(str(turn + 1) for turn in turns)} 句" if turns else "（没有）"


def _spans(ranges: Sequence[LookedAt]) -> str:
    if not ranges:
        return "（没有）"
    return f"第 {'、'.join(f'{span.from_turn + 1}–{span.to_turn + 1}' for span in ranges)} 句"


def _total_differences(got: Total, expected: TotalExpected) -> Iterator[str]:
    names = {True: "是", False: "否", None: "未定"}
    if expected.passed is not None and got.passed is not expected.passed:
        yield f"是否及格期望{names[expected.passed]}，实际{names[got.passed]}（得分率 {got.percent:.1f}）"
    if expected.critical_failure is not None and got.critical_failure is not expected.critical_failure:
        yield f"是否一票否决期望{names[expected.critical_failure]}，实际{names[got.critical_failure]}"
    if expected.percent is not None and abs(got.percent - expected.percent) >= 0.05:
        yield f"得分率期望 {expected.percent:g}，实际 {got.percent:.1f}"
