"""A record under inspection: every value is checked, and an error says where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from training.labelled import CorpusError

_ALIKE = 0.88  # of a misspelt name and the one that was meant, 0–1
_KINDS = {str: "文字", list: "列表", dict: "JSON 对象", bool: "true 或 false"}


class Fields:
    """One JSON object of a file.

    Methods whose name starts with ``given`` return None for a field that is absent: not labelled. A
    field that is there must be right.

    Args:
        file: named in errors.
        line: 1-based, named in errors.
        value: the parsed JSON.
        prefix: path of this object within the record, with its final dot; "" for the record itself.

    Raises:
        CorpusError: by the constructor when ``value`` is no object, by methods when a value is wrong.
    """

    def __init__(self, file: str, line: int, value: Any, prefix: str = "") -> None:
        self._file, self._line, self._prefix = file, line, prefix
        if not isinstance(value, dict):
            raise CorpusError(file, line, prefix.removesuffix("."), "应为一个 JSON 对象")
        self._value: Mapping[str, Any] = value

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def error(self, field: str, why: str) -> CorpusError:
        """An error about a field of this object."""
        return CorpusError(self._file, self._line, f"{self._prefix}{field}", why)

    def refuse_misspelt(self, known: Collection[str]) -> None:
        """Other fields are nobody's business here, but one that is nearly a known one is a slip."""
        for key in self._value:
            meant = [] if key in known else get_close_matches(key, known, 1, _ALIKE)
            if meant:
                raise self.error(key, f"不认识该字段，是不是 {meant[0]}")

    def inner(self, value: Any, path: str) -> Fields:
        """An object inside this one."""
        return Fields(self._file, self._line, value, f"{self._prefix}{path}.")

    def typed(self, key: str, kind: type) -> Any:
        """A field that must be there and of this type."""
        if key not in self._value:
            raise self.error(key, "缺少该字段")
        value = self._value[key]
        if not isinstance(value, kind):
            raise self.error(key, f"应为{_KINDS[kind]}")
        return value

    def given(self, key: str, kind: type) -> Any:
        """A label of this type, or None."""
        return self.typed(key, kind) if key in self._value else None

    def text(self, key: str) -> str:
        """A text that is not empty."""
        text: str = self.typed(key, str)
        if not text:
            raise self.error(key, "不能为空")
        return text

    def choice(self, key: str, allowed: Sequence[Any]) -> Any:
        """One of a few values."""
        if key not in self._value:
            raise self.error(key, "缺少该字段")
        return self.one_of(self._value[key], key, allowed)

    def given_choice(self, key: str, allowed: Sequence[Any]) -> Any:
        """One of a few values, or None."""
        return self.choice(key, allowed) if key in self._value else None

    def one_of(self, value: Any, field: str, allowed: Sequence[Any]) -> Any:
        """Check a value that stands at ``field``."""
        if isinstance(value, (bool, float)) or value not in allowed:
            raise self.error(field, f"应为 {'、'.join(str(item) for item in allowed)} 之一")
        return value

    def given_keys(self, key: str, known: Collection[str], least: int = 0) -> tuple[str, ...] | None:
        """A list of known labels without repetitions, or None."""
        values = self.given(key, list)
        if values is None:
            return None
        if len(values) < least:
            raise self.error(key, f"至少要有 {least} 个")
        for i, value in enumerate(values):
            if not isinstance(value, str) or value not in known:
                raise self.error(f"{key}[{i}]", "不是已知的标签")
        return tuple(dict.fromkeys(values))
