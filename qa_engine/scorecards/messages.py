"""Says in Chinese what pydantic found wrong, with a guess at what the author meant."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from qa_engine.domain.errors import ConfigError
from qa_engine.rules.source import Path, SourceMap

# What people call a key when they do not look it up.
_ALIASES: Mapping[str, str] = {
    "score": "points", "point": "points", "分值": "points", "title": "name", "名称": "name", "id": "key",
    "version": "revision", "pass_score": "pass_mark", "passing": "pass_mark", "及格线": "pass_mark",
    "veto": "critical", "一票否决": "critical", "fatal": "critical", "applicable_when": "applies_when",
    "when": "fail_when", "fails_when": "fail_when", "passes_when": "pass_when", "items": "criteria",
    "words": "phrases", "词表": "phrases", "suggestion": "advice", "expected": "expect", "role": "speaker",
}  # fmt: skip


def suggestion(word: str, allowed: list[str]) -> str:
    """The allowed word the author probably meant, "" if none is near."""
    alias = _ALIASES.get(word)
    if alias in allowed:
        return alias
    return next(iter(difflib.get_close_matches(word, allowed, n=1, cutoff=0.6)), "")


def translate(error: ErrorDetails, model: type[BaseModel], source: SourceMap) -> ConfigError:
    """One pydantic error as a ConfigError that points into the file."""
    path = tuple(step for step in error["loc"] if not _is_union_tag(step))
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "missing":
        why = f"缺少必填的键 {path[-1]}{_meaning(model, path)}"
        return source.error(path, why, "补上这个键")
    if kind == "extra_forbidden":
        return _unknown_key(path, model, source)
    why, remedy = _wrong_value(kind, context, error.get("input"))
    return source.error(path, why, remedy)


def _unknown_key(path: Path, model: type[BaseModel], source: SourceMap) -> ConfigError:
    owner = _model_at(model, path[:-1])
    allowed = _keys(owner) if owner is not None else []
    meant = suggestion(str(path[-1]), allowed)
    remedy = f"您是不是想写 {meant}" if meant else f"删去它；这里可以写：{'、'.join(allowed)}"
    return source.error(path, f"不认识的键 {path[-1]}", remedy)


def _wrong_value(kind: str, context: Mapping[str, Any], given: object) -> tuple[str, str]:
    if kind == "literal_error":
        allowed = str(context["expected"]).replace("'", "").replace(" or ", "、").replace(", ", "、")
        meant = suggestion(str(given), allowed.split("、"))
        return (
            f"取值 {_shown(given)} 不在允许的范围内",
            f"您是不是想写 {meant}" if meant else f"改成：{allowed}",
        )
    if kind == "string_pattern_mismatch":
        return f"取值 {_shown(given)} 不合格式", "只用小写英文字母、数字和下划线，例如 opening_greeting"
    limits = {
        "greater_than": ("gt", "大于"),
        "greater_than_equal": ("ge", "不小于"),
        "less_than_equal": ("le", "不大于"),
    }
    if kind in limits:
        name, words = limits[kind]
        return f"取值 {_shown(given)} 超出范围", f"改成{words} {context[name]} 的数"
    if kind == "bool_type":
        return f"取值 {_shown(given)} 不是布尔值", "写 true 或 false（不要写 是、否、yes、no）"
    expected = {
        "string_type": ("文字", "写成文字，纯数字要加引号，例如 \"12315\""),
        "int_type": ("整数", "写成不带引号的整数"),
        "int_from_float": ("整数", "写成不带小数的整数"),
        "float_type": ("数字", "写成不带引号的数字"),
        "list_type": ("列表", "写成 [一, 二]，或每项一行、以“- ”开头"),
        "dict_type": ("“键: 值”的映射", "在下一行缩进两格写“键: 值”"),
        "model_type": ("“键: 值”的映射", "在下一行缩进两格写“键: 值”"),
    }  # fmt: skip
    if kind in expected:
        wanted, remedy = expected[kind]
        return f"这里应该是{wanted}，写成了{_kind_of(given)}", remedy
    if kind in ("too_short", "string_too_short"):
        return "内容不能为空", "至少写一项"
    return f"取值 {_shown(given)} 不符合要求", "对照评分表说明改正"


def _shown(given: object) -> str:
    text = str(given)
    return (
        f"“{text[:30]}{'…' if len(text) > 30 else ''}”"
        if not isinstance(given, dict | list)
        else _kind_of(given)
    )


def _kind_of(given: object) -> str:
    if given is None:
        return "空值"
    names = {bool: "布尔值", int: "整数", float: "小数", str: "文字", list: "列表", dict: "映射"}
    return names.get(type(given), "别的类型")


def _is_union_tag(step: object) -> bool:
    """Pydantic adds the branch of a union to the path; the file has no such key."""
    return isinstance(step, str) and (step in {"int", "str", "float", "none"} or "[" in step)


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _meaning(model: type[BaseModel], path: Path) -> str:
    owner = _model_at(model, path[:-1])
    field = _field(owner, str(path[-1])) if owner is not None else None
    return f"（{field.description}）" if field is not None and field.description else ""


def _field(model: type[BaseModel], key: str) -> Any:
    return next((f for name, f in model.model_fields.items() if key in (name, f.alias)), None)


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at ``path``."""
    here: Any = model
    for step in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            field = _field(here, str(step))
            here = field.annotation if field is not None else None
        else:
            here = _inner(here)
        here = _without_none(here)
    return here if isinstance(here, type) and issubclass(here, BaseModel) else None


def _inner(annotation: Any) -> Any:
    arguments = get_args(annotation)
    return arguments[-1] if get_origin(annotation) in (list, dict) and arguments else None


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, types.UnionType):
        return next((a for a in get_args(annotation) if a is not type(None)), None)
    return annotation
