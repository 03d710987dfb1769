"""Checked access to the fields of a decoded JSON object: right type, or a problem with its path."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin

TimeUnit = Literal["ms", "s", "us"]

_MS_PER_UNIT: Mapping[TimeUnit, Decimal] = {"ms": Decimal(1), "s": Decimal(1000), "us": Decimal("0.001")}
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
# About 31 years: anything longer is no offset within a call, and would overflow 64 bits downstream.
_LONGEST_MS = 10**12
_LONGEST_INTEGER = 2**63 - 1


class FieldProblem(Exception):
    """A field that cannot be used; the frame (or a reader) turns it into an ``IntakeError``.

    Attributes:
        field: dotted path such as ``turns[3].text``.
        why, remedy: Chinese without a full stop and without the field's value.
        code: ``missing_field``, ``wrong_type``, ``bad_value``, ``bad_time``, ….
    """

    def __init__(self, field: str, why: str, remedy: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.why = why
        self.remedy = remedy
        self.code = code

    def at(self, origin: Origin) -> IntakeError:
        """Place the problem in its file."""
        return IntakeError(
            file=origin.file,
            why=self.why,
            remedy=self.remedy,
            code=self.code,
            line=origin.line,
            record=origin.record,
            field=self.field,
        )


def kind_of(value: object) -> str:
    """Name the JSON type of a value in Chinese."""
    if value is None:
        return "空值 null"
    if isinstance(value, bool):
        return "布尔值"
    if isinstance(value, int | float):
        return "数字"
    if isinstance(value, str):
        return "文本"
    if isinstance(value, list):
        return "数组"
    return "对象"


def wrong_type(path: str, wanted: str, value: object) -> FieldProblem:
    """Build the problem "should be X but is Y"."""
    return FieldProblem(path, f"应为{wanted}，实际是{kind_of(value)}", f"把该字段改成{wanted}", "wrong_type")


def checked_text(value: object, path: str) -> str:
    """Return ``value`` if it is text that can be stored and shown.

    Raises:
        FieldProblem: not text, or text with NUL characters or lone surrogates.
    """
    if not isinstance(value, str):
        raise wrong_type(path, "文本", value)
    if "\x00" in value:
        raise FieldProblem(path, "文本里有 NUL 字符", "重新导出该记录，去掉 NUL 字符", "nul_character")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            why, remedy = "文本里有不成对的代理字符，无法存储", "重新导出该记录，不要在表情符号中间截断"
            raise FieldProblem(path, why, remedy, "lone_surrogate") from None
    return value


def checked_number(value: object, path: str, *, strings: bool = True) -> Decimal:
    """Return a finite number; decimal digits in a string count as a number if ``strings``.

    Raises:
        FieldProblem: not a number, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise wrong_type(path, "数字", value)
    if isinstance(value, str):
        digits = value.strip()
        if not strings or len(digits) > 40 or not _NUMBER.fullmatch(digits):
            raise wrong_type(path, "数字", value)
        number = Decimal(digits)
        # "1e999999" is well-formed but would make later integer arithmetic explode.
        if number and number.adjusted() > 30:
            raise FieldProblem(path, "数字大得不合理", "检查该字段的值", "bad_value")
        return number
    if isinstance(value, float) and not math.isfinite(value):
        raise FieldProblem(path, "数字不是有限值（NaN 或无穷大）", "改成普通数字", "bad_value")
    if isinstance(value, int) and abs(value) > _LONGEST_INTEGER:
        raise FieldProblem(path, "数字大得不合理", "检查该字段的值", "bad_value")
    return Decimal(str(value))


def checked_ms(value: object, path: str, unit: TimeUnit = "ms") -> int:
    """Return a time in whole milliseconds, rounded half up.

    Raises:
        FieldProblem: not a number, negative, or too large to be an offset within a call.
    """
    milliseconds = checked_number(value, path) * _MS_PER_UNIT[unit]
    if milliseconds < 0:
        raise FieldProblem(path, "时间为负数", "时间应从通话开始算起，不小于 0", "bad_time")
    if milliseconds > _LONGEST_MS:
        raise FieldProblem(path, "时间大得不合理", "检查时间单位；时间应为通话内的偏移", "bad_time")
    return int(milliseconds.quantize(Decimal(1), rounding=ROUND_HALF_UP))


