"""抽检方案 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from api.schemas.common import KeyText, NameText, RequestModel, ResponseModel
from api.schemas.report_query import Keys
from qa_engine.domain.sampling import (
    MAX_STRATA,
    Conditions,
    Design,
    PercentDesign,
    PlanSettings,
    QuotaDesign,
    RuleDesign,
    StratifiedDesign,
    StratumRule,
    settings_to_json,
)
from qa_engine.services.sampling_plans import Plan

Share = Annotated[float, Field(ge=0, le=100)]
Rate = Annotated[float, Field(gt=0, le=1)]
Attribute = tuple[KeyText, Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]]


class ConditionsIn(RequestModel):
    """条件；写出的要同时满足，不写的不限。"""

    teams: Keys = Field([], description="班组（任一）", examples=[["零售一组"]])
    skill_groups: Keys = Field([], description="技能组（任一）", examples=[["售后"]])
    agents: Keys = Field([], description="坐席工号（任一）", examples=[["A01"]])
    channels: list[Literal["voice", "chat", "unknown"]] = Field(
        [], max_length=3, description="渠道（任一）", examples=[["voice"]]
    )
    resolutions: list[Literal["resolved", "partial", "unresolved"]] = Field(
        [], max_length=3, description="问题解决（任一）", examples=[["unresolved"]]
    )
    needs_review: bool | None = Field(None, description="机器是否建议复核", examples=[True])
    passed: bool | None = Field(None, description="抽取时是否通过（计入人工改判）", examples=[None])
    critical_failure: bool | None = Field(None, description="机器是否判一票否决", examples=[None])
    is_complaint: bool | None = Field(None, description="机器是否判为投诉", examples=[None])
    failed: Keys = Field([], description="机器判不合格的质检项（同时满足）", examples=[[]])
    not_evaluated: Keys = Field([], description="机器未判定的质检项（同时满足）", examples=[[]])
    complaint_types: Keys = Field([], description="来电事由（同时满足）", examples=[[]])
    faults: Keys = Field([], description="坐席的问题种类（同时满足）", examples=[[]])
    causes: Keys = Field([], description="情绪下跌的原因（同时满足）", examples=[[]])
    attributes: list[Attribute] = Field(
        [], max_length=10, description="随路数据，[键, 值]（同时满足）", examples=[[["渠道来源", "APP"]]]
    )
    sunk_to: Literal[-1, -2] | None = Field(None, description="客户情绪曾跌到这一级或更低", examples=[None])
    emotion_index_below: Share | None = Field(None, description="整通情绪指数低于", examples=[None])
    percent_from: Share | None = Field(None, description="得分率不低于", examples=[None])
    percent_to: Share | None = Field(None, description="得分率不高于", examples=[None])

    def conditions(self) -> Conditions:
        """The same for the domain."""
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in self.model_dump().items()
        }
        return Conditions(**values)


class RuleIn(RequestModel):
    """按规则：满足条件的会话，全部或随机若干通。"""

    kind: Literal["rule"] = Field(description="抽法", examples=["rule"])
    where: ConditionsIn = Field(description="条件，至少一个")
    limit: int | None = Field(
        None, ge=1, le=1_000_000, description="每次最多抽几通；null 为全部", examples=[50]
    )

    def design(self) -> Design:
        """The same for the domain."""
        return RuleDesign(self.where.conditions(), self.limit)


class PercentIn(RequestModel):
    """按比例：每一通以同样的概率被抽到。"""

    kind: Literal["percent"] = Field(description="抽法", examples=["percent"])
    rate: Rate = Field(description="概率，大于 0、不超过 1", examples=[0.05])

    def design(self) -> Design:
        """The same for the domain."""
        return PercentDesign(self.rate)


class StratumIn(RequestModel):
    """一层。"""

    name: KeyText = Field(description="层的名称", examples=["机器标记"])
    where: ConditionsIn = Field(description="哪些会话属于这一层；一通会话归入第一个符合的层")
    rate: Rate = Field(description="这一层里每一通被抽到的概率", examples=[1.0])


class StratifiedIn(RequestModel):
    """分层：各层有各自的概率，不属于任何一层的是“其余”。"""

    kind: Literal["stratified"] = Field(description="抽法", examples=["stratified"])
    strata: list[StratumIn] = Field(min_length=1, max_length=MAX_STRATA, description="各层，依次尝试")
    rest_rate: Rate = Field(description="其余会话被抽到的概率；必须大于 0，否则漏检无从估计", examples=[0.05])

    def design(self) -> Design:
        """The same for the domain."""
        strata = tuple(StratumRule(one.name, one.where.conditions(), one.rate) for one in self.strata)
        return StratifiedDesign(strata, self.rest_rate)


class QuotaIn(RequestModel):
    """按人（班组、技能组）定额：每次各抽这么多通，不足的全抽。"""

    kind: Literal["quota"] = Field(description="抽法", examples=["quota"])
    by: Literal["agent", "team", "skill_group"] = Field(description="按什么分组", examples=["agent"])
    size: int = Field(ge=1, le=100_000, description="每组抽几通", examples=[5])

    def design(self) -> Design:
        """The same for the domain."""
        return QuotaDesign(self.by, self.size)


class NewPlan(RequestModel):
    """新的抽检方案；建立后不能改，只能停用，否则以前抽的就说不清了。"""

    name: NameText = Field(description="名称", examples=["零售：标记全看，其余抽 5%"])
    scorecard_key: KeyText = Field(description="评分表的 key", examples=["general_service"])
    business_line: KeyText | None = Field(
        None, description="业务线；null 为全部（须有全部业务线的可见范围）", examples=["retail"]
    )
    teams: Annotated[list[KeyText], Field(max_length=200)] = Field(
        [], description="班组；不写为全部", examples=[["零售一组"]]
    )
    design: Annotated[RuleIn | PercentIn | StratifiedIn | QuotaIn, Field(discriminator="kind")] = Field(
        description="怎么抽",
        examples=[
            {
                "kind": "stratified",
                "strata": [{"name": "机器标记", "where": {"needs_review": True}, "rate": 1.0}],
                "rest_rate": 0.05,
            }
        ],
    )
    every: Literal["day", "week", "month"] | None = Field(
        None, description="自动抽取的周期；null 为只在要求时抽", examples=["day"]
    )
    wait_days: int = Field(
        1, ge=0, le=60, description="周期结束后等几天再抽，免得漏掉晚导入的会话", examples=[1]
    )
    priority: float = Field(0.5, ge=0, le=1, description="由它开出的复核的优先级", examples=[0.5])

    def settings(self) -> PlanSettings:
        """The same for the domain.

        Raises:
            Invalid: the design contradicts itself.
        """
        return PlanSettings(
            scorecard_key=self.scorecard_key,
            design=self.design.design(),
            teams=tuple(dict.fromkeys(self.teams)),
            every=self.every,
            wait_days=self.wait_days,
            priority=self.priority,
        )


class PlanChange(RequestModel):
    """停用或重新启用。"""

    active: bool = Field(description="false 停用，true 启用", examples=[False])


class PlanOut(ResponseModel):
    """一个抽检方案。"""

    id: int = Field(description="编号", examples=[4])
    name: str = Field(description="名称", examples=["零售：标记全看，其余抽 5%"])
    kind: Literal["rule", "percent", "stratified", "quota"] = Field(description="抽法", examples=["percent"])
    business_line: str | None = Field(description="业务线；null 为全部", examples=["retail"])
    scorecard_key: str = Field(description="评分表的 key", examples=["general_service"])
    teams: list[str] = Field(description="班组；空为全部", examples=[["零售一组"]])
    design: dict[str, Any] = Field(description="怎么抽", examples=[{"rate": 0.05}])
    every: str | None = Field(description="自动抽取的周期", examples=["day"])
    wait_days: int = Field(description="周期结束后等几天再抽", examples=[1])
    priority: float = Field(description="由它开出的复核的优先级", examples=[0.5])
    about: Literal["all", "matching"] = Field(
        description="它的估计说的是全部会话（all），还是只是满足规则的会话（matching）", examples=["all"]
    )
    active: bool = Field(description="是否启用", examples=[True])
    created_by: str = Field(description="谁建立的", examples=["user:2"])
    created_at: datetime = Field(description="何时建立", examples=["2026-03-01T01:00:00Z"])

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """From the stored plan; conditions that are not set are left out."""
        row, settings = plan.row, plan.settings
        return cls(
            id=row.id,
            name=row.name,
            kind=settings.kind,
            business_line=row.business_line,
            scorecard_key=settings.scorecard_key,
            teams=list(settings.teams),
            design=_told(settings_to_json(settings)["design"]),
            every=settings.every,
            wait_days=settings.wait_days,
            priority=settings.priority,
            about=settings.about,
            active=row.active,
            created_by=row.created_by,
            created_at=row.created_at,
        )


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(one) for key, one in value.items() if one not in (None, ())}
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value
