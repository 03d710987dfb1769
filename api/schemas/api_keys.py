"""API keys over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import Field

from api.schemas.common import Moment, NameText, RequestModel, ResponseModel
from api.schemas.users import Names
from qa_engine.domain.access import Permission
from qa_engine.services.api_keys import CreatedKey
from qa_engine.store.tables import ApiKeyRow


class NewApiKey(RequestModel):
    """新的 API 密钥。"""

    name: NameText = Field(description="给人看的名称", examples=["工单系统"])
    scopes: list[Permission] = Field(
        min_length=1,
        max_length=len(Permission),
        description="权限；只能从系统可授的权限里选",
        examples=[["calls:read", "calls:score", "batches:run", "batches:read"]],
    )
    business_lines: Names | None = Field(
        default=None, description="可见的业务线；null 表示不限", examples=[["ecommerce"]]
    )
    teams: Names | None = Field(default=None, description="可见的班组；null 表示不限", examples=[None])
    expires_at: Moment | None = Field(
        default=None, description="到期时间；null 表示不过期", examples=["2036-01-01T00:00:00Z"]
    )


class ApiKeyOut(ResponseModel):
    """一把 API 密钥（不含密钥本身）。"""

    id: int = Field(description="编号", examples=[3])
    name: str = Field(description="名称", examples=["工单系统"])
    prefix: str = Field(description="密钥的开头，用来认出它", examples=["qae_7x2k9m4p1q"])
    scopes: list[str] = Field(description="权限", examples=[["calls:read", "calls:score"]])
    business_lines: list[str] | None = Field(description="可见的业务线", examples=[["ecommerce"]])
    teams: list[str] | None = Field(description="可见的班组", examples=[None])
    created_by: str = Field(description="谁创建的", examples=["user:1"])
    created_at: datetime = Field(description="创建时间", examples=["2026-03-01T02:00:00Z"])
    expires_at: datetime | None = Field(description="到期时间", examples=["2036-01-01T00:00:00Z"])
    revoked_at: datetime | None = Field(description="吊销时间", examples=[None])
    last_used_at: datetime | None = Field(
        description="最近使用时间，精确到分钟", examples=["2026-03-02T08:15:00Z"]
    )

    @classmethod
    def of(cls, row: ApiKeyRow) -> Self:
        """From the stored row; the hash stays behind."""
        return cls.model_validate(row)


class CreatedApiKey(ResponseModel):
    """新密钥。``secret`` 只在这里显示一次。"""

    key: ApiKeyOut = Field(description="密钥的资料")
    secret: str = Field(
        description="放进请求头 `Authorization: Bearer …` 的完整密钥，只显示一次",
        examples=["qae_7x2k9m4p1q.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE"],
    )

    @classmethod
    def of(cls, created: CreatedKey) -> Self:
        """From a key just made."""
        return cls(key=ApiKeyOut.of(created.row), secret=created.secret)