class FieldReader:
    """One JSON object and the path that led to it; every getter raises ``FieldProblem``.

    ``optional_*`` return None when the key is absent **or null**; all others demand a value.
    """

    __slots__ = ("path", "value")

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            raise wrong_type(path, "对象", value)
        self.value: dict[str, object] = value
        self.path = path

    def path_of(self, key: str) -> str:
        """Return the dotted path of ``key`` within the document."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Tell whether the key is present with a value other than null."""
        return self.value.get(key) is not None

    def required(self, key: str) -> object:
        """Return whatever stands under ``key``; present and not null."""
        value = self.value.get(key)
        if value is None:
            why = "字段为空值 null" if key in self.value else "缺少该字段"
            raise FieldProblem(self.path_of(key), why, "补上该字段", "missing_field")
        return value

    def text(self, key: str) -> str:
        """Return required text, unchanged (may be "")."""
        return checked_text(self.required(key), self.path_of(key))

    def optional_text(self, key: str) -> str | None:
        """Return text, or None."""
        value = self.value.get(key)
        return None if value is None else checked_text(value, self.path_of(key))

    def optional_label(self, key: str) -> str | None:
        """Return text or a whole number as text (ids, speaker and channel labels), or None."""
        value = self.value.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return str(int(checked_number(value, self.path_of(key))))
        return checked_text(value, self.path_of(key))

    def label(self, key: str) -> str:
        """Return required text or a whole number as text."""
        self.required(key)
        return self.optional_label(key) or ""

    def integer_ms(self, key: str, unit: TimeUnit = "ms") -> int:
        """Return a required time in ms; ``unit`` is the unit it is written in (strings allowed)."""
        return checked_ms(self.required(key), self.path_of(key), unit)

    def optional_ms(self, key: str, unit: TimeUnit = "ms") -> int | None:
        """Return a time in ms, or None."""
        value = self.value.get(key)
        return None if value is None else checked_ms(value, self.path_of(key), unit)

    def number(self, key: str) -> float:
        """Return a required finite number (digits in a string allowed)."""
        return float(checked_number(self.required(key), self.path_of(key)))

    def optional_number(self, key: str) -> float | None:
        """Return a finite number, or None."""
        value = self.value.get(key)
        return None if value is None else float(checked_number(value, self.path_of(key)))

    def optional_integer(self, key: str) -> int | None:
        """Return a whole number (digits in a string allowed), or None."""
        value = self.value.get(key)
        if value is None:
            return None
        number = checked_number(value, self.path_of(key))
        if number != number.to_integral_value():
            raise wrong_type(self.path_of(key), "整数", value)
        return int(number)

    def array(self, key: str) -> list[object]:
        """Return a required array."""
        value = self.required(key)
        if not isinstance(value, list):
            raise wrong_type(self.path_of(key), "数组", value)
        return value

    def optional_array(self, key: str) -> list[object]:
        """Return an array, [] when absent or null."""
        return self.array(key) if self.has(key) else []

    def objects(self, key: str) -> list[FieldReader]:
        """Return a required array of objects, each with its own path."""
        path = self.path_of(key)
        return [FieldReader(item, f"{path}[{i}]") for i, item in enumerate(self.array(key))]

    def optional_objects(self, key: str) -> list[FieldReader]:
        """Return an array of objects, [] when absent or null."""
        return self.objects(key) if self.has(key) else []

    def object(self, key: str) -> FieldReader:
        """Return a required nested object."""
        return FieldReader(self.required(key), self.path_of(key))

    def optional_object(self, key: str) -> FieldReader | None:
        """Return a nested object, or None."""
        return self.object(key) if self.has(key) else None
