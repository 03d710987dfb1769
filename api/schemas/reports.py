"""Reports as the API answers them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field

from api.schemas.common import ResponseModel
from api.schemas.inspection_report import InspectionReportOut
from qa_engine.services.report_detail import ReportDetail, ReportHistory
from qa_engine.services.transcripts import TranscriptDetail


class ReportLineOut(ResponseModel):
    """One report in a list."""

    id: int = Field(description="报告编号", examples=[17])
    transcript_id: int = Field(description="会话编号（见 /v1/transcripts）", examples=[12])
    external_id: str = Field(description="会话在客户系统里的编号（遮盖后）", examples=["d4-0023"])
    happened_at: datetime = Field(description="通话时间；转写没有写明时为收到的时间")
    recorded_at: datetime = Field(description="评分记录的时间")
    business_line: str = Field(description="业务线", examples=["general"])
    channel: str = Field(description="渠道：voice、chat、unknown", examples=["chat"])
    agent_id: str | None = Field(description="坐席工号", examples=["S00"])
    agent_name: str | None = Field(description="坐席姓名；没有看姓名的权限时为 null")
    team: str | None = Field(description="班组", examples=["电商一组"])
    skill_group: str | None = Field(description="技能组", examples=["售后"])
    batch_id: str | None = Field(description="批次编号")
    current: bool = Field(description="是否为这通会话在该评分表下最新的报告")
    scorecard_key: str = Field(description="评分表的 key", examples=["general_service"])
    scorecard_revision: int = Field(description="评分表的版本号", examples=[1])
    model: str | None = Field(description="模型；null 表示没有模型")
    percent: float = Field(description="机器的得分率（%）", examples=[86.0])
    upper_percent: float = Field(description="未判定的项若全部合格时的得分率（%）", examples=[92.0])
    passed: bool | None = Field(description="机器判是否通过；null 表示尚不能定")
    critical_failure: bool = Field(description="机器判是否一票否决")
    coverage: float = Field(description="覆盖率，0–1", examples=[0.95])
    attitude_level: int | None = Field(description="态度等级 1–5；null 表示未判定")
    resolution: str | None = Field(description="问题解决；null 表示未判定")
    expected_satisfaction: float | None = Field(description="预期满意度 1–5；null 表示未判定")
    is_complaint: bool | None = Field(description="是否投诉；null 表示未判定")
    emotion_index: float | None = Field(description="情绪指数 0–100；null 表示未判定")
    drops: int = Field(description="情绪下跌次数")
    open_drops: int = Field(description="没有恢复的下跌次数")
    needs_review: bool | None = Field(description="是否建议复核；null 表示无法确定")
    priority: float | None = Field(description="复核优先级 0–1")
    handle_ms: int | None = Field(description="处理时长（毫秒）；没有时间戳时为 null")
    silence_ms: int | None = Field(description="3 秒及以上静音之和（毫秒）")
    response_ms: int | None = Field(description="坐席应答等待之和（毫秒）")
    responses: int | None = Field(description="应答次数")
    final_percent: float = Field(description="计入人工改判的得分率（%）", examples=[86.0])
    final_passed: bool | None = Field(description="计入人工改判后是否通过")
    review_state: str = Field(description="复核状态：none、open、claimed、decided、final")


class DecidedOut(ResponseModel):
    """What a human said of one target."""

    id: int = Field(description="编号")
    stage: str = Field(description="哪一步：first 初次复核、second 二次复核、settle 裁定分歧、appeal 申诉")
    target: str = Field(description="对象", examples=["criterion:opening"])
    verdict: str = Field(description="结论：confirmed 维持、overridden 改判")
    machine: str | None = Field(description="机器的值")
    human: str | None = Field(description="人工的值")
    reason: str = Field(description="理由（遮盖后）")
    decided_by: str | None = Field(description="谁决定的；坐席看不到")
    decided_by_name: str | None = Field(description="姓名；坐席看不到")
    decided_at: datetime = Field(description="决定的时间")


class AppealBrief(ResponseModel):
    """An appeal against the report."""

    id: int = Field(description="申诉编号")
    state: str = Field(description="状态")


class ReportOut(ResponseModel):
    """One report in full."""

    id: int = Field(description="报告编号", examples=[17])
    stored: ReportLineOut = Field(description="列表里的那一行")
    report: InspectionReportOut = Field(description="质检报告；引文和位置按 text 所说的文本")
    text: Literal["raw", "masked", "none"] = Field(
        description="引文取自：raw 原文、masked 遮盖文本（原文已到期删除时也是它）、none 文本已删除"
    )
    decisions: list[DecidedOut] = Field(description="人工的决定，早的在前")
    review_id: int | None = Field(description="复核编号；没有复核时为 null")
    appeals: list[AppealBrief] = Field(description="申诉")

    @classmethod
    def of(cls, detail: ReportDetail, **further: Any) -> Self:
        """From what the service read; ``further``: fields of a schema built on this one."""
        return cls(
            id=detail.line.id,
            stored=ReportLineOut.model_validate(detail.line),
            report=InspectionReportOut.model_validate(detail.whole.report),
            text=detail.whole.text,
            decisions=[DecidedOut.model_validate(one) for one in detail.decisions],
            review_id=detail.review_id,
            appeals=[AppealBrief(id=i, state=state) for i, state in detail.appeals],
            **further,
        )


class ScoreOut(ReportOut):
    """What scoring answers."""

    replayed: bool = Field(description="true 表示这个幂等键以前已经评过，这里是当时的报告")


class LinkOut(ResponseModel):
    """One link of the hash chain."""

    seq: int = Field(description="链上的序号")
    at: datetime = Field(description="时间")
    kind: str = Field(description="种类：report、decision")
    subject: str = Field(description="所指的记录", examples=["report:17"])
    digest: str = Field(description="该记录内容的 sha256")
    hash: str = Field(description="这一环的校验值")


class HistoryOut(ResponseModel):
    """The history of a report."""

    versions: list[ReportLineOut] = Field(description="这通会话在该评分表下的所有报告，新的在前")
    decisions: list[DecidedOut] = Field(description="人工的决定，早的在前")
    links: list[LinkOut] = Field(description="哈希链上与它有关的记录")
    intact: bool = Field(description="存储的报告与哈希链所记一致")

    @classmethod
    def of(cls, history: ReportHistory) -> Self:
        """From what the service read."""
        return cls.model_validate(history)


class TranscriptOut(ResponseModel):
    """One stored version of a conversation."""

    id: int = Field(description="会话编号", examples=[12])
    external_id: str = Field(description="在客户系统里的编号（遮盖后）", examples=["d4-0023"])
    version: int = Field(description="同一编号的第几份文本", examples=[1])
    current: bool = Field(description="是否最新的一份")
    business_line: str = Field(description="业务线")
    channel: str = Field(description="渠道")
    happened_at: datetime = Field(description="通话时间")
    received_at: datetime = Field(description="收到的时间")
    agent_id: str | None = Field(description="坐席工号")
    agent_name: str | None = Field(description="坐席姓名；没有看姓名的权限时为 null")
    team: str | None = Field(description="班组")
    skill_group: str | None = Field(description="技能组")
    duration_ms: int | None = Field(description="时长（毫秒）；未知时为 null")
    turn_count: int = Field(description="句数")
    attributes: dict[str, Any] = Field(description="可筛选的随路数据（遮盖后）")
    purge_raw_at: datetime | None = Field(description="原文到期删除的时间；null 表示不删")
    purge_masked_at: datetime | None = Field(description="遮盖文本到期删除的时间；null 表示不删")
    erased_at: datetime | None = Field(description="应客户要求删除文本的时间")
    text: Literal["raw", "masked", "none"] = Field(description="content 是哪一种文本；none 为已删除")
    content: dict[str, Any] | None = Field(description="会话内容（transcript/1）；文本已删除时为 null")
    versions: list[int] = Field(description="同一编号各份文本的会话编号，新的在前")
    reports: list[ReportLineOut] = Field(description="这份文本的质检报告，新的在前")

    @classmethod
    def of(cls, detail: TranscriptDetail, *, names: bool) -> Self:
        """From what the service read; ``names``: whether the reader may see names."""
        row = detail.row
        own = {
            name: getattr(row, name)
            for name in cls.model_fields
            if name not in {"text", "content", "versions", "reports", "agent_name"}
        }
        return cls(
            **own,
            agent_name=row.agent_name if names else None,
            text=detail.text,
            content=None if detail.content is None else dict(detail.content),
            versions=list(detail.versions),
            reports=[ReportLineOut.model_validate(line) for line in detail.reports],
        )
