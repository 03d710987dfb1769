"""`regex`: a regular expression over the normalised text."""

from __future__ import annotations

from collections.abc import Collection

from pydantic import field_validator
from typing_extensions import override

from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import UnitOperator, Workshop, missing
from qa_engine.rules.passage import Passage
from qa_engine.rules.patterns import MAX_CHARS, compile_pattern, has_wildcard, required_literals

_TOO_LONG = missing(
    "text_too_long", "文本过长，含不限长度通配的正则表达式不在上面运行；请缩小范围或改用固定长度"
)


class RegexConfig(RuleConfig):
    """Hit when ``pattern`` matches and ``unless`` does not."""

    pattern: str
    unless: str | None = None

    @field_validator("pattern", "unless")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            compile_pattern(value)
        return value


class Regex(UnitOperator):
    """Runs only on turns in which a literal occurs that every match needs."""

    name = "regex"
    title = "正则表达式"
    config_type = RegexConfig
    reads_text = True

    @override
    def __init__(self, config: RegexConfig, shop: Workshop) -> None:
        self._pattern = compile_pattern(config.pattern)
        self._unless = None if config.unless is None else compile_pattern(config.unless)
        self._costly = any(has_wildcard(source) for source in (config.pattern, config.unless) if source)
        literals = required_literals(config.pattern)
        self._slot = None if literals is None else shop.literals.new_slot()
        if self._slot is not None:
            for literal in literals or ():
                shop.literals.add(literal, self._slot, 0)

    @override
    def candidates(self, call: HeardCall) -> Collection[int] | None:
        return None if self._slot is None else call.slot_turns[self._slot]

    @override
    def judge(self, call: HeardCall, passage: Passage) -> Judged:
        if self._costly and len(passage.text) > MAX_CHARS:
            return unjudged(_TOO_LONG)
        spans = [
            match.span() for match in self._pattern.finditer(passage.text) if match.end() > match.start()
        ]
        if not spans or (self._unless is not None and self._unless.search(passage.text)):
            return MISSED
        return hit(*(self.finding(passage, start, end) for start, end in spans))
