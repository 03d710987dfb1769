"""The score of a report with people's outcomes in place of the machine's, by the same arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa_engine.domain.finding import ConditionResult, Evidence, Finding, Verdict
from qa_engine.domain.report import CriterionResult
from qa_engine.domain.scorecard import Criterion, Grade, Outcome, Scorecard
from qa_engine.scoring.grading import GradedCriterion
from qa_engine.scoring.points import share_out


@dataclass(frozen=True, slots=True)
class HumanOutcome:
    """A person's outcome of one criterion and the turns it rests on (0-based)."""

    outcome: Outcome
    turns: tuple[int, ...] = ()


def override(
    scorecard: Scorecard, results: Sequence[CriterionResult], said: Mapping[str, HumanOutcome]
) -> tuple[CriterionResult, ...]:
    """Share out the points anew. Without any human outcome the points come out as the machine's.

    What a person failed costs once for every turn named, and once when none is named.

    Args:
        scorecard: the revision the report was made with.
        results: the report's criteria.
        said: criterion key → what a person said.

    Raises:
        ValueError: the report does not belong to the scorecard.
    """
    criteria = {criterion.key: criterion for criterion in scorecard.criteria}
    if [result.key for result in results] != list(criteria):
        raise ValueError("the report was made with another revision of the scorecard")
    return share_out(
        scorecard, [_graded(criteria[result.key], result, said.get(result.key)) for result in results]
    )


def _graded(criterion: Criterion, result: CriterionResult, said: HumanOutcome | None) -> GradedCriterion:
    if said is None or said.outcome is result.outcome:
        # A person who agrees with the machine leaves it its own grounds and count.
        grade = Grade(
            result.key, result.outcome, result.reason, result.confidence, result.occurrences, result.code
        )
        return GradedCriterion(criterion, grade, _grounds(result.key, result.evidence, result))
    occurrences = max(1, len(said.turns)) if said.outcome is Outcome.FAILED else 0
    grade = Grade(result.key, said.outcome, "人工改判", 1.0, occurrences)
    quotes = tuple(Evidence(turn, 0, 0, "") for turn in said.turns)
    return GradedCriterion(criterion, grade, _grounds(result.key, quotes, None))


def _grounds(key: str, evidence: tuple[Evidence, ...], result: CriterionResult | None) -> ConditionResult:
    findings = (Finding(key, evidence),) if evidence else ()
    looked_at = result.looked_at if result is not None else ()
    nearest = result.nearest if result is not None else None
    return ConditionResult(Verdict.HIT, findings, looked_at, nearest)
