"""删除客户数据 over HTTP."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.schemas.common import MAX_INTEGER, NameText, RequestModel, ResponseModel
from qa_engine.services.erasure import Erased


class NewErasure(RequestModel):
    """要删除谁的数据：customer_id 和 transcript_ids 写其中一个。"""

    customer_id: NameText | None = Field(
        default=None, description="客户在业务系统里的编号", examples=["C-20260301-0042"]
    )
    transcript_ids: list[Annotated[int, Field(ge=1, le=MAX_INTEGER)]] | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="会话的编号，用于没有客户编号的会话",
        examples=[None],
    )
    only_count: bool = Field(default=False, description="只统计会删除多少，不删除", examples=[True])

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.customer_id is None) == (self.transcript_ids is None):
            raise PydanticCustomError("one_of_two", "Give either customer_id or transcript_ids")
        return self


class ErasureOut(ResponseModel):
    """删除的结果。分数和审计记录保留，其中没有任何原文。"""

    calls: int = Field(description="删除了多少通会话的文本（同一通的每个版本各算一次）", examples=[3])
    reports: int = Field(description="涉及多少份质检报告；分数保留，引文不再可见", examples=[3])
    decisions: int = Field(description="抹去了多少条复核结论的理由文字", examples=[1])
    appeals: int = Field(description="抹去了多少条申诉的文字", examples=[0])
    unread_batches: int = Field(
        description="还有多少个批次没有读完：其中可能还有这位客户的会话，读完后请再删除一次", examples=[0]
    )
    only_count: bool = Field(description="true 表示只做了统计，没有删除", examples=[False])

    @classmethod
    def of(cls, erased: Erased, *, only_count: bool) -> Self:
        """From what the service tells."""
        return cls(
            calls=erased.calls,
            reports=erased.reports,
            decisions=erased.decisions,
            appeals=erased.appeals,
            unread_batches=erased.unread_batches,
            only_count=only_count,
        )
