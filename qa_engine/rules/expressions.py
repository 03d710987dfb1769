"""EXPR: logic over conditions, as a string or as nested mappings, read into one small tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from qa_engine.rules.problems import KeyPath, Report, suggestion

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>&&|\|\||[()（）!！且或非]))")
_MARKS = {"&&": "and", "且": "and", "||": "or", "或": "or", "!": "not", "！": "not", "非": "not",
          "（": "(", "）": ")"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ref:
    """A named condition or a named expression."""

    name: str


@dataclass(frozen=True, slots=True)
class All:
    """Conjunction."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Disjunction."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    part: Expression


Expression = Ref | All | Any | Not
# Called with a condition written in place; returns the name under which it was compiled.
InPlace = Callable[[object, KeyPath], str | None]


def read_expression(raw: object, path: KeyPath, report: Report, in_place: InPlace) -> Expression | None:
    """Read one EXPR. Problems are reported; None when the expression cannot be used."""
    if isinstance(raw, str):
        return _StringReader(raw, path, report).read()
    if not isinstance(raw, dict):
        report(path, "这里应写条件或表达式", "写条件名组成的式子、all / any / not / ref，或就地写一个条件")
        return None
    if "test" in raw:
        name = in_place(raw, path)
        return None if name is None else Ref(name)
    if len(raw) != 1:
        report(path, "表达式只能有一个键", "只写 all、any、not、ref 之一；就地写条件时要有 test")
        return None
    key, value = next(iter(raw.items()))
    if key in ("all", "any"):
        if not isinstance(value, list) or not value:
            report((*path, key), f"{key} 后面应是不为空的列表", "请写成 - 开头的列表")
            return None
        parts = [read_expression(part, (*path, key, i), report, in_place) for i, part in enumerate(value)]
        usable = tuple(part for part in parts if part is not None)
        if len(usable) != len(parts):
            return None
        return All(usable) if key == "all" else Any(usable)
    if key == "not":
        part = read_expression(value, (*path, key), report, in_place)
        return None if part is None else Not(part)
    if key == "ref":
        if isinstance(value, str) and NAME.fullmatch(value):
            return Ref(value)
        report((*path, key), "ref 后面应是一个条件名", "条件名由英文字母、数字和下划线组成")
        return None
    report(
        (*path, str(key)), f"表达式里没有“{key}”", suggestion(str(key), ("all", "any", "not", "ref", "test"))
    )
    return None


class _StringReader:
    """Recursive descent over ``a and not (b or c)``; ``not`` binds tightest, then ``and``, then ``or``."""

    def __init__(self, source: str, path: KeyPath, report: Report) -> None:
        self._path, self._report = path, report
        self._tokens: list[str] = []
        self._at = 0
        self._broken = False
        at = 0
        end = len(source.rstrip())
        while at < end:
            token = _TOKEN.match(source, at)
            if token is None:
                self._fail(
                    f"第 {at + 1} 个字符附近看不懂", "只用条件名、and / or / not（或 且 / 或 / 非）和括号"
                )
                return
            mark = token["mark"]
            word = _MARKS.get(mark, mark) if mark else token["name"]
            self._tokens.append(word.lower() if word.lower() in ("and", "or", "not") else word)
            at = token.end()

    def read(self) -> Expression | None:
        if self._broken:
            return None
        if not self._tokens:
            self._fail("表达式是空的", "请写上条件名")
            return None
        tree = self._or()
        if tree is not None and self._at < len(self._tokens):
            self._fail(f"“{self._tokens[self._at]}”前面少了 and 或 or", "请检查括号和连接词")
            return None
        return tree

    def _or(self) -> Expression | None:
        return self._chain("or", self._and, Any)

    def _and(self) -> Expression | None:
        return self._chain("and", self._not, All)

    def _chain(
        self,
        word: str,
        operand: Callable[[], Expression | None],
        kind: type[All] | type[Any],
    ) -> Expression | None:
        parts = [operand()]
        while self._peek() == word:
            self._at += 1
            parts.append(operand())
        usable = tuple(part for part in parts if part is not None)
        if len(usable) != len(parts):
            return None
        return usable[0] if len(usable) == 1 else kind(usable)

    def _not(self) -> Expression | None:
        token = self._peek()
        if token == "not":
            self._at += 1
            part = self._not()
            return None if part is None else Not(part)
        if token == "(":
            self._at += 1
            part = self._or()
            if part is not None and self._peek() != ")":
                self._fail("括号没有配对", "请补上右括号")
                return None
            self._at += 1
            return part
        if token is None or token in ("and", "or", ")"):
            self._fail("少了一个条件名", "请检查 and / or / not 两边")
            return None
        self._at += 1
        return Ref(token)

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _fail(self, why: str, remedy: str) -> None:
        if not self._broken:
            self._report(self._path, f"表达式有误：{why}", remedy)
        self._broken = True
