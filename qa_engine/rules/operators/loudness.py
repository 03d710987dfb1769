"""`loudness`: how loud, as measured by the recogniser (1–10)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding, Verdict
from qa_engine.domain.transcript import Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import NO_ROLES, Need, ScopeOperator, UnitOperator, Workshop, missing
from qa_engine.rules.operators.totals import as_judged
from qa_engine.rules.passage import Passage
from qa_engine.rules.window import Window, turn_of

NO_LOUDNESS = missing("no_loudness", "转写没有音量，无法判断声音大小；请使用带音量的识别结果")


class LoudnessConfig(RuleConfig):
    """level: of a turn; jump: against the speaker's turn before; span: loudest minus softest in scope."""

    check: Literal["jump", "span", "level"] = "level"
    more_than: float | None = Field(default=None, ge=0, le=10)
    less_than: float | None = Field(default=None, ge=0, le=10)

    @model_validator(mode="after")
    def _fits(self) -> LoudnessConfig:
        if self.more_than is None and self.less_than is None:
            raise ValueError("没有写音量；请写 more_than 或 less_than")
        if self.check == "span" and self.less_than is not None:
            raise ValueError("check: span 只能写 more_than；请删去 less_than")
        return self

    def holds(self, value: float) -> bool:
        """True when a value lies between the bounds."""
        return (self.more_than is None or value > self.more_than) and (
            self.less_than is None or value < self.less_than
        )


class Loudness(UnitOperator, ScopeOperator):
    """Reads ``signals["loudness"]`` of the turns."""

    name = "loudness"
    title = "音量"
    config_type = LoudnessConfig

    @override
    def __init__(self, config: LoudnessConfig, shop: Workshop) -> None:
        self._config = config
        self.level = "scope" if config.check == "span" else "unit"
        self.needs = frozenset({Need.LOUDNESS, *((Need.ROLES,) if config.check == "jump" else ())})

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        value = _loudness(call, passage.turn.index)
        if value is None:
            return unjudged(NO_LOUDNESS)
        if self._config.check == "jump":
            before = _same_speaker_before(call, passage.turn.index)
            if before is None:
                return MISSED
            if before < 0:
                return unjudged(NO_ROLES)
            earlier = _loudness(call, before)
            if earlier is None:
                return unjudged(NO_LOUDNESS)
            value -= earlier
        if not self._config.holds(value):
            return MISSED
        return hit(
            Finding(
                self.name,
                passage.whole(),
                1.0,
                f"音量 {value:+.1f}" if self._config.check == "jump" else f"音量 {value:.1f}",
            )
        )

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        turns = list(dict.fromkeys(map(turn_of, window.sure)))
        values = {turn: value for turn in turns if (value := _loudness(call, turn)) is not None}
        loudest, softest = (
            max(values, key=lambda t: values[t], default=-1),
            min(values, key=lambda t: values[t], default=-1),
        )
        span = values[loudest] - values[softest] if values else 0.0
        evidence = tuple(q for t in sorted({loudest, softest} - {-1}) for q in call.passage(t).whole())
        finding = Finding(self.name, evidence, 1.0, f"音量相差 {span:.1f}")
        if values and self._config.more_than is not None and span > self._config.more_than:
            return hit(finding)
        if not window.complete:
            return as_judged(Verdict.PENDING, finding)
        if len(values) < len(turns):
            return unjudged(NO_LOUDNESS)
        if window.unsure and window.doubt is not None:
            return unjudged(window.doubt)
        return MISSED


def _loudness(call: HeardCall, turn: int) -> float | None:
    value = call.turns[turn].turn.signals.get("loudness")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same_speaker_before(call: HeardCall, index: int) -> int | None:
    """The same speaker's turn before; None if there is none, −1 if it cannot be told."""
    speaker = call.turns[index].speaker
    if speaker is Speaker.UNKNOWN:
        return -1
    for earlier in range(index - 1, -1, -1):
        if call.turns[earlier].speaker is Speaker.UNKNOWN:
            return -1
        if call.turns[earlier].speaker is speaker:
            return earlier
    return None
