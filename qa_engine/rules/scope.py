"""Scope: from a condition's words to windows over the call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qa_engine.domain.finding import NotEvaluable
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.language import ConditionConfig, Role
from qa_engine.rules.operators.base import NO_ROLES
from qa_engine.rules.positions import in_order, select, select_doubtful, split_at
from qa_engine.rules.spans import before_after_seconds, percent_window, seconds_window
from qa_engine.rules.window import Unit, Window

Where = Literal["before", "after", "around", "current"]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a condition looks. ``first``/``last`` are positions, seconds or percents by ``unit``.

    Without an anchor ``last`` None means the end of the call.
    """

    role: Role
    include_system: bool
    unit: Literal["turn", "clause", "seconds", "percent"]
    first: float | None
    last: float | None
    anchor: str | None = None
    where: Where | None = None
    hit: Literal["first", "last", "any", "every"] | int = "first"

    @classmethod
    def of(cls, config: ConditionConfig) -> Scope:
        """Read the scope of a condition, with defaults filled in and positions in order."""
        written = config.scope
        first, last = written.start, written.stop
        if written.unit in ("turn", "clause") and written.where not in ("current", "around"):
            first, last = in_order(int(1 if first is None else first), int(-1 if last is None else last))
        elif first is not None and last is not None and (first > last) and (first < 0) == (last < 0):
            first, last = last, first
        elif written.where == "around" and first is not None and last is not None:
            first, last = min(first, last), max(first, last)
        hit = "first" if written.hit is None else written.hit
        return cls(
            config.role, config.include_system, written.unit, first, last, written.anchor, written.where, hit
        )

    def window(self, call: HeardCall) -> Window:
        """The window of a scope without an anchor."""
        turns = call.seats(self.role, self.include_system)
        doubtful = self._doubtful(call)
        if self.unit == "seconds":
            return seconds_window(call, turns, doubtful, self.first or 0.0, self.last)
        if self.unit == "percent":
            return percent_window(call, turns, doubtful, self.first or 0.0, self.last)
        first, last = int(self.first or 1), int(self.last or -1)
        return self._select(call, turns, doubtful, first, last, call.closed)

    def window_at(self, call: HeardCall, anchor: int) -> Window:
        """The window that hangs on one anchor turn."""
        turns = call.seats(self.role, self.include_system)
        before, here, after = split_at(turns, anchor)
        far_doubt, doubt_here, near_doubt = split_at(self._doubtful(call), anchor)
        at_anchor = [anchor] if here else []
        doubt_anchor = [anchor] if doubt_here else []
        if self.unit == "seconds":
            window = before_after_seconds(
                call, anchor, self.where, self.first, self.last, (before, at_anchor, after),
                (far_doubt, doubt_anchor, near_doubt),
            )  # fmt: skip
        elif self.where == "current":
            window = Window(self._units(call, at_anchor), self._units(call, doubt_anchor), doubt=NO_ROLES)
        else:
            window = self._around(call, (before, at_anchor, after), (far_doubt, doubt_anchor, near_doubt))
        return replace(window, anchor=anchor)

    def _around(
        self,
        call: HeardCall,
        known: tuple[Sequence[int], list[int], Sequence[int]],
        doubtful: tuple[Sequence[int], list[int], Sequence[int]],
    ) -> Window:
        first, last = int(self.first or 0), int(self.last or 0)
        parts: list[Window] = []
        if self.where == "around":
            if first < 0:
                nearest = 1 if last >= 0 else -last
                parts.append(self._select(call, known[0], doubtful[0], nearest, -first, True, backwards=True))
            if first <= 0 <= last:
                parts.append(self._anchor_part(call, known[1], doubtful[1]))
            if last > 0:
                parts.append(self._select(call, known[2], doubtful[2], max(first, 1), last, call.closed))
            return _chain(parts)
        backwards = self.where == "before"
        side = 0 if backwards else 2
        if last != 0:
            start = first or 1
            closed = True if backwards else call.closed
            parts.append(self._select(call, known[side], doubtful[side], start, last, closed, backwards))
        if first == 0:
            parts.insert(1 if backwards else 0, self._anchor_part(call, known[1], doubtful[1]))
        return _chain(parts)

    def _anchor_part(self, call: HeardCall, here: list[int], doubtful: list[int]) -> Window:
        return Window(
            self._units(call, here), self._units(call, doubtful), doubt=NO_ROLES if doubtful else None
        )

    def _select(
        self,
        call: HeardCall,
        turns: Sequence[int],
        doubtful: Sequence[int],
        first: int,
        last: int,
        closed: bool,
        backwards: bool = False,
    ) -> Window:
        members = self._units(call, turns)
        if doubtful:
            return select_doubtful(
                members, self._units(call, doubtful), first, last, closed, NO_ROLES, backwards
            )
        if not backwards:
            return select(members, first, last, closed)
        # Counting back from the anchor over a list in call order: mirror the positions.
        count = len(members)
        low = first if first > 0 else max(count + 1 + first, 1)
        high = last if last > 0 else count + 1 + last
        return Window(members[max(count - high, 0) : max(count - low + 1, 0)])

    def _doubtful(self, call: HeardCall) -> Sequence[int]:
        return () if self.role == "any" else call.doubtful

    def _units(self, call: HeardCall, turns: Sequence[int]) -> Sequence[Unit]:
        return list(call.clauses(turns)) if self.unit == "clause" else turns


def _chain(parts: Sequence[Window]) -> Window:
    doubts: list[NotEvaluable] = [part.doubt for part in parts if part.doubt is not None]
    return Window(
        [unit for part in parts for unit in part.sure],
        [unit for part in parts for unit in part.unsure],
        [unit for part in parts for unit in part.open],
        all(part.complete for part in parts),
        doubts[0] if doubts else None,
    )
