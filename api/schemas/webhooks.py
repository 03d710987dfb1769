"""Webhooks over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from api.schemas.common import KeyText, NameText, RequestModel, ResponseModel
from qa_engine.services.webhooks import WebhookWish
from qa_engine.store.tables import DeliveryRow, WebhookRow

Event = Literal[
    "report.flagged", "batch.finished", "review.decided", "appeal.filed", "appeal.settled",
    "scorecard.published", "retention.purged", "webhook.test",
]  # fmt: skip
DeliveryState = Literal["pending", "delivered", "dead"]
UrlText = Annotated[str, StringConstraints(min_length=8, max_length=2000, pattern=r"^[\x21-\x7e]+$")]


class WebhookIn(RequestModel):
    """What a webhook should be."""

    name: NameText = Field(description="名称", examples=["工单系统"])
    url: UrlText = Field(
        description="接收地址，须为 https；内网地址默认不允许", examples=["https://example.com/hooks/qa"]
    )
    events: list[Event] = Field(
        min_length=1,
        max_length=32,
        description="订阅哪些事件",
        examples=[["report.flagged", "batch.finished"]],
    )
    business_lines: list[KeyText] | None = Field(
        default=None, min_length=1, max_length=200, description="只要这些业务线的事件；null 表示全部",
        examples=[["通用"]],
    )  # fmt: skip
    active: bool = Field(default=True, description="是否启用；停用期间的事件不补发", examples=[True])

    @property
    def wish(self) -> WebhookWish:
        """As the service takes it."""
        return WebhookWish(self.name, self.url, list(self.events), self.business_lines, self.active)


class WebhookOut(ResponseModel):
    """A webhook, without its secret."""

    id: int = Field(description="编号", examples=[2])
    name: str = Field(description="名称", examples=["工单系统"])
    url: str = Field(description="接收地址", examples=["https://example.com/hooks/qa"])
    events: list[str] = Field(description="订阅的事件", examples=[["report.flagged"]])
    business_lines: list[str] | None = Field(description="业务线；null 表示全部", examples=[["通用"]])
    active: bool = Field(description="是否启用", examples=[True])
    created_by: str = Field(description="创建者", examples=["user:1"])
    created_at: datetime = Field(description="创建时间", examples=["2026-03-01T08:00:00Z"])

    @classmethod
    def of(cls, row: WebhookRow) -> Self:
        """Show a stored webhook."""
        return cls.model_validate(row)


class WebhookSecretOut(WebhookOut):
    """A webhook with its secret, which is shown this once."""

    secret: str = Field(
        description="签名密钥（Standard Webhooks 格式），只显示这一次",
        examples=["whsec_ZXhhbXBsZS1zZWNyZXQtb2YtMzItYnl0ZXMtbG9uZyE="],
    )

    @classmethod
    def shown(cls, row: WebhookRow, secret: str) -> Self:
        """Show a stored webhook with its secret."""
        return cls.model_validate({**WebhookOut.of(row).model_dump(), "secret": secret})


class DeliveryOut(ResponseModel):
    """One event on its way to one webhook."""

    id: int = Field(description="投递编号", examples=[41])
    event_id: str = Field(description="事件编号，即请求头 webhook-id；重复投递时不变", examples=["evt_5f1c"])
    event: str = Field(description="事件", examples=["report.flagged"])
    payload: dict[str, Any] = Field(description="内容：只有编号和数字", examples=[{"report_id": 17}])
    state: DeliveryState = Field(description="等待投递、已送达、已放弃（依次）", examples=["delivered"])
    attempts: int = Field(description="已尝试几次", examples=[1])
    due_at: datetime = Field(description="下一次尝试的时间（等待投递时）", examples=["2026-03-01T08:00:10Z"])
    created_at: datetime = Field(description="事件发生的时间", examples=["2026-03-01T08:00:00Z"])
    delivered_at: datetime | None = Field(description="送达时间", examples=["2026-03-01T08:00:01Z"])
    last_status: int | None = Field(description="最近一次的 HTTP 状态码", examples=[200])
    last_error: str | None = Field(description="最近一次失败的原因代码", examples=["timeout"])

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        """Show a stored delivery."""
        return cls.model_validate(row)


class ReplayedOut(ResponseModel):
    """How many deliveries were put in line again."""

    replayed: int = Field(description="重新投递的条数", examples=[3])
