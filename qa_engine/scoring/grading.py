"""One verdict in, one of the four outcomes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_engine.domain.finding import ConditionResult, CriterionVerdict, NotEvaluable, Verdict
from qa_engine.domain.scorecard import Criterion, Grade, Outcome, Scorecard
from qa_engine.domain.transcript import Transcript
from qa_engine.scoring import reasons


@dataclass(frozen=True, slots=True)
class GradedCriterion:
    """A criterion with its grade and the condition result that explains it (None if none exists)."""

    criterion: Criterion
    grade: Grade
    result: ConditionResult | None


def grade(
    scorecard: Scorecard,
    verdicts: Mapping[str, CriterionVerdict | NotEvaluable],
    transcript: Transcript,
) -> tuple[GradedCriterion, ...]:
    """Grade every criterion of the scorecard, in its order.

    A criterion without a verdict is NOT_EVALUATED with a reason, never passed. Evidence on inferred
    roles is only as sure as the roles: its confidence is capped by ``transcript.role_confidence``.
    """
    cap = transcript.role_confidence if transcript.role_source == "inferred" else 1.0
    missing = NotEvaluable("operator_failed", "该质检项没有得到规则结论")
    return tuple(
        _grade_one(criterion, verdicts.get(criterion.key, missing), scorecard.min_confidence, cap)
        for criterion in scorecard.criteria
    )


def _grade_one(
    criterion: Criterion, verdict: CriterionVerdict | NotEvaluable, floor: float, cap: float
) -> GradedCriterion:
    if isinstance(verdict, NotEvaluable):
        return _ungraded(criterion, verdict.code, verdict.reason, None)
    applies = verdict.applies
    if applies is not None and applies.verdict is not Verdict.HIT:
        if applies.verdict in (Verdict.MISS, Verdict.NOT_APPLICABLE):
            return _graded(criterion, Outcome.NOT_APPLICABLE, "本通不满足该项的适用条件", 1.0, applies)
        lack = _lack(applies)
        return _ungraded(criterion, lack.code, f"无法判断是否适用：{lack.reason}", applies)
    result = verdict.result
    if result.verdict is Verdict.NOT_APPLICABLE:
        return _graded(criterion, Outcome.NOT_APPLICABLE, "触发该项的情形未出现", 1.0, result)
    if result.verdict in (Verdict.NOT_EVALUABLE, Verdict.PENDING):
        lack = _lack(result)
        return _ungraded(criterion, lack.code, lack.reason, result)
    hit = result.verdict is Verdict.HIT
    confidence = min(cap, result.confidence)
    if hit is not verdict.fails_on_hit:
        return _graded(criterion, Outcome.PASSED, reasons.passed(result, hit=hit), confidence, result)
    if criterion.scoring == "add":
        # Not earning a bonus is no failing of the agent.
        return _graded(criterion, Outcome.NOT_APPLICABLE, "加分项未触发", confidence, result)
    needed = floor if criterion.min_confidence is None else criterion.min_confidence
    if confidence < needed:
        why = f"依据不牢（置信度 {confidence:.2f}，要求 {needed:.2f}），转人工复核，不扣分"
        return _ungraded(criterion, "shaky_evidence", why, result, confidence)
    return _graded(criterion, Outcome.FAILED, reasons.failed(result, hit=hit), confidence, result)


def _graded(
    criterion: Criterion, outcome: Outcome, reason: str, confidence: float, result: ConditionResult
) -> GradedCriterion:
    occurrences = max(1, result.occurrences) if outcome is Outcome.FAILED else 0
    return GradedCriterion(criterion, Grade(criterion.key, outcome, reason, confidence, occurrences), result)


def _ungraded(
    criterion: Criterion, code: str, reason: str, result: ConditionResult | None, confidence: float = 0.0
) -> GradedCriterion:
    verdict = Grade(criterion.key, Outcome.NOT_EVALUATED, reason, confidence, 0, code)
    return GradedCriterion(criterion, verdict, result)


def _lack(result: ConditionResult) -> NotEvaluable:
    if result.missing is not None:
        return result.missing
    return NotEvaluable("call_not_finished", "通话尚未结束，还不能判定")
