"""质检报告."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.dependencies import ServiceDep, needs
from api.exporting import FORMS, Format
from api.schemas.common import PageOut, ReportId
from api.schemas.report_query import ReportListQuery
from api.schemas.reports import HistoryOut, ReportLineOut, ReportOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller, Service
from qa_engine.services.export import MAX_PART, Exported, ExportPart, plan_part, read_chunk
from qa_engine.services.report_detail import read_report, report_history
from qa_engine.services.reports import list_reports

router = APIRouter(prefix="/v1/reports", tags=["质检报告"])
Reader = Annotated[Caller, needs(Permission.READ_CALLS)]
NEXT_CURSOR: Final = "X-Next-Cursor"


class ExportQuery(ReportListQuery):
    """One part of an export."""

    format: Format = Field("jsonl", description="格式：jsonl、csv、parquet、xlsx")
    raw: bool = Field(False, description="引文用原文（须有 calls:raw 权限，记入审计）")
    limit: int = Field(1000, ge=1, le=MAX_PART, description="这一部分最多几份", examples=[1000])


_EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "这一部分；响应头 X-Next-Cursor 是下一部分的 cursor，没有这个头表示到头了",
        "headers": {
            NEXT_CURSOR: {"description": "下一部分从这里开始", "schema": {"type": "string"}},
        },
        "content": {
            form.media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for form in FORMS.values()
        },
    }
}


_BLIND: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "这通会话正由提问者参加的校准盲评，校准结束后才能看"}
}


@router.get("", response_model=PageOut[ReportLineOut], summary="筛选质检报告")
def reports(
    service: ServiceDep, caller: Reader, query: Annotated[ReportListQuery, Query()]
) -> PageOut[ReportLineOut]:
    """最新的通话在前；各筛选条件可任意组合。只列每通会话在每张评分表下最新的报告。"""
    with service.look(caller) as work:
        page = list_reports(work, query.filters(), query.cursor, query.limit)
    return PageOut(
        items=[ReportLineOut.model_validate(line) for line in page.items], next_cursor=page.next_cursor
    )


@router.get("/export", response_class=StreamingResponse, responses=_EXPORTED, summary="导出质检报告")
def export(
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.EXPORT)],
    query: Annotated[ExportQuery, Query()],
) -> StreamingResponse:
    """一次导出一部分（limit 份），用响应头 X-Next-Cursor 接着导，没有总数上限。

    中途断开时用同一个 cursor 重来即可；jsonl 和 csv 的每一行都带着自己的 cursor，
    也可以从最后收到的一行接着导。
    """
    with service.work(caller) as work:
        part = plan_part(work, query.filters(), query.cursor, query.limit, raw=query.raw, form=query.format)
    form = FORMS[query.format]
    headers = {"Content-Disposition": f'attachment; filename="reports.{query.format}"'}
    if part.next_cursor is not None:
        headers[NEXT_CURSOR] = part.next_cursor
    pieces = form.write(_exported(service, caller, part, raw=query.raw))
    return StreamingResponse(pieces, media_type=form.media_type, headers=headers)


def _exported(service: Service, caller: Caller, part: ExportPart, *, raw: bool) -> Iterator[Exported]:
    for ids in part.chunks():
        # Reading originals writes the audit.
        with service.work(caller) if raw else service.look(caller) as work:
            found = read_chunk(work, ids, raw=raw)
        yield from found


@router.get("/{report_id}", response_model=ReportOut, responses=_BLIND, summary="读一份质检报告")
def report(
    report_id: ReportId,
    service: ServiceDep,
    caller: Reader,
    raw: Annotated[bool, Query(description="引文用原文（须有 calls:raw 权限，每次记入审计）")] = False,
) -> ReportOut:
    """完整的报告，旁边是人工的决定；引文默认取自遮盖后的文本。"""
    with service.work(caller) if raw else service.look(caller) as work:
        return ReportOut.of(read_report(work, report_id, raw=raw))


@router.get("/{report_id}/history", response_model=HistoryOut, responses=_BLIND, summary="一份质检报告的来历")
def history(report_id: ReportId, service: ServiceDep, caller: Reader) -> HistoryOut:
    """各次报告、人工的决定和哈希链上的记录。"""
    with service.look(caller) as work:
        return HistoryOut.of(report_history(work, report_id))
