"""The OpenAPI document: what FastAPI derives from the routes, plus what every route has in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE
from api.schemas.common import Problem
from qa_engine import __version__

TITLE = "qa-engine 智能质检"
DESCRIPTION = """
客服会话智能质检服务：给会话评分，逐条给出依据，评不了的地方明说。
复核、申诉、校准、抽检、指标和 Webhook 都在这里。

- 身份：请求头 `Authorization: Bearer 密钥`（API 密钥），或用 `POST /v1/sessions` 登录后的 Cookie；
  用 Cookie 修改数据时还要带请求头 `X-CSRF-Token`。
- 出错：一律返回 `application/problem+json`，含 `error`（给程序看）、`detail`（中文）、
  `detail_en`（英文）、`field`（哪个字段）。
- 列表：用 `cursor` 翻页，没有页数上限；`next_cursor` 为 null 表示到头了。
- 文字默认遮盖个人信息；有权限时用 `raw=true` 看原文，每次都记入审计。
- 写操作可带 `Idempotency-Key`（注明的接口）：同一个键、同样的内容只做一次。
"""
_EVERY = {
    "429": "请求太频繁，见响应头 Retry-After",
    "500": "服务内部出错",
    "503": "暂时无法服务，见响应头 Retry-After",
}
_SECURED = {"401": "没有登录", "403": "没有权限"}
_METHODS = {"get", "put", "post", "delete", "patch", "head", "options"}


def install(app: FastAPI) -> None:
    """Make ``/openapi.json`` complete."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = complete(
                get_openapi(
                    title=TITLE,
                    version=__version__,
                    description=DESCRIPTION.strip(),
                    routes=app.routes,
                    license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
                )
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Declare on every operation what it refuses and how one proves who one is."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    schemas["Problem"] = made
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    tags: dict[str, None] = {}
    for path, method, operation in _operations(document):
        tags.update(dict.fromkeys(operation.get("tags", ())))
        _declare(operation, _refusals(path, method, operation))
    document["tags"] = [{"name": name} for name in tags]
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in _METHODS:
                yield path, method, operation


def _refusals(path: str, method: str, operation: dict[str, Any]) -> dict[str, str]:
    told = dict(_EVERY)
    if "security" in operation:
        told |= _SECURED
    elif path.startswith("/v1/"):
        # Open, but a wrong password or ticket is refused all the same.
        told["401"] = _SECURED["401"]
    if "{" in path:
        told["404"] = "没有这一条，或不在可见范围内"
    if operation.get("parameters") or "requestBody" in operation:
        told["422"] = "请求里有不能使用的值，见 field"
    if method != "get":
        told |= {"404": "没有这一条，或不在可见范围内", "409": "与当前状态或已有记录冲突"}
    if "requestBody" in operation:
        told |= {"400": "请求体无法读取", "413": "请求体太大", "415": "不支持这种内容类型"}
    return told


def _declare(operation: dict[str, Any], refusals: dict[str, str]) -> None:
    responses = operation.setdefault("responses", {})
    for status, description in sorted(refusals.items()):
        given = responses.get(status, {})
        known = given.get("description", "")
        if _own(given):
            continue
        responses[status] = {
            **given,
            "description": description if known in {"", "Validation Error"} else known,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status, response in responses.items():
        if response.get("description") == "Successful Response":
            response["description"] = "成功"
        if (
            status.startswith(("4", "5"))
            and MEDIA_TYPE not in response.get("content", {})
            and not _own(response)
        ):
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _own(response: dict[str, Any]) -> bool:
    """True when the route itself declares what this answer holds (``/readyz`` tells its checks with 503)."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    return "$ref" in schema and not schema["$ref"].endswith("/HTTPValidationError")
