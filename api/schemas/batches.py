"""Batches over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from api.schemas.common import ONE_LINE, KeyText, NameText, RequestModel, ResponseModel
from qa_engine.store.tables import BatchRecord, BatchRow

BatchState = Literal["waiting", "importing", "scoring", "done", "failed", "cancelled"]
PathText = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00]+$")]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ONE_LINE)]
ColumnText = Annotated[
    str, StringConstraints(min_length=3, max_length=240, pattern=r"^[^\x00-\x1f\x7f]+=[a-z_]+$")
]
EncodingText = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
FileNameText = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")
]
MAX_COLUMNS = 64


class ReadingIn(RequestModel):
    """How to read what is submitted; all of it may be left out."""

    time_unit: Literal["ms", "s", "us"] | None = Field(
        default=None, description="表格里时间列的单位；不写则自动判断", examples=["ms"]
    )
    agent_channel: ShortText | None = Field(
        default=None, description="坐席所在的声道或说话人标签，角色不明时使用", examples=["0"]
    )
    column: list[ColumnText] = Field(
        default_factory=list, max_length=MAX_COLUMNS,
        description="表格的某个表头对应本引擎的哪一列，写作 表头=列", examples=[["对话明细=text"]],
    )  # fmt: skip
    encoding: EncodingText | None = Field(
        default=None, description="文件编码；不写则自动判断", examples=["gb18030"]
    )
    default_channel: Literal["voice", "chat"] | None = Field(
        default=None, description="文件没有写明时的渠道", examples=["voice"]
    )
    sheet: NameText | None = Field(
        default=None, description="要读取的工作表名；不写则读所有认得表头的工作表", examples=["三月通话"]
    )

    def reading(self) -> dict[str, Any]:
        """Intake options as JSON values, without what was left out."""
        said = self.model_dump(include=set(ReadingIn.model_fields) - {"column"}, exclude_none=True)
        columns = {ours: header for header, _, ours in (text.rpartition("=") for text in self.column)}
        return {**said, **({"columns": columns} if columns else {})}


class SubmissionIn(ReadingIn):
    """What is common to all ways of submitting a batch."""

    name: NameText | None = Field(
        default=None, description="批次名称；不写则用文件名或“JSON 列表”", examples=["三月第一周通话"]
    )
    scorecard: KeyText | None = Field(
        default=None, description="评分表的 key；不写用业务线的默认评分表", examples=["general_service"]
    )
    business_line: KeyText | None = Field(
        default=None, description="业务线；不写用评分表所属的业务线", examples=["通用"]
    )


class UploadQuery(SubmissionIn):
    """What stands beside an uploaded file."""

    filename: FileNameText = Field(
        description="文件名，用来指出出错的位置；格式由内容判断，与扩展名无关", examples=["calls.jsonl"]
    )


class FolderIn(SubmissionIn):
    """A batch of files that lie on the server."""

    path: PathText = Field(
        description="服务器上的文件或文件夹，须在管理员允许的文件夹之内", examples=["/data/calls/2026-03"]
    )


class BatchOut(ResponseModel):
    """One batch and how far it has come."""

    id: str = Field(description="批次编号", examples=["b7c1d2e3f4a5b6c7d8e9f0a1b"])
    name: str = Field(description="批次名称", examples=["三月第一周通话"])
    state: BatchState = Field(
        description="排队、正在读取、正在评分、完成、失败、已取消（依次）",
        examples=["scoring"],
    )
    business_line: str = Field(description="业务线", examples=["通用"])
    scorecard: str = Field(description="评分表的 key", examples=["general_service"])
    expected: int = Field(description="预计的记录数；complete 为 true 之后是准确数", examples=[20000])
    imported: int = Field(description="已读取的记录数", examples=[12800])
    complete: bool = Field(description="输入是否已全部读取", examples=[False])
    scored: int = Field(description="已评分的记录数", examples=[9600])
    failed: int = Field(description="没有质检报告的记录数，原因见 errors", examples=[3])
    failure: str | None = Field(description="整个批次不能继续的原因", examples=[None])
    submitted_by: str = Field(description="提交者", examples=["api_key:3"])
    created_at: datetime = Field(description="提交时间", examples=["2026-03-01T08:00:00Z"])
    started_at: datetime | None = Field(description="开始读取的时间", examples=["2026-03-01T08:00:01Z"])
    finished_at: datetime | None = Field(description="结束时间", examples=[None])

    @classmethod
    def of(cls, row: BatchRow) -> Self:
        """Show a stored batch."""
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in cls.model_fields if name != "scorecard"},
                "scorecard": row.scorecard_key,
            }
        )


class BatchErrorOut(ResponseModel):
    """One record without a report, and why."""

    seq: int = Field(description="第几条记录，从 0 起", examples=[17])
    code: str = Field(description="固定的、给程序看的代码", examples=["bad_json"])
    why: str = Field(description="哪里不对（中文）", examples=["这一行不是合法的 JSON"])
    remedy: str = Field(description="处理办法（中文）", examples=["修正这一行后单独重新提交"])
    file: str = Field(description="文件名", examples=["calls.jsonl"])
    line: int | None = Field(description="行号，从 1 起", examples=[18])
    field: str = Field(description="出问题的字段", examples=["turns[3].text"])

    @classmethod
    def of(cls, row: BatchRecord) -> Self:
        """Show a stored error."""
        error = row.error or {}
        names = ("code", "why", "remedy", "file", "line", "field")
        return cls.model_validate({"seq": row.seq, **{name: error.get(name) for name in names}})
