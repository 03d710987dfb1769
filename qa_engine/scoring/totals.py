"""The total: an interval from what is proven to what is possible, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from qa_engine.domain.report import CriterionResult, Total
from qa_engine.domain.scorecard import Outcome, Scorecard

# Points are floats after sharing out; a hair below the mark is the mark.
_HAIR = 1e-9


def total(scorecard: Scorecard, results: Sequence[CriterionResult]) -> Total:
    """Add up the criteria.

    A failed critical item (一票否决) decides ``passed`` whatever the points say. It does not set the
    points to zero: the machine's finding awaits a person's word, and an item that could not be judged
    must never leave a call better off than a failed one.
    """
    judged = [r for r in results if r.outcome is not Outcome.NOT_APPLICABLE]
    deducted = [r for r in judged if r.scoring == "deduct"]
    maximum = sum(r.max for r in deducted)
    unknown = [r for r in judged if r.outcome is Outcome.NOT_EVALUATED]
    known = sum(r.max for r in deducted if r.outcome is not Outcome.NOT_EVALUATED)
    gained = sum(r.earned for r in judged)
    # A bonus makes up for what was lost, never for what was not judged.
    earned = min(known, gained)
    upper = min(maximum, gained + sum(r.max if r.scoring == "deduct" else r.weight for r in unknown))
    critical_failure = any(r.critical and r.outcome is Outcome.FAILED for r in results)
    critical_open = any(r.critical for r in unknown)
    percent, upper_percent = _percent(earned, maximum), _percent(upper, maximum)
    return Total(
        points=earned,
        max=maximum,
        percent=percent,
        upper_percent=upper_percent,
        passed=_passed(scorecard.pass_mark, percent, upper_percent, maximum, critical_failure, critical_open),
        critical_failure=critical_failure,
        coverage=known / maximum if maximum else 0.0,
    )


def _percent(points: float, maximum: float) -> float:
    return 100.0 * points / maximum if maximum else 0.0


def _passed(
    mark: float, percent: float, upper: float, maximum: float, critical_failure: bool, critical_open: bool
) -> bool | None:
    if critical_failure:
        return False
    if not maximum:
        return None
    if upper + _HAIR < mark:
        return False
    if percent + _HAIR >= mark and not critical_open:
        return True
    return None
