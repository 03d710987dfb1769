"""`proximity` and `order`: words near one another, and words one after another."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from typing import Literal

from pydantic import Field, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.matcher import LiteralHit
from qa_engine.rules.operators.base import UnitOperator, Workshop
from qa_engine.rules.passage import Passage
from qa_engine.text.segment import segment


class ProximityConfig(RuleConfig):
    """Two sets of words and how far apart they may be (characters or words between them)."""

    first: list[str] = Field(min_length=1)
    second: list[str] = Field(min_length=1)
    distance: int = Field(default=5, ge=0)
    unit: Literal["char", "word"] = "char"
    ordered: bool = False
    is_within: bool = True


class Proximity(UnitOperator):
    """With ``is_within: false``: both are said, but never that near."""

    name = "proximity"
    title = "词语邻近"
    config_type = ProximityConfig
    reads_text = True

    @override
    def __init__(self, config: ProximityConfig, shop: Workshop) -> None:
        self._config = config
        self._first, self._second = shop.literals.new_slot(), shop.literals.new_slot()
        first, second = shop.phrases(config.first, "first"), shop.phrases(config.second, "second")
        for slot, words in ((self._first, first), (self._second, second)):
            for group, word in enumerate(words):
                shop.literals.add(word, slot, group)
        self.phrases = (*first, *second)
        self.monotone = config.is_within

    @override
    def candidates(self, call: HeardCall) -> Collection[int] | None:
        return min(call.slot_turns[self._first], call.slot_turns[self._second], key=len)

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        pairs = [
            (one, other)
            for one in passage.hits(self._first)
            for other in passage.hits(self._second)
            if (one.end <= other.start or other.end <= one.start)
            and (one.end <= other.start or not self._config.ordered)
        ]
        if not pairs:
            return MISSED
        starts = [token.start for token in segment(passage.text)] if self._config.unit == "word" else None
        one, other = min(
            pairs, key=lambda pair: (_between(pair[0], pair[1], starts), pair[0].start, pair[1].start)
        )
        near = _between(one, other, starts) <= self._config.distance
        if near is not self._config.is_within:
            return MISSED
        return hit(self.finding(passage, min(one.start, other.start), max(one.end, other.end)))


def _between(one: LiteralHit, other: LiteralHit, starts: Sequence[int] | None) -> int:
    """Characters (or words that begin) strictly between two hits."""
    low, high = min(one.end, other.end), max(one.start, other.start)
    if starts is None:
        return high - low
    return bisect_left(starts, high) - bisect_left(starts, low)


class OrderConfig(RuleConfig):
    """Steps in the order they must come; each step is a list of words, any of which will do."""

    steps: list[list[str]] = Field(min_length=2)
    max_gap: int | None = Field(default=None, ge=0)
    at_least: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _fits(self) -> OrderConfig:
        if self.at_least is not None and self.at_least > len(self.steps):
            raise ValueError("at_least 大于步骤数，永远不会命中；请减小 at_least 或增加步骤")
        if any(not step for step in self.steps):
            raise ValueError("有一个步骤没有词语；请补上词语或删去这个步骤")
        return self


class Order(UnitOperator):
    """The longest chain of steps in order decides (all steps unless ``at_least``)."""

    name = "order"
    title = "先后顺序"
    config_type = OrderConfig
    reads_text = True
    monotone = True

    @override
    def __init__(self, config: OrderConfig, shop: Workshop) -> None:
        self._max_gap = config.max_gap
        self._needed = config.at_least or len(config.steps)
        self._slot = shop.literals.new_slot()
        phrases: list[str] = []
        for step, words in enumerate(config.steps):
            for word in shop.phrases(words, "steps", step):
                shop.literals.add(word, self._slot, step)
                phrases.append(word)
        self.phrases = tuple(phrases)

    @override
    def candidates(self, call: HeardCall) -> Collection[int] | None:
        return call.slot_turns[self._slot]

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        chain = self._longest(passage.hits(self._slot))
        if len(chain) < self._needed:
            return MISSED
        evidence = tuple(quote for item in chain for quote in passage.evidence(item.start, item.end))
        return hit(Finding(self.name, evidence, 1.0, f"按顺序说到 {len(chain)} 步"))

    def _longest(self, found: Sequence[LiteralHit]) -> list[LiteralHit]:
        ordered = sorted(found)
        chains: list[list[LiteralHit]] = []
        for item in ordered:
            before = [chain for chain in chains if self._follows(chain[-1], item)]
            chains.append([*max(before, key=len, default=[]), item])
        return max(chains, key=len, default=[])

    def _follows(self, earlier: LiteralHit, later: LiteralHit) -> bool:
        if earlier.group >= later.group or earlier.end > later.start:
            return False
        return self._max_gap is None or later.start - earlier.end <= self._max_gap
