"""Every id once in a run: exact, in constant memory, telling both places of a clash."""

from __future__ import annotations

import sqlite3
from types import TracebackType

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Transcript

_LONGEST_ID = 512


class SeenIds:
    """All ids read so far, on disk once they are many. Ids are compared whole, never by hash."""

    def __init__(self) -> None:
        # An empty name is SQLite's private temporary database: on disk when large, gone when closed.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE seen (id TEXT PRIMARY KEY, file TEXT, line INTEGER, record INTEGER) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def __enter__(self) -> SeenIds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def clash(self, transcript: Transcript, origin: Origin) -> IntakeError | None:
        """Remember an id; return an error when the run has seen it before or it is unusable."""
        if len(transcript.id) > _LONGEST_ID:
            why = f"会话号超过 {_LONGEST_ID} 个字符"
            return _error(origin, why, "检查会话号字段是否取错", "bad_value")
        # File names may hold bytes that are no text; SQLite would refuse them.
        file = origin.file.encode("utf-8", "backslashreplace").decode("utf-8")
        row = (transcript.id, file, origin.line, origin.record)
        if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", row).rowcount:
            return None
        found = self._db.execute(
            "SELECT file, line, record FROM seen WHERE id = ?", (transcript.id,)
        ).fetchone()
        file, line, record = found
        where = f"{file} 第 {line} 行" if line is not None else f"{file} 第 {record + 1} 条记录"
        why = f"会话号与 {where} 重复，这一条未采用"
        return _error(origin, why, "去掉重复的记录，或给出不同的会话号", "duplicate_id")


def _error(origin: Origin, why: str, remedy: str, code: str) -> IntakeError:
    return IntakeError(origin.file, why, remedy, code, line=origin.line, record=origin.record, field="id")


def derived_id(origin: Origin) -> str:
    """Name a call that came without an id by its place; the same input gives the same id."""
    return f"{origin.file}#{origin.record + 1}"
