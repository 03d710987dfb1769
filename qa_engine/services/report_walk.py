"""Finding one page among millions of reports, whatever the filters, within a bounded time.

The walk goes along whatever is rarest among what was asked for (a few agents, a batch, a range of scores, a
mark), newest call first, and looks the rest up. Where nothing is rare it goes along time and looks at the
facts that stand in the index itself. A filter that hardly anything passes could make such a walk very long:
it ends after so many reports with what it found and the place where the next page goes on. So a page may hold
fewer reports than asked for, even none, and still name a next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, tuple_
from sqlalchemy.orm import aliased

from qa_engine.services.report_filters import ReportFilters, conditions, references
from qa_engine.services.visibility import one_of
from qa_engine.services.work import Work
from qa_engine.store.columns import Instant
from qa_engine.store.tables import ReportMark, ReportRow
from qa_engine.store.tables.reports import FACTS

# Whatever has fewer reports is rare: they are all looked at.
RARE = 2_000
# How many a walk looks at before it ends its page: by the index alone, or looking each one up.
FAR = 100_000
NEAR = 10_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a report stands in the order of lists."""

    happened_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class _Walk:
    """A walk: the reports it finds in order; ``steps`` = all it may pass, None when these are few."""

    found: Select[int, datetime]
    steps: Select[int, datetime] | None = None
    length: int = 0


def walk(
    work: Work, filters: ReportFilters, after: Place | None, limit: int
) -> tuple[list[Place], Place | None]:
    """The places of a page, and behind which the next one begins (None = there is none).

    Raises:
        Invalid: a filter names what does not exist.
    """
    way = _way(work, filters, after)
    found = [Place(row[1], row[0]) for row in work.session.execute(way.found.limit(limit + 1))]
    if len(found) > limit:
        return found[:limit], found[limit - 1]
    if way.steps is None:
        return found, None
    end = work.session.execute(way.steps.offset(way.length - 1).limit(1)).first()
    if end is None:
        return found, None
    last = Place(end[1], end[0])
    # What came in meanwhile may have moved the end: nothing behind it is shown, for it comes again.
    return [place for place in found if (place.happened_at, place.id) >= (last.happened_at, last.id)], last


def _way(work: Work, filters: ReportFilters, after: Place | None) -> _Walk:
    ranges = _ranges(work, filters)
    one_agent = len(_agents(work, filters)) == 1
    if not ranges and not one_agent and len(filters.marks) == 1:
        return _along_mark(work, filters, after, list(filters.marks))
    few = min(
        ((_count(work, select(ReportRow.id).where(one)), one) for one in ranges), key=_first, default=None
    )
    marks = sorted((_count_mark(work, name, filters), name) for name in filters.marks)
    if few is not None and few[0] < min(RARE, marks[0][0] if marks else RARE):
        return _along_few(work, filters, after, few[1])
    if marks and (marks[0][0] < RARE or not one_agent):
        return _along_mark(work, filters, after, [name for _, name in marks])
    return _along_time(work, filters, after)


def _first(pair: tuple[int, ColumnElement[bool]]) -> int:
    return pair[0]


def _agents(work: Work, filters: ReportFilters) -> tuple[str, ...]:
    return filters.agents if work.rows.agent_id is None else (work.rows.agent_id,)


def _ranges(work: Work, filters: ReportFilters) -> list[ColumnElement[bool]]:
    """Conditions with an index of their own, which is not in the order of time."""
    r = ReportRow
    found: list[ColumnElement[bool]] = []
    if len(agents := _agents(work, filters)) > 1:
        found.append(_within(one_of(r.agent_id, agents), filters))
    if filters.batch is not None:
        found.append(_within(r.batch_id == filters.batch, filters))
    if filters.transcript_id is not None:
        # The index of references knows current reports only.
        found.append(and_(r.current, r.external_ref.in_(references(work, filters.transcript_id))))
    if filters.emotion_index_below is not None:
        found.append(r.emotion_index < filters.emotion_index_below)
    low, high = filters.percent_from, filters.percent_to
    if low is not None or high is not None:
        found.append(r.final_percent.between(0.0 if low is None else low, 100.0 if high is None else high))
    return found


def _within(condition: ColumnElement[bool], filters: ReportFilters) -> ColumnElement[bool]:
    for time in _times(ReportRow.happened_at, filters):
        condition = condition & time
    return condition


