"""The audit log over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from api.schemas.common import ResponseModel
from qa_engine.services.audit_log import AuditEntry


class AuditOut(ResponseModel):
    """审计日志的一条。"""

    id: int = Field(description="编号", examples=[1024])
    at: datetime = Field(description="时间", examples=["2026-03-01T02:00:00Z"])
    actor: str = Field(description="谁", examples=["user:7"])
    actor_name: str | None = Field(description="姓名；无权看姓名时为 null", examples=["李复核"])
    action: str = Field(description="做了什么", examples=["review.claimed"])
    subject: str = Field(description="对什么", examples=["review:17"])
    detail: dict[str, Any] = Field(description="细节，不含客户的话", examples=[{"lease_minutes": 20}])
    request_id: str | None = Field(description="请求编号", examples=["0b6f6d1c9f0e4c5d"])
    address: str | None = Field(description="来自哪个地址", examples=["10.0.0.8"])

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """From the stored row."""
        row = entry.row
        return cls(
            id=row.id,
            at=row.at,
            actor=row.actor,
            actor_name=entry.actor_name,
            action=row.action,
            subject=row.subject,
            detail=row.detail,
            request_id=row.request_id,
            address=row.address,
        )
