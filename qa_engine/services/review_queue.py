"""The queue of reviews, most urgent first, and the one to be handed out next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from qa_engine.domain.access import Permission
from qa_engine.domain.errors import ReportFormatError
from qa_engine.domain.review import HELD, ReviewOrigin, ReviewState
from qa_engine.services.blindness import reports_judged_blind
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.people import Person, people
from qa_engine.services.review_rows import find_review, review_of, visible_reviews
from qa_engine.services.work import Work
from qa_engine.store.envelope import unpack_body
from qa_engine.store.tables import ReportMark, ReportRow, ReviewRow, SampleRow


class Concern(StrEnum):
    """Kinds of reasons for a look."""

    CRITICAL = "critical_failure"
    ATTITUDE = "attitude"
    EMOTION = "emotion_drop"
    COMPLAINT = "complaint"
    UNRESOLVED = "unresolved"
    UNJUDGED = "not_evaluated"


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """Which reviews; everything given must hold at once.

    Attributes:
        state: a lease that has run out counts as given back.
        mine: held by whoever asks.
        concerns: all of these reasons.
        marks: all of these facts, named as ``ReportMark`` names them (``failed:greeting``).
    """

    state: ReviewState | None = ReviewState.OPEN
    mine: bool = False
    origin: ReviewOrigin | None = None
    business_line: str | None = None
    team: str | None = None
    agent_id: str | None = None
    scorecard_key: str | None = None
    concerns: tuple[Concern, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """One review in a list, with what the report says.

    Attributes:
        state, claimed_by, lease_until: as of now: a lease that has run out is told as none.
        reasons: the machine's, in Chinese; turns in them count from 1.
    """

    id: int
    report_id: int
    transcript_id: int
    state: ReviewState
    origin: str
    priority: float
    claimed_by: Person | None
    mine: bool
    lease_until: datetime | None
    first_by: Person | None
    second_by: Person | None
    opened_at: datetime
    decided_at: datetime | None
    happened_at: datetime
    business_line: str
    team: str | None
    agent_id: str | None
    scorecard_key: str
    scorecard_revision: int
    percent: float
    passed: bool | None
    final_percent: float
    final_passed: bool | None
    reasons: tuple[str, ...]


_NEEDS: dict[Concern, ColumnElement[bool]] = {
    Concern.CRITICAL: ReportRow.critical_failure.is_(True),
    Concern.ATTITUDE: ReportRow.attitude_level <= 2,
    Concern.EMOTION: ReportRow.open_drops > 0,
    Concern.COMPLAINT: ReportRow.is_complaint.is_(True),
    Concern.UNRESOLVED: ReportRow.resolution == "unresolved",
    Concern.UNJUDGED: ReportRow.coverage < 1,
}
_LAPSED_OF = {ReviewState.OPEN: ReviewState.CLAIMED, ReviewState.SECOND_OPEN: ReviewState.SECOND_CLAIMED}


def list_reviews(
    work: Work, filters: QueueFilters, cursor: str | None = None, limit: int = 50
) -> Page[ReviewLine]:
    """One page of the visible reviews, most urgent first.

    What waits because of a report that was superseded since is left out: the newer one speaks for itself.

    Raises:
        Forbidden: the caller may not read reviews.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_REVIEWS)
    v = ReviewRow
    place = decode_cursor(cursor, (float, int)) if cursor else None
    wanted = queued(work, filters)
    found: list[ReviewRow] = []
    for part in parts(work, filters):
        rows = wanted.where(*part)
        if place is not None:
            rows = rows.where(tuple_(v.priority, v.id) < tuple_(literal(float(place[0])), literal(place[1])))
        found += work.session.scalars(rows.limit(limit + 1))
    found.sort(key=lambda row: (-row.priority, -row.id))
    shown = found[:limit]
    more = encode_cursor(shown[-1].priority, shown[-1].id) if len(found) > limit else None
    return Page(tuple(lines_of(work, shown)), more)