def _times(column: Any, filters: ReportFilters) -> list[ColumnElement[bool]]:
    found = []
    if filters.since is not None:
        found.append(column >= filters.since)
    if filters.until is not None:
        found.append(column < filters.until)
    return found


def _behind(happened_at: Any, row_id: Any, after: Place | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    place = tuple_(literal(after.happened_at, Instant()), literal(after.id))
    # The time alone as well: SQLite does not seek by a pair.
    return [happened_at <= after.happened_at, tuple_(happened_at, row_id) < place]


def _count_mark(work: Work, name: str, filters: ReportFilters) -> int:
    m = ReportMark
    return _count(work, select(m.report_id).where(m.name == name, *_times(m.happened_at, filters)))


def _count(work: Work, wanted: Select[int]) -> int:
    counted = select(func.count()).select_from(wanted.limit(RARE).subquery())
    return work.session.scalar(counted) or 0


def _marked(names: list[str], happened_at: Any, report_id: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for name in names:
        m = aliased(ReportMark)
        at = (m.name == name, m.happened_at == happened_at, m.report_id == report_id)
        # No EXISTS: PostgreSQL would make a join of it and read all of a common mark.
        found.append(select(m.name).where(*at).scalar_subquery().is_not(None))
    return found


def _along_few(
    work: Work, filters: ReportFilters, after: Place | None, condition: ColumnElement[bool]
) -> _Walk:
    r = aliased(ReportRow)
    few = select(ReportRow.id).where(condition).limit(RARE).subquery()
    wheres = [
        *conditions(work, filters, r),
        *_marked(list(filters.marks), r.happened_at, r.id),
        *_behind(r.happened_at, r.id, after),
    ]
    found = select(r.id, r.happened_at).select_from(few).join(r, r.id == few.c.id).where(*wheres)
    return _Walk(found.order_by(r.happened_at.desc(), r.id.desc()))


def _along_mark(work: Work, filters: ReportFilters, after: Place | None, names: list[str]) -> _Walk:
    m, r = ReportMark, aliased(ReportRow)
    wheres = [m.name == names[0], *_times(m.happened_at, filters)]
    wheres += _behind(m.happened_at, m.report_id, after)
    steps = select(m.report_id.label("id"), m.happened_at).where(*wheres)
    steps = steps.order_by(m.happened_at.desc(), m.report_id.desc())
    passed = steps.limit(NEAR).subquery()
    found = select(passed.c.id, passed.c.happened_at).join(r, r.id == passed.c.id)
    # Of the walk's own columns: what lacks a further mark need not be looked up at all.
    found = found.where(*conditions(work, filters, r), *_marked(names[1:], passed.c.happened_at, passed.c.id))
    found = found.order_by(passed.c.happened_at.desc(), passed.c.id.desc())
    return _Walk(found, steps, NEAR)


def _along_time(work: Work, filters: ReportFilters, after: Place | None) -> _Walk:
    r = ReportRow
    wheres = [*_times(r.happened_at, filters), *_behind(r.happened_at, r.id, after)]
    # What an index begins with, so that the walk meets nothing else.
    teams = filters.teams or tuple(sorted(work.rows.teams or ()))
    agents = _agents(work, filters)
    length = NEAR if filters.marks else FAR
    columns = ["id", "happened_at", *FACTS]
    if filters.batch is not None:
        wheres.append(r.batch_id == filters.batch)
        columns.append("batch_id")
        length = NEAR
    elif len(agents) == 1:
        wheres.append(r.agent_id == agents[0])
        length = NEAR
    elif len(teams) == 1:
        wheres.append(r.team == teams[0])
    if filters.transcript_id is not None:
        columns.append("external_ref")
    steps = select(r.id, r.happened_at).where(*wheres).order_by(r.happened_at.desc(), r.id.desc())
    passed = steps.with_only_columns(*(getattr(r, name) for name in columns)).limit(length).subquery()
    p = aliased(ReportRow, passed)
    found = select(p.id, p.happened_at).where(
        *conditions(work, filters, p), *_marked(list(filters.marks), p.happened_at, p.id)
    )
    return _Walk(found.order_by(p.happened_at.desc(), p.id.desc()), steps, length)
