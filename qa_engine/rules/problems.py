"""Reporting what is wrong with a rule, in Chinese and at the right key."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from qa_engine.rules.source import Path

KeyPath = Path
Report = Callable[[KeyPath, str, str], None]
Config = TypeVar("Config", bound=BaseModel)

_KINDS = {
    "string": "文字",
    "int": "整数",
    "float": "数字",
    "bool": "true 或 false",
    "list": "列表",
    "dict": "键值表",
    "model": "键值表",
}


# What people write instead of the English word.
_IN_ENGLISH = {
    "坐席": "agent", "客服": "agent", "座席": "agent", "客户": "customer", "用户": "customer",
    "任意": "any", "全部": "all", "双方": "any", "句": "turn", "分句": "clause", "秒": "seconds",
    "电话": "voice", "语音": "voice", "在线": "chat", "文字": "chat",
}  # fmt: skip


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """ "您是不是想写“x”" for a near name, else the list of what exists."""
    names = list(known)
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    if near:
        return f"您是不是想写“{near[0]}”"
    if not names:
        return "请先定义再使用"
    shown = "、".join(names[:12])
    return f"可用的有：{shown}{' 等' if len(names) > 12 else ''}"


def read_config(kind: type[Config], raw: object, path: KeyPath, report: Report) -> Config | None:
    """Validate one mapping; every problem is reported at its own key. None when there was any."""
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            where = tuple(part for part in problem["loc"] if not _is_branch(part))
            why, remedy = _in_chinese(kind, problem, where)
            report(path + where, why, remedy)
        return None


def _is_branch(part: str | int) -> bool:
    # pydantic names the branch of a union inside the location; users know only their own keys.
    return isinstance(part, str) and (part in {"int", "str", "float", "bool"} or "[" in part)


def _in_chinese(kind: type[BaseModel], problem: Mapping[str, Any], where: KeyPath) -> tuple[str, str]:
    code, context = problem["type"], problem.get("ctx", {})
    last = str(where[-1]) if where else ""
    if code == "missing":
        return f"缺少“{last}”", f"请补上“{last}”"
    if code == "extra_forbidden":
        known = [field.alias or name for name, field in kind.model_fields.items()]
        return f"没有名为“{last}”的参数", suggestion(last, known)
    if code == "value_error":
        why, _, remedy = str(context["error"]).partition("；")
        return why, remedy or "请按规则语言文档修改"
    if code == "literal_error" and str(problem.get("input")) in _IN_ENGLISH:
        return "取值不在允许的范围内", f"请写 {_IN_ENGLISH[str(problem['input'])]}"
    if code == "literal_error":
        return (
            "取值不在允许的范围内",
            f"只能写：{context['expected'].replace(' or ', '、').replace(', ', '、')}",
        )
    bounds = {"greater_than": ("gt", "大于"), "greater_than_equal": ("ge", "不小于"),
              "less_than": ("lt", "小于"), "less_than_equal": ("le", "不大于")}  # fmt: skip
    if code in bounds:
        key, word = bounds[code]
        return f"数值应{word} {context[key]}", f"请改为{word} {context[key]} 的数"
    if code == "too_short":
        return f"至少要有 {context['min_length']} 项", "请补充内容"
    if code == "too_long":
        return f"最多允许 {context['max_length']} 项", "请拆分或删减"
    if code.endswith("_type"):
        wanted = _KINDS.get(code.removesuffix("_type"), "其他类型")
        return "值的类型不对", f"这里应写{wanted}"
    return "值不符合要求", "请按规则语言文档修改"
