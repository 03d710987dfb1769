"""Points: the weight of items that do not apply is shared out over those that do."""

from __future__ import annotations

from collections.abc import Sequence

from qa_engine.domain.report import CriterionResult
from qa_engine.domain.scorecard import Outcome, Scorecard
from qa_engine.scoring.events import Charge, charge_events
from qa_engine.scoring.grading import GradedCriterion

_FULL = Charge(0.0)


def share_out(scorecard: Scorecard, graded: Sequence[GradedCriterion]) -> tuple[CriterionResult, ...]:
    """Give every criterion its points.

    The maximum of a call is the nominal maximum of the scorecard however many items do not apply:
    each applicable item is scaled by nominal ÷ applicable weight. NOT_EVALUATED items keep their
    maximum and earn nothing, so that a missing judgement can only lower the proven score.
    """
    weights = {section.key: section.weight for section in scorecard.sections}
    charges = charge_events(graded, weights)
    nominal = sum(_weight(g, weights) for g in graded if g.criterion.scoring == "deduct")
    applicable = sum(_weight(g, weights) for g in graded if _counts(g))
    scale = nominal / applicable if applicable else 0.0
    return tuple(_result(g, _weight(g, weights), scale, charges) for g in graded)


def _weight(item: GradedCriterion, weights: dict[str, float]) -> float:
    return item.criterion.points * weights.get(item.criterion.section, 1.0)


def _counts(item: GradedCriterion) -> bool:
    return item.criterion.scoring == "deduct" and item.grade.outcome is not Outcome.NOT_APPLICABLE


def _result(
    item: GradedCriterion, weight: float, scale: float, charges: dict[str, Charge]
) -> CriterionResult:
    criterion, verdict, result = item.criterion, item.grade, item.result
    charge = charges.get(criterion.key, _FULL)
    maximum = weight * scale if _counts(item) else 0.0
    if criterion.scoring == "add":
        earned = weight if verdict.outcome is Outcome.PASSED else 0.0
    elif verdict.outcome is Outcome.PASSED:
        earned = maximum
    elif verdict.outcome is Outcome.FAILED:
        earned = maximum * (1.0 - charge.lost)
    else:
        earned = 0.0
    shows = verdict.outcome in (Outcome.FAILED, Outcome.PASSED) or verdict.code == "shaky_evidence"
    findings = result.findings if result is not None and shows else ()
    return CriterionResult(
        key=criterion.key,
        name=criterion.name,
        section=criterion.section,
        outcome=verdict.outcome,
        earned=earned,
        max=maximum,
        confidence=verdict.confidence,
        reason=verdict.reason,
        evidence=tuple(dict.fromkeys(quote for finding in findings for quote in finding.evidence)),
        looked_at=result.looked_at if result is not None else (),
        nearest=result.nearest if result is not None else None,
        critical=criterion.critical,
        deducted_in=charge.deducted_in,
        scoring=criterion.scoring,
        weight=weight,
        code=verdict.code,
        occurrences=verdict.occurrences,
    )
