"""Times of the turns heard so far, worked out once per turn. All times are ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa_engine.domain.transcript import Speaker
from qa_engine.text.reading import TurnReading


@dataclass(slots=True)
class Moment:
    """What was going on when a turn began.

    Attributes:
        sound_until: latest end of any earlier turn; None at the start of the call.
        sound_by: the turn that reached ``sound_until``.
        agent_until, customer_until: index of the earlier turn of that role that lasted longest.
        latest_start: latest start of any earlier turn.
        burst: first turn of the other side's uninterrupted run right before this turn, else None.
        response: how many responses of this role there were, this one included (0 if this is none).
        untimed: speakers whose latest turn has no times; as nobody talks over himself, only such a
            turn may still be going on unmeasured.
    """

    sound_until: int | None = None
    sound_by: int | None = None
    agent_until: int | None = None
    customer_until: int | None = None
    latest_start: int | None = None
    burst: int | None = None
    response: int = 0
    untimed: frozenset[Speaker] = frozenset()


class Timeline:
    """Moments of a growing list of turns; only what is asked for is worked out."""

    def __init__(self, turns: Sequence[TurnReading]) -> None:
        self._turns = turns
        self._moments: list[Moment] = []
        self._responses = {Speaker.AGENT: 0, Speaker.CUSTOMER: 0}
        self._latest_end: int | None = None

    def moment(self, index: int) -> Moment:
        """The moment of one turn."""
        while len(self._moments) <= index:
            self._moments.append(self._next(len(self._moments)))
        return self._moments[index]

    def latest_end(self) -> int | None:
        """Latest end of all turns heard."""
        if not self._turns:
            return None
        last = self._turns[-1].turn
        until = self.moment(len(self._turns) - 1).sound_until
        ends = [end for end in (until, last.end_ms) if end is not None]
        return max(ends, default=None)

    def end_unmeasured(self) -> bool:
        """True when somebody's latest turn has no times, so that speech may have gone on unmeasured."""
        if not self._turns:
            return True
        last = self._turns[-1].turn
        timed = last.start_ms is not None and last.end_ms is not None
        untimed = self.moment(len(self._turns) - 1).untimed - {Speaker.SYSTEM}
        if last.speaker is Speaker.SYSTEM:
            return bool(untimed)
        return not timed or bool(untimed - {last.speaker})

    def latest_start(self) -> int | None:
        """Latest start of all turns heard."""
        if not self._turns:
            return None
        last = self._turns[-1].turn
        starts = [
            start
            for start in (self.moment(len(self._turns) - 1).latest_start, last.start_ms)
            if start is not None
        ]
        return max(starts, default=None)

    def _next(self, index: int) -> Moment:
        if index == 0:
            return Moment()
        before, previous = self._moments[index - 1], self._turns[index - 1].turn
        now = Moment(
            before.sound_until,
            before.sound_by,
            before.agent_until,
            before.customer_until,
            before.latest_start,
        )
        timed = previous.start_ms is not None and previous.end_ms is not None
        now.untimed = before.untimed - {previous.speaker} if timed else before.untimed | {previous.speaker}
        if previous.end_ms is not None:
            if now.sound_until is None or previous.end_ms > now.sound_until:
                now.sound_until, now.sound_by = previous.end_ms, index - 1
            if previous.speaker is Speaker.AGENT:
                now.agent_until = self._longer(now.agent_until, index - 1)
            elif previous.speaker is Speaker.CUSTOMER:
                now.customer_until = self._longer(now.customer_until, index - 1)
        if previous.start_ms is not None:
            now.latest_start = max(now.latest_start or 0, previous.start_ms)
        self._note_response(now, index)
        return now

    def _longer(self, one: int | None, other: int) -> int:
        if one is None:
            return other
        return other if (self._turns[other].turn.end_ms or 0) > (self._turns[one].turn.end_ms or 0) else one

    def _note_response(self, now: Moment, index: int) -> None:
        speaker = self._turns[index].turn.speaker
        if speaker not in self._responses:
            return
        first = index
        while first > 0 and self._turns[first - 1].turn.speaker is Speaker.SYSTEM:
            first -= 1
        other = self._turns[first - 1].turn.speaker if first > 0 else None
        if other not in self._responses or other is speaker:
            return
        first -= 1
        # Bounded: walks over one uninterrupted run of the other side, and each run is walked once.
        while first > 0 and self._turns[first - 1].turn.speaker in (other, Speaker.SYSTEM):
            first -= 1
        while self._turns[first].turn.speaker is Speaker.SYSTEM:
            first += 1
        self._responses[speaker] += 1
        now.burst, now.response = first, self._responses[speaker]
