"""How often the machine misses a failure, and how often it is right, per criterion (漏检率、查准率).

Estimated only from calls that a plan drew with a known probability. Calls that came to review any other
way (an appeal, a reviewer's own choice) say nothing about the rest and are left out. Flagged calls that
are all drawn form a stratum of probability 1, which adds their misses as they are; the random stratum of
the other calls stands for all of them. See ``proportions.py`` for the estimator and its source.

How many calls the machine failed is known of the whole frame, so every figure is a share of a part whose
size is known (the calls it failed, the calls it did not fail) and no ratio of two estimates is needed,
save for the share of failures found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from qa_engine.domain.proportions import Share, Stratum, estimate_share, scaled
from qa_engine.domain.scorecard import Outcome


@dataclass(frozen=True, slots=True)
class FrameCount:
    """What a draw found before it drew: calls of one inclusion probability.

    Attributes:
        probability: with which each was drawn; calls of equal probability are pooled.
        outcomes: per criterion, calls by the machine's outcome.
    """

    probability: float
    outcomes: Mapping[str, Mapping[Outcome, int]]


@dataclass(frozen=True, slots=True)
class DrawnCall:
    """A drawn call: what the machine said of each criterion, and what a human said where one has."""

    probability: float
    machine: Mapping[str, Outcome]
    human: Mapping[str, Outcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CriterionEstimate:
    """What the machine is worth on one criterion.

    Attributes:
        calls: calls of the frame whose scorecard has the criterion.
        machine_failed: of them, failed by the machine (known, not estimated).
        missed: share of all calls that the machine did not fail and a human would (漏检).
        missed_of_not_failed: the same as a share of the calls the machine did not fail.
        precision: share of the machine's failures that a human would fail too (查准率).
        recall: share of the calls a human would fail that the machine failed (查全率). Its ``value`` is a
            ratio of two estimates and errs a little upwards in small samples; its interval holds.
        missed_unjudged: observed misses the machine had marked NOT_EVALUATED, hence never called clean.
    """

    criterion: str
    calls: int
    machine_failed: int
    missed: Share
    missed_of_not_failed: Share
    precision: Share
    recall: Share
    missed_unjudged: int


def estimate_criteria(
    frame: Iterable[FrameCount], drawn: Iterable[DrawnCall], confidence: float = 0.95
) -> tuple[CriterionEstimate, ...]:
    """Estimate every criterion of the frame, in the order in which they first occur there.

    Raises:
        ValueError: more calls were drawn than the frame holds.
    """
    sizes: dict[str, dict[float, dict[bool, int]]] = {}
    for part in frame:
        for criterion, outcomes in part.outcomes.items():
            cell = sizes.setdefault(criterion, {}).setdefault(_pooled(part.probability), {True: 0, False: 0})
            for outcome, calls in outcomes.items():
                cell[outcome is Outcome.FAILED] += calls
    seen: defaultdict[tuple[str, float, bool], list[Outcome | None]] = defaultdict(list)
    unjudged: defaultdict[str, int] = defaultdict(int)
    for call in drawn:
        for criterion, machine in call.machine.items():
            human = call.human.get(criterion)
            seen[criterion, _pooled(call.probability), machine is Outcome.FAILED].append(human)
            if machine is Outcome.NOT_EVALUATED and human is Outcome.FAILED:
                unjudged[criterion] += 1
    return tuple(
        _estimate(criterion, parts, seen, unjudged[criterion], confidence)
        for criterion, parts in sizes.items()
    )


def _pooled(probability: float) -> float:
    # Probabilities of different draws that differ only by rounding are one and the same.
    return round(probability, 12)


def _estimate(
    criterion: str,
    parts: Mapping[float, Mapping[bool, int]],
    seen: Mapping[tuple[str, float, bool], Sequence[Outcome | None]],
    unjudged: int,
    confidence: float,
) -> CriterionEstimate:
    def strata(failed: bool) -> list[Stratum]:
        return [
            _stratum(cell[failed], seen.get((criterion, probability, failed), ()))
            for probability, cell in parts.items()
        ]

    failed, spared = strata(True), strata(False)
    machine_failed = sum(stratum.size for stratum in failed)
    calls = machine_failed + sum(stratum.size for stratum in spared)
    of_spared = estimate_share(spared, confidence)
    factor = (calls - machine_failed) / calls if calls else 1.0
    # With no call spared none can be missed.
    missed = scaled(of_spared, factor)
    return CriterionEstimate(
        criterion,
        calls,
        machine_failed,
        missed,
        of_spared,
        estimate_share(failed, confidence),
        _recall(failed, spared, confidence),
        unjudged,
    )


def _stratum(size: int, humans: Sequence[Outcome | None]) -> Stratum:
    # A human who could not tell either has not judged.
    judged = [human for human in humans if human not in (None, Outcome.NOT_EVALUATED)]
    return Stratum(size, len(humans), len(judged), sum(human is Outcome.FAILED for human in judged))


def _recall(failed: Sequence[Stratum], spared: Sequence[Stratum], confidence: float) -> Share:
    # Each part at half the error: both hold at once with the stated confidence (Bonferroni).
    half = 1.0 - (1.0 - confidence) / 2
    found, missed = estimate_share(failed, half), estimate_share(spared, half)

    def ratio(found_share: float, missed_share: float, when_none: float) -> float:
        hits, misses = found_share * found.size, missed_share * missed.size
        return hits / (hits + misses) if hits + misses else when_none

    value = None
    if (found.value is not None or not found.size) and (missed.value is not None or not missed.size):
        hits, misses = (found.value or 0.0) * found.size, (missed.value or 0.0) * missed.size
        value = hits / (hits + misses) if hits + misses else None
    return Share(
        value,
        ratio(found.low, missed.high, 0.0),
        ratio(found.high, missed.low, 1.0),
        ratio(found.worst_low, missed.worst_high, 0.0),
        ratio(found.worst_high, missed.worst_low, 1.0),
        found.size + missed.size,
        found.drawn + missed.drawn,
        found.judged + missed.judged,
        found.hits + missed.hits,
    )
