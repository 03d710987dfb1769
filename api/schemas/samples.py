"""抽检：抽取、样本、估计 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from api.schemas.common import Moment, RequestModel, ResponseModel
from qa_engine.domain.miss_rate import CriterionEstimate
from qa_engine.domain.proportions import Share
from qa_engine.services.sample_estimates import PlanEstimate
from qa_engine.store.tables import SampleDrawRow


class NewDraw(RequestModel):
    """抽哪段时间的会话。"""

    since: Moment = Field(description="通话时间不早于（含）", examples=["2026-03-01T00:00:00+08:00"])
    until: Moment = Field(
        description="通话时间早于（不含）；必须已经过去", examples=["2026-03-08T00:00:00+08:00"]
    )


class DrawnStratum(ResponseModel):
    """一层抽了多少。"""

    name: str = Field(description="层的名称", examples=["其余"])
    probability: float = Field(description="其中每一通被抽到的概率", examples=[0.05])
    calls: int = Field(description="会话数", examples=[9500])
    drawn: int = Field(description="抽到的", examples=[481])


class DrawOut(ResponseModel):
    """一次抽取。"""

    id: int = Field(description="编号", examples=[9])
    plan_id: int = Field(description="抽检方案的编号", examples=[4])
    since: datetime = Field(description="通话时间从（含）", examples=["2026-02-28T16:00:00Z"])
    until: datetime = Field(description="通话时间到（不含）", examples=["2026-03-07T16:00:00Z"])
    calls: int = Field(description="可供抽取的会话数", examples=[10000])
    drawn: int = Field(description="抽到的", examples=[981])
    strata: list[DrawnStratum] = Field(description="各层；按人定额时为空")
    drawn_by: str = Field(description="谁抽的", examples=["user:2"])
    drawn_at: datetime = Field(description="何时抽的", examples=["2026-03-08T01:00:00Z"])

    @classmethod
    def of(cls, row: SampleDrawRow) -> Self:
        """From the stored row."""
        return cls(
            id=row.id,
            plan_id=row.plan_id,
            since=row.since,
            until=row.until,
            calls=row.calls,
            drawn=row.drawn,
            strata=[DrawnStratum(**stratum) for stratum in row.frame["strata"]],
            drawn_by=row.drawn_by,
            drawn_at=row.drawn_at,
        )


class SampleOut(ResponseModel):
    """抽到的一份质检报告。"""

    id: int = Field(description="编号", examples=[101])
    report_id: int = Field(description="质检报告的编号", examples=[17])
    stratum: str = Field(description="所在的层或组", examples=["其余"])
    probability: float = Field(description="它被抽到的概率", examples=[0.05])
    drawn_at: datetime = Field(description="何时抽的", examples=["2026-03-08T01:00:00Z"])
    happened_at: datetime = Field(description="通话时间", examples=["2026-03-02T03:00:00Z"])
    team: str | None = Field(description="班组", examples=["零售一组"])
    agent_id: str | None = Field(description="坐席工号", examples=["A01"])
    current: bool = Field(description="这通之后没有重新质检过", examples=[True])
    review_id: int | None = Field(description="复核的编号", examples=[23])
    review_state: str | None = Field(description="复核的状态", examples=["open"])


class ShareOut(ResponseModel):
    """一个比例的估计（0–1）与区间。"""

    value: float | None = Field(description="估计值；有的层一通都还没有复核时为 null", examples=[0.021])
    low: float = Field(description="区间下限；视已复核的为所抽会话的随机部分", examples=[0.011])
    high: float = Field(description="区间上限", examples=[0.045])
    worst_low: float = Field(description="无论未复核的结果如何都成立的下限", examples=[0.010])
    worst_high: float = Field(description="无论未复核的结果如何都成立的上限", examples=[0.062])
    calls: int = Field(description="估计所依据的那部分会话的总数", examples=[9500])
    drawn: int = Field(description="其中抽到的", examples=[481])
    judged: int = Field(description="其中该项已有人工结论的", examples=[470])
    hits: int = Field(description="其中符合的", examples=[10])

    @classmethod
    def of(cls, share: Share) -> Self:
        """From the estimate."""
        return cls(
            value=share.value,
            low=share.low,
            high=share.high,
            worst_low=share.worst_low,
            worst_high=share.worst_high,
            calls=share.size,
            drawn=share.drawn,
            judged=share.judged,
            hits=share.hits,
        )


class CriterionEstimateOut(ResponseModel):
    """一个质检项：机器漏了多少，判得准不准。"""

    criterion: str = Field(description="质检项的 key", examples=["no_shirking"])
    name: str = Field(description="质检项的名称", examples=["不推诿"])
    calls: int = Field(description="有这一项的会话数", examples=[10000])
    machine_failed: int = Field(description="其中机器判不合格的（确数）", examples=[612])
    missed: ShareOut = Field(description="漏检：机器没有判不合格、而人会判不合格的，占全部会话的比例")
    missed_of_not_failed: ShareOut = Field(description="漏检占机器未判不合格的会话的比例")
    precision: ShareOut = Field(description="查准：机器判不合格的里面，人也会判不合格的比例")
    recall: ShareOut = Field(description="查全：人会判不合格的里面，机器判了不合格的比例")
    missed_unjudged: int = Field(
        description="已看到的漏检中，机器写明“未判定”（没有当作合格）的通数", examples=[1]
    )

    @classmethod
    def of(cls, estimate: CriterionEstimate, name: str) -> Self:
        """From the estimate."""
        return cls(
            criterion=estimate.criterion,
            name=name,
            calls=estimate.calls,
            machine_failed=estimate.machine_failed,
            missed=ShareOut.of(estimate.missed),
            missed_of_not_failed=ShareOut.of(estimate.missed_of_not_failed),
            precision=ShareOut.of(estimate.precision),
            recall=ShareOut.of(estimate.recall),
            missed_unjudged=estimate.missed_unjudged,
        )


class EstimateOut(ResponseModel):
    """一个抽检方案对机器质检的估计；做法见 docs/sampling.zh-CN.md。"""

    plan_id: int = Field(description="抽检方案的编号", examples=[4])
    about: str = Field(description="all：全部会话；matching：只是满足规则的会话", examples=["all"])
    confidence: float = Field(description="区间的置信水平", examples=[0.95])
    draws: int = Field(description="依据几次抽取", examples=[4])
    since: datetime | None = Field(description="最早一次的开始", examples=["2026-02-28T16:00:00Z"])
    until: datetime | None = Field(description="最晚一次的结束", examples=["2026-03-28T16:00:00Z"])
    calls: int = Field(description="这些抽取面对的会话数", examples=[10000])
    drawn: int = Field(description="抽到的", examples=[981])
    reviewed: int = Field(description="其中至少有一项已有人工结论的", examples=[950])
    late: int = Field(description="抽取之后才到的会话数；估计不包括它们", examples=[12])
    criteria: list[CriterionEstimateOut] = Field(description="逐个质检项（加分项除外）")

    @classmethod
    def of(cls, estimate: PlanEstimate, confidence: float) -> Self:
        """From the estimate."""
        return cls(
            plan_id=estimate.plan.row.id,
            about=estimate.plan.settings.about,
            confidence=confidence,
            draws=estimate.draws,
            since=estimate.since,
            until=estimate.until,
            calls=estimate.calls,
            drawn=estimate.drawn,
            reviewed=estimate.reviewed,
            late=estimate.late,
            criteria=[
                CriterionEstimateOut.of(one, estimate.names[one.criterion]) for one in estimate.criteria
            ],
        )
