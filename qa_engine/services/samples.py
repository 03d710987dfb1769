"""抽检: draws of a plan. Every drawn report gets a review; what was in the frame is remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from qa_engine.domain.access import Permission
from qa_engine.domain.drawing import Pick, draw
from qa_engine.domain.periods import next_period, period_start
from qa_engine.domain.refusal import Conflict, IllegalStep, Invalid, NotFound
from qa_engine.domain.review import ON_REPORT, ReviewOrigin, ReviewState
from qa_engine.domain.sampling import settings_from_json
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.sampling_frame import candidates, frame_json
from qa_engine.services.sampling_plans import Plan, find_plan
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow, ReviewRow, SampleDrawRow, SampleRow, SamplingPlanRow

_AT_ONCE = 1_000
# A plan that was stopped for long catches up with no more periods than these at a time.
_CATCH_UP = 31


@dataclass(frozen=True, slots=True)
class Sample:
    """One drawn report and how far its review has come."""

    id: int
    report_id: int
    stratum: str
    probability: float
    drawn_at: datetime
    happened_at: datetime
    team: str | None
    agent_id: str | None
    current: bool
    review_id: int | None
    review_state: str | None


def draw_sample(work: Work, plan_id: int, since: datetime, until: datetime) -> SampleDrawRow:
    """Draw from the calls of a period that lies in the past, and open reviews of what is drawn.

    Raises:
        Forbidden: the caller may not plan samples.
        NotFound: there is no such plan, or it is not for these eyes.
        IllegalStep: the plan was stopped.
        Invalid: the period is empty or not over yet.
        Conflict: the plan has drawn from some of it already.
    """
    work.require(Permission.PLAN_SAMPLES)
    # Draws of one plan take turns, or two could take the same period.
    plan = find_plan(work, plan_id, for_change=True)
    if not plan.row.active:
        raise IllegalStep("抽检方案已停用，不能再抽。", "The sampling plan was stopped.")
    if since >= until:
        raise Invalid("结束时间必须晚于开始时间。", "The period must end after it begins.", "until")
    if until > work.now:
        raise Invalid(
            "这段时间还没有过完，抽了会漏掉后面的会话。",
            "The period is not over yet: later calls would be left out.",
            "until",
        )
    d = SampleDrawRow
    overlapping = select(d.id).where(d.plan_id == plan_id, d.since < until, d.until > since).limit(1)
    if work.session.scalar(overlapping) is not None:
        raise Conflict(
            "这段时间与已有的抽取重叠，同一通会话不能抽两次。",
            "The period overlaps one that was drawn already.",
            "since",
        )
    return _draw(work, plan, since, until)


def recurring_plans(work: Work) -> list[int]:
    """Active plans that are drawn by themselves."""
    p = SamplingPlanRow
    rows = work.session.scalars(select(p).where(p.active).order_by(p.id))
    return [row.id for row in rows if settings_from_json(row.kind, row.settings).every is not None]


def draw_due(work: Work, plan_id: int) -> list[SampleDrawRow]:
    """Draw for a plan the periods that are over and due (``PlanSettings.every``), the oldest first.

    Raises:
        Forbidden, NotFound, IllegalStep: as ``draw_sample``.
    """
    plan = find_plan(work, plan_id, for_change=True)
    every = plan.settings.every
    if every is None:
        return []
    d = SampleDrawRow
    last = select(d.until).where(d.plan_id == plan_id).order_by(d.since.desc()).limit(1)
    start = work.session.scalar(last) or period_start(plan.row.created_at, every, work.zone)
    start = start.astimezone(work.zone)
    done: list[SampleDrawRow] = []
    while len(done) < _CATCH_UP:
        end = next_period(period_start(start, every, work.zone), every)
        if end + timedelta(days=plan.settings.wait_days) > work.now:
            break
        done.append(draw_sample(work, plan_id, start, end))
        start = end
    return done


def list_draws(work: Work, plan_id: int, cursor: str | None = None, limit: int = 50) -> Page[SampleDrawRow]:
    """Draws of a plan, the newest first.

    Raises:
        Forbidden: the caller may not read samples.
        NotFound: there is no such plan, or it is not for these eyes.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_SAMPLES)
    find_plan(work, plan_id)
    d = SampleDrawRow
    query = select(d).where(d.plan_id == plan_id).order_by(d.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(d.id < decode_cursor(cursor, (int,))[0])
    rows = work.session.scalars(query).all()
    return Page(tuple(rows[:limit]), encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


def list_samples(
    work: Work, plan_id: int, draw_id: int, cursor: str | None = None, limit: int = 50
) -> Page[Sample]:
    """What a draw took, in the order of the reports.

    Raises:
        Forbidden: the caller may not read samples.
        NotFound: there is no such plan or draw, or it is not for these eyes.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_SAMPLES)
    find_plan(work, plan_id)
    s, r, v = SampleRow, ReportRow, ReviewRow
    found = work.session.get(SampleDrawRow, draw_id)
    if found is None or found.plan_id != plan_id:
        raise NotFound("抽取记录", "draw", "draw_id")
    query = (
        select(
            s.id, s.report_id, s.stratum, s.probability, s.drawn_at,
            r.happened_at, r.team, r.agent_id, r.current,
            v.id.label("review_id"), v.state.label("review_state"),
        )
        .join(r, r.id == s.report_id)
        .outerjoin(v, v.report_id == s.report_id)
        .where(s.draw_id == draw_id)
        .order_by(s.id)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        query = query.where(s.id > decode_cursor(cursor, (int,))[0])
    rows = [Sample(**row) for row in work.session.execute(query).mappings()]
    return Page(tuple(rows[:limit]), encode_cursor(rows[limit - 1].id) if len(rows) > limit else None)


def _draw(work: Work, plan: Plan, since: datetime, until: datetime) -> SampleDrawRow:
    design, line = plan.settings.design, plan.row.business_line
    picks, tallies = draw(design, plan.row.seed, candidates(work, plan.settings, line, since, until))
    row = SampleDrawRow(
        plan_id=plan.row.id,
        since=since,
        until=until,
        calls=sum(tally.calls for tally in tallies),
        drawn=len(picks),
        frame=frame_json(work, design, tallies),
        drawn_by=work.actor,
        drawn_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    for start in range(0, len(picks), _AT_ONCE):
        part = picks[start : start + _AT_ONCE]
        work.session.execute(insert(SampleRow), [_sample_fields(work, row, pick) for pick in part])
        _open_reviews(work, part, plan.settings.priority)
    work.audit("sample.drawn", f"sampling_plan:{plan.row.id}", draw=row.id, calls=row.calls, drawn=row.drawn)
    return row


def _sample_fields(work: Work, row: SampleDrawRow, pick: Pick) -> dict[str, Any]:
    return {
        "plan_id": row.plan_id,
        "draw_id": row.id,
        "report_id": pick.report_id,
        "stratum": pick.stratum[:120],
        "probability": pick.probability,
        "drawn_at": work.now,
    }


def _open_reviews(work: Work, picks: Sequence[Pick], priority: float) -> None:
    """Open a review of every drawn report that has none; one that has keeps its own."""
    r = ReportRow
    # Held in order, so that nobody opens a review of the same report meanwhile.
    wanted = select(r).where(r.id.in_([pick.report_id for pick in picks])).order_by(r.id).with_for_update()
    reports = work.session.scalars(wanted).all()
    reviewed = select(ReviewRow.report_id).where(ReviewRow.report_id.in_([row.id for row in reports]))
    known = set(work.session.scalars(reviewed))
    fresh = [row for row in reports if row.id not in known]
    if not fresh:
        return
    fields = [
        {
            "report_id": row.id,
            "state": ReviewState.OPEN.value,
            "origin": ReviewOrigin.SAMPLED.value,
            "priority": priority,
            "opened_at": work.now,
            "version": 1,
            "business_line": row.business_line,
            "team": row.team,
            "agent_id": row.agent_id,
            "happened_at": row.happened_at,
        }
        for row in fresh
    ]
    # A flagged report is recorded together with its review, so this can only meet another draw.
    onto = postgresql.insert if work.session.get_bind().dialect.name == "postgresql" else sqlite.insert
    work.session.execute(onto(ReviewRow).on_conflict_do_nothing(index_elements=["report_id"]), fields)
    state = ON_REPORT[ReviewState.OPEN]
    work.session.execute(
        update(r)
        .where(r.id.in_([row.id for row in fresh]), r.review_state == "none")
        .values(review_state=state)
        .execution_options(synchronize_session=False)
    )
