"""Schemas of the operations' endpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api.schemas.common import ResponseModel


class HealthOut(ResponseModel):
    """The process answers."""

    status: Literal["ok"] = Field(description="进程在运行", examples=["ok"])
    version: str = Field(description="软件版本", examples=["0.1.0"])


class CheckOut(ResponseModel):
    """One thing the service needs."""

    name: Literal["serving", "database", "schema", "model", "scorecards", "workers", "queue"] = Field(
        description="检查的是什么", examples=["database"]
    )
    state: Literal["ok", "degraded", "failed"] = Field(
        description="ok 正常；degraded 能服务但有缺；failed 不能服务", examples=["ok"]
    )
    reason: str | None = Field(description="不正常的原因（中文）；正常时为 null", examples=[None])


class ReadyOut(ResponseModel):
    """Whether requests should be sent here."""

    status: Literal["ready", "degraded", "not_ready"] = Field(
        description="ready 一切正常；degraded 能服务，但报告里会有未判定的内容；not_ready 不要把请求发来",
        examples=["ready"],
    )
    checks: list[CheckOut] = Field(description="逐项检查的结果")
