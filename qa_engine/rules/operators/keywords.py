"""`keywords`: words that are said, or not said."""

from __future__ import annotations

from collections.abc import Collection
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
from qa_engine.text.normalize import normalize

# How sure a hit by sound alone is; longer words are mistaken less often.
SOUND_CONFIDENCE = {2: 0.6, 3: 0.8}
LONG_SOUND_CONFIDENCE = 0.9


class KeywordsConfig(RuleConfig):
    """Words to look for; ``need`` counts different words, ``at_least_hits`` counts occurrences."""

    of: list[str] = Field(min_length=1)
    need: int | Literal["all", "none"] = 1
    at_least_hits: int = Field(default=1, ge=1)
    synonyms: dict[str, list[str]] = Field(default_factory=dict)
    sound_alike: bool = False
    case_sensitive: bool = False
    unless: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fits(self) -> KeywordsConfig:
        if isinstance(self.need, int) and self.need < 1:
            raise ValueError("need 至少为 1；一个都不能出现请写 need: none")
        if self.need == "none" and self.at_least_hits > 1:
            raise ValueError("need: none 与 at_least_hits 互相矛盾；请删去其中一个")
        return self


class Keywords(UnitOperator):
    """Every ``of`` entry with its synonyms is one group; groups found are counted."""

    name = "keywords"
    title = "关键词"
    config_type = KeywordsConfig
    reads_text = True

    @override
    def __init__(self, config: KeywordsConfig, shop: Workshop) -> None:
        self._config = config
        words = shop.phrases(config.of, "of")
        self._slot = shop.literals.new_slot()
        self._sound_slot = shop.literals.new_slot() if config.sound_alike else None
        self._unless_slot = shop.literals.new_slot() if config.unless else None
        self._cased: set[str] = set(shop.lists.expand(config.of, (*shop.path, "of"), lambda *_: None))
        known = {normalize(word).text: group for group, word in enumerate(words)}
        for group, word in enumerate(words):
            self._add(shop, word, group)
        for word, others in config.synonyms.items():
            owner = known.get(normalize(word).text)
            if owner is None:
                shop.complain(
                    f"synonyms 里的“{word}”不在 of 里", "同义词只能写给 of 里的词", "synonyms", word
                )
                continue
            for other in shop.phrases(others, "synonyms", word):
                self._add(shop, other, owner)
            self._cased.update(others)
        if self._unless_slot is not None:
            for phrase in shop.phrases(config.unless, "unless"):
                shop.literals.add(phrase, self._unless_slot, 0)
        if config.sound_alike and not any(len(word) > 1 for word in words):
            shop.complain("sound_alike 只用于两个字以上的词", "请加长词语或删去 sound_alike", "sound_alike")
        if isinstance(config.need, int) and config.need > len(words) > 0:
            shop.complain(
                f"need 为 {config.need}，但只有 {len(words)} 个词", "请减小 need 或增加词语", "need"
            )
        self._needed = len(words) if config.need == "all" else 1 if config.need == "none" else config.need
        self.phrases = tuple(words)
        self.monotone = config.need != "none"

    def _add(self, shop: Workshop, word: str, group: int) -> None:
        if not word:
            return
        shop.literals.add(word, self._slot, group)
        if self._sound_slot is not None and len(word) > 1:
            shop.literals.add_sound(word, self._sound_slot, group)

    @override
    def candidates(self, call: HeardCall) -> Collection[int] | None:
        if self._config.need == "none":
            return None
        exact = call.slot_turns[self._slot]
        if self._sound_slot is None:
            return exact
        alike = call.slot_turns[self._sound_slot]
        return sorted({*exact, *alike}) if alike else exact

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        found = self._found(passage)
        if self._config.need == "none":
            if found:
                return MISSED
            return hit(Finding(self.name, passage.whole(), 1.0, "没有出现所列词语"))
        if not found or len({item.group for item, _ in found}) < self._needed:
            return MISSED
        spans = _outermost(found)
        if len(spans) < self._config.at_least_hits:
            return MISSED
        return hit(
            *(self.finding(passage, s, e, sure, "读音相同" if sure < 1 else "") for s, e, sure in spans)
        )

    def _found(self, passage: Passage) -> list[tuple[LiteralHit, float]]:
        found = [(item, 1.0) for item in passage.hits(self._slot)]
        if self._sound_slot is not None:
            exact = {item[:2] for item, _ in found}
            for item in passage.hits(self._sound_slot):
                if item[:2] not in exact:
                    sure = SOUND_CONFIDENCE.get(item.end - item.start, LONG_SOUND_CONFIDENCE)
                    found.append((item, sure))
        if self._unless_slot is not None and found:
            excuses = passage.hits(self._unless_slot)
            found = [
                (item, sure)
                for item, sure in found
                if not any(excuse.start <= item.end and item.start <= excuse.end for excuse in excuses)
            ]
        if self._config.case_sensitive:
            found = [
                (item, sure)
                for item, sure in found
                if "".join(quote.quote for quote in passage.evidence(item.start, item.end)) in self._cased
            ]
        return found


def _outermost(found: list[tuple[LiteralHit, float]]) -> list[tuple[int, int, float]]:
    """Spans in order, without those that lie within or overlap an earlier, longer one."""
    spans: list[tuple[int, int, float]] = []
    reached = -1
    for item, sure in sorted(found, key=lambda pair: (pair[0].start, -pair[0].end, -pair[1])):
        if item.start >= reached:
            spans.append((item.start, item.end, sure))
            reached = item.end
    return spans
