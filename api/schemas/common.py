"""What all schemas share: base models, bounded kinds of values, pages, problem documents."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Header, Path, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from qa_engine.services.cursors import MAX_PAGE

Item = TypeVar("Item")

# No database takes NUL, and no name or key needs any other control character.
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
MAX_INTEGER = 2**53
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 30, tzinfo=UTC)


class RequestModel(BaseModel):
    """Base of everything that is sent to us: unknown fields are refused, and so is what no database takes."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        refuse_unstorable(value)
        return value


class ResponseModel(BaseModel):
    """Base of everything we answer."""

    model_config = ConfigDict(from_attributes=True)


def refuse_unstorable(value: Any) -> None:
    """Refuse texts that cannot be stored, at any depth: NUL characters and halves of surrogate pairs.

    Raises:
        PydanticCustomError: there is one (pydantic makes it a validation error).
    """
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\0" in item or not _is_text(item):
                raise PydanticCustomError("unstorable_text", "Text must hold no NUL and no lone surrogate")
        elif isinstance(item, Mapping):
            waiting.extend(item.keys())
            waiting.extend(item.values())
        elif isinstance(item, list | tuple):
            waiting.extend(item)


def _is_text(item: str) -> bool:
    if item.isascii():
        return True
    try:
        item.encode()
    except UnicodeEncodeError:
        return False
    return True


def _in_reach(moment: datetime) -> datetime:
    if not _EARLIEST <= moment <= _LATEST:
        raise PydanticCustomError("moment_out_of_reach", "Dates must lie between 1970 and 9999")
    return moment


def _day_in_reach(day: date) -> date:
    if not 1970 <= day.year <= 9998:
        raise PydanticCustomError("moment_out_of_reach", "Dates must lie between 1970 and 9998")
    return day


KeyText = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=ONE_LINE)]
"""A key: of a scorecard, a team, a business line, a person in the customer's system."""
NameText = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ONE_LINE)]
"""A name for people to read."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]
"""A reason or an explanation, several lines allowed."""
Moment = Annotated[AwareDatetime, AfterValidator(_in_reach)]
"""A moment with its zone, between 1970 and 9999."""
Day = Annotated[date, AfterValidator(_day_in_reach)]
"""A calendar day in the service's time zone."""
Count = Annotated[int, Field(ge=0, le=MAX_INTEGER)]
"""A whole number of things."""

RowId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="编号", examples=[17])]
ReportId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="质检报告的编号", examples=[17])]
TranscriptId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="会话的编号", examples=[17])]
ReviewId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="复核的编号", examples=[17])]
AppealId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="申诉的编号", examples=[17])]
UserId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="用户的编号", examples=[7])]
ApiKeyId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="API 密钥的编号", examples=[3])]
WebhookId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="Webhook 的编号", examples=[2])]
DeliveryId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="投递的编号", examples=[41])]
PlanId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="抽检方案的编号", examples=[4])]
CalibrationId = Annotated[int, Path(ge=1, le=MAX_INTEGER, description="校准的编号", examples=[5])]
Revision = Annotated[int, Path(ge=1, le=2**31 - 1, description="评分表的版本号", examples=[1])]
BatchId = Annotated[
    str,
    Path(
        min_length=1,
        max_length=32,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="批次的编号",
        examples=["b7c1d2e3f4a5"],
    ),
]
KeyPath = Annotated[
    str, Path(min_length=1, max_length=120, pattern=ONE_LINE, description="key", examples=["general_service"])
]

Cursor = Annotated[
    str | None,
    Query(
        max_length=512,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="上一页返回的 next_cursor；不写从头开始",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="这一页最多几条", examples=[50])]
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="幂等键：同一个键、同样的内容只做一次，永不过期",
        examples=["import-2026-03-01-0001"],
    ),
]


class PageOut(ResponseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="这一页的内容")
    next_cursor: str | None = Field(
        description="下一页从这里开始；null 表示没有下一页", examples=["WzE3MTIzNDU2Nzg5MDAsMTdd"]
    )


class FieldProblem(ResponseModel):
    """One thing wrong with one field."""

    field: str | None = Field(description="字段的路径；与字段无关时为 null", examples=["turns[3].text"])
    detail: str = Field(description="哪里不对（中文）", examples=["缺少必填的字段"])
    detail_en: str = Field(description="哪里不对（英文）", examples=["Field required"])
    line: int | None = Field(default=None, description="文件里的行号（评分表等）", examples=[12])


class Problem(ResponseModel):
    """A problem document (RFC 9457 media type), the body of every answer of 400 and above."""

    error: str = Field(description="固定的、给程序看的代码", examples=["not_found"])
    detail: str = Field(description="一句话说明（中文）", examples=["质检报告不存在，或不在可见范围内。"])
    detail_en: str = Field(
        description="一句话说明（英文）", examples=["No such report, or not within your scope."]
    )
    field: str | None = Field(description="出问题的字段；与字段无关时为 null", examples=["report_id"])
    request_id: str = Field(
        description="这次请求的编号，也在响应头 X-Request-ID 里", examples=["0b6f6d1c9f0e4c5d"]
    )
    errors: list[FieldProblem] | None = Field(
        default=None, description="不止一处不对时，逐处列出；只有一处时不出现"
    )
