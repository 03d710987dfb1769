"""`similar` and `repeat`: the same thing in almost the same words (by characters, not by meaning)."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import Field, model_validator
from rapidfuzz import fuzz
from typing_extensions import override

from qa_engine.domain.finding import Finding
from qa_engine.domain.transcript import Speaker
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.likeness import likeness, pieces
from qa_engine.rules.operators.base import NO_ROLES, Need, UnitOperator, Workshop
from qa_engine.rules.passage import Passage
from qa_engine.text.normalize import normalize

MAX_SAMPLES, MAX_SAMPLE_CHARS = 200, 50


class SimilarConfig(RuleConfig):
    """Samples and how like one of them the text (or a stretch of it) must be."""

    to: list[str] = Field(min_length=1)
    at_least: float = Field(default=0.8, gt=0, le=1)


class Similar(UnitOperator):
    """The best stretch of the text against the best sample."""

    name = "similar"
    title = "文本相似"
    config_type = SimilarConfig
    reads_text = True
    monotone = True

    @override
    def __init__(self, config: SimilarConfig, shop: Workshop) -> None:
        self._at_least = config.at_least
        self._slot = shop.literals.new_slot()
        self.phrases = tuple(shop.phrases(config.to, "to"))
        if len(self.phrases) > MAX_SAMPLES:
            shop.complain(f"样句多于 {MAX_SAMPLES} 句", "请拆成几个条件", "to")
        for group, sample in enumerate(self.phrases):
            if len(sample) > MAX_SAMPLE_CHARS:
                shop.complain(f"样句长于 {MAX_SAMPLE_CHARS} 字", "请缩短样句", "to")
            for piece in pieces(sample, config.at_least):
                shop.literals.add(piece, self._slot, group)

    @override
    def candidates(self, call: HeardCall) -> Collection[int] | None:
        return call.slot_turns[self._slot]

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        best, span = 0.0, (0, 0)
        for group in sorted({item.group for item in passage.hits(self._slot)}):
            similarity, start, end = likeness(self.phrases[group], passage.text, max(self._at_least, best))
            if similarity > best:
                best, span = similarity, (start, end)
        if best < self._at_least:
            return MISSED
        return hit(self.finding(passage, *span, round(best, 4), f"相似度 {best:.2f}"))


class RepeatConfig(RuleConfig):
    """How far back to look, how often it must have been said, and how alike is the same."""

    within: int = Field(default=2, ge=0)
    occurrence: int = Field(default=1, ge=1)
    min_chars: int = Field(default=4, ge=1)
    at_least: float = Field(default=0.8, gt=0, le=1)
    excludes: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> RepeatConfig:
        if 0 < self.within < self.occurrence:
            raise ValueError(
                "occurrence 大于 within，永远不会命中；请加大 within，或写 within: 0（看全部之前的话）"
            )
        return self


class Repeat(UnitOperator):
    """Said again by the same speaker, at least for the ``occurrence``-th time."""

    name = "repeat"
    title = "重复"
    config_type = RepeatConfig
    needs = frozenset({Need.ROLES})

    @override
    def __init__(self, config: RepeatConfig, shop: Workshop) -> None:
        self._config = config
        self._excludes = [normalize(phrase).text for phrase in shop.phrases(config.excludes, "excludes")]

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        turn = passage.turn
        if len(turn.text.strip()) < self._config.min_chars or self._excluded(turn.text):
            return MISSED
        speaker = turn.speaker
        if speaker is Speaker.UNKNOWN:
            return unjudged(NO_ROLES)
        earlier: list[tuple[int, float]] = []
        looked = 0
        for index in range(turn.index - 1, -1, -1):
            if self._config.within and looked == self._config.within:
                break
            other = call.turns[index]
            if other.speaker is Speaker.UNKNOWN:
                return unjudged(NO_ROLES)
            if other.speaker is not speaker:
                continue
            looked += 1
            if len(other.text.strip()) >= self._config.min_chars:
                same = fuzz.ratio(turn.text, other.text, score_cutoff=self._config.at_least * 100) / 100
                if same >= self._config.at_least:
                    earlier.append((index, same))
        if len(earlier) < self._config.occurrence:
            return MISSED
        first, same = earlier[0]
        evidence = (*call.passage(first).whole(), *passage.whole())
        return hit(Finding(self.name, evidence, round(same, 4), f"第 {len(earlier)} 次重复"))

    def _excluded(self, text: str) -> bool:
        return any(phrase in text for phrase in self._excludes)
