"""业务线 over HTTP."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from api.schemas.common import KeyText, NameText, RequestModel, ResponseModel
from qa_engine.services.business_lines import LineWish
from qa_engine.store.tables import BusinessLineRow

_MOST_DAYS = 36_500


class LineSettings(RequestModel):
    """业务线的设置；整体替换，不写的项恢复默认。"""

    name: NameText = Field(description="给人看的名称", examples=["电商售后"])
    scorecard_key: KeyText | None = Field(
        default=None, description="默认评分表的 key；null 表示每次都要写明", examples=["general_service"]
    )
    raw_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="原文保留多少天；null 表示不限。改动在下一次清除时对已有会话生效",
        examples=[90],
    )
    masked_days: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_DAYS,
        description="脱敏文本保留多少天，不能少于原文；null 表示不限",
        examples=[365],
    )
    appeal_days: int = Field(
        default=7, ge=0, le=3650, description="坐席在多少天内可以申诉；0 表示不能申诉", examples=[7]
    )
    second_review: bool = Field(default=False, description="每次复核都要第二个人再看", examples=[False])

    def wish(self) -> LineWish:
        """As the service takes it."""
        return LineWish(**self.model_dump())


class NewLine(LineSettings):
    """新的业务线。"""

    key: KeyText = Field(description="业务线的 key，建立后不能改", examples=["ecommerce"])

    def wish(self) -> LineWish:
        """As the service takes it."""
        return LineWish(**self.model_dump(exclude={"key"}))


class LineOut(ResponseModel):
    """一条业务线。"""

    key: str = Field(description="业务线的 key", examples=["ecommerce"])
    name: str = Field(description="名称", examples=["电商售后"])
    scorecard_key: str | None = Field(description="默认评分表的 key", examples=["general_service"])
    raw_days: int | None = Field(description="原文保留天数；null 表示不限", examples=[90])
    masked_days: int | None = Field(description="脱敏文本保留天数；null 表示不限", examples=[365])
    appeal_days: int = Field(description="坐席在多少天内可以申诉", examples=[7])
    second_review: bool = Field(description="每次复核都要第二个人再看", examples=[False])

    @classmethod
    def of(cls, row: BusinessLineRow) -> Self:
        """From the stored row."""
        return cls.model_validate(row)
