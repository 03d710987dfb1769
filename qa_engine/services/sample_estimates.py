"""What the draws of a plan say of the machine: misses, precision and recall of every criterion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from qa_engine.domain.access import Permission
from qa_engine.domain.miss_rate import CriterionEstimate, DrawnCall, estimate_criteria
from qa_engine.domain.scorecard import Criterion, Outcome
from qa_engine.services.revision_criteria import criteria_of, outcomes_by_key
from qa_engine.services.sampling_frame import frame_counts, scope_conditions
from qa_engine.services.sampling_plans import Plan, find_plan
from qa_engine.services.work import Work
from qa_engine.store.tables import DecisionRow, ReportRow, SampleDrawRow, SampleRow

_CRITERION = "criterion:"


@dataclass(frozen=True, slots=True)
class PlanEstimate:
    """Estimates of a plan over some of its draws.

    Attributes:
        since, until: of the draws they rest on; None without any.
        calls: in the frames; drawn: of them; reviewed: of these, calls with at least one criterion judged.
        late: calls of the periods that came after the draws; the estimates do not speak of them.
        names: of the criteria, by key.
        criteria: 加分项 are left out, nobody can fail them.
    """

    plan: Plan
    draws: int
    since: datetime | None
    until: datetime | None
    calls: int
    drawn: int
    reviewed: int
    late: int
    names: dict[str, str]
    criteria: tuple[CriterionEstimate, ...]


def estimate_plan(
    work: Work,
    plan_id: int,
    since: datetime | None = None,
    until: datetime | None = None,
    confidence: float = 0.95,
) -> PlanEstimate:
    """Estimate from the draws that lie within a period (all of them when left out).

    Raises:
        Forbidden: the caller may not read samples.
        NotFound: there is no such plan, or it is not for these eyes.
    """
    work.require(Permission.READ_SAMPLES)
    found = find_plan(work, plan_id)
    d = SampleDrawRow
    wanted = select(d).where(d.plan_id == plan_id).order_by(d.since)
    if since is not None:
        wanted = wanted.where(d.since >= since)
    if until is not None:
        wanted = wanted.where(d.until <= until)
    draws = work.session.scalars(wanted).all()
    revisions = {digest for one in draws for digest in one.frame["revisions"]}
    criteria = criteria_of(work.session, revisions)
    calls = _drawn_calls(work, [one.id for one in draws], criteria)
    judged = {one.key for revision in criteria.values() for one in revision if one.scoring == "deduct"}
    frame = (part for one in draws for part in frame_counts(one.frame))
    estimates = estimate_criteria(frame, calls, confidence)
    return PlanEstimate(
        found,
        len(draws),
        draws[0].since if draws else None,
        max(one.until for one in draws) if draws else None,
        sum(one.calls for one in draws),
        sum(one.drawn for one in draws),
        sum(bool(call.human) for call in calls),
        sum(_late(work, found, one) for one in draws),
        {one.key: one.name for revision in criteria.values() for one in revision},
        tuple(one for one in estimates if one.criterion in judged),
    )


def _drawn_calls(
    work: Work, draw_ids: list[int], criteria: Mapping[str, tuple[Criterion, ...]]
) -> list[DrawnCall]:
    s, r = SampleRow, ReportRow
    wanted = select(s.probability, r.id, r.scorecard_digest, r.outcomes).join(r, r.id == s.report_id)
    rows = work.session.execute(wanted.where(s.draw_id.in_(draw_ids))).all()
    human = _decided(work, draw_ids)
    return [
        DrawnCall(
            row.probability,
            outcomes_by_key(criteria[row.scorecard_digest], row.outcomes),
            human.get(row.id, {}),
        )
        for row in rows
    ]


def _decided(work: Work, draw_ids: Iterable[int]) -> dict[int, dict[str, Outcome]]:
    """What people decided of the criteria of drawn reports; the latest word counts."""
    d, s = DecisionRow, SampleRow
    wanted = (
        select(d.report_id, d.target, d.human)
        .join(s, s.report_id == d.report_id)
        .where(s.draw_id.in_(draw_ids), d.target.like(f"{_CRITERION}%"))
        .order_by(d.id)
    )
    found: dict[int, dict[str, Outcome]] = {}
    for report_id, target, human in work.session.execute(wanted):
        if human is None:
            continue
        found.setdefault(report_id, {})[target.removeprefix(_CRITERION)] = Outcome(human)
    return found


def _late(work: Work, found: Plan, draw: SampleDrawRow) -> int:
    scope = scope_conditions(work, found.settings, found.row.business_line, draw.since, draw.until)
    wanted = select(func.count()).select_from(ReportRow).where(*scope, ReportRow.recorded_at > draw.drawn_at)
    return work.session.scalar(wanted) or 0
