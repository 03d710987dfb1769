"""`number`, `entity` and `length`: figures, personal data, and how much was said."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Evidence, Finding
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.numerals import Number as Numeral
from qa_engine.rules.numerals import numbers
from qa_engine.rules.operators.base import UnitOperator, Workshop
from qa_engine.rules.passage import Passage
from qa_engine.rules.problems import suggestion
from qa_engine.text.normalize import normalize
from qa_engine.text.redact import KINDS, LABELS


class NumberConfig(RuleConfig):
    """A number within bounds, followed by one of ``unit`` (before a per cent sign: ``%``)."""

    min: float | None = None
    max: float | None = None
    decimals: int | None = Field(default=None, ge=0)
    unit: list[str] = Field(default_factory=list)
    chinese: bool = True

    @model_validator(mode="after")
    def _fits(self) -> NumberConfig:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min 大于 max，永远不会命中；请对调")
        return self


class Number(UnitOperator):
    """``decimals``: exactly that many decimal places as said (0 = a whole number)."""

    name = "number"
    title = "数值"
    config_type = NumberConfig
    reads_text = True
    monotone = True

    @override
    def __init__(self, config: NumberConfig, shop: Workshop) -> None:
        self._config = config
        self._units = tuple(normalize(unit).text for unit in shop.phrases(config.unit, "unit"))

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        found = []
        for number in numbers(passage.text, self._config.chinese):
            end = self._end(passage.text, number)
            if end is not None and self._fits(number):
                found.append(self.finding(passage, number.start, end))
        return hit(*found) if found else MISSED

    def _fits(self, number: Numeral) -> bool:
        config = self._config
        return (
            (config.min is None or number.value >= Decimal(str(config.min)))
            and (config.max is None or number.value <= Decimal(str(config.max)))
            and (config.decimals is None or number.places == config.decimals)
        )

    def _end(self, text: str, number: Numeral) -> int | None:
        if not self._units:
            return number.end
        if number.chinese and "%" in self._units and text.startswith("百分之", number.start):
            return number.end
        after = number.end
        while text[after : after + 1] in (" ", "多", "几") and after < len(text):
            after += 1
        for unit in self._units:
            if text.startswith(unit, after):
                return after + len(unit)
        return None


class EntityConfig(RuleConfig):
    """Which kinds of personal data or identifiers."""

    of: list[str] = Field(min_length=1)
    at_least: float = Field(default=0.5, gt=0, le=1)

    @field_validator("of")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for kind in value:
            if kind not in KINDS:
                raise ValueError(f"没有名为“{kind}”的实体；{suggestion(kind, KINDS)}")
        return value


class Entity(UnitOperator):
    """Finds entities in the original text; those wholly inside the passage count."""

    name = "entity"
    title = "敏感信息"
    config_type = EntityConfig
    reads_text = True
    monotone = True

    @override
    def __init__(self, config: EntityConfig, shop: Workshop) -> None:
        self._kinds = frozenset(config.of)
        self._at_least = config.at_least

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        findings = []
        for piece in passage.pieces:
            first, last = piece.turn.normalized.to_original(piece.start, piece.end)
            text = piece.turn.turn.text
            for entity in call.entities(piece.turn.index):
                if entity.kind not in self._kinds:
                    continue
                if entity.confidence >= self._at_least and first <= entity.start and entity.end <= last:
                    quote = Evidence(
                        piece.turn.index, entity.start, entity.end, text[entity.start : entity.end]
                    )
                    findings.append(Finding(self.name, (quote,), entity.confidence, LABELS[entity.kind]))
        return hit(*findings) if findings else MISSED


class LengthConfig(RuleConfig):
    """Bounds on the number of characters, spaces not counted."""

    min_chars: int | None = Field(default=None, ge=0)
    max_chars: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> LengthConfig:
        if self.min_chars is None and self.max_chars is None:
            raise ValueError("没有写长度；请写 min_chars 或 max_chars")
        if self.min_chars is not None and self.max_chars is not None and self.min_chars > self.max_chars:
            raise ValueError("min_chars 大于 max_chars，永远不会命中；请对调")
        return self


class Length(UnitOperator):
    """How much was said in one passage."""

    name = "length"
    title = "字数"
    config_type = LengthConfig
    reads_text = True

    @override
    def __init__(self, config: LengthConfig, shop: Workshop) -> None:
        self._config = config
        self.monotone = config.max_chars is None

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        chars = sum(not char.isspace() for char in passage.text)
        low, high = self._config.min_chars, self._config.max_chars
        if (low is not None and chars < low) or (high is not None and chars > high):
            return MISSED
        return hit(Finding(self.name, passage.whole(), 1.0, f"{chars} 字"))
