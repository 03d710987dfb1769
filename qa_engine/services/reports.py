"""质检报告 in lists: newest call first, page by page, fast among millions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from qa_engine.domain.access import Permission
from qa_engine.services.blindness import reports_judged_blind
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.report_filters import ReportFilters
from qa_engine.services.report_walk import Place, walk
from qa_engine.services.work import Work
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.tables import ReportRow, TranscriptRow

_R = ReportRow
_COLUMNS = (
    _R.id, _R.transcript_id, _R.happened_at, _R.recorded_at, _R.business_line, _R.channel, _R.agent_id,
    _R.team, _R.skill_group, _R.batch_id, _R.current, _R.scorecard_key, _R.scorecard_revision, _R.model,
    _R.percent, _R.upper_percent, _R.passed, _R.critical_failure, _R.coverage, _R.attitude_level,
    _R.resolution, _R.expected_satisfaction, _R.is_complaint, _R.emotion_index, _R.drops, _R.open_drops,
    _R.needs_review, _R.priority, _R.handle_ms, _R.silence_ms, _R.response_ms, _R.responses,
    _R.final_percent, _R.final_passed, _R.review_state,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One report in a list: see ``ReportRow`` for the columns.

    Attributes:
        external_id: the call's id in the customer's system, masked.
        agent_name: None without the permission to read names.
    """

    id: int
    transcript_id: int
    happened_at: datetime
    recorded_at: datetime
    business_line: str
    channel: str
    agent_id: str | None
    team: str | None
    skill_group: str | None
    batch_id: str | None
    current: bool
    scorecard_key: str
    scorecard_revision: int
    model: str | None
    percent: float
    upper_percent: float
    passed: bool | None
    critical_failure: bool
    coverage: float
    attitude_level: int | None
    resolution: str | None
    expected_satisfaction: float | None
    is_complaint: bool | None
    emotion_index: float | None
    drops: int
    open_drops: int
    needs_review: bool | None
    priority: float | None
    handle_ms: int | None
    silence_ms: int | None
    response_ms: int | None
    responses: int | None
    final_percent: float
    final_passed: bool | None
    review_state: str
    external_id: str
    agent_name: str | None


def list_reports(
    work: Work, filters: ReportFilters, after: str | None = None, limit: int = 50
) -> Page[ReportLine]:
    """One page of the visible current reports, newest call first.

    A page may hold fewer than ``limit``, even none, and still name a next one (``services/report_walk.py``).

    Raises:
        Forbidden: the caller may not read calls.
        Invalid: the cursor is none of ours, or a filter names what does not exist.
    """
    ids, next_cursor = report_ids(work, filters, after, limit)
    return Page(tuple(lines_of(work, ids)), next_cursor)


def report_ids(
    work: Work, filters: ReportFilters, after: str | None, limit: int
) -> tuple[list[int], str | None]:
    """The ids of a page, and where the next begins (None = this was the last).

    Calls the caller judges blind at present are left out.

    Raises:
        Forbidden, Invalid: as ``list_reports``.
    """
    work.require(Permission.READ_CALLS)
    place = None
    if after:
        ms, row_id = decode_cursor(after, (int, int))
        place = Place(_moment(int(ms)), int(row_id))
    found, end = walk(work, filters, place, limit)
    blind = reports_judged_blind(work)
    ids = [one.id for one in found if one.id not in blind]
    return ids, None if end is None else cursor_at(end.happened_at, end.id)


def cursor_at(happened_at: datetime, report_id: int) -> str:
    """The cursor of what follows a report."""
    return encode_cursor(to_ms(happened_at), report_id)


def lines_of(work: Work, ids: Sequence[int]) -> list[ReportLine]:
    """The lines of reports in this order; ids that are gone are left out."""
    r, t = ReportRow, TranscriptRow
    wanted = select(*_COLUMNS, t.external_id, t.agent_name).join(t, t.id == r.transcript_id)
    rows = {row.id: row for row in work.session.execute(wanted.where(r.id.in_(ids)))}
    names = work.principal.may(Permission.READ_NAMES)
    return [_line(rows[i], names=names) for i in ids if i in rows]


def _line(row: Row[*tuple[Any, ...]], *, names: bool) -> ReportLine:
    values = row._asdict()
    if not names:
        values["agent_name"] = None
    return ReportLine(**values)


def _moment(ms: int) -> datetime:
    # A cursor may have been tampered with; no date lies beyond these.
    return from_ms(min(max(ms, 0), 253_402_300_799_999))