def queued(work: Work, filters: QueueFilters) -> Select[ReviewRow]:
    """The visible reviews of these filters but for their state, most urgent first.

    Calls the caller judges blind at present are left out.
    """
    v, r = ReviewRow, ReportRow
    wanted = visible_reviews(work).order_by(v.priority.desc(), v.id.desc())
    if blind := reports_judged_blind(work):
        wanted = wanted.where(v.report_id.not_in(blind))
    exact: tuple[tuple[Any, Any], ...] = (
        (v.origin, filters.origin),
        (v.business_line, filters.business_line),
        (v.team, filters.team),
        (v.agent_id, filters.agent_id),
    )
    wheres: list[ColumnElement[bool]] = [column == value for column, value in exact if value is not None]
    if filters.mine:
        wheres += [v.claimed_by == work.actor, v.lease_until > work.now]
    if filters.scorecard_key is not None or filters.concerns:
        wanted = wanted.join(r, r.id == v.report_id)
        wheres += [_NEEDS[concern] for concern in filters.concerns]
        if filters.scorecard_key is not None:
            wheres.append(r.scorecard_key == filters.scorecard_key)
    for name in filters.marks:
        marked = and_(
            ReportMark.name == name,
            ReportMark.happened_at == v.happened_at,
            ReportMark.report_id == v.report_id,
        )
        wheres.append(select(ReportMark.name).where(marked).exists())
    return wanted.where(*wheres)


def parts(work: Work, filters: QueueFilters) -> list[tuple[ColumnElement[bool], ...]]:
    """The conditions of the wanted state, one walk along an index each."""
    v, state = ReviewRow, filters.state
    if state is None:
        return [()]
    if state in HELD:
        return [(v.state == state.value, v.lease_until > work.now)]
    if state not in _LAPSED_OF:
        return [(v.state == state.value,)]
    report = aliased(ReportRow)
    current = select(report.id).where(report.id == v.report_id, report.current).exists()
    speaks = or_(v.origin != ReviewOrigin.FLAGGED.value, current, drawn())
    lapsed = or_(v.lease_until.is_(None), v.lease_until <= work.now)
    return [(v.state == state.value, speaks), (v.state == _LAPSED_OF[state].value, lapsed, speaks)]


def drawn() -> ColumnElement[bool]:
    """A sample holds the report: leaving it out because it was superseded would bias the sample."""
    return select(SampleRow.id).where(SampleRow.report_id == ReviewRow.report_id).exists()


def review_line(work: Work, review_id: int) -> ReviewLine:
    """One visible review.

    Raises:
        Forbidden: the caller may not read reviews.
        NotFound: there is none, or it is not for these eyes.
    """
    work.require(Permission.READ_REVIEWS)
    return lines_of(work, [find_review(work, review_id)])[0]


def lines_of(work: Work, rows: list[ReviewRow]) -> list[ReviewLine]:
    """The lines of reviews, in this order."""
    ids = {row.report_id for row in rows}
    reports = {row.id: row for row in work.session.scalars(select(ReportRow).where(ReportRow.id.in_(ids)))}
    known = people(work, (who for row in rows for who in (row.claimed_by, row.first_by, row.second_by)))
    return [_line(work, row, reports[row.report_id], known) for row in rows]


def _line(work: Work, row: ReviewRow, report: ReportRow, known: dict[str, Person]) -> ReviewLine:
    review = review_of(row)
    if review.lapsed(work.now):
        review = review.expire(work.now)
    return ReviewLine(
        id=row.id,
        report_id=row.report_id,
        transcript_id=report.transcript_id,
        state=review.state,
        origin=row.origin,
        priority=row.priority,
        claimed_by=known.get(review.claimed_by or ""),
        mine=review.claimed_by == work.actor,
        lease_until=review.lease_until,
        first_by=known.get(row.first_by or ""),
        second_by=known.get(row.second_by or ""),
        opened_at=row.opened_at,
        decided_at=row.decided_at,
        happened_at=row.happened_at,
        business_line=row.business_line,
        team=row.team,
        agent_id=row.agent_id,
        scorecard_key=report.scorecard_key,
        scorecard_revision=report.scorecard_revision,
        percent=report.percent,
        passed=report.passed,
        final_percent=report.final_percent,
        final_passed=report.final_passed,
        reasons=_reasons(report),
    )


def _reasons(report: ReportRow) -> tuple[str, ...]:
    try:
        return tuple(unpack_body(report.schema_version, report.body)["review"]["reasons"])
    except ReportFormatError as error:
        # One broken report must not hide the rest of the queue.
        return (str(error),)
