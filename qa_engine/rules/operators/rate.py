"""`speech_rate`: characters per minute, of one turn or of all turns in scope."""

from __future__ import annotations

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding, NotEvaluable
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import NO_TIMES, ScopeOperator, UnitOperator, Workshop
from qa_engine.rules.operators.timing import TIMES
from qa_engine.rules.passage import Passage
from qa_engine.rules.window import Window, turn_of
from qa_engine.text.reading import TurnReading

_MINUTE = 60_000


class SpeechRateConfig(RuleConfig):
    """Bounds in characters (letters, digits and Chinese characters) per minute, both exclusive."""

    faster_than_cpm: float | None = Field(default=None, gt=0)
    slower_than_cpm: float | None = Field(default=None, gt=0)
    min_chars: int = Field(default=8, ge=1)
    average: bool = False

    @model_validator(mode="after")
    def _fits(self) -> SpeechRateConfig:
        if self.faster_than_cpm is None and self.slower_than_cpm is None:
            raise ValueError("没有写语速；请写 faster_than_cpm 或 slower_than_cpm（每分钟字数）")
        return self

    def holds(self, rate: float) -> bool:
        """True when a rate lies between the bounds."""
        return (self.faster_than_cpm is None or rate > self.faster_than_cpm) and (
            self.slower_than_cpm is None or rate < self.slower_than_cpm
        )


class SpeechRate(UnitOperator, ScopeOperator):
    """With ``average`` one figure for all turns in scope that are long enough."""

    name = "speech_rate"
    title = "语速"
    config_type = SpeechRateConfig
    needs = TIMES

    @override
    def __init__(self, config: SpeechRateConfig, shop: Workshop) -> None:
        self._config = config
        self.level = "scope" if config.average else "unit"
        self.live = "end" if config.average else "now"

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        spoken = self._spoken(passage.turn)
        if spoken is None:
            return MISSED
        if isinstance(spoken, NotEvaluable):
            return unjudged(spoken)
        return self._judged(spoken[0] * _MINUTE / spoken[1], passage)

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        if not window.complete:
            return WAITING
        chars, lasted = 0, 0
        for turn in dict.fromkeys(map(turn_of, window.sure)):
            spoken = self._spoken(call.turns[turn])
            if isinstance(spoken, NotEvaluable):
                return unjudged(spoken)
            if spoken is not None:
                chars, lasted = chars + spoken[0], lasted + spoken[1]
        if window.unsure and window.doubt is not None:
            return unjudged(window.doubt)
        return self._judged(chars * _MINUTE / lasted, None) if lasted else MISSED

    def _judged(self, rate: float, passage: Passage | None) -> Judged:
        if not self._config.holds(rate):
            return MISSED
        evidence = () if passage is None else passage.whole()
        return hit(Finding(self.name, evidence, 1.0, f"每分钟 {rate:.0f} 字"))

    def _spoken(self, turn: TurnReading) -> tuple[int, int] | NotEvaluable | None:
        """Characters and ms of one turn; None for turns too short to tell."""
        chars = sum(char.isalnum() for char in turn.text)
        if chars < self._config.min_chars:
            return None
        start, end = turn.turn.start_ms, turn.turn.end_ms
        if start is None or end is None or end <= start:
            return NO_TIMES
        return chars, end - start
