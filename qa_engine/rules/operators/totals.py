"""Operators on everything in scope, or on the whole call's times."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Evidence, Finding, NotEvaluable, Verdict
from qa_engine.domain.transcript import Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import NO_TIMES, CallOperator, Need, ScopeOperator, Workshop, missing
from qa_engine.rules.operators.timing import TIMES, BoundsConfig, gap_before
from qa_engine.rules.passage import Passage
from qa_engine.rules.window import Unit, Window, turn_of

NO_DURATION = missing("no_duration", "不知道录音总时长，无法判断；请提供录音时长")


def at_least(
    found: int, possible: int, wanted: int, window: Window, why: NotEvaluable | None
) -> Verdict | NotEvaluable:
    """Verdict of "at least ``wanted``" when ``found`` are certain and ``possible`` more may be."""
    if found >= wanted:
        return Verdict.HIT
    if not window.complete:
        return Verdict.PENDING
    if found + possible >= wanted and why is not None:
        return why
    return Verdict.MISS


def as_judged(verdict: Verdict | NotEvaluable, finding: Finding) -> Judged:
    """A verdict with its finding (kept for hits and misses alike: it is the measured fact)."""
    if isinstance(verdict, NotEvaluable):
        return unjudged(verdict)
    if verdict is Verdict.HIT:
        return hit(finding)
    return WAITING if verdict is Verdict.PENDING else MISSED


class SilenceCountConfig(RuleConfig):
    """How many silences of which length."""

    longer_than_ms: int = Field(ge=0)
    at_least: int = Field(ge=1)


class SilenceCount(ScopeOperator):
    """Counts the silences right before the units in scope."""

    name = "silence_count"
    title = "静音次数"
    config_type = SilenceCountConfig
    needs = TIMES

    @override
    def __init__(self, config: SilenceCountConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        long: list[int] = []
        unknown = 0
        for turn in dict.fromkeys(map(turn_of, window.sure)):
            gap = gap_before(call, turn)
            if gap is None:
                unknown += turn > 0
            elif gap > self._config.longer_than_ms:
                long.append(turn)
        doubt = NO_TIMES if unknown else window.doubt
        possible = unknown + len(window.unsure)
        verdict = at_least(len(long), possible, self._config.at_least, window, doubt)
        evidence = tuple(quote for turn in long for quote in call.passage(turn).whole())
        return as_judged(verdict, Finding(self.name, evidence, 1.0, f"静音 {len(long)} 次"))


class TurnCountConfig(RuleConfig):
    """Bounds on the number of units in scope."""

    at_least: int | None = Field(default=None, ge=1)
    at_most: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> TurnCountConfig:
        if self.at_least is None and self.at_most is None:
            raise ValueError("没有写句数；请写 at_least 或 at_most")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least 大于 at_most，永远不会命中；请对调")
        return self


class TurnCount(ScopeOperator):
    """Counts the units in scope (clauses with ``unit: clause``)."""

    name = "turn_count"
    title = "句数"
    config_type = TurnCountConfig

    @override
    def __init__(self, config: TurnCountConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def tally(self, call: HeardCall, window: Window) -> Judged:
        low, high = self._config.at_least, self._config.at_most
        found, possible = len(window.sure), len(window.unsure)
        if high is not None and found > high:
            return MISSED
        enough = Verdict.HIT if low is None else at_least(found, possible, low, window, window.doubt)
        finding = Finding(self.name, _ends(call, window.sure), 1.0, f"{found} 句")
        if high is None or enough is Verdict.MISS:
            return as_judged(enough, finding)
        if not window.complete:
            return WAITING
        if found + possible > high and window.doubt is not None:
            return unjudged(window.doubt)
        return as_judged(enough, finding)


def _ends(call: HeardCall, units: Sequence[Unit]) -> tuple[Evidence, ...]:
    """The first and the last unit stand for all of them."""
    return tuple(quote for unit in dict.fromkeys([*units[:1], *units[-1:]]) for quote in _quoted(call, unit))


def _quoted(call: HeardCall, unit: Unit) -> tuple[Evidence, ...]:
    passage: Passage = call.passage(unit) if isinstance(unit, int) else call.clause(*unit)
    return passage.whole()


class DurationConfig(BoundsConfig):
    """Length of the recording."""


class Duration(CallOperator):
    """Without a known length the last turn's end is a lower bound, which may still decide."""

    name = "duration"
    title = "录音时长"
    config_type = DurationConfig
    live = "end"
    needs = frozenset({Need.DURATION, Need.WHOLE_CALL})

    @override
    def __init__(self, config: DurationConfig, shop: Workshop) -> None:
        self._config = config

    @override
    def decide(self, call: HeardCall) -> Judged:
        if not call.closed:
            return WAITING
        length, known_until = call.transcript.duration_ms, call.timeline.latest_end()
        if length is not None:
            found = Finding(self.name, (), 1.0, f"录音时长 {length / 1000:.1f} 秒")
            return hit(found) if self._config.holds(length) else MISSED
        if known_until is None:
            return unjudged(NO_DURATION)
        longer, shorter = self._config.longer_than_ms, self._config.shorter_than_ms
        if shorter is not None:
            return MISSED if known_until >= shorter else unjudged(NO_DURATION)
        if longer is not None and known_until > longer:
            return hit(Finding(self.name, (), 1.0, f"录音时长至少 {known_until / 1000:.1f} 秒"))
        return unjudged(NO_DURATION)


class NonTalkConfig(RuleConfig):
    """Share of the call in which nobody speaks, in per cent."""

    more_than_percent: float = Field(ge=0, le=100)


class NonTalk(CallOperator):
    """Silence of both sides as a share of the call's duration."""

    name = "non_talk"
    title = "静默占比"
    config_type = NonTalkConfig
    live = "end"
    needs = frozenset({Need.TIMES, Need.WHOLE_CALL})

    @override
    def __init__(self, config: NonTalkConfig, shop: Workshop) -> None:
        self._more_than = config.more_than_percent

    @override
    def decide(self, call: HeardCall) -> Judged:
        if not call.closed:
            return WAITING
        spans: list[tuple[int, int]] = []
        for reading in call.turns:
            turn = reading.turn
            if turn.start_ms is None or turn.end_ms is None:
                if turn.speaker is Speaker.SYSTEM:
                    continue
                return unjudged(NO_TIMES)
            spans.append((turn.start_ms, turn.end_ms))
        length = call.transcript.duration_ms or call.timeline.latest_end()
        if not length or not spans:
            return unjudged(NO_DURATION if spans else NO_TIMES)
        talked, reached = 0, 0
        for start, end in sorted(spans):
            talked += max(min(end, length) - max(start, reached), 0)
            reached = max(reached, end)
        percent = 100 * max(length - talked, 0) / length
        found = Finding(self.name, (), 1.0, f"静默占比 {percent:.1f}%")
        return hit(found) if percent > self._more_than else MISSED
