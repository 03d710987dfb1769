"""Excel workbook: 汇总, 质检项明细, 证据, 情绪下跌, 未判定项, 错误; written row by row in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import xlsxwriter

from qa_engine.batch.flat import (
    CALL_HEADERS,
    CRITERION_HEADERS,
    DROP_HEADERS,
    EVIDENCE_HEADERS,
    FAILURE_HEADERS,
    MISSING_HEADERS,
    Cell,
    call_row,
    criterion_rows,
    drop_rows,
    evidence_rows,
    missing_rows,
)
from qa_engine.batch.labels import code_name
from qa_engine.batch.record import Failure, Scored
from qa_engine.batch.telling import Telling

MAX_ROWS = 1_048_576
_MAX_CHARS = 32_767
_CUT = "…（超出单元格上限，全文见 JSONL 结果）"


class _Sheet:
    """One kind of rows; goes on in a further worksheet when one is full."""

    def __init__(self, book: XlsxExport, name: str, headers: Sequence[str]) -> None:
        self._book = book
        self._name = name
        self._headers = headers
        self._part = 0
        self._begin()

    def _begin(self) -> None:
        self._part += 1
        name = self._name if self._part == 1 else f"{self._name}({self._part})"
        self._sheet = self._book.workbook.add_worksheet(name)
        self._sheet.freeze_panes(1, 1)
        self._sheet.set_column(0, len(self._headers) - 1, 14)
        self._sheet.write_row(0, 0, self._headers, self._book.header_style)
        self._next = 1

    def add(self, row: Sequence[Cell]) -> None:
        if self._next == self._book.max_rows:
            self._begin()
            limit, further = self._book.max_rows, f"{self._name}({self._part})"
            self._book.remarks.append(
                f"工作表“{self._name}”超过 {limit:,} 行，其余的行接着写在“{further}”，没有丢行。"
            )
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                # Always a string cell: never a formula, a link or a number.
                self._sheet.write_string(self._next, column, self._book.fitting(cell))
            elif cell is not None:
                self._sheet.write_number(self._next, column, cell)
        self._next += 1


class XlsxExport:
    """A workbook with one worksheet a kind of rows.

    ``folder``: where rows wait until the workbook is closed; the caller removes it. None = the system's own.
    """

    def __init__(
        self,
        file: BinaryIO,
        max_rows: int = MAX_ROWS,
        telling: Telling | None = None,
        folder: str | None = None,
    ) -> None:
        self._telling = telling or Telling()
        self.remarks: list[str] = []
        self.max_rows = max_rows
        self.workbook = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder})
        self.header_style = self.workbook.add_format({"bold": True, "bottom": 1})
        self._cut_cells = 0
        self._calls = _Sheet(self, "汇总", CALL_HEADERS)
        self._criteria = _Sheet(self, "质检项明细", CRITERION_HEADERS)
        self._evidence = _Sheet(self, "证据", EVIDENCE_HEADERS)
        self._drops = _Sheet(self, "情绪下跌", DROP_HEADERS)
        self._missing = _Sheet(self, "未判定项", MISSING_HEADERS)
        self._failures = _Sheet(self, "错误", FAILURE_HEADERS)

    def fitting(self, text: str) -> str:
        """Cut a text that Excel would refuse, visibly."""
        if len(text) <= _MAX_CHARS:
            return text
        self._cut_cells += 1
        return text[: _MAX_CHARS - len(_CUT)] + _CUT

    def add(self, report: Scored) -> None:
        """Append one call to all sheets."""
        fields = self._telling.for_people(report)
        self._calls.add(call_row(fields))
        for sheet, rows in (
            (self._criteria, criterion_rows),
            (self._evidence, evidence_rows),
            (self._drops, drop_rows),
            (self._missing, missing_rows),
        ):
            for row in rows(fields):
                sheet.add(row)

    def finish(self, failures: Iterable[Failure], /) -> None:
        """Write the errors and close the workbook."""
        for failure in failures:
            self._failures.add(
                (code_name(failure.code), failure.place, failure.transcript_id, failure.why, failure.remedy)
            )
        if self._cut_cells:
            self.remarks.append(
                f"有 {self._cut_cells} 个单元格超过 Excel 的字数上限，已截断并注明；全文请导出 JSONL。"
            )
        self.workbook.close()
