"""The API reference as a page of our own: readable without a network, without scripts from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from qa_engine import __version__

router = APIRouter(include_in_schema=False)
pages = Environment(
    loader=PackageLoader("api", "pages"), autoescape=select_autoescape(default=True), trim_blocks=True
)
_METHODS = ("get", "post", "put", "patch", "delete")
_ELSEWHERE = "其他"


@router.get("/docs", response_class=HTMLResponse, summary="接口说明")
def reference(request: Request) -> HTMLResponse:
    """Every endpoint with its parameters, its body and its answers, from the OpenAPI document."""
    document = request.app.openapi()
    page = pages.get_template("reference.html.j2").render(
        version=__version__, about=document["info"]["description"], groups=groups(document)
    )
    return HTMLResponse(page)


def groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The operations by tag, each with what the page shows of it."""
    schemas = document.get("components", {}).get("schemas", {})
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path, item in document["paths"].items():
        for method in _METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            tag = (operation.get("tags") or [_ELSEWHERE])[0]
            found[tag].append(
                {
                    "id": operation["operationId"],
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": [_parameter(one) for one in operation.get("parameters", ())],
                    "body": _content(operation.get("requestBody"), schemas),
                    "responses": [
                        (status, one.get("description", ""), _content(one, schemas))
                        for status, one in sorted(operation["responses"].items())
                    ],
                }
            )
    return dict(found)


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    return {
        "name": parameter["name"],
        "place": {"path": "地址", "query": "查询", "header": "请求头", "cookie": "Cookie"}[parameter["in"]],
        "required": parameter.get("required", False),
        "description": parameter.get("description") or schema.get("description", ""),
    }


def _content(carrier: dict[str, Any] | None, schemas: dict[str, Any]) -> dict[str, str] | None:
    """The media type and an example of a body; None where there is no body."""
    for media, one in ((carrier or {}).get("content") or {}).items():
        value = one["example"] if "example" in one else example(one.get("schema", {}), schemas)
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() if value is not None else ""
        return {"media": media, "example": text}
    return None


def example(schema: dict[str, Any], schemas: dict[str, Any], depth: int = 0) -> Any:
    """An example of a schema: its own where it has one, else made of its fields' examples."""
    if depth > 8:
        return None
    if "$ref" in schema:
        return example(schemas.get(schema["$ref"].rsplit("/", 1)[-1], {}), schemas, depth + 1)
    if schema.get("examples"):
        return schema["examples"][0]
    if "example" in schema:
        return schema["example"]
    if "default" in schema:
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return example(schema[choice][0], schemas, depth + 1)
    if "properties" in schema:
        return {name: example(one, schemas, depth + 1) for name, one in schema["properties"].items()}
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "array":
        inner = example(schema.get("items", {}), schemas, depth + 1)
        return [] if inner is None else [inner]
    return {"integer": 1, "number": 0.5, "boolean": True, "object": {}}.get(kind)
