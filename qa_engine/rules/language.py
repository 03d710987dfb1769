"""The condition as it is written: role, scope, match, quantifier. Strict, nothing unknown allowed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Role = Literal["agent", "customer", "any"]
ROLE_NAMES = {"agent": "坐席", "customer": "客户", "any": "任一方"}


class RuleConfig(BaseModel):
    """Base of everything written in a rule: strict types, no unknown keys, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class ScopeConfig(RuleConfig):
    """Where to look. Without ``anchor`` positions are counted over the call, else from the anchor."""

    unit: Literal["turn", "clause", "seconds", "percent"] = "turn"
    start: float | None = Field(default=None, alias="from")
    stop: float | None = Field(default=None, alias="to")
    anchor: str | None = None
    where: Literal["before", "after", "around", "current"] | None = None
    hit: Literal["first", "last", "any", "every"] | int | None = None

    @model_validator(mode="after")
    def _fits(self) -> ScopeConfig:
        if self.anchor is None and (self.where is not None or self.hit is not None):
            raise ValueError("写了 where 或 hit 却没有 anchor；请写明 anchor 或删去 where、hit")
        if self.anchor is not None and self.where is None:
            raise ValueError("写了 anchor 却没有 where；请写 where: before、after、around 或 current")
        if isinstance(self.hit, int) and self.hit < 1:
            raise ValueError("hit 的次序从 1 开始；请写 1、2…… 或 first、last、any、every")
        if self.where == "current" and (self.start is not None or self.stop is not None):
            raise ValueError("where: current 只指锚点那一句；请删去 from、to")
        if self.unit in ("turn", "clause"):
            self._check_positions()
        elif self.unit == "percent":
            if self.anchor is not None:
                raise ValueError("percent 不能与 anchor 合用；请改用 turn、clause 或 seconds")
            if not all(0 <= value <= 100 for value in (self.start, self.stop) if value is not None):
                raise ValueError("percent 应在 0 到 100 之间；请修改 from、to")
        elif self.where in ("before", "after") and any((value or 0) < 0 for value in (self.start, self.stop)):
            raise ValueError("锚点前后的秒数不能为负；请写 0 以上的秒数，或改用 where: around")
        return self

    def _check_positions(self) -> None:
        for value in (self.start, self.stop):
            if value is not None and value != int(value):
                raise ValueError("按句计数的 from、to 应为整数；请去掉小数")
            if value == 0 and self.anchor is None:
                raise ValueError("位置从 1 开始，没有第 0 句；请写 1（第一句）或 -1（最后一句）")
        if self.where == "around" and (self.start is None or self.stop is None):
            raise ValueError("where: around 需要写明 from 和 to；例如 from: -3、to: 3")


class ConditionConfig(RuleConfig):
    """A condition without its test (the test is a tree of operators, read by `compile`)."""

    role: Role = "any"
    scope: ScopeConfig = ScopeConfig()
    match: Literal["turn", "clause", "joined"] | None = None
    quantifier: Literal["some", "all"] = "some"
    include_system: bool = False
    test: Any

    @model_validator(mode="after")
    def _fits(self) -> ConditionConfig:
        if self.include_system and self.role != "any":
            raise ValueError("include_system 只能与 role: any 合用；请改 role 或删去 include_system")
        if self.scope.unit == "clause" and self.match == "turn":
            raise ValueError("按分句取范围时不能按整句匹配；请写 match: clause 或 joined")
        if self.match == "joined" and self.quantifier == "all":
            raise ValueError("match: joined 只检查一次，没有“每一句都要”；请删去 quantifier")
        return self
