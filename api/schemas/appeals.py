"""申诉 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.common import MAX_INTEGER, KeyText, RequestModel, ResponseModel
from api.schemas.reviews import TARGET, DecisionsIn, PersonOut, TargetText
from qa_engine.domain.appeal import AppealState
from qa_engine.services.appeal_rows import AppealFilters, AppealLine
from qa_engine.services.appeals import MOST_TARGETS

AppealText = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class AppealListQuery(RequestModel):
    """What appeals are filtered by; all given must hold."""

    state: AppealState | None = Field(None, description="状态", examples=["filed"])
    waiting: bool | None = Field(None, description="true 只要还没有裁定的，false 只要已了结的")
    report: int | None = Field(None, ge=1, le=MAX_INTEGER, description="质检报告的编号", examples=[23])
    business_line: KeyText | None = Field(None, description="业务线", examples=["retail"])
    team: KeyText | None = Field(None, description="班组", examples=["零售一组"])
    agent: KeyText | None = Field(None, description="坐席工号", examples=["A01"])
    cursor: str | None = Field(
        None, max_length=512, pattern=r"^[A-Za-z0-9_-]*$", description="上一页返回的 next_cursor"
    )
    limit: int = Field(50, ge=1, le=500, description="这一页最多几条", examples=[50])

    def filters(self) -> AppealFilters:
        """The same as the services name it."""
        return AppealFilters(self.state, self.waiting, self.report, self.business_line, self.team, self.agent)


class NewAppeal(RequestModel):
    """坐席对自己一通的申诉。"""

    report_id: int = Field(ge=1, le=MAX_INTEGER, description="质检报告的编号", examples=[23])
    targets: list[TargetText] = Field(
        min_length=1, max_length=MOST_TARGETS, description=TARGET, examples=[["criterion:no_shirking"]]
    )
    text: AppealText = Field(
        description="申诉的理由，至少 4 个字。存储前遮盖个人信息",
        examples=["第 3 句是在说明由快递公司核实，并没有推脱"],
    )


class AppealTextIn(RequestModel):
    """一段说明。"""

    text: AppealText = Field(
        description="说明，至少 4 个字。存储前遮盖个人信息", examples=["请补充当时系统里看到的物流状态"]
    )


class GrantIn(DecisionsIn):
    """申诉成立：对被申诉的项给出新的结论；没写的项维持原样。"""

    text: AppealText = Field(
        description="给坐席的答复，至少 4 个字", examples=["复听后认为说明清楚，改判为合格"]
    )


class OutcomeOut(ResponseModel):
    """裁定对一项的结论。"""

    target: str = Field(description=TARGET, examples=["criterion:no_shirking"])
    machine: str | None = Field(description="机器的值", examples=["FAILED"])
    human: str | None = Field(description="裁定后的值", examples=["PASSED"])
    reason: str = Field(description="理由", examples=["复听后认为说明清楚"])


class AppealOut(ResponseModel):
    """一个申诉。坐席看不到其他人是谁。"""

    id: int = Field(description="申诉编号", examples=[5])
    report_id: int = Field(description="质检报告编号", examples=[23])
    state: AppealState = Field(
        description="状态：filed 待处理、answered 已答复、granted 成立、denied 不成立、withdrawn 已撤回、"
        "final 已结案",
        examples=["filed"],
    )
    targets: list[str] = Field(description="被申诉的项", examples=[["criterion:no_shirking"]])
    text: str = Field(description="申诉的理由和补充（遮盖后）")
    filed_by: PersonOut | None = Field(description="谁提出的")
    filed_at: datetime = Field(description="提出的时间", examples=["2026-03-01T02:00:00Z"])
    mine: bool = Field(description="是否由我提出", examples=[True])
    answer: str | None = Field(description="最近的答复（遮盖后）", examples=[None])
    answered_by: PersonOut | None = Field(description="谁答复的；坐席看不到")
    answered_at: datetime | None = Field(description="答复的时间", examples=[None])
    settled_by: PersonOut | None = Field(description="谁裁定的；坐席看不到")
    settled_at: datetime | None = Field(description="裁定的时间", examples=[None])
    business_line: str = Field(description="业务线", examples=["retail"])
    team: str | None = Field(description="班组", examples=["零售一组"])
    agent_id: str | None = Field(description="坐席工号", examples=["A01"])
    percent: float = Field(description="机器的得分率（%）", examples=[86.0])
    final_percent: float = Field(description="计入人工结论的得分率（%）", examples=[92.0])
    final_passed: bool | None = Field(description="计入人工结论后是否通过", examples=[True])
    outcomes: list[OutcomeOut] = Field(description="裁定逐项的结论；还没有裁定时为空")

    @classmethod
    def of(cls, line: AppealLine) -> Self:
        """From the service's line."""
        return cls.model_validate(line)
