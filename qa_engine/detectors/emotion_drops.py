"""Where a customer's emotion falls, and whether it comes back.

A *level* here is the label of one customer turn (-2..1). Everything is counted in customer turns, so a
burst of agent messages neither hides nor makes a fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

# How many customer turns back a slip is compared with, and within how many it must hold or return.
LOOK_BACK = 3
LOOK_AHEAD = 3
# Anger again within so many turns is the same anger, not a new fall.
SAME_ANGER = 2
# From which chance on a fall is reported. On calibrated probabilities half of the F1 that can be reached
# is the threshold that reaches it; with certain labels any value up to 1 gives the plain rule.
REPORT_FROM = 0.25
# A level is back only if so many following customer turns stay free of displeasure.
HOLD = 2


@dataclass(frozen=True, slots=True)
class Level:
    """One customer turn as the drop rule sees it.

    Attributes:
        turn: index in the transcript.
        emotion: label -2..1.
        index: running emotion index 0–100.
        angry: probability of anger (-2), 0–1; the next two likewise.
        displeased: probability of displeasure (-1).
        pleased: probability of pleasure (1).
        answered: an agent spoke somewhere before this turn.
        relief: the customer thanks, accepts or confirms here, or is plainly pleased.
        backchannel: nothing but "嗯", "哦", "行吧": a word that tells no mood.
    """

    turn: int
    emotion: int
    index: float
    angry: float
    displeased: float
    pleased: float
    answered: bool
    relief: bool = False
    backchannel: bool = False

    @property
    def negative(self) -> float:
        """Probability of displeasure or anger."""
        return min(1.0, self.angry + self.displeased)


def find_drops(levels: Sequence[Level]) -> list[int]:
    """Positions in ``levels`` at which a clear fall begins (time linear in their number).

    From pleased to displeased and from anything milder to angry is always a fall; from neutral to
    dissatisfied only when it holds or returns soon. Only the first turn of a fall counts: a new one
    needs calm turns in between, or anger where there was only dissatisfaction. Whoever arrives upset
    does not fall by arriving, nor by finishing the opening before the agent has said a word.

    The rule is applied to the probabilities, not to the labels: a fall is reported when the chance
    that the rule holds reaches ``REPORT_FROM``, so that two doubtful turns can support one another.
    """
    places: list[int] = []
    for at in range(1, len(levels)):
        here = levels[at]
        if here.emotion >= 0 or not here.answered or chance_of_fall(levels, at) < REPORT_FROM:
            continue
        if places and places[-1] == at - 1 and here.emotion >= levels[at - 1].emotion:
            continue
        places.append(at)
    return places


def chance_of_fall(levels: Sequence[Level], at: int) -> float:
    """The chance (0–1) that a fall begins at this position, were the turns independent of one another."""
    here = levels[at]
    was_calm = prod(1.0 - level.negative for level in levels[max(0, at - LOOK_BACK) : at])
    stays_calm = prod(1.0 - level.negative for level in levels[at + 1 : at + 1 + LOOK_AHEAD])
    was_milder = prod(1.0 - level.angry for level in levels[max(0, at - SAME_ANGER) : at])
    slip = was_calm * (1.0 - stays_calm)
    from_pleased = levels[at - 1].pleased * stays_calm
    return min(1.0, here.angry * was_milder + here.displeased * min(1.0, slip + from_pleased))


def recoveries(levels: Sequence[Level]) -> list[int | None]:
    """For every position, the later position at which a fall there is over; None if it never is.

    That is the first later customer turn at neutral or better after which the next ``HOLD`` customer
    turns stay free of displeasure. A neutral turn by itself proves little (an upset customer gives the
    order number quite neutrally): unless the customer shows relief in it, it must be more than a mere
    "嗯" and at least one more turn has to follow. So a call that just ends after a neutral word has not
    recovered.
    """
    found: list[int | None] = [None] * len(levels)
    nearest: int | None = None
    for at in range(len(levels) - 1, -1, -1):
        found[at] = nearest
        level = levels[at]
        following = levels[at + 1 : at + 1 + HOLD]
        if level.emotion < 0 or any(later.emotion < 0 for later in following):
            continue
        if level.relief or (following and not level.backchannel):
            nearest = at
    return found


def depth(levels: Sequence[Level], at: int, end: int | None) -> tuple[float, float]:
    """The index the fall at ``at`` started from and the lowest it led to before position ``end``.

    ``end`` is the recovery or the next fall, None for the end of the call.
    """
    fallen = levels[at : end if end is not None else len(levels)]
    return levels[at - 1].index, min(level.index for level in fallen)
