"""Appeals as rows: found within one's scope, locked for a step, and told to whoever may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, literal, select, tuple_

from qa_engine.domain.access import Permission
from qa_engine.domain.appeal import WAITING, AppealState
from qa_engine.domain.refusal import NotFound
from qa_engine.services.blindness import reports_judged_blind
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.people import Person, people
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.columns import Instant, from_ms, to_ms
from qa_engine.store.tables import AppealRow, DecisionRow, ReportRow

_LATEST_MS = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an appeal led to for one target."""

    target: str
    machine: str | None
    human: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class AppealLine:
    """One appeal. People are told to those who may read names only: agents see none but their own calls.

    Attributes:
        outcomes: what was decided of its targets; empty until it is settled.
    """

    id: int
    report_id: int
    state: AppealState
    targets: tuple[str, ...]
    text: str
    filed_by: Person | None
    filed_at: datetime
    mine: bool
    answer: str | None
    answered_by: Person | None
    answered_at: datetime | None
    settled_by: Person | None
    settled_at: datetime | None
    business_line: str
    team: str | None
    agent_id: str | None
    percent: float
    final_percent: float
    final_passed: bool | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class AppealFilters:
    """Which appeals; ``waiting``: those somebody has to settle (filed or answered)."""

    state: AppealState | None = None
    waiting: bool | None = None
    report_id: int | None = None
    business_line: str | None = None
    team: str | None = None
    agent_id: str | None = None


def visible_appeals(work: Work) -> Select[AppealRow]:
    """All appeals this principal may see; none about a call they judge blind at present."""
    a = AppealRow
    found = select(a).where(*visible(work.rows, a.business_line, a.team, a.agent_id))
    blind = reports_judged_blind(work)
    return found.where(a.report_id.not_in(blind)) if blind else found


def locked_appeal(work: Work, appeal_id: int) -> AppealRow:
    """A visible appeal, held against everybody else until the transaction ends.

    Raises:
        NotFound: there is none, or it is not for these eyes.
    """
    wanted = visible_appeals(work).where(AppealRow.id == appeal_id).with_for_update()
    row = work.session.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("申诉", "appeal", "appeal_id")
    return row


def list_appeals(
    work: Work, filters: AppealFilters, cursor: str | None = None, limit: int = 50
) -> Page[AppealLine]:
    """One page of the visible appeals, the longest waiting first.

    Raises:
        Forbidden: the caller may not read appeals.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_APPEALS)
    a = AppealRow
    wanted = visible_appeals(work).order_by(a.filed_at, a.id).limit(limit + 1)
    for column, value in (
        (a.state, filters.state),
        (a.report_id, filters.report_id),
        (a.business_line, filters.business_line),
        (a.team, filters.team),
        (a.agent_id, filters.agent_id),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if filters.waiting is not None:
        waiting = a.state.in_([state.value for state in WAITING])
        wanted = wanted.where(waiting if filters.waiting else ~waiting)
    if cursor:
        ms, row_id = decode_cursor(cursor, (int, int))
        filed_at = from_ms(min(max(int(ms), 0), _LATEST_MS))
        place = tuple_(literal(filed_at, Instant()), literal(row_id))
        wanted = wanted.where(tuple_(a.filed_at, a.id) > place)
    rows = work.session.scalars(wanted).all()
    shown = rows[:limit]
    more = encode_cursor(to_ms(shown[-1].filed_at), shown[-1].id) if len(rows) > limit else None
    return Page(tuple(appeal_lines(work, shown)), more)


def appeal_line(work: Work, appeal_id: int) -> AppealLine:
    """One visible appeal.

    Raises:
        Forbidden: the caller may not read appeals.
        NotFound: there is none, or it is not for these eyes.
    """
    work.require(Permission.READ_APPEALS)
    row = work.session.scalar(visible_appeals(work).where(AppealRow.id == appeal_id))
    if row is None:
        raise NotFound("申诉", "appeal", "appeal_id")
    return appeal_lines(work, [row])[0]


def appeal_lines(work: Work, rows: Sequence[AppealRow]) -> list[AppealLine]:
    """The lines of appeals, in this order."""
    r, d = ReportRow, DecisionRow
    scores = {
        row.id: row
        for row in work.session.execute(
            select(r.id, r.percent, r.final_percent, r.final_passed).where(
                r.id.in_({row.report_id for row in rows})
            )
        )
    }
    made = select(d).where(d.appeal_id.in_([row.id for row in rows])).order_by(d.id)
    outcomes: dict[int, list[Outcome]] = {row.id: [] for row in rows}
    for one in work.session.scalars(made):
        if one.appeal_id is not None:
            outcomes[one.appeal_id].append(Outcome(one.target, one.machine, one.human, one.reason))
    known = people(work, (who for row in rows for who in (row.filed_by, row.answered_by, row.settled_by)))
    return [
        AppealLine(
            id=row.id,
            report_id=row.report_id,
            state=AppealState(row.state),
            targets=tuple(row.targets),
            text=row.text,
            filed_by=known.get(row.filed_by),
            filed_at=row.filed_at,
            mine=row.filed_by == work.actor,
            answer=row.answer,
            answered_by=known.get(row.answered_by or ""),
            answered_at=row.answered_at,
            settled_by=known.get(row.settled_by or ""),
            settled_at=row.settled_at,
            business_line=row.business_line,
            team=row.team,
            agent_id=row.agent_id,
            percent=scores[row.report_id].percent,
            final_percent=scores[row.report_id].final_percent,
            final_passed=scores[row.report_id].final_passed,
            outcomes=tuple(outcomes[row.id]),
        )
        for row in rows
    ]
