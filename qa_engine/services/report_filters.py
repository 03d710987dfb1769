"""What reports may be filtered by, all of it combinable, and how that becomes SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from qa_engine.domain.refusal import Invalid
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.marks import (
    attribute_mark,
    cause_mark,
    failed_mark,
    fault_mark,
    sunk_mark,
    type_mark,
    unjudged_mark,
)
from qa_engine.services.recording import LETTERS
from qa_engine.services.revision_criteria import criteria_of
from qa_engine.services.visibility import one_of, visible
from qa_engine.services.work import Work
from qa_engine.store.tables import BusinessLineRow, ReportRow, ScorecardRow


@dataclass(frozen=True, slots=True)
class ReportFilters:
    """Which reports; everything given must hold at once.

    Attributes:
        since, until: of the call's time; ``until`` itself is excluded.
        business_lines … review_states: any of these values; empty = all.
        passed: with human decisions counted in; None in it stands for "not decided yet".
        outcomes: (criterion, the machine's outcome), all of them.
        complaint_types, faults, causes, attributes: all of them.
        sunk_to: -1 or -2, the customer's emotion reached that level or a lower one.
        emotion_index_below: of the whole call, 0–100.
        percent_from, percent_to: both included, with human decisions counted in.
        transcript_id: the id in the customer's own system, whole.
    """

    since: datetime | None = None
    until: datetime | None = None
    business_lines: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    skill_groups: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    scorecards: tuple[str, ...] = ()
    revision: int | None = None
    batch: str | None = None
    resolutions: tuple[str, ...] = ()
    review_states: tuple[str, ...] = ()
    needs_review: bool | None = None
    passed: tuple[bool | None, ...] = ()
    critical_failure: bool | None = None
    is_complaint: bool | None = None
    outcomes: tuple[tuple[str, Outcome], ...] = ()
    complaint_types: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    sunk_to: int | None = None
    emotion_index_below: float | None = None
    percent_from: float | None = None
    percent_to: float | None = None
    transcript_id: str | None = None

    @property
    def given(self) -> list[str]:
        """Names of the filters that are set (for the audit log: names, never values)."""
        return [field.name for field in fields(self) if getattr(self, field.name) not in (None, ())]

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks a report must have."""
        found = {
            *(failed_mark(key) for key, outcome in self.outcomes if outcome is Outcome.FAILED),
            *(unjudged_mark(key) for key, outcome in self.outcomes if outcome is Outcome.NOT_EVALUATED),
            *map(type_mark, self.complaint_types),
            *map(fault_mark, self.faults),
            *map(cause_mark, self.causes),
            *(attribute_mark(key, value) for key, value in self.attributes),
        }
        if self.sunk_to is not None:
            found.add(sunk_mark(self.sunk_to))
        return tuple(sorted(found))


def conditions(
    work: Work, filters: ReportFilters, r: type[ReportRow] = ReportRow
) -> list[ColumnElement[bool]]:
    """Everything that must hold of a report ``r``: row scope, currency and the filters less their marks.

    Raises:
        Invalid: an outcome is asked of a criterion that no stored scorecard has.
    """
    found: list[ColumnElement[bool]] = [
        r.current.expression,
        *visible(work.rows, r.business_line, r.team, r.agent_id),
    ]
    if filters.since is not None:
        found.append(r.happened_at >= filters.since)
    if filters.until is not None:
        found.append(r.happened_at < filters.until)
    columns: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (r.business_line, filters.business_lines),
        (r.team, filters.teams),
        (r.skill_group, filters.skill_groups),
        (r.agent_id, filters.agents),
        (r.channel, filters.channels),
        (r.scorecard_key, filters.scorecards),
        (r.resolution, filters.resolutions),
        (r.review_state, filters.review_states),
    )
    found += [one_of(column, tuple(dict.fromkeys(values))) for column, values in columns if values]
    exact: tuple[tuple[Any, Any], ...] = (
        (r.scorecard_revision, filters.revision),
        (r.batch_id, filters.batch),
        (r.needs_review, filters.needs_review),
        (r.critical_failure, filters.critical_failure),
        (r.is_complaint, filters.is_complaint),
    )
    found += [column == value for column, value in exact if value is not None]
    if filters.passed:
        found.append(or_(*(_passed(value, r) for value in dict.fromkeys(filters.passed))))
    if filters.emotion_index_below is not None:
        found.append(r.emotion_index < filters.emotion_index_below)
    if filters.percent_from is not None:
        found.append(r.final_percent >= filters.percent_from)
    if filters.percent_to is not None:
        found.append(r.final_percent <= filters.percent_to)
    found += _lettered(work, filters.outcomes, r)
    if filters.transcript_id is not None:
        found.append(r.external_ref.in_(references(work, filters.transcript_id)))
    return found


def _passed(value: bool | None, r: type[ReportRow]) -> ColumnElement[bool]:
    return r.final_passed.is_(None) if value is None else r.final_passed == value


def references(work: Work, transcript_id: str) -> list[str]:
    """Under what references (``external_ref``) a call of this id may be stored: one a business line."""
    lines = set(work.session.scalars(select(BusinessLineRow.key)))
    lines |= set(work.session.scalars(select(ScorecardRow.business_line).distinct()))
    if work.rows.business_lines is not None:
        lines &= work.rows.business_lines
    return [work.keyring.ref("transcript", line, transcript_id) for line in sorted(lines)]


def _lettered(
    work: Work, outcomes: tuple[tuple[str, Outcome], ...], r: type[ReportRow]
) -> list[ColumnElement[bool]]:
    """Outcomes that are too common for marks are read off ``outcomes``, whose order a revision defines."""
    common = [pair for pair in outcomes if pair[1] in {Outcome.PASSED, Outcome.NOT_APPLICABLE}]
    if not common:
        return []
    s = ScorecardRow
    keys = [key for key, _ in common]
    # Reading a revision takes a while: only those that can have one of them.
    named = or_(*(s.source.contains(key, autoescape=True) for key in keys))
    revisions = work.session.execute(select(s.key, s.revision, s.digest).where(named)).all()
    criteria = criteria_of(work.session, {row.digest for row in revisions})
    found = []
    for key, outcome in common:
        places = [
            (row.key, row.revision, place)
            for row in revisions
            for place, one in enumerate(criteria[row.digest], 1)
            if one.key == key
        ]
        if not places:
            raise Invalid(
                f"没有哪张评分表有质检项 {key}。", f"No scorecard has a criterion {key}.", "outcome"
            )
        found.append(
            or_(
                *(
                    and_(
                        r.scorecard_key == card,
                        r.scorecard_revision == revision,
                        func.substr(r.outcomes, place, 1) == LETTERS[outcome],
                    )
                    for card, revision, place in places
                )
            )
        )
    return found
