"""Every refusal and every failure as a problem document. HTTP statuses are known here and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from api.schemas.common import FieldProblem, Problem
from api.validation import field_problems
from qa_engine.domain import refusal as r
from qa_engine.domain.errors import ConfigErrors, IntakeError

MEDIA_TYPE = "application/problem+json"
STATUSES: dict[type[r.Refusal], int] = {
    r.Unauthenticated: 401,
    r.Forbidden: 403,
    r.NotFound: 404,
    r.IllegalStep: 409,
    r.Conflict: 409,
    r.TooLarge: 413,
    r.Invalid: 422,
    r.TooManyRequests: 429,
    r.Overloaded: 503,
    r.Unavailable: 503,
    r.Broken: 500,
    r.Refusal: 400,
}
# What the framework itself refuses: status → code, Chinese, English.
_FRAMEWORK = {
    400: ("bad_request", "请求无法读取：请检查请求体的格式和编码。", "The request cannot be read."),
    401: ("unauthenticated", "请先登录，或带上有效的 API 密钥。", "Log in or send a valid API key."),
    403: ("forbidden", "没有权限。", "Not allowed."),
    404: ("not_found", "没有这个地址。", "There is nothing at this address."),
    405: ("method_not_allowed", "这个地址不支持这种请求方法。", "This address does not take this method."),
    406: ("not_acceptable", "无法按要求的格式回答。", "The wanted format is not available."),
    413: ("too_large", "请求体太大。", "The request body is too large."),
    415: ("unsupported_media_type", "不支持这种内容类型。", "This content type is not supported."),
    422: ("invalid", "请求里有不能使用的值。", "The request holds a value that cannot be used."),
}
_BUSY_S = 2

log = structlog.get_logger("qa_engine.api")


def install(app: FastAPI) -> None:
    """Answer every refusal of the domain, the framework and the database with a problem document."""
    app.add_exception_handler(r.Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _not_valid)
    app.add_exception_handler(HTTPException, _framework_refused)
    app.add_exception_handler(IntakeError, _not_readable)
    app.add_exception_handler(ConfigErrors, _bad_configuration)
    app.add_exception_handler(IntegrityError, _clash)
    app.add_exception_handler(StaleDataError, _overtaken)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(lost, _database_lost)


def request_id_of(request: Request) -> str:
    """The id of this request (``api/requests.py`` gives one to each)."""
    return str(getattr(request.state, "request_id", "-"))


def problem(
    request: Request,
    status: int,
    code: str,
    zh: str,
    en: str,
    *,
    field: str | None = None,
    errors: Sequence[FieldProblem] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Build a problem document."""
    body = Problem(
        error=code,
        detail=zh,
        detail_en=en,
        field=field,
        request_id=request_id_of(request),
        errors=list(errors) if errors else None,
    )
    left_out = None if errors else {"errors"}
    return Response(
        body.model_dump_json(exclude=left_out), status, media_type=MEDIA_TYPE, headers=headers or {}
    )


def refusal_response(request: Request, refusal: r.Refusal) -> Response:
    """Answer a refusal."""
    status = next(STATUSES[kind] for kind in type(refusal).__mro__ if kind in STATUSES)
    headers = {}
    if isinstance(refusal, r.Overloaded):
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after_s)))
    if isinstance(refusal, r.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="qa-engine"'
    return problem(
        request, status, refusal.code, refusal.zh, refusal.en, field=refusal.field, headers=headers
    )


def failure_response(request: Request) -> Response:
    """Answer a failure of ours: the request id, and nothing else about it."""
    zh = f"服务内部出错，已记入日志。请把请求编号 {request_id_of(request)} 告诉管理员。"
    en = f"Internal error, logged. Tell the administrator the request id {request_id_of(request)}."
    return problem(request, 500, "internal_error", zh, en)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, r.Refusal)
    return refusal_response(request, error)


def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = field_problems(error.errors(), error.body)
    if not found:
        return problem(request, 422, *_FRAMEWORK[422])
    first, more = found[0], len(found) - 1
    zh = first.detail if first.field is None else f"{first.field}：{first.detail}"
    en = first.detail_en if first.field is None else f"{first.field}: {first.detail_en}"
    if more:
        zh += f"另有 {more} 处不对。"
        en += f" {more} more."
    return problem(
        request, 422, "invalid", zh, en, field=first.field, errors=found if len(found) > 1 else None
    )


def _framework_refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    code, zh, en = _FRAMEWORK.get(status, (f"http_{status}", "请求无法完成。", "The request failed."))
    return problem(request, status, code, zh, en, headers=dict(error.headers or {}))


def _not_readable(request: Request, error: Exception) -> Response:
    assert isinstance(error, IntakeError)
    zh = f"{error.why}。处理办法：{error.remedy}。"
    en = f"The transcript cannot be read ({error.code})."
    return problem(request, 422, error.code, zh, en, field=error.field or None)


def _bad_configuration(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConfigErrors)
    found = [
        FieldProblem(
            field=one.key or None,
            detail=f"{one.why}。处理办法：{one.remedy}。",
            detail_en="The scorecard cannot be used as written here.",
            line=one.line,
        )
        for one in error.errors
    ]
    zh = f"评分表有 {len(found)} 处不能使用，逐处见 errors。"
    en = f"The scorecard has {len(found)} errors; see errors."
    return problem(
        request, 422, "bad_scorecard", zh, en, field=found[0].field if found else None, errors=found
    )


def _clash(request: Request, error: Exception) -> Response:
    log.warning("database.clash", request_id=request_id_of(request), kind=type(error).__name__)
    zh, en = "与刚刚写入的记录冲突，请重新读取后再试。", "It clashes with a record just written; read again."
    return problem(request, 409, "conflict", zh, en)


def _overtaken(request: Request, _error: Exception) -> Response:
    zh, en = "刚刚有人改动了它，请重新读取后再试。", "Somebody has just changed it; read it again."
    return problem(request, 409, "illegal_step", zh, en)


def _database_lost(request: Request, error: Exception) -> Response:
    log.error("database.unavailable", request_id=request_id_of(request), kind=type(error).__name__)
    zh, en = "数据库暂时无法使用，请稍后再试。", "The database is not available at the moment; try again."
    return problem(request, 503, "unavailable", zh, en, headers={"Retry-After": str(_BUSY_S)})
