"""`attribute`: 随路数据, compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import override

from qa_engine.domain.finding import Finding
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.judged import MISSED, WAITING, Judged, hit, unjudged
from qa_engine.rules.language import RuleConfig
from qa_engine.rules.operators.base import CallOperator, Need, Workshop, missing
from qa_engine.rules.patterns import compile_pattern

# Known only when the call is over, whatever stands there at its start.
KNOWN_AT_END = frozenset({"hangup_party", "disconnect_reason", "hold_ms"})

Relation = Literal[
    "eq",
    "ne",
    "gt",
    "ge",
    "lt",
    "le",
    "between",
    "contains",
    "not_contains",
    "in",
    "null",
    "not_null",
    "matches",
]


class AttributeConfig(RuleConfig):
    """One field of the call's attributes and what must hold of it."""

    field: str = Field(min_length=1)
    relation: Relation = Field(alias="is")
    value: Any = None

    @field_validator("relation", mode="before")
    @classmethod
    def _null(cls, value: object) -> object:
        # YAML reads a bare null as nothing at all.
        return "null" if value is None else value

    @model_validator(mode="after")
    def _fits(self) -> AttributeConfig:
        relation, value = self.relation, self.value
        if relation in ("null", "not_null"):
            if value is not None:
                raise ValueError(f"is: {relation} 不需要 value；请删去 value")
        elif value is None:
            raise ValueError(f"is: {relation} 需要 value；请写上要比较的值")
        elif relation in ("between", "in") and not isinstance(value, list):
            raise ValueError(f"is: {relation} 的 value 应是列表；例如 [1, 2]")
        elif relation == "between" and len(value) != 2:
            raise ValueError("is: between 的 value 应有两个数；例如 [1, 10]")
        elif relation == "matches":
            if not isinstance(value, str):
                raise ValueError("is: matches 的 value 应是正则表达式；请加上引号")
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError("正则表达式写错了；请检查括号、方括号和反斜杠") from error
        return self


class Attribute(CallOperator):
    """Compares as numbers when both sides are numbers, as ISO dates or text otherwise."""

    name = "attribute"
    title = "随路数据"
    config_type = AttributeConfig
    needs = frozenset({Need.ATTRIBUTES})

    @override
    def __init__(self, config: AttributeConfig, shop: Workshop) -> None:
        self._config = config
        if config.relation == "matches":
            try:
                compile_pattern(config.value)
            except ValueError as error:
                why, _, remedy = str(error).partition("；")
                shop.complain(why, remedy, "value")
        self.live = "end" if config.field.split(".")[0] in KNOWN_AT_END else "now"

    @override
    def decide(self, call: HeardCall) -> Judged:
        value = look_up(call, self._config.field)
        if not call.closed and (value is None or self.live == "end"):
            # It may still be delivered with the end of the call.
            return WAITING
        relation = self._config.relation
        if relation in ("null", "not_null"):
            return self._verdict((value is None) is (relation == "null"))
        if value is None:
            return unjudged(
                missing("no_attribute", f"随路数据没有“{self._config.field}”，无法判断；请在数据里提供这一项")
            )
        holds = compare(value, relation, self._config.value)
        if holds is None:
            return unjudged(
                missing(
                    "bad_attribute", f"随路数据“{self._config.field}”的类型不能这样比较；请核对数据或规则"
                )
            )
        return self._verdict(holds)

    def _verdict(self, holds: bool) -> Judged:
        return hit(Finding(self.name, (), 1.0, f"随路数据 {self._config.field}")) if holds else MISSED


def look_up(call: HeardCall, field: str) -> object | None:
    """A field by its dotted name; ``agent.…`` and ``customer.…`` also name the people of the call."""
    attributes = call.transcript.attributes
    if field in attributes:
        return attributes[field]
    head, *rest = field.split(".")
    value: object | None = attributes.get(head)
    if value is None and head in ("agent", "customer") and len(rest) == 1:
        return getattr(getattr(call.transcript, head), rest[0], None)
    for key in rest:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def compare(value: object, relation: Relation, other: Any) -> bool | None:
    """Whether the relation holds; None when the two cannot be compared that way."""
    match relation:
        case "eq":
            return _same(value, other)
        case "ne":
            return not _same(value, other)
        case "in":
            return any(_same(value, one) for one in other)
        case "contains" | "not_contains":
            if isinstance(value, str):
                found = str(other) in value
            elif isinstance(value, list | tuple | dict):
                found = any(_same(one, other) for one in value)
            else:
                return None
            return found is (relation == "contains")
        case "matches":
            return re.search(other, value) is not None if isinstance(value, str) else None
        case "between":
            low, high = _order(value, other[0]), _order(value, other[1])
            return None if low is None or high is None else low >= 0 >= high
        case _:
            order = _order(value, other)
            if order is None:
                return None
            return {"gt": order > 0, "ge": order >= 0, "lt": order < 0, "le": order <= 0}[relation]


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _same(value: object, other: object) -> bool:
    if isinstance(value, bool) or isinstance(other, bool):
        return value is other
    one, two = _number(value), _number(other)
    return one == two if one is not None and two is not None else value == other


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")


def _order(value: object, other: object) -> int | None:
    one, two = _number(value), _number(other)
    if one is not None and two is not None:
        return (one > two) - (one < two)
    if (
        isinstance(value, str)
        and isinstance(other, str)
        and _DATE.fullmatch(value)
        and _DATE.fullmatch(other)
    ):
        return (value > other) - (value < other)
    return None
