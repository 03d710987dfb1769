"""Says in Chinese and English what pydantic found wrong with a request, without quoting what was sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from api.schemas.common import FieldProblem

_PLACES = {"body", "query", "path", "header", "cookie"}
# A key somebody invented may hold anything; only what looks like a name is repeated.
_NAME = re.compile(r"[\w.\-]{1,64}")
_TYPES = {
    "string": "文字", "int": "整数", "float": "数字", "decimal": "数字", "bool": "布尔值（true 或 false）",
    "list": "数组", "tuple": "数组", "set": "数组", "dict": "对象", "mapping": "对象", "model": "对象",
    "date": "日期，例如 2026-03-01", "datetime": "时间，例如 2026-03-01T09:30:00+08:00", "time": "时刻",
    "url": "网址", "uuid": "UUID", "bytes": "字节串",
}  # fmt: skip
_TEMPLATES: Mapping[str, str] = {
    "missing": "缺少必填的字段。",
    "extra_forbidden": "不认识的字段。",
    "json_invalid": "请求体不是合法的 JSON。",
    "greater_than": "要大于 {gt}。",
    "greater_than_equal": "不能小于 {ge}。",
    "less_than": "要小于 {lt}。",
    "less_than_equal": "不能大于 {le}。",
    "multiple_of": "要是 {multiple_of} 的倍数。",
    "finite_number": "要写有限的数，不能是 NaN 或无穷大。",
    "too_short": "至少要有 {min_length} 项。",
    "too_long": "最多只能有 {max_length} 项。",
    "string_too_short": "至少要有 {min_length} 个字符。",
    "string_too_long": "最多只能有 {max_length} 个字符。",
    "string_pattern_mismatch": "不合格式，应匹配 {pattern}。",
    "string_unicode": "不是合法的 Unicode 文字。",
    "int_from_float": "要写整数，不能带小数。",
    "int_parsing_size": "这个整数太大了。",
    "literal_error": "不在可选值之中：{expected}。",
    "enum": "不在可选值之中：{expected}。",
    "timezone_aware": "时间要带时区，例如 2026-03-01T09:30:00+08:00。",
    "datetime_from_date_parsing": "要写时间，例如 2026-03-01T09:30:00+08:00。",
    "date_from_datetime_parsing": "要写日期，例如 2026-03-01。",
    "date_from_datetime_inexact": "要写日期，例如 2026-03-01，不带时刻。",
    "url_scheme": "网址的协议只能是 {expected_schemes}。",
    "url_too_long": "网址太长，最多 {max_length} 个字符。",
    "union_tag_invalid": "不在可选值之中：{expected_tags}。",
    "union_tag_not_found": "缺少用来区分种类的字段 {discriminator}。",
    "recursion_loop": "嵌套太深。",
    "unstorable_text": "文字里不能有 NUL 字符，也不能有半个代理对。",
    "moment_out_of_reach": "日期要在 1970 年到 9999 年之间。",
    "one_of_two": "customer_id 和 transcript_ids 要写其中一个，也只能写一个。",
}


def field_problems(
    errors: Sequence[ErrorDetails | Mapping[str, Any]], body: Any = None
) -> list[FieldProblem]:
    """What is wrong, field by field, in the order pydantic found it.

    Args:
        errors: pydantic's own.
        body: what was sent as the body; tells fields from the branches of unions, which have no name there.
    """
    return [_problem(error, body) for error in errors]


def _problem(error: ErrorDetails | Mapping[str, Any], body: Any) -> FieldProblem:
    kind, context = str(error["type"]), error.get("ctx") or {}
    location: Sequence[str | int] = error["loc"]
    if location and location[0] == "body":
        location = ("body", *_without_branches(location[1:], body, missing=kind == "missing"))
    return FieldProblem(
        field=field_path(location),
        detail=_in_chinese(kind, context, str(error["msg"])),
        detail_en=_in_english(kind, str(error["msg"])),
    )


def _without_branches(steps: Sequence[str | int], sent: Any, *, missing: bool) -> list[str | int]:
    """Leave out the steps that name a branch of a union: nobody sent those."""
    kept: list[str | int] = []
    for i, step in enumerate(steps):
        if isinstance(sent, dict) and (step in sent or (missing and i == len(steps) - 1)):
            kept.append(step)
            sent = sent.get(step)
        elif isinstance(sent, list) and isinstance(step, int) and step < len(sent):
            kept.append(step)
            sent = sent[step]
    return kept


def field_path(location: Sequence[str | int]) -> str | None:
    """Write a location as ``turns[3].text``; the place it was sent in (body, query, …) is left out."""
    steps = location[1:] if location and location[0] in _PLACES else location
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            name = step if _NAME.fullmatch(step) else "…"
            path += f".{name}" if path else name
    return path or None


def _in_chinese(kind: str, context: Mapping[str, Any], message: str) -> str:
    if kind in {"value_error", "assertion_error"}:
        # Raised by our own validators, whose words are for people.
        return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    template = _TEMPLATES.get(kind)
    if template is not None:
        values = {key: _listed(value) for key, value in context.items()}
        return template.format_map(_Blanks(values))
    family = _TYPES.get(kind.split("_")[0])
    return f"要写{family}。" if family is not None else "值不合要求。"


def _in_english(kind: str, message: str) -> str:
    if kind in {"value_error", "assertion_error"}:
        return "The value does not meet the requirements."
    return f"{message.rstrip('.')}."


def _listed(value: object) -> str:
    return str(value).replace(" or ", "、").replace(", ", "、").replace("'", "")


class _Blanks(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
