"""Reports in bulk: a part at a time, each part naming where the next begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.services.report_filters import ReportFilters
from qa_engine.services.report_reading import read_whole
from qa_engine.services.reports import ReportLine, cursor_at, lines_of, report_ids
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow

MAX_PART = 10_000
# Reports put together in one transaction: long exports must hold neither memory nor an old view for long.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class ExportPart:
    """What one request exports: which reports, and where the next part begins (None = this was the last)."""

    ids: tuple[int, ...]
    next_cursor: str | None

    def chunks(self) -> Iterator[tuple[int, ...]]:
        """The ids in runs that are read in one transaction each."""
        for start in range(0, len(self.ids), CHUNK):
            yield self.ids[start : start + CHUNK]


@dataclass(frozen=True, slots=True)
class Exported:
    """One exported report; ``cursor`` continues behind it."""

    line: ReportLine
    report: dict[str, Any]
    cursor: str


def plan_part(
    work: Work, filters: ReportFilters, after: str | None, limit: int, *, raw: bool, form: str
) -> ExportPart:
    """Decide what one part of an export holds, and audit it.

    Args:
        work: a writing unit of work.
        filters: which reports.
        after: cursor of the part before; None = from the beginning.
        limit: at most so many reports (up to ``MAX_PART``).
        raw: with the original text.
        form: the format, for the audit.

    Raises:
        Forbidden: the caller may not export, or not the original text.
        Invalid: the cursor is none of ours, or a filter names what does not exist.
    """
    work.require(Permission.EXPORT)
    if raw:
        work.require(Permission.READ_RAW)
    ids, next_cursor = report_ids(work, filters, after, min(limit, MAX_PART))
    work.audit(
        "report.exported", "reports", format=form, raw=raw, reports=len(ids), filtered_by=filters.given
    )
    return ExportPart(tuple(ids), next_cursor)


def read_chunk(work: Work, ids: Sequence[int], *, raw: bool) -> list[Exported]:
    """The reports of one chunk in order; what was superseded since is still told, what is gone is not.

    Raises:
        Forbidden: the caller may not export, or not the original text.
    """
    work.require(Permission.EXPORT)
    r = ReportRow
    scope = visible(work.rows, r.business_line, r.team, r.agent_id)
    rows = {row.id: row for row in work.session.scalars(select(r).where(r.id.in_(ids), *scope))}
    known = [rows[i] for i in ids if i in rows]
    lines = {line.id: line for line in lines_of(work, [row.id for row in known])}
    return [
        Exported(lines[whole.row.id], dict(whole.report), cursor_at(whole.row.happened_at, whole.row.id))
        for whole in read_whole(work, known, raw=raw)
    ]
