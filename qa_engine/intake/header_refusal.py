"""Why the first rows of a table are no header we can use, and what to do about it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence

from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.headers import columns_of, missing_columns
from qa_engine.intake.speakers import speaker_of

DOCUMENT = "docs/transcripts.zh-CN.md"
_DELIMITERS = (",", "\t", ";", "|")
_LINES_COMPARED = 5
# What may be shown of a cell that may turn out to be something a customer said: a short name, no numbers.
_HEADER_LIKE = re.compile(r"[A-Za-z_一-鿿][\w\s()（）/.\-]{0,15}")
_DIGITS = re.compile(r"\d{3}")
_SHOWN = 12


def looks_like_table(head: str) -> list[str] | None:
    """Return the cells of the first line when the lines of a text agree on two or more columns."""
    lines = [line for line in head.splitlines() if line.strip()][:_LINES_COMPARED]
    for delimiter in _DELIMITERS:
        try:
            rows = list(csv.reader(lines, delimiter=delimiter))
        except csv.Error:
            continue
        if len(rows) >= 2 and len(rows[0]) >= 2 and len({len(row) for row in rows}) == 1:
            return rows[0]
    return None


def no_header(rows: Sequence[Sequence[str] | str], named: Mapping[str, str]) -> FieldProblem:
    """Build the problem of a table without a usable header row.

    Args:
        rows: the first rows, as cells or as unsplit lines. Cells are told only if the row is a header
            (holds a header we know) and the cell looks like one: otherwise it may be somebody's words.
        named: the user's own mapping, our column name → their header.
    """
    candidates = [list(row) if not isinstance(row, str) else _cells(row) for row in rows] or [[]]
    best = max(candidates, key=lambda cells: len(_known(cells, named)))
    known = _known(best, named)
    if known:
        seen = [cell.strip() for cell in best if cell.strip()]
        shown = [cell for cell in seen if _HEADER_LIKE.fullmatch(cell) and not _DIGITS.search(cell)]
        more = f" 等 {len(seen)} 列" if len(seen) > len(shown[:_SHOWN]) else ""
        lacking = "，以及".join(missing_columns(columns_of(best, named)))
        why = f"表头里有 {'、'.join(shown[:_SHOWN])}{more}，缺少：{lacking}"
    else:
        why = f"像是表格，但第一行的 {len(best)} 列没有一列是认得的表头，可能没有表头行"
    written = {cell.strip() for cell in best}
    absent = [theirs for theirs in named.values() if theirs.strip() not in written]
    if absent:
        why += f"；--column 指定的表头{'、'.join(f'“{name}”' for name in absent)}在表里没有"
    remedy = (
        f"第一行写上表头（认得的写法见 {DOCUMENT}），"
        "或用 --column 你的表头=列 指明，例如 --column 对话明细=text"
    )
    return FieldProblem("", why, remedy, "no_header")


def no_sheet(name: str) -> FieldProblem:
    """Build the problem of a worksheet the user named and the workbook does not have."""
    return FieldProblem("", f"没有名为“{name}”的工作表", "检查工作表的名字", "no_header")


def _known(cells: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    columns = columns_of(cells, named)
    return {key: at for key, at in columns.items() if speaker_of(cells[at]) is None}


def _cells(line: str) -> list[str]:
    delimiter = max(_DELIMITERS, key=line.count)
    return line.split(delimiter)
