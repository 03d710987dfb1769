"""A window: the units a condition looks at, as far as is known while the call goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_engine.domain.finding import LookedAt, NotEvaluable

# A whole turn by its index, or a clause as (turn, start, end) in the turn's normalised text.
Unit = int | tuple[int, int, int]


# Windows, judgements and outcomes are made by the thousand and never changed; freezing them would double
# the price of making one.
@dataclass(slots=True)
class Window:
    """Units in scope.

    Attributes:
        sure: in scope whatever comes, in the order of the call.
        unsure: may be in scope and it will never be known; ``doubt`` says why.
        open: whether they are in scope depends on how the call goes on.
        complete: no further unit can come into scope and ``open`` is empty.
        doubt: why ``unsure`` is unsure.
        blank: why nothing at all can be said of this window.
        anchor: the turn this window hangs on.
    """

    sure: Sequence[Unit] = ()
    unsure: Sequence[Unit] = ()
    open: Sequence[Unit] = ()
    complete: bool = True
    doubt: NotEvaluable | None = None
    blank: NotEvaluable | None = None
    anchor: int | None = None
    _looked_at: tuple[LookedAt, ...] | None = None

    def looked_at(self) -> tuple[LookedAt, ...]:
        """The stretch of turns the window covers."""
        if self._looked_at is None:
            groups = [units for units in (self.sure, self.unsure) if units]
            ends = [turn_of(units[end]) for units in groups for end in (0, -1)]
            self._looked_at = (LookedAt(min(ends), max(ends)),) if ends else ()
        return self._looked_at


def turn_of(unit: Unit) -> int:
    """The turn a unit belongs to."""
    return unit if isinstance(unit, int) else unit[0]
