"""CSV: one row a call, criteria as columns. Opens in a spreadsheet without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import BinaryIO

from qa_engine.batch.flat import CALL_HEADERS, Cell, call_row, criterion_cells, criterion_headers
from qa_engine.batch.record import Failure, Scored
from qa_engine.batch.telling import Telling

# Spreadsheets take a cell that begins like this for a formula; an apostrophe makes it text.
# Where Chinese is written, the wide forms of these signs begin one as well.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def inert(cell: Cell) -> Cell:
    """Disarm a text that a spreadsheet would run; numbers stay numbers."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


class CsvExport:
    """UTF-8 with a byte order mark, without which Excel shows Chinese as noise."""

    def __init__(self, file: BinaryIO, telling: Telling | None = None) -> None:
        self._telling = telling or Telling()
        self.remarks: list[str] = []
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._begun = False

    def add(self, report: Scored) -> None:
        """Append one row (and the headers before the first)."""
        fields = self._telling.for_people(report)
        if not self._begun:
            self._begun = True
            self._writer.writerow(inert(name) for name in (*CALL_HEADERS, *criterion_headers(fields)))
        self._writer.writerow(inert(cell) for cell in (*call_row(fields), *criterion_cells(fields)))

    def finish(self, _failures: Iterable[Failure], /) -> None:
        """Flush; a run without any report still gets its headers."""
        if not self._begun:
            self._writer.writerow(CALL_HEADERS)
        self._text.flush()
        self._text.detach()
