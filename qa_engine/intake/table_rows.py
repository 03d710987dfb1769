"""Rows out of CSV text and out of Excel workbooks, every cell as text."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

import python_calamine

from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.lines import Line, checked_line
from qa_engine.intake.row_groups import Row

# A workbook cannot be streamed: all of it stands in memory unpacked.
UNPACKED_BYTES = 2 * 1024**3


def csv_rows(lines: Iterator[Line], delimiter: str, codec: str, max_bytes: int) -> Iterator[Row]:
    """Yield every row of a CSV text, blank ones left out; a bad row carries its problem."""
    problems: list[FieldProblem] = []

    def texts() -> Iterator[str]:
        for line in lines:
            try:
                yield checked_line(line, codec, max_bytes) + "\n"
            except FieldProblem as problem:
                problems.append(problem)
                # The row is refused, but its readable cells still tell which call it belongs to.
                yield line.data.decode("utf-8", "replace").replace("\x00", "") + "\n"

    reader = csv.reader(texts(), delimiter=delimiter, strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            problems.clear()
            last = max(first, reader.line_num)
            where = f"第 {first} 行" if last == first else f"第 {first} 到 {last} 行"
            why = f"{where}的引号不配对或单元格过长，无法分列"
            problem = FieldProblem("", why, "单元格里的引号要成对，或重新导出", "bad_csv")
            yield Row(first, [], problem, loses_rows=True)
            continue
        problem_of_row = problems[0] if problems else None
        problems.clear()
        if problem_of_row is not None and not any(cell.strip() for cell in cells):
            yield Row(first, [], problem_of_row, loses_rows=True)
        elif any(cell.strip() for cell in cells):
            yield Row(first, cells, problem_of_row)


def sheet_rows(data: bytes) -> Iterator[tuple[str, Iterator[Row]]]:
    """Yield (sheet name, rows) of an Excel workbook; row numbers are those Excel shows.

    Raises:
        FieldProblem: not a workbook, damaged, protected by a password, or of a monstrous size unpacked.
    """
    _refuse_bomb(data)
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            top = sheet.start[0] if sheet.start else 0
            rows = sheet.to_python(skip_empty_area=True)
            yield name, _text_rows(rows, top)
    except python_calamine.PasswordError:
        raise FieldProblem("", "工作簿有密码", "去掉密码后重新保存", "password") from None
    except (python_calamine.CalamineError, OSError, ValueError, KeyError):
        why = "不是可读的 Excel 工作簿，或文件已损坏"
        raise FieldProblem("", why, "用 Excel 打开后另存为 XLSX，或导出 CSV", "bad_workbook") from None


def _refuse_bomb(data: bytes) -> None:
    """Refuse a workbook that says itself that it unpacks to more than memory should hold."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            unpacked = sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        # The old XLS, or damaged: whoever reads it tells.
        return
    if unpacked > UNPACKED_BYTES:
        why = f"工作簿解压后有 {unpacked:,} 字节，超过上限 {UNPACKED_BYTES:,}，未读入"
        raise FieldProblem("", why, "拆分工作簿，或导出为 CSV（可流式读取）", "too_long")


def _text_rows(rows: Sequence[Sequence[object]], top: int) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=top + 1):
        texts = [cell_text(cell) for cell in cells]
        if any(text.strip() for text in texts):
            yield Row(number, texts)


def cell_text(cell: object) -> str:
    """Write a workbook cell as the text a person would see (numbers without a spurious ``.0``)."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = cell.total_seconds()
        return f"{int(seconds // 3600)}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}"
    return str(cell)
