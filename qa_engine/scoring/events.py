"""One event is deducted once, even when several criteria of the same event group see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qa_engine.domain.scorecard import Outcome
from qa_engine.scoring.grading import GradedCriterion


@dataclass(frozen=True, slots=True)
class Charge:
    """Share of a criterion's points that is lost (0–1) and, if others paid all of it, who did."""

    lost: float
    deducted_in: str | None = None


def charge_events(graded: Sequence[GradedCriterion], weights: Mapping[str, float]) -> dict[str, Charge]:
    """Decide what every FAILED criterion loses.

    A criterion's loss is spread evenly over the turns of its evidence. Within an event group each
    turn is paid once, by the item to which it is dearest. Because an item's shares do not depend on
    other items, mending one can never make the whole dearer. Absence has no turn of its own and is
    always paid in full.

    Args:
        graded: all graded criteria; only failed ones are charged.
        weights: section key → weight of that section.
    """
    failed = [g for g in graded if g.grade.outcome is Outcome.FAILED]
    dearest: dict[tuple[str, int], tuple[float, str]] = {}
    for item in failed:
        event = item.criterion.event
        if event is None:
            continue
        share, turns = _share(item, weights)
        for turn in turns:
            payer = (share, item.criterion.key)
            dearest[event, turn] = max(dearest.get((event, turn), payer), payer)
    return {item.criterion.key: _charge(item, dearest) for item in failed}


def _charge(item: GradedCriterion, dearest: Mapping[tuple[str, int], tuple[float, str]]) -> Charge:
    criterion, turns, lost = item.criterion, _turns(item), _lost(item)
    if criterion.event is None or not turns:
        return Charge(lost)
    payers = [dearest[criterion.event, turn][1] for turn in turns]
    own = payers.count(criterion.key)
    return Charge(lost * own / len(turns), None if own else payers[0])


def _share(item: GradedCriterion, weights: Mapping[str, float]) -> tuple[float, list[int]]:
    turns = _turns(item)
    points = item.criterion.points * weights.get(item.criterion.section, 1.0)
    return (points * _lost(item) / len(turns) if turns else 0.0), turns


def _turns(item: GradedCriterion) -> list[int]:
    findings = item.result.findings if item.result is not None else ()
    return sorted({quote.turn for finding in findings for quote in finding.evidence})


def _lost(item: GradedCriterion) -> float:
    criterion = item.criterion
    if criterion.per_hit is None:
        return 1.0
    return min(1.0, criterion.per_hit * item.grade.occurrences / criterion.points)
