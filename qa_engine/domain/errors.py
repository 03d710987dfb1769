"""Everything that can go wrong, as small named classes.

Messages are full sentences in Simplified Chinese because people read them in the console
and in run summaries. None of them may quote a transcript: error texts end up in logs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


class QAEngineError(Exception):
    """Base of every error this engine raises on purpose; ``str(error)`` is a Chinese sentence."""


class _FieldsError(QAEngineError):
    """An error made of dataclass fields. It crosses process borders, so it must pickle by them."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {f.name: getattr(self, f.name) for f in fields(self)})  # type: ignore[arg-type]


def _rebuild(kind: type[_FieldsError], values: dict[str, Any]) -> _FieldsError:
    return kind(**values)


# Not frozen: Python itself writes ``__traceback__`` on an error that is raised.
@dataclass(unsafe_hash=True)
class IntakeError(_FieldsError):
    """One input record (or one whole file) that could not be read.

    It is both raised by parsers and kept as a value in the run summary, so that good
    records beside a bad one are still scored.

    Attributes:
        file: path or ``<stdin>``, as the user named it.
        line: 1-based line (JSONL, CSV, text) or None when the format has no lines.
        record: 0-based index of the record within the file, None when unknown.
        field: dotted path of the offending field, e.g. ``turns[3].text``; "" when none.
        why: what is wrong, a Chinese sentence without a full stop, without customer text.
        remedy: what to do about it, a Chinese sentence without a full stop.
        code: stable machine-readable kind, e.g. ``bad_json``, ``wrong_type``, ``duplicate_id``.
    """

    file: str
    why: str
    remedy: str
    code: str
    line: int | None = None
    record: int | None = None
    field: str = ""

    def __str__(self) -> str:
        where = self.file
        if self.line is not None:
            where += f" 第 {self.line} 行"
        elif self.record is not None:
            where += f" 第 {self.record + 1} 条记录"
        if self.field:
            where += f" 字段 {self.field}"
        return f"{where}：{self.why}。处理办法：{self.remedy}。"


@dataclass(unsafe_hash=True)
class ConfigError(_FieldsError):
    """A scorecard, rule, lexicon or option that cannot be used as written.

    Attributes:
        file: path of the configuration file, or the built-in key.
        line: 1-based line of the offending key, None when unknown.
        key: dotted path of the offending key, e.g. ``sections[0].criteria[2].points``.
        why, remedy: Chinese sentences without a full stop.
    """

    file: str
    why: str
    remedy: str
    line: int | None = None
    key: str = ""

    def __str__(self) -> str:
        where = self.file
        if self.line is not None:
            where += f" 第 {self.line} 行"
        if self.key:
            where += f" 键 {self.key}"
        return f"{where}：{self.why}。处理办法：{self.remedy}。"


class ConfigErrors(QAEngineError):
    """Several configuration errors found in one reading; ``errors`` keeps them in file order."""

    def __init__(self, errors: tuple[ConfigError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


class ModelUnavailable(QAEngineError):
    """A learned model cannot be loaded or used; the report then says so."""


class ReportFormatError(QAEngineError):
    """A stored report does not follow any schema this version can read."""
