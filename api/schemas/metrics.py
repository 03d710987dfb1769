"""指标 over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, Self

from fastapi import Query
from pydantic import Field

from api.schemas.backtests import RateOut
from api.schemas.common import Day, KeyText, ResponseModel
from qa_engine.domain.periods import Period
from qa_engine.domain.rates import Rate
from qa_engine.services.backtest_json import rate_json
from qa_engine.services.metric_query import MOST_DAYS, Dimension, Group, Grouping, MetricFilters, chosen_days
from qa_engine.services.metrics import CriterionFigures, Figures, TypeFigures
from qa_engine.services.work import Work

_NAMES: dict[str, Dimension] = {
    "business_line": "business_line",
    "team": "team",
    "skill_group": "skill_group",
    "agent": "agent_id",
    "scorecard": "scorecard_key",
}
DimensionName = Literal["business_line", "team", "skill_group", "agent", "scorecard"]
Values = Annotated[list[KeyText], Field(max_length=100)]


@dataclass
class MetricQuery:
    """What metrics are asked of; a dependency of the routes."""

    since: Annotated[
        Day | None, Query(description=f"从哪天起（含），默认最近 30 天；一次最多 {MOST_DAYS} 天")
    ] = None
    until: Annotated[Day | None, Query(description="到哪天止（含），默认今天")] = None
    business_line: Annotated[Values | None, Query(description="业务线；可写多次，任一即可")] = None
    team: Annotated[Values | None, Query(description="班组；可写多次，任一即可")] = None
    skill_group: Annotated[Values | None, Query(description="技能组；可写多次，任一即可")] = None
    agent: Annotated[Values | None, Query(description="坐席工号；可写多次，任一即可")] = None
    scorecard: Annotated[Values | None, Query(description="评分表的 key；可写多次，任一即可")] = None
    by: Annotated[
        Annotated[list[DimensionName], Field(max_length=5)] | None,
        Query(description="按什么分组；可写多次，例如 by=team&by=agent"),
    ] = None
    per: Annotated[Period | None, Query(description="按天、周（周一起）或月分开；不写则整段合计")] = None

    def filters(self, work: Work) -> MetricFilters:
        """As the service takes them."""
        since, until = chosen_days(work, self.since, self.until)
        return MetricFilters(
            since,
            until,
            tuple(self.business_line or ()),
            tuple(self.team or ()),
            tuple(self.skill_group or ()),
            tuple(self.agent or ()),
            tuple(self.scorecard or ()),
        )

    @property
    def grouping(self) -> Grouping:
        """As the service takes it."""
        return Grouping(tuple(dict.fromkeys(_NAMES[name] for name in self.by or ())), self.per)


class GroupOut(ResponseModel):
    """一组数据说的是谁、什么时候；没有按它分组的为 null。"""

    start: date | None = Field(description="这一天、周（周一）或月的第一天", examples=["2026-03-01"])
    business_line: str | None = Field(description="业务线", examples=["电商"])
    team: str | None = Field(description="班组；空串表示没有写班组", examples=["电商一组"])
    skill_group: str | None = Field(description="技能组；空串表示没有写", examples=["售后"])
    agent: str | None = Field(description="坐席工号；空串表示没有写", examples=["S01"])
    scorecard: str | None = Field(description="评分表的 key", examples=["general_service"])

    @classmethod
    def of(cls, group: Group, grouping: Grouping) -> Self:
        """From the service's group."""
        said = dict(zip(grouping.by, group.values, strict=True))
        return cls(start=group.start, **{name: said.get(column) for name, column in _NAMES.items()})


