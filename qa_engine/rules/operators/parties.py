"""`speaks`, `hang_up` and `channel`: facts about who and how."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.domain.transcript import Channel, Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import (
    NO_ROLES,
    NO_TIMES,
    CallOperator,
    Need,
    UnitOperator,
    Workshop,
    missing,
)
from qa_engine.rules.operators.totals import NO_DURATION
from qa_engine.rules.passage import Passage


class SpeaksConfig(RuleConfig):
    """Who should be speaking."""

    role: Literal["agent", "customer"]


class Speaks(UnitOperator):
    """Who speaks the unit at this position."""

    name = "speaks"
    title = "角色判断"
    config_type = SpeaksConfig
    needs = frozenset({Need.ROLES})

    @override
    def __init__(self, config: SpeaksConfig, shop: Workshop) -> None:
        self._role = Speaker(config.role)

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        speaker = passage.turn.speaker
        if speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        return hit(Finding(self.name, passage.whole())) if speaker is self._role else MISSED


class HangUpConfig(RuleConfig):
    """Who hung up, and how long after the last word."""

    party: Literal["agent", "customer", "system"] | None = None
    gap_longer_than_ms: int | None = Field(default=None, ge=0)
    gap_shorter_than_ms: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> HangUpConfig:
        if self.party is None and self.gap_longer_than_ms is None and self.gap_shorter_than_ms is None:
            raise ValueError("没有写挂机要求；请写 party、gap_longer_than_ms 或 gap_shorter_than_ms")
        return self


class HangUp(CallOperator):
    """All that is written must hold."""

    name = "hang_up"
    title = "挂机"
    config_type = HangUpConfig
    live = "end"

    @override
    def __init__(self, config: HangUpConfig, shop: Workshop) -> None:
        self._config = config
        gap = config.gap_longer_than_ms is not None or config.gap_shorter_than_ms is not None
        self._asks_gap = gap
        self.needs = frozenset(
            {
                Need.WHOLE_CALL,
                *((Need.ATTRIBUTES,) if config.party else ()),
                *((Need.TIMES, Need.DURATION) if gap else ()),
            }
        )

    @override
    def decide(self, call: HeardCall) -> Judged:
        if not call.closed:
            return WAITING
        doubts: list[NotEvaluable] = []
        config = self._config
        if config.party is not None:
            party = call.transcript.attributes.get("hangup_party")
            if party is None:
                doubts.append(missing("no_attribute", "随路数据没有挂机方（hangup_party），无法判断；请提供"))
            elif party != config.party:
                return MISSED
        detail = ""
        if self._asks_gap:
            end, length = call.timeline.latest_end(), call.transcript.duration_ms
            if end is None or length is None:
                doubts.append(NO_TIMES if end is None else NO_DURATION)
            else:
                gap = max(length - end, 0)
                longer, shorter = config.gap_longer_than_ms, config.gap_shorter_than_ms
                # With the end of speech unmeasured, ``gap`` is the most it can have been.
                at_most = call.timeline.end_unmeasured()
                if longer is not None and gap <= longer:
                    return MISSED
                if at_most:
                    doubts.append(NO_TIMES)
                elif shorter is not None and gap >= shorter:
                    return MISSED
                detail = f"最后一句到挂机 {gap / 1000:.1f} 秒"
        return unjudged(doubts[0]) if doubts else hit(Finding(self.name, (), 1.0, detail))


class ChannelConfig(RuleConfig):
    """Which channels."""

    of: list[Literal["voice", "chat"]] = Field(min_length=1)


class ChannelIs(CallOperator):
    """How the conversation was held."""

    name = "channel"
    title = "渠道"
    config_type = ChannelConfig
    needs = frozenset({Need.CHANNEL})

    @override
    def __init__(self, config: ChannelConfig, shop: Workshop) -> None:
        self._of = frozenset(Channel(name) for name in config.of)

    @override
    def decide(self, call: HeardCall) -> Judged:
        channel = call.transcript.channel
        if channel is Channel.UNKNOWN:
            return unjudged(
                missing("no_channel", "不知道是语音还是文字渠道，无法判断；请在转写里写明 channel")
            )
        return hit(Finding(self.name)) if channel in self._of else MISSED
