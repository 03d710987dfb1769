"""Counting positions in a list of units that may still grow, some of which are of unknown speaker.

Positions are 1-based; negative ones count from the end. A pair is put in the order it has in an
endlessly long call (1, 2, 3, … −3, −2, −1), so a > 0 > b is a range that may be empty in a short call.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from qa_engine.domain.finding import NotEvaluable
from qa_engine.rules.window import Unit, Window, turn_of


def in_order(one: int, other: int) -> tuple[int, int]:
    """Put a pair of positions in order: counted from the start first, then those from the end."""
    first, second = sorted((one, other), key=lambda position: (position < 0, position))
    return first, second


def select(members: Sequence[Unit], first: int, last: int, closed: bool) -> Window:
    """The units at positions first..last of a list whose members are all known."""
    count = len(members)
    if closed:
        low = first - 1 if first > 0 else max(count + first, 0)
        high = last if last > 0 else count + 1 + last
        return Window(members[low : max(high, low)])
    if last > 0:
        return Window(members[first - 1 : last], complete=count >= last)
    if first > 0:
        high = max(count + 1 + last, first - 1)
        return Window(members[first - 1 : high], (), members[high:], complete=False)
    return Window((), (), members[max(count + first, 0) :], complete=False)


def select_doubtful(
    members: Sequence[Unit],
    doubtful: Sequence[Unit],
    first: int,
    last: int,
    closed: bool,
    doubt: NotEvaluable,
    backwards: bool = False,
) -> Window:
    """As `select`, when some units may or may not be of the role: their neighbours' positions blur.

    ``backwards``: positions are counted from the far end (units are still given in call order).
    """
    certain = set(members)
    units = sorted(
        {*members, *doubtful}, key=lambda unit: (turn_of(unit), unit if isinstance(unit, tuple) else ())
    )
    if backwards:
        units.reverse()
    flags = [unit in certain for unit in units]
    known = len(certain)
    sure: list[Unit] = []
    unsure: list[Unit] = []
    opened: list[Unit] = []
    known_before = 0
    for place, unit in enumerate(units):
        nearest, farthest = known_before + 1, place + 1
        from_end = known - known_before - flags[place] + 1
        most_from_end = len(units) - place if closed else None
        states = (
            _at_least(nearest, farthest, first)
            if first > 0
            else _at_most_from_end(from_end, most_from_end, -first),
            _at_most(nearest, farthest, last)
            if last > 0
            else _at_least_from_end(from_end, most_from_end, -last),
        )
        known_before += flags[place]
        if "out" in states:
            continue
        if "open" in states:
            opened.append(unit)
        elif flags[place] and states == ("in", "in"):
            sure.append(unit)
        else:
            unsure.append(unit)
    complete = closed or (last > 0 and known >= last and not opened)
    groups = (sure, unsure, opened)
    if backwards:
        for group in groups:
            group.reverse()
    return Window(sure, unsure, opened, complete, doubt)


def _at_least(nearest: int, farthest: int, first: int) -> str:
    return "in" if nearest >= first else "out" if farthest < first else "unsure"


def _at_most(nearest: int, farthest: int, last: int) -> str:
    return "in" if farthest <= last else "out" if nearest > last else "unsure"


def _at_most_from_end(least: int, most: int | None, limit: int) -> str:
    if least > limit:
        return "out"
    if most is None:
        return "open"
    return "in" if most <= limit else "unsure"


def _at_least_from_end(least: int, most: int | None, limit: int) -> str:
    if least >= limit:
        return "in"
    if most is None:
        return "open"
    return "out" if most < limit else "unsure"


def split_at(turns: Sequence[int], anchor: int) -> tuple[Sequence[int], bool, Sequence[int]]:
    """Turns before the anchor, whether the anchor is among them, and turns after it."""
    at = bisect_left(turns, anchor)
    here = at < len(turns) and turns[at] == anchor
    return turns[:at], here, turns[at + 1 if here else at :]