class FiguresOut(ResponseModel):
    """一组会话的指标；没有可算的数据时，均值和比率的 value 为 null。"""

    group: GroupOut = Field(description="哪一组")
    calls: int = Field(description="会话数", examples=[1280])
    pass_rate: RateOut = Field(description="及格率（计入人工改判），分母是判出及格与否的会话")
    critical_rate: RateOut = Field(description="一票否决率")
    average_percent: float | None = Field(description="平均得分率（计入人工改判）", examples=[87.4])
    average_coverage: float | None = Field(description="平均覆盖率：已判定权重 ÷ 适用权重", examples=[0.96])
    resolution_rate: RateOut = Field(description="解决率，分母是判出解决状态的会话")
    first_contact_resolution_rate: RateOut = Field(
        description="首次解决率：此前 7 天内没有联系过的客户，这一次就解决、其后 7 天内也没有再来的比率；"
        "同一业务线内按客户编号计，没有客户编号的不计"
    )
    first_contact_final: bool = Field(
        description="这一组的会话都已满 7 天，首次解决率不会再因客户再来而变", examples=[True]
    )
    average_handle_ms: float | None = Field(description="平均处理时长（毫秒）", examples=[245000.0])
    average_response_ms: float | None = Field(
        description="平均响应时间（毫秒）：客户说完到坐席开口", examples=[1800.0]
    )
    average_silence_ms: float | None = Field(
        description="平均每通静音（毫秒）：3 秒及以上的间隔之和", examples=[9300.0]
    )
    silence_share: float | None = Field(description="静音占通话时长的比例", examples=[0.038])
    average_emotion_index: float | None = Field(description="平均情绪指数，0–100，越高越好", examples=[61.2])
    drops_per_call: float | None = Field(description="平均每通情绪下降几次", examples=[0.4])
    drop_recovery_rate: RateOut = Field(description="情绪下降后被挽回的比率")
    average_satisfaction: float | None = Field(description="平均预期满意度，1–5", examples=[3.8])
    complaint_rate: RateOut = Field(description="投诉率，分母是判出是否投诉的会话")
    flagged_rate: RateOut = Field(description="被标记需要人工复核的比率")

    @classmethod
    def of(cls, figures: Figures, grouping: Grouping) -> Self:
        """From the service's figures."""

        def rate(hits: str, n: str) -> RateOut:
            return rate_out(figures.rate(hits, n))

        return cls(
            group=GroupOut.of(figures.group, grouping),
            calls=figures.calls,
            pass_rate=rate("passed", "judged"),
            critical_rate=rate("critical", "calls"),
            average_percent=_rounded(figures.mean_of("percent"), 2),
            average_coverage=_rounded(figures.mean_of("coverage"), 4),
            resolution_rate=rate("resolved", "resolution_judged"),
            first_contact_resolution_rate=rate("first_resolved", "first_judged"),
            first_contact_final=figures.first_contact_final,
            average_handle_ms=_rounded(figures.mean("handle_ms", "handle_n"), 1),
            average_response_ms=_rounded(figures.mean("response_ms", "response_n"), 1),
            average_silence_ms=_rounded(figures.mean("silence_ms", "silence_n"), 1),
            silence_share=_rounded(figures.mean("silence_ms", "silence_of_ms"), 4),
            average_emotion_index=_rounded(figures.mean_of("emotion"), 2),
            drops_per_call=_rounded(figures.mean("drops", "emotion_n"), 3),
            drop_recovery_rate=rate_out(figures.recovered),
            average_satisfaction=_rounded(figures.mean_of("satisfaction"), 3),
            complaint_rate=rate("complaints", "complaint_judged"),
            flagged_rate=rate("flagged", "calls"),
        )


class CriterionFiguresOut(ResponseModel):
    """一个质检项在一组会话里的结果（机器判定，与列表的筛选一致）。"""

    group: GroupOut = Field(description="哪一组")
    scorecard: str = Field(description="评分表的 key", examples=["general_service"])
    key: str = Field(description="质检项的 key", examples=["greeting"])
    name: str = Field(description="质检项的名称", examples=["开头语"])
    passed: int = Field(description="合格的会话数", examples=[960])
    failed: int = Field(description="不合格的会话数", examples=[240])
    not_applicable: int = Field(description="不适用的会话数", examples=[60])
    not_evaluated: int = Field(description="未能判定的会话数", examples=[20])
    failure_rate: RateOut = Field(description="不合格率，分母是合格与不合格之和")

    @classmethod
    def of(cls, figures: CriterionFigures, grouping: Grouping) -> Self:
        """From the service's figures."""
        return cls(
            group=GroupOut.of(figures.group, grouping),
            scorecard=figures.scorecard_key,
            key=figures.key,
            name=figures.name,
            passed=figures.passed,
            failed=figures.failed,
            not_applicable=figures.not_applicable,
            not_evaluated=figures.not_evaluated,
            failure_rate=rate_out(figures.failure_rate),
        )


class TypeFiguresOut(ResponseModel):
    """一种来电类型在一组会话里的数量；一通会话可以有几种。"""

    group: GroupOut = Field(description="哪一组")
    key: str = Field(description="类型的 key", examples=["logistics.delay"])
    name: str = Field(description="类型的名称", examples=["物流/延误"])
    share: RateOut = Field(description="占全部会话的比率")

    @classmethod
    def of(cls, figures: TypeFigures, grouping: Grouping) -> Self:
        """From the service's figures."""
        return cls(
            group=GroupOut.of(figures.group, grouping),
            key=figures.key,
            name=figures.name,
            share=rate_out(figures.share),
        )


def rate_out(rate: Rate) -> RateOut:
    """A rate as it is answered."""
    return RateOut.model_validate(rate_json(rate))


def _rounded(number: float | None, digits: int) -> float | None:
    return None if number is None else round(number, digits)
