"""The frame of a draw: which reports a plan may take, and what is remembered of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from qa_engine.domain.drawing import Candidate, Tally
from qa_engine.domain.miss_rate import FrameCount
from qa_engine.domain.sampling import (
    Conditions,
    Design,
    PlanSettings,
    QuotaDesign,
    RuleDesign,
    StratifiedDesign,
)
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.report_filters import ReportFilters, conditions
from qa_engine.services.revision_criteria import OUTCOMES, criteria_of
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportMark, ReportRow

_AT_ONCE = 10_000
_GROUPS = {"agent": ReportRow.agent_id, "team": ReportRow.team, "skill_group": ReportRow.skill_group}


def candidates(
    work: Work, settings: PlanSettings, business_line: str | None, since: datetime, until: datetime
) -> Iterator[Candidate]:
    """The current reports a plan may draw from, each with its stratum or group.

    Raises:
        Invalid: a condition names a criterion that no stored scorecard has.
    """
    r, design = ReportRow, settings.design
    where = design.where if isinstance(design, RuleDesign) else Conditions()
    fitting: list[tuple[str, set[int]]] = []
    if isinstance(design, StratifiedDesign):
        for stratum in design.strata:
            found = _where(work, settings, business_line, since, until, stratum.where)
            fitting.append((stratum.name, set(work.session.scalars(select(r.id).where(*found)))))
    group = _GROUPS[design.by] if isinstance(design, QuotaDesign) else r.agent_id
    wanted = select(r.id, r.scorecard_digest, r.outcomes, group)
    wanted = wanted.where(*_where(work, settings, business_line, since, until, where))
    rows = work.session.execute(wanted.execution_options(yield_per=_AT_ONCE))
    for report_id, digest, outcomes, member in rows:
        name = next((name for name, ids in fitting if report_id in ids), None)
        yield Candidate(report_id, (digest, outcomes), name, member)


def scope_conditions(
    work: Work, settings: PlanSettings, business_line: str | None, since: datetime, until: datetime
) -> list[ColumnElement[bool]]:
    """What holds of every report in the scope of a plan and a period, whatever its design."""
    return _where(work, settings, business_line, since, until, Conditions())


def frame_json(work: Work, design: Design, tallies: Sequence[Tally]) -> dict[str, Any]:
    """What is kept of a frame: revisions, strata, and the outcomes by probability, which estimates need."""
    digests = {digest for tally in tallies for digest, _ in tally.verdicts}
    criteria = criteria_of(work.session, digests)
    classes: dict[float, dict[str, Counter[str]]] = {}
    for tally in tallies:
        outcomes = classes.setdefault(tally.probability, {})
        for (digest, letters), calls in tally.verdicts.items():
            for criterion, letter in zip(criteria[digest], letters, strict=True):
                outcomes.setdefault(criterion.key, Counter())[letter] += calls
    # Agents and teams may be thousands: of a quota only the sums are worth keeping.
    listed = () if isinstance(design, QuotaDesign) else tallies
    return {
        "revisions": sorted(digests),
        "strata": [
            {"name": t.name, "probability": t.probability, "calls": t.calls, "drawn": t.drawn} for t in listed
        ],
        "classes": [
            {"probability": probability, "outcomes": {key: dict(n) for key, n in outcomes.items()}}
            for probability, outcomes in classes.items()
        ],
    }


def frame_counts(frame: dict[str, Any]) -> list[FrameCount]:
    """Read what ``frame_json`` kept."""
    return [
        FrameCount(
            one["probability"],
            {key: _named(calls) for key, calls in one["outcomes"].items()},
        )
        for one in frame["classes"]
    ]


def _named(calls: dict[str, int]) -> dict[Outcome, int]:
    return {OUTCOMES[letter]: number for letter, number in calls.items()}


def _where(
    work: Work,
    settings: PlanSettings,
    business_line: str | None,
    since: datetime,
    until: datetime,
    where: Conditions,
) -> list[ColumnElement[bool]]:
    scope = ReportFilters(
        since=since,
        until=until,
        scorecards=(settings.scorecard_key,),
        business_lines=() if business_line is None else (business_line,),
        teams=settings.teams,
    )
    filters = ReportFilters(
        teams=where.teams,
        skill_groups=where.skill_groups,
        agents=where.agents,
        channels=where.channels,
        resolutions=where.resolutions,
        needs_review=where.needs_review,
        passed=() if where.passed is None else (where.passed,),
        critical_failure=where.critical_failure,
        is_complaint=where.is_complaint,
        outcomes=(
            *((key, Outcome.FAILED) for key in where.failed),
            *((key, Outcome.NOT_EVALUATED) for key in where.not_evaluated),
        ),
        complaint_types=where.complaint_types,
        faults=where.faults,
        causes=where.causes,
        attributes=where.attributes,
        sunk_to=where.sunk_to,
        emotion_index_below=where.emotion_index_below,
        percent_from=where.percent_from,
        percent_to=where.percent_to,
    )
    return [*conditions(work, scope), *conditions(work, filters), *map(_marked, filters.marks)]


def _marked(name: str) -> ColumnElement[bool]:
    m = ReportMark
    return (
        select(m.name)
        .where(m.name == name, m.happened_at == ReportRow.happened_at, m.report_id == ReportRow.id)
        .exists()
    )
