"""Operators on single turns' times: silence, response time, speech rate, talking over."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding
from qa_engine.domain.transcript import Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import NO_ROLES, NO_TIMES, Need, UnitOperator, Workshop
from qa_engine.rules.passage import Passage

Party = Literal["agent", "customer", "any"]
TIMES = frozenset({Need.TIMES})
TIMES_AND_ROLES = frozenset({Need.TIMES, Need.ROLES})


class BoundsConfig(RuleConfig):
    """A duration in ms between two bounds, both exclusive."""

    longer_than_ms: int | None = Field(default=None, ge=0)
    shorter_than_ms: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _bounded(self) -> BoundsConfig:
        if self.longer_than_ms is None and self.shorter_than_ms is None:
            raise ValueError("没有写时长；请写 longer_than_ms 或 shorter_than_ms（毫秒）")
        return self

    def holds(self, milliseconds: float) -> bool:
        """True when a duration lies between the bounds."""
        return (self.longer_than_ms is None or milliseconds > self.longer_than_ms) and (
            self.shorter_than_ms is None or milliseconds < self.shorter_than_ms
        )


class SilenceConfig(BoundsConfig):
    """The gap right before a turn. ``before``: who breaks it; ``between``: who spoke on either side."""

    between: Literal["any", "same_role", "different_role"] = "any"
    before: Party = "any"


class Silence(UnitOperator):
    """From the end of all earlier sound to the start of the turn that breaks the silence."""

    name = "silence"
    title = "静音"
    config_type = SilenceConfig

    @override
    def __init__(self, config: SilenceConfig, shop: Workshop) -> None:
        self._config = config
        self._by_role = config.between != "any" or config.before != "any"
        self.needs = TIMES_AND_ROLES if self._by_role else TIMES

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        index, speaker = passage.turn.index, passage.turn.speaker
        moment = call.timeline.moment(index)
        if index == 0:
            return MISSED
        gap, wanted = gap_before(call, index), self._config
        if self._by_role and speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        if wanted.before != "any" and speaker != wanted.before:
            return MISSED
        if gap is None or moment.sound_by is None:
            return unjudged(NO_TIMES)
        if wanted.between != "any":
            before = call.turns[moment.sound_by].speaker
            if before is Speaker.UNKNOWN:
                return unjudged(NO_ROLES)
            if (speaker is before) is not (wanted.between == "same_role"):
                return MISSED
        if not self._config.holds(gap):
            return MISSED
        return hit(Finding(self.name, passage.whole(), 1.0, f"静音 {gap / 1000:.1f} 秒"))


def gap_before(call: HeardCall, index: int) -> int | None:
    """Silence in ms right before a turn (0 when speech overlaps); None when it cannot be measured."""
    moment, start = call.timeline.moment(index), call.turns[index].turn.start_ms
    if start is None or moment.untimed or moment.sound_until is None:
        return None
    return max(start - moment.sound_until, 0)


class ResponseTimeConfig(BoundsConfig):
    """``measured_from``: the last (default) or the first turn of what is being answered."""

    first_only: bool = False
    measured_from: Literal["last_turn", "first_turn"] = "last_turn"


class ResponseTime(UnitOperator):
    """How long the other side waited for this turn; turns that follow one's own are no responses."""

    name = "response_time"
    title = "响应时间"
    config_type = ResponseTimeConfig
    needs = TIMES_AND_ROLES

    @override
    def __init__(self, config: ResponseTimeConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        turn = passage.turn
        moment = call.timeline.moment(turn.index)
        asked = _spoken_before(call, turn.index)
        if asked is None or turn.speaker is Speaker.SYSTEM:
            return MISSED
        if Speaker.UNKNOWN in (turn.speaker, call.turns[asked].speaker):
            return unjudged(NO_ROLES)
        if self._config.first_only and call.doubtful and call.doubtful[0] < turn.index:
            return unjudged(NO_ROLES)
        if moment.burst is None or (self._config.first_only and moment.response > 1):
            return MISSED
        origin = asked
        if self._config.measured_from == "first_turn":
            origin = moment.burst
            earlier = _spoken_before(call, origin)
            if earlier is not None and call.turns[earlier].speaker is Speaker.UNKNOWN:
                return unjudged(NO_ROLES)
        since, start = call.turns[origin].turn.end_ms, turn.turn.start_ms
        if since is None or start is None:
            return unjudged(NO_TIMES)
        waited = max(start - since, 0)
        if not self._config.holds(waited):
            return MISSED
        return hit(Finding(self.name, passage.whole(), 1.0, f"响应时间 {waited / 1000:.1f} 秒"))


def _spoken_before(call: HeardCall, index: int) -> int | None:
    index -= 1
    while index >= 0 and call.turns[index].speaker is Speaker.SYSTEM:
        index -= 1
    return index if index >= 0 else None


class TalkOverConfig(RuleConfig):
    """How long the overlap, how long the interrupting turn, how long the other had been speaking."""

    overlap_ms: int = Field(default=500, ge=0)
    min_chars: int = Field(default=0, ge=0)
    delay_ms: int = Field(default=0, ge=0)


class TalkOver(UnitOperator):
    """A turn that begins while a turn of the other side is still going on."""

    name = "talk_over"
    title = "抢话"
    config_type = TalkOverConfig
    needs = TIMES_AND_ROLES

    @override
    def __init__(self, config: TalkOverConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        turn = passage.turn.turn
        if turn.speaker is Speaker.SYSTEM or len(turn.text.strip()) < self._config.min_chars:
            return MISSED
        if turn.speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        index = passage.turn.index
        moment = call.timeline.moment(index)
        before = _spoken_before(call, index)
        if before is None:
            return MISSED
        if call.turns[before].speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        if turn.start_ms is None or turn.end_ms is None or moment.untimed:
            return unjudged(NO_TIMES)
        other = moment.customer_until if turn.speaker is Speaker.AGENT else moment.agent_until
        if other is None:
            return MISSED
        begun, until = call.turns[other].turn.start_ms, call.turns[other].turn.end_ms
        if begun is None or until is None:
            return unjudged(NO_TIMES)
        overlap = min(until, turn.end_ms) - turn.start_ms
        if overlap <= 0 or overlap < self._config.overlap_ms or turn.start_ms - begun < self._config.delay_ms:
            return MISSED
        evidence = (*call.passage(other).whole(), *passage.whole())
        return hit(Finding(self.name, evidence, 1.0, f"重叠 {overlap / 1000:.1f} 秒"))
