"""Query parameters of report lists and exports."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.schemas.common import ONE_LINE, KeyText, Moment, RequestModel
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.cursors import MAX_PAGE
from qa_engine.services.report_filters import ReportFilters

Keys = Annotated[list[KeyText], Field(max_length=20)]
Share = Annotated[float, Field(ge=0, le=100)]
OutcomePair = Annotated[
    str,
    StringConstraints(
        max_length=140, pattern=r"^[^\x00-\x1f\x7f:]+:(PASSED|FAILED|NOT_APPLICABLE|NOT_EVALUATED)$"
    ),
]
AttributePair = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f=]+=[^\x00-\x1f\x7f]*$")
]
_PASSED = {"true": True, "false": False, "undecided": None}
CURSOR = r"^[A-Za-z0-9_-]*$"


class ReportQuery(RequestModel):
    """What reports are filtered by; all of it may be combined, all given must hold."""

    since: Moment | None = Field(
        None, description="通话时间不早于（含）", examples=["2026-03-01T00:00:00+08:00"]
    )
    until: Moment | None = Field(
        None, description="通话时间早于（不含）", examples=["2026-04-01T00:00:00+08:00"]
    )
    business_line: Keys = Field([], description="业务线，可写多个（任一）", examples=[["general"]])
    team: Keys = Field([], description="班组，可写多个（任一）", examples=[["电商一组"]])
    skill_group: Keys = Field([], description="技能组，可写多个（任一）", examples=[["售后"]])
    agent: Keys = Field([], description="坐席工号，可写多个（任一）", examples=[["S00"]])
    channel: list[Literal["voice", "chat", "unknown"]] = Field(
        [], max_length=3, description="渠道，可写多个（任一）"
    )
    scorecard: Keys = Field([], description="评分表的 key，可写多个（任一）", examples=[["general_service"]])
    revision: int | None = Field(None, ge=1, le=2**31 - 1, description="评分表的版本号", examples=[1])
    batch: Annotated[str, StringConstraints(max_length=32, pattern=r"^[A-Za-z0-9_-]+$")] | None = Field(
        None, description="批次编号"
    )
    resolution: list[Literal["resolved", "partial", "unresolved"]] = Field(
        [], max_length=3, description="问题解决，可写多个（任一）"
    )
    review_state: list[Literal["none", "open", "claimed", "decided", "final"]] = Field(
        [], max_length=5, description="复核状态，可写多个（任一）"
    )
    needs_review: bool | None = Field(None, description="机器是否建议复核")
    passed: list[Literal["true", "false", "undecided"]] = Field(
        [], max_length=3, description="是否通过（计入人工改判），可写多个（任一）；undecided 为尚不能定"
    )
    critical_failure: bool | None = Field(None, description="机器是否判一票否决")
    is_complaint: bool | None = Field(None, description="机器是否判为投诉")
    outcome: list[OutcomePair] = Field(
        [],
        max_length=10,
        description="质检项的机器结果，写成 key:结果，可写多个（同时满足）",
        examples=[["opening:FAILED"]],
    )
    complaint_type: Keys = Field(
        [], description="来电事由，可写多个（同时满足）", examples=[["money.refund"]]
    )
    fault: Keys = Field([], description="坐席的问题种类，可写多个（同时满足）", examples=[["impatient"]])
    cause: Keys = Field([], description="情绪下跌的原因，可写多个（同时满足）", examples=[["refusal"]])
    attribute: list[AttributePair] = Field(
        [],
        max_length=10,
        description="随路数据，写成 键=值，可写多个（同时满足）",
        examples=[["渠道来源=APP"]],
    )
    sunk_to: int | None = Field(
        None, ge=-2, le=-1, description="客户情绪曾跌到这一级或更低：-1 不满，-2 愤怒", examples=[-2]
    )
    emotion_index_below: Share | None = Field(None, description="整通情绪指数低于", examples=[40])
    percent_from: Share | None = Field(None, description="得分率不低于（计入人工改判）", examples=[0])
    percent_to: Share | None = Field(None, description="得分率不高于（计入人工改判）", examples=[60])
    transcript_id: (
        Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=ONE_LINE)] | None
    ) = Field(None, description="会话在您自己系统里的完整编号", examples=["d4-0023"])

    def filters(self) -> ReportFilters:
        """The same for the service."""
        return ReportFilters(
            since=self.since,
            until=self.until,
            business_lines=tuple(self.business_line),
            teams=tuple(self.team),
            skill_groups=tuple(self.skill_group),
            agents=tuple(self.agent),
            channels=tuple(self.channel),
            scorecards=tuple(self.scorecard),
            revision=self.revision,
            batch=self.batch,
            resolutions=tuple(self.resolution),
            review_states=tuple(self.review_state),
            needs_review=self.needs_review,
            passed=tuple(_PASSED[value] for value in self.passed),
            critical_failure=self.critical_failure,
            is_complaint=self.is_complaint,
            outcomes=tuple(map(_outcome, self.outcome)),
            complaint_types=tuple(self.complaint_type),
            faults=tuple(self.fault),
            causes=tuple(self.cause),
            attributes=tuple((key, value) for key, _, value in (p.partition("=") for p in self.attribute)),
            sunk_to=self.sunk_to,
            emotion_index_below=self.emotion_index_below,
            percent_from=self.percent_from,
            percent_to=self.percent_to,
            transcript_id=self.transcript_id,
        )


def _outcome(pair: str) -> tuple[str, Outcome]:
    key, _, said = pair.rpartition(":")
    return key, Outcome(said)


class ReportListQuery(ReportQuery):
    """A page of reports."""

    cursor: Annotated[str, StringConstraints(max_length=512, pattern=CURSOR)] | None = Field(
        None, description="上一页返回的 next_cursor；不写从头开始"
    )
    limit: int = Field(50, ge=1, le=MAX_PAGE, description="这一页最多几条", examples=[50])
