"""Drawing calls by a plan: from its seed and the reports' ids alone, so a draw can be repeated and checked.

Every report has a permanent random number, a keyed hash of its id. Drawing those below the rate gives
independent draws of one known probability; taking the smallest of a group gives a simple random sample of
fixed size without replacement (Ohlsson, Coordination of samples using permanent random numbers, in Business
Survey Methods, 1995). By rate, one draw of many days equals the draws of each day put together.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from qa_engine.domain.sampling import (
    REST,
    Design,
    PercentDesign,
    QuotaDesign,
    RuleDesign,
    StratifiedDesign,
)

MATCHING = "符合条件"
EVERYTHING = "全部"
UNKNOWN = "未知"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report that a draw may take.

    Attributes:
        stratum: name of the first stratum it fits, None for the rest.
        group: its agent, team or skill group, None where unknown.
        verdicts: what is counted of the frame; opaque here.
    """

    report_id: int
    verdicts: tuple[str, str] = ("", "")
    stratum: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Pick:
    """A drawn report and with which probability it was."""

    report_id: int
    stratum: str
    probability: float


@dataclass(slots=True)
class Tally:
    """What one stratum of the frame held. ``probability``: with which each of its calls was drawn."""

    name: str
    probability: float = 0.0
    calls: int = 0
    drawn: int = 0
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)


def permanent_number(seed: int, report_id: int) -> float:
    """The report's number in [0, 1): the same for ever, as if drawn at random for every seed."""
    key = (seed % 2**64).to_bytes(8, "big")
    digest = hashlib.blake2b(report_id.to_bytes(8, "big"), key=key, digest_size=8).digest()
    # 53 bits are what a float holds exactly; all 64 could round up to 1.
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def draw(design: Design, seed: int, candidates: Iterable[Candidate]) -> tuple[list[Pick], list[Tally]]:
    """Draw from the candidates by a design; equal arguments give equal results in any order.

    Returns:
        The drawn reports by id, and the strata of the frame by name.
    """
    if isinstance(design, QuotaDesign):
        return _smallest(seed, ((one, one.group or UNKNOWN) for one in candidates), design.size)
    if isinstance(design, RuleDesign) and design.limit is not None:
        return _smallest(seed, ((one, MATCHING) for one in candidates), design.limit)
    return _below(design, seed, candidates)


def _below(design: Design, seed: int, candidates: Iterable[Candidate]) -> tuple[list[Pick], list[Tally]]:
    rates = _rates(design)
    tallies: dict[str, Tally] = {}
    picks = []
    for one in candidates:
        name = _stratum(design, one)
        tally = tallies.get(name)
        if tally is None:
            tally = tallies[name] = Tally(name, rates[name])
        tally.calls += 1
        tally.verdicts[one.verdicts] += 1
        if permanent_number(seed, one.report_id) < tally.probability:
            tally.drawn += 1
            picks.append(Pick(one.report_id, name, tally.probability))
    return _ordered(picks, tallies)


def _rates(design: Design) -> dict[str, float]:
    if isinstance(design, StratifiedDesign):
        return {**{stratum.name: stratum.rate for stratum in design.strata}, REST: design.rest_rate}
    return {EVERYTHING: design.rate} if isinstance(design, PercentDesign) else {MATCHING: 1.0}


def _stratum(design: Design, one: Candidate) -> str:
    if isinstance(design, StratifiedDesign):
        return one.stratum or REST
    return EVERYTHING if isinstance(design, PercentDesign) else MATCHING


def _smallest(seed: int, named: Iterable[tuple[Candidate, str]], size: int) -> tuple[list[Pick], list[Tally]]:
    tallies: dict[str, Tally] = {}
    # Per group the smallest numbers so far, the greatest of them on top.
    kept: dict[str, list[tuple[float, int]]] = {}
    for one, name in named:
        tally = tallies.get(name)
        if tally is None:
            tally, kept[name] = Tally(name), []
            tallies[name] = tally
        tally.calls += 1
        tally.verdicts[one.verdicts] += 1
        entry = (-permanent_number(seed, one.report_id), one.report_id)
        heap = kept[name]
        if len(heap) < size:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    picks = []
    for name, heap in kept.items():
        tally = tallies[name]
        tally.drawn = len(heap)
        tally.probability = tally.drawn / tally.calls
        picks += [Pick(report_id, name, tally.probability) for _, report_id in heap]
    return _ordered(picks, tallies)


def _ordered(picks: list[Pick], tallies: dict[str, Tally]) -> tuple[list[Pick], list[Tally]]:
    return sorted(picks, key=lambda pick: pick.report_id), [tallies[name] for name in sorted(tallies)]
