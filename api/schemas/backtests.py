"""回测 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import Field

from api.schemas.common import KeyText, RequestModel, ResponseModel
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.backtests import AT_ONCE, MOST_CALLS, BacktestWish
from qa_engine.store.tables import TaskRow


class NewBacktest(RequestModel):
    """用一版评分表把已评过的会话再评一遍。"""

    key: KeyText = Field(description="评分表的 key", examples=["general_service"])
    revision: int = Field(ge=1, le=2**31 - 1, description="哪一版，草稿也可以", examples=[2])
    against: KeyText | None = Field(
        default=None, description="与哪张评分表现有的结果比较；不写与同一张比较", examples=["general_service"]
    )
    last: int = Field(
        default=AT_ONCE, ge=1, le=MOST_CALLS, description="取最近的多少通会话", examples=[AT_ONCE]
    )
    sample: int | None = Field(
        default=None, ge=1, le=MOST_CALLS, description="只从中随机抽多少通；null 表示全部", examples=[200]
    )
    seed: int = Field(default=1, ge=0, le=2**53, description="抽样的随机种子，相同则抽到相同的", examples=[1])

    def wish(self) -> BacktestWish:
        """As the service takes it."""
        return BacktestWish(self.against or self.key, self.last, self.sample, self.seed)


class RateOut(ResponseModel):
    """比率和 95% 置信区间（Wilson）。"""

    hits: int = Field(description="符合的个数", examples=[18])
    n: int = Field(description="总数", examples=[20])
    value: float | None = Field(description="比率；没有数据时为 null", examples=[0.9])
    low: float | None = Field(description="区间下限", examples=[0.699])
    high: float | None = Field(description="区间上限", examples=[0.972])


class OutcomeChange(ResponseModel):
    """从一种结果变成另一种。"""

    before: Outcome | None = Field(description="原来的结果；null 表示原来没有这一项", examples=["PASSED"])
    after: Outcome | None = Field(description="现在的结果；null 表示现在没有这一项", examples=["FAILED"])
    calls: int = Field(description="多少通", examples=[12])


class CriterionTallyOut(ResponseModel):
    """一个质检项在所有会话里的变化。"""

    key: str = Field(description="质检项的 key", examples=["greeting"])
    name: str = Field(description="名称", examples=["开头语"])
    changed: list[OutcomeChange] = Field(description="有变化的结果，多的在前")
    new_failures: RateOut = Field(description="新判不合格的里面，人工复核过且也判不合格的比率")
    cleared_failures: RateOut = Field(description="不再判不合格的里面，人工复核过且也不判不合格的比率")
    agreement_before: RateOut = Field(description="人工复核过的里面，原结果与人工一致的比率")
    agreement_after: RateOut = Field(description="人工复核过的里面，新结果与人工一致的比率")


class CriterionChangeOut(ResponseModel):
    """一通会话里变了结果的质检项。"""

    key: str = Field(description="质检项的 key", examples=["greeting"])
    name: str = Field(description="名称", examples=["开头语"])
    before: Outcome | None = Field(description="原来的结果", examples=["PASSED"])
    after: Outcome | None = Field(description="现在的结果", examples=["FAILED"])
    human: Outcome | None = Field(description="人工复核的结论；null 表示没有复核过", examples=["FAILED"])
    turns: list[int] = Field(description="现在的证据在哪些轮次，从 0 数起", examples=[[0]])


class ChangedCallOut(ResponseModel):
    """一通变了结果的会话。"""

    report_id: int = Field(description="质检报告的编号", examples=[17])
    percent_before: float = Field(description="原来的得分率（机器）", examples=[92.5])
    percent_after: float = Field(description="现在的得分率（机器）", examples=[80.0])
    passed_before: bool | None = Field(description="原来是否及格", examples=[True])
    passed_after: bool | None = Field(description="现在是否及格", examples=[True])
    criteria: list[CriterionChangeOut] = Field(description="变了结果的质检项")


class NotJudgedOut(ResponseModel):
    """为什么有的会话没有再评。"""

    text_gone: int = Field(description="原文已到期清除或应客户要求删除", examples=[3])
    crashed: int = Field(description="评分出错", examples=[0])


class BacktestResult(ResponseModel):
    """回测的结果。"""

    chosen: int = Field(description="选中多少通", examples=[500])
    judged: int = Field(description="再评了多少通", examples=[497])
    not_judged: NotJudgedOut = Field(description="没有再评的，按原因")
    other_engine: int = Field(
        description="原报告出自别的引擎版本或模型的通数：这些变化可能与评分表无关", examples=[0]
    )
    changed_calls: int = Field(description="结果有变化的通数", examples=[41])
    passed_before: RateOut = Field(description="原来的及格率（机器）")
    passed_after: RateOut = Field(description="现在的及格率（机器）")
    new_failures: RateOut = Field(
        description="所有新判不合格的项里，人工复核过且也判不合格的比率，即新增扣分的精确率。"
        "被复核的会话多是标记出来的，不是随机样本"
    )
    criteria: list[CriterionTallyOut] = Field(description="逐个质检项")
    changed: list[ChangedCallOut] = Field(description="有变化的会话，新的在前，最多列 500 通")


class BacktestOut(ResponseModel):
    """一次回测：少的当场做完，多的由工作进程做。"""

    id: str | None = Field(description="后台任务的编号；当场做完的为 null", examples=["t0123456789ab"])
    state: Literal["waiting", "running", "done", "failed"] = Field(description="进度", examples=["done"])
    failure: str | None = Field(description="为什么没做成", examples=[None])
    created_at: datetime | None = Field(description="何时提交", examples=["2026-03-01T02:00:00Z"])
    finished_at: datetime | None = Field(description="何时做完", examples=["2026-03-01T02:03:00Z"])
    result: BacktestResult | None = Field(description="结果；做完才有")

    @classmethod
    def of(cls, task: TaskRow) -> Self:
        """From a background task."""
        return cls.model_validate(task)
