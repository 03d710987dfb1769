"""One line of a run: a scored conversation, or why there is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from qa_engine.domain.errors import IntakeError


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record has no report; holds no customer text.

    ``code`` is an intake code, ``worker_died`` or ``inspection_crashed``; ``line`` is 1-based,
    ``record`` 0-based; ``why`` and ``remedy`` are Chinese sentences without a full stop.
    """

    code: str
    why: str
    remedy: str
    file: str
    line: int | None = None
    record: int | None = None
    field: str = ""
    transcript_id: str | None = None

    @classmethod
    def of_intake(cls, error: IntakeError) -> Failure:
        """Keep an unreadable record."""
        return cls(error.code, error.why, error.remedy, error.file, error.line, error.record, error.field)

    @classmethod
    def from_json(cls, text: bytes) -> Failure:
        """Read back what ``to_json`` wrote."""
        return cls(**orjson.loads(text))

    def to_json(self) -> bytes:
        """One JSON object, UTF-8, without a line break."""
        return orjson.dumps(asdict(self))

    @property
    def place(self) -> str:
        """Where the record stands, for people."""
        where = self.file
        if self.line is not None:
            where += f" 第 {self.line} 行"
        elif self.record is not None:
            where += f" 第 {self.record + 1} 条"
        if self.field:
            where += f" 字段 {self.field}"
        return where


@dataclass(frozen=True, slots=True)
class Scored:
    """A report as JSON (schema inspection-report/1, UTF-8, one line without the line break)."""

    seq: int
    transcript_id: str
    report: bytes

    def fields(self) -> dict[str, Any]:
        """The report as plain JSON values."""
        fields: dict[str, Any] = orjson.loads(self.report)
        return fields


@dataclass(frozen=True, slots=True)
class Failed:
    """A record without a report."""

    seq: int
    failure: Failure


Record = Scored | Failed
