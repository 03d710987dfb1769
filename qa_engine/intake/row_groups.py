"""Rows of a turn table gathered by call in constant memory, whatever order the export left them in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from types import TracebackType

import orjson

from qa_engine.intake.fields import FieldProblem


@dataclass(frozen=True, slots=True)
class Row:
    """One table row; ``line`` is where it starts (1-based).

    ``problem``: this row cannot be used as it is. ``loses_rows``: nobody can tell which call was hit,
    so the calls before and behind are not complete either.
    """

    line: int
    cells: list[str]
    problem: FieldProblem | None = None
    loses_rows: bool = False


@dataclass(frozen=True, slots=True)
class RowGroup:
    """All rows of one call in file order. ``id`` is "" for a table without an id column."""

    id: str
    rows: list[Row] = field(default_factory=list)
    scattered: bool = False
    filled_down: bool = False


class RowStore:
    """A temporary on-disk table of rows, ordered by call (first seen first) and place in the file."""

    def __init__(self) -> None:
        # An empty name is SQLite's private temporary database: on disk when large, gone when closed.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute("CREATE TABLE calls (id TEXT PRIMARY KEY, call INTEGER) WITHOUT ROWID")
        self._db.execute(
            "CREATE TABLE rows (call INTEGER, line INTEGER, cells BLOB, why TEXT, remedy TEXT, code TEXT,"
            " jump INTEGER, filled INTEGER, PRIMARY KEY (call, line)) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")
        self._last_id: str | None = None
        self._call = -1
        self._calls = 0

    def __enter__(self) -> RowStore:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.close()

    def add(self, call_id: str, row: Row, *, filled_down: bool = False) -> None:
        """Put a row with its call."""
        jump = 0
        if call_id != self._last_id:
            found = self._db.execute("SELECT call FROM calls WHERE id = ?", (call_id,)).fetchone()
            if found is None:
                self._call = self._calls
                self._calls += 1
                self._db.execute("INSERT INTO calls VALUES (?, ?)", (call_id, self._call))
            else:
                self._call = found[0]
                jump = 1
            self._last_id = call_id
        problem = row.problem
        reason = (problem.why, problem.remedy, problem.code) if problem else (None, None, None)
        values = (self._call, row.line, orjson.dumps(row.cells), *reason, jump, int(filled_down))
        self._db.execute("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)

    def groups(self) -> Iterator[RowGroup]:
        """Yield every call with all of its rows."""
        found = self._db.execute(
            "SELECT calls.id, line, cells, why, remedy, code, jump, filled"
            " FROM rows JOIN calls USING (call) ORDER BY rows.call, rows.line"
        )
        for call_id, records in groupby(found, key=lambda record: record[0]):
            rows: list[Row] = []
            scattered = filled = False
            for _, line, cells, why, remedy, code, jump, filled_down in records:
                problem = FieldProblem("", why, remedy, code) if code else None
                rows.append(Row(line, orjson.loads(cells), problem))
                scattered = scattered or bool(jump)
                filled = filled or bool(filled_down)
            yield RowGroup(call_id, rows, scattered, filled)


def gather(rows: Iterable[Row], id_column: int | None) -> Iterator[RowGroup]:
    """Group rows by the cell in ``id_column``; a blank id continues the call above (merged cells)."""
    with RowStore() as store:
        current = ""
        hit = False
        for row in rows:
            if row.loses_rows:
                if current or id_column is None:
                    store.add(current, row)
                hit = True
                continue
            written = (
                row.cells[id_column].strip() if id_column is not None and id_column < len(row.cells) else ""
            )
            filled_down = not written and id_column is not None
            current = written or current
            if hit and row.problem is None:
                why, remedy = "前面有行读不出，这通会话可能不完整", "修复那几行后重读"
                row = Row(row.line, row.cells, FieldProblem("", why, remedy, "incomplete_call"))
            hit = False
            store.add(current, row, filled_down=filled_down)
        yield from store.groups()
