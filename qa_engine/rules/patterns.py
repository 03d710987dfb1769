"""Regular expressions that are safe to run and cheap to skip.

Python's engine backtracks and cannot be interrupted, so dangerous shapes are refused when the rule
is read: a repeat within a repeat (both of many lengths), and more than two unlimited wildcards.
A pattern that cannot match without certain literals is only run where one of them was found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MANY = 10
MAX_WILDCARDS = 2
# Wildcards cost the square of the length or worse; longer passages are reported as not evaluable.
MAX_CHARS = 10_000
_MAX_LITERALS = 32
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT)


def compile_pattern(source: str) -> re.Pattern[str]:
    """Compile a pattern for normalised text.

    Raises:
        ValueError: it is no valid pattern or a dangerous one; the message is Chinese, why；remedy.
    """
    adapted = adapt(source)
    try:
        parsed = _parser.parse(adapted, re.IGNORECASE)
        pattern = re.compile(adapted, re.IGNORECASE)
    except (re.error, OverflowError) as error:
        raise ValueError(
            f"正则表达式写错了（位置 {getattr(error, 'pos', 0) or 0}）；请检查括号、方括号和反斜杠"
        ) from None
    if pattern.search("") is not None:
        raise ValueError("正则表达式能匹配空文本，处处都会命中；请写出必须出现的内容")
    if _nests(parsed, inside=False):
        raise ValueError(
            "正则表达式里重复套着重复，可能极慢；请把里层或外层的 +、* 改成固定次数，或拆成两个条件"
        )
    if _wildcards(parsed) > MAX_WILDCARDS:
        raise ValueError(f"不限长度的通配多于 {MAX_WILDCARDS} 处，可能极慢；请把 .* 改成 .{{0,20}}")
    return pattern


def adapt(source: str) -> str:
    """Bring a pattern to the alphabet of normalised text: ，becomes an escaped comma, Ａ becomes a."""
    parts: list[str] = []
    for char in source:
        plain = unicodedata.normalize("NFKC", char)
        if char.isascii() or plain == char:
            parts.append(char)
        else:
            parts.append(re.escape(plain) if len(plain) == 1 else f"(?:{re.escape(plain)})")
    return "".join(parts)


def has_wildcard(source: str) -> bool:
    """True when the cost of a search may grow faster than the text."""
    return _wildcards(_parser.parse(adapt(source), re.IGNORECASE)) > 0


def required_literals(source: str) -> frozenset[str] | None:
    """Literals of which every match contains at least one; None when there is no such set."""
    return _required(_parser.parse(adapt(source), re.IGNORECASE))


def _children(code: Any, value: Any) -> Iterable[Any]:
    if code in _REPEATS or code is op.POSSESSIVE_REPEAT:
        yield value[2]
    elif code is op.SUBPATTERN:
        yield value[3]
    elif code is op.BRANCH:
        yield from value[1]
    elif code in (op.ASSERT, op.ASSERT_NOT):
        yield value[1]
    elif code is op.ATOMIC_GROUP:
        yield value
    elif code is op.GROUPREF_EXISTS:
        yield from (branch for branch in value[1:] if branch is not None)


def _varies(code: Any, value: Any) -> bool:
    if code not in _REPEATS:
        return False
    low, high, _ = value
    return bool(high is op.MAXREPEAT or (high >= MANY and high != low))


def _nests(parsed: Any, inside: bool) -> bool:
    for code, value in parsed:
        varies = _varies(code, value)
        if varies and inside:
            return True
        many = varies or (code in _REPEATS and (value[1] is op.MAXREPEAT or value[1] >= MANY))
        if any(_nests(child, inside or many) for child in _children(code, value)):
            return True
        if many and code in _REPEATS and _branches_overlap(value[2]):
            return True
    return False


def _branches_overlap(parsed: Any) -> bool:
    """(a|a)* and (a|ab)*: two branches that can begin alike inside a repeat."""
    for code, value in parsed:
        if code is op.BRANCH:
            firsts = [str(branch[0]) if len(branch) else "" for branch in value[1]]
            wide = any(len(branch) == 0 or branch[0][0] not in (op.LITERAL, op.IN) for branch in value[1])
            if wide or len(set(firsts)) < len(firsts):
                return True
        elif any(_branches_overlap(child) for child in _children(code, value)):
            return True
    return False


def _wildcards(parsed: Any) -> int:
    count = 0
    for code, value in parsed:
        if code in _REPEATS and value[1] is op.MAXREPEAT:
            count += 1
        counts = [_wildcards(child) for child in _children(code, value)]
        count += (max(counts, default=0)) if code is op.BRANCH else sum(counts)
    return count


def _required(parsed: Any) -> frozenset[str] | None:
    found: list[frozenset[str]] = []
    run = ""
    for code, value in parsed:
        if code is op.LITERAL:
            run += chr(value).lower()
            continue
        if run:
            found.append(frozenset({run}))
            run = ""
        needed: frozenset[str] | None = None
        if code is op.SUBPATTERN:
            needed = _required(value[3])
        elif code is op.ATOMIC_GROUP:
            needed = _required(value)
        elif code is op.BRANCH:
            needed = _union(_required(branch) for branch in value[1])
        elif code in _REPEATS and value[0] >= 1:
            needed = _required(value[2])
        elif code is op.IN and all(kind is op.LITERAL for kind, _ in value):
            needed = frozenset(chr(char).lower() for _, char in value)
        if needed is not None and len(needed) <= _MAX_LITERALS:
            found.append(needed)
    if run:
        found.append(frozenset({run}))
    return max(found, key=lambda needed: (min(map(len, needed)), -len(needed)), default=None)


def _union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    union: frozenset[str] = frozenset()
    for needed in sets:
        if needed is None:
            return None
        union |= needed
    return union
