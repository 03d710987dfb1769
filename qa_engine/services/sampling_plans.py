"""抽检方案: plans as stored, and who may see them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Invalid, NotFound
from qa_engine.domain.sampling import PlanSettings, settings_from_json, settings_to_json
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.work import Work
from qa_engine.store.tables import SamplingPlanRow, ScorecardRow


@dataclass(frozen=True, slots=True)
class Plan:
    """A stored plan and its settings as the domain knows them."""

    row: SamplingPlanRow
    settings: PlanSettings


def create_plan(work: Work, name: str, business_line: str | None, settings: PlanSettings) -> Plan:
    """Add a plan. Its scope must lie within one's own: a plan that saw fewer calls than it says would
    estimate nothing.

    Args:
        work: the unit of work.
        name: for people to read.
        business_line: only calls of this line; None = of all lines.
        settings: what and how to draw; teams of somebody limited to teams are filled in.

    Raises:
        Forbidden: the caller may not plan samples.
        Invalid: there is no such scorecard, or the scope is wider than the caller's.
    """
    work.require(Permission.PLAN_SAMPLES)
    if work.rows.teams is not None and not settings.teams:
        settings = replace(settings, teams=tuple(sorted(work.rows.teams)))
    if not _covers(work, business_line, settings):
        raise Invalid(
            "方案的范围超出了您的可见范围：请指明自己的业务线和班组。",
            "The plan reaches beyond what you may see: name a business line and teams of your own.",
            "business_line",
        )
    known = select(ScorecardRow.id).where(ScorecardRow.key == settings.scorecard_key).limit(1)
    if work.session.scalar(known) is None:
        raise Invalid("没有这张评分表。", "There is no such scorecard.", "scorecard_key")
    row = SamplingPlanRow(
        name=name,
        kind=settings.kind,
        business_line=business_line,
        settings=settings_to_json(settings),
        # Unknown to agents: which calls will be looked at cannot be foretold.
        seed=secrets.randbits(63),
        active=True,
        created_by=work.actor,
        created_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.audit("sampling_plan.created", f"sampling_plan:{row.id}", kind=row.kind, line=business_line)
    return Plan(row, settings)


def plan(work: Work, plan_id: int) -> Plan:
    """One visible plan.

    Raises:
        Forbidden: the caller may not read samples.
        NotFound: there is none, or it is not for these eyes.
    """
    work.require(Permission.READ_SAMPLES)
    return find_plan(work, plan_id)


def list_plans(
    work: Work, *, active: bool | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Plan]:
    """Visible plans, the newest first.

    Raises:
        Forbidden: the caller may not read samples.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_SAMPLES)
    p = SamplingPlanRow
    query = select(p).order_by(p.id.desc())
    if active is not None:
        query = query.where(p.active.is_(active))
    if work.rows.business_lines is not None:
        query = query.where(p.business_line.in_(work.rows.business_lines))
    if cursor is not None:
        query = query.where(p.id < decode_cursor(cursor, (int,))[0])
    found: list[Plan] = []
    # Teams stand in the settings; plans are few enough to look at each.
    for row in work.session.scalars(query):
        settings = settings_from_json(row.kind, row.settings)
        if _covers(work, row.business_line, settings):
            found.append(Plan(row, settings))
            if len(found) > limit:
                break
    more = len(found) > limit
    return Page(tuple(found[:limit]), encode_cursor(found[limit - 1].row.id) if more else None)


def set_active(work: Work, plan_id: int, *, active: bool) -> Plan:
    """Stop a plan, or take it up again. What was drawn stays.

    Raises:
        Forbidden: the caller may not plan samples.
        NotFound: there is none, or it is not for these eyes.
    """
    work.require(Permission.PLAN_SAMPLES)
    found = find_plan(work, plan_id, for_change=True)
    if found.row.active != active:
        found.row.active = active
        work.session.flush()
        work.audit("sampling_plan.changed", f"sampling_plan:{plan_id}", active=active)
    return found


def find_plan(work: Work, plan_id: int, *, for_change: bool = False) -> Plan:
    """A visible plan; ``for_change`` holds it against everybody else until the transaction ends.

    Raises:
        NotFound: there is none, or it is not for these eyes.
    """
    row = work.session.get(SamplingPlanRow, plan_id, with_for_update=for_change or None)
    if row is not None:
        settings = settings_from_json(row.kind, row.settings)
        if _covers(work, row.business_line, settings):
            return Plan(row, settings)
    raise NotFound("抽检方案", "sampling plan", "plan_id")


def _covers(work: Work, business_line: str | None, settings: PlanSettings) -> bool:
    """True when everything a plan may draw can be seen by who acts."""
    rows = work.rows
    lines = rows.business_lines is None or business_line in rows.business_lines
    teams = rows.teams is None or (bool(settings.teams) and rows.teams.issuperset(settings.teams))
    return lines and teams and rows.agent_id is None
