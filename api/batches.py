"""批次: many conversations at once, scored in the background."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from api.dependencies import ServiceDep, needs
from api.receiving import (
    MOST_UPLOADS,
    Receiving,
    guess,
    idempotent,
    insist_on_columns,
    receive,
    uploads_of,
)
from api.schemas.batches import (
    BatchErrorOut,
    BatchOut,
    BatchState,
    FolderIn,
    SubmissionIn,
    UploadQuery,
)
from api.schemas.common import BatchId, Cursor, IdempotencyKey, Limit, PageOut
from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Invalid, NotFound, Overloaded
from qa_engine.service import Caller, Service
from qa_engine.services.batches import (
    Submission,
    batch_errors,
    cancel_batch,
    find_batch,
    list_batches,
    new_batch_id,
    submit_batch,
)
from qa_engine.services.judging import choose_judging
from qa_engine.store.node import node_name

router = APIRouter(prefix="/v1/batches", tags=["批次"])

_TAKEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": BatchOut, "description": "这个幂等键以前已经提交过，返回当时的批次"}
}
_LIST: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "会话的 JSON 列表，每项是本系统或转写厂商的一通会话，格式自动识别。",
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {"type": "object"}},
                "example": [
                    {
                        "id": "demo-0001",
                        "turns": [
                            {"speaker": "agent", "text": "您好，很高兴为您服务。"},
                            {"speaker": "customer", "text": "我的订单还没发货。"},
                        ],
                    }
                ],
            }
        },
    }
}
_FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "文件内容原样作为请求体：JSONL、JSON、CSV、XLSX、SRT、VTT、文本，可用 gzip 压缩。",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    response_model=BatchOut,
    status_code=202,
    summary="提交 JSON 列表",
    openapi_extra=_LIST,
    responses=_TAKEN,
)
async def submit_list(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.RUN_BATCHES)],
    said: Annotated[SubmissionIn, Query()],
    idempotency_key: IdempotencyKey = None,
) -> BatchOut:
    """立即返回批次编号，评分在后台进行；用 GET /v1/batches/{batch_id} 查看进度。"""
    receiving = Receiving(service, caller, said, "JSON 列表", idempotency_key)
    await to_thread.run_sync(receiving.prepare)
    body = await request.body()
    await to_thread.run_sync(_insist_on_list, body)

    def keep() -> tuple[BatchOut, bool]:
        with receiving.writer() as writer:
            receiving.add(writer, body)
            return receiving.submit(writer)

    return _answer(response, *await to_thread.run_sync(keep))


@router.post(
    "/upload",
    response_model=BatchOut,
    status_code=202,
    summary="上传文件",
    openapi_extra=_FILE,
    responses=_TAKEN,
)
async def submit_upload(
    request: Request,
    response: Response,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.RUN_BATCHES)],
    said: Annotated[UploadQuery, Query()],
    idempotency_key: IdempotencyKey = None,
) -> BatchOut:
    """文件边收边加密写盘，大小不受内存限制；读不了的记录逐条列在 errors 里，其余照常评分。"""
    receiving = Receiving(service, caller, said, said.filename, idempotency_key)
    await to_thread.run_sync(receiving.prepare)
    uploads = uploads_of(request)
    if uploads.running >= MOST_UPLOADS:
        raise Overloaded("正在接收的上传太多，请稍后重试。", "Too many uploads at once.", 5)
    uploads.running += 1
    try:
        with await to_thread.run_sync(receiving.writer) as writer:
            await receive(request, receiving, writer)
            taken, fresh = await to_thread.run_sync(receiving.submit, writer)
    except ClientDisconnect:
        raise Invalid("上传中断，内容没有保存。", "The upload broke off; nothing was kept.") from None
    finally:
        uploads.running -= 1
    return _answer(response, taken, fresh)


@router.post(
    "/folder", response_model=BatchOut, status_code=202, summary="提交服务器上的文件夹", responses=_TAKEN
)
def submit_folder(
    response: Response,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.RUN_BATCHES)],
    said: FolderIn,
    idempotency_key: IdempotencyKey = None,
) -> BatchOut:
    """读取管理员用 QA_ENGINE_SERVER_FOLDERS 允许的文件夹里的文件；文件留在原处。"""
    insist_on_columns(said)
    path, folder = _allowed(service, said.path)
    request = idempotent("batches.folder", idempotency_key, said, "")
    with service.work(caller) as work:
        judging = choose_judging(work, said.scorecard, said.business_line)
        submission = Submission(
            id=new_batch_id(),
            name=said.name or path.name[:200] or said.path[:200],
            inputs=[str(path)],
            folder=str(folder),
            expected=guess(path.stat().st_size, gzipped=False) if path.is_file() else 0,
            node=node_name(service.settings.home),
            read=said.reading(),
        )
        most = service.settings.max_waiting_records
        done = submit_batch(work, judging, submission, most_waiting=most, request=request)
        taken = BatchOut.of(find_batch(work, done.id))
    return _answer(response, taken, done.fresh)


@router.get("", response_model=PageOut[BatchOut], summary="批次列表")
def batches(
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.READ_BATCHES)],
    state: Annotated[BatchState | None, Query(description="只看这个状态", examples=["scoring"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[BatchOut]:
    """最新的在前。"""
    with service.look(caller) as work:
        page = list_batches(work, state=state, cursor=cursor, limit=limit)
        return PageOut(items=[BatchOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/{batch_id}", response_model=BatchOut, summary="一个批次")
def batch(
    batch_id: BatchId, service: ServiceDep, caller: Annotated[Caller, needs(Permission.READ_BATCHES)]
) -> BatchOut:
    """状态和进度。"""
    with service.look(caller) as work:
        return BatchOut.of(find_batch(work, batch_id))


@router.get("/{batch_id}/errors", response_model=PageOut[BatchErrorOut], summary="没有质检报告的记录")
def errors(
    batch_id: BatchId,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.READ_BATCHES)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOut[BatchErrorOut]:
    """按输入顺序，逐条给出文件、行号、原因和处理办法，不含会话内容。"""
    with service.look(caller) as work:
        page = batch_errors(work, batch_id, cursor=cursor, limit=limit)
        return PageOut(items=[BatchErrorOut.of(row) for row in page.items], next_cursor=page.next_cursor)


@router.post("/{batch_id}/cancel", response_model=BatchOut, summary="取消批次")
def cancel(
    batch_id: BatchId, service: ServiceDep, caller: Annotated[Caller, needs(Permission.RUN_BATCHES)]
) -> BatchOut:
    """停止读取和评分；已经存下的质检报告保留。"""
    with service.work(caller) as work:
        return BatchOut.of(cancel_batch(work, batch_id))


def _insist_on_list(body: bytes) -> None:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not found:
        raise Invalid(
            "请求体应是至少有一通会话的 JSON 列表；其他格式请用 /v1/batches/upload 上传。",
            "The body must be a JSON list of at least one conversation; upload other formats as a file.",
        )


def _allowed(service: Service, said: str) -> tuple[Path, Path]:
    """The real path, and the allowed folder it lies in; links are followed before they are judged."""
    for folder in service.settings.server_folders:
        try:
            root, path = folder.resolve(strict=True), Path(said).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            continue
        if path.is_relative_to(root):
            return path, root
    raise NotFound("允许的文件夹里的这个路径", "such path within the allowed folders", "path")


def _answer(response: Response, taken: BatchOut, fresh: bool) -> BatchOut:
    response.status_code = 202 if fresh else 200
    response.headers["Location"] = f"/v1/batches/{taken.id}"
    return taken
