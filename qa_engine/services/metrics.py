"""Figures over many calls, from the daily sums: never by reading the reports themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import case, func, select

from qa_engine.domain.access import Permission
from qa_engine.domain.periods import next_period
from qa_engine.domain.rates import Rate
from qa_engine.domain.taxonomy import COMPLAINT_TYPES
from qa_engine.services.contacts import WITHIN
from qa_engine.services.cursors import Page
from qa_engine.services.daily_facts import SCALE
from qa_engine.services.metric_query import (
    Group,
    Grouping,
    MetricFilters,
    conditions,
    counts_for,
    group_of,
    keys_of,
    next_cursor,
    one_page,
)
from qa_engine.services.revision_criteria import criteria_of
from qa_engine.services.work import Work
from qa_engine.store.tables import DailyCell, ScorecardRow

_KEYS = frozenset({"day", "business_line", "team", "skill_group", "agent_id", "scorecard_key"})
_SUMS = tuple(column.name for column in DailyCell.__table__.columns if column.name not in _KEYS)


@dataclass(frozen=True, slots=True)
class Figures:
    """The sums of a group and what follows from them; means are None where nothing was measured.

    Attributes:
        sums: columns of ``DailyCell``.
        first_contact_final: every call is more than seven days old, so that 首次解决率 will not change by
            customers who come again.
    """

    group: Group
    sums: Mapping[str, int]
    first_contact_final: bool

    @property
    def calls(self) -> int:
        """How many calls."""
        return self.sums["calls"]

    def rate(self, hits: str, n: str) -> Rate:
        """A share of two sums."""
        return Rate(self.sums[hits], self.sums[n])

    def mean(self, total: str, n: str, scale: int = 1) -> float | None:
        """The mean of a sum kept in ``1/scale`` of its unit."""
        return self.sums[total] / (scale * self.sums[n]) if self.sums[n] else None

    def mean_of(self, name: str) -> float | None:
        """The mean of ``percent``, ``coverage``, ``satisfaction`` or ``emotion``."""
        counted = {"percent": "calls", "coverage": "calls"}
        return self.mean(f"{name}_sum", counted.get(name, f"{name}_n"), SCALE)

    @property
    def recovered(self) -> Rate:
        """Emotion drops after which the agent caught the customer again."""
        return Rate(self.sums["drops"] - self.sums["open_drops"], self.sums["drops"])


@dataclass(frozen=True, slots=True)
class CriterionFigures:
    """How one criterion came out over the calls of a group (the machine's outcomes, as lists filter them).

    ``name``: of the newest revision that has it.
    """

    group: Group
    scorecard_key: str
    key: str
    name: str
    passed: int
    failed: int
    not_applicable: int
    not_evaluated: int

    @property
    def failure_rate(self) -> Rate:
        """FAILED among the calls in which it was judged."""
        return Rate(self.failed, self.failed + self.passed)


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """How many calls of a group are about something."""

    group: Group
    key: str
    name: str
    share: Rate


def read_metrics(
    work: Work,
    filters: MetricFilters,
    grouping: Grouping,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Figures]:
    """Figures by group, ordered by period and values; one row of all calls without any grouping.

    Raises:
        Forbidden, Invalid: not allowed; not a cursor of this list.
    """
    work.require(Permission.READ_METRICS)
    keys = keys_of(work, DailyCell, grouping)
    sums = [func.coalesce(func.sum(getattr(DailyCell, name)), 0) for name in _SUMS]
    columns: list[Any] = [*keys, *sums]
    query = select(*columns).where(*conditions(work, DailyCell, filters, grouping))
    if keys:
        query = query.having(func.sum(DailyCell.calls) > 0)
    rows = work.session.execute(one_page(query, keys, cursor, limit)).all()
    items = tuple(
        Figures(
            (group := group_of(row, grouping)),
            {name: int(n) for name, n in zip(_SUMS, row[len(keys) :], strict=True)},
            _is_final(work, group, grouping, filters),
        )
        for row in rows[:limit]
    )
    return Page(items, next_cursor(rows, len(keys), limit))


def read_criteria(
    work: Work,
    filters: MetricFilters,
    grouping: Grouping,
    *,
    criteria: tuple[str, ...] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page[CriterionFigures]:
    """How criteria came out, by group, scorecard and criterion.

    Args:
        work: whoever asks.
        filters: which calls.
        grouping: rows of one group stand together.
        criteria: only these keys; empty = all.
        cursor: where the page begins.
        limit: rows of the page.

    Raises:
        Forbidden, Invalid: not allowed; not a cursor of this list.
    """
    work.require(Permission.READ_METRICS)
    t = counts_for(work, filters, grouping)
    # Added up by name first: that leaves few rows whose names must be taken apart.
    groups = [key.label(f"k{i}") for i, key in enumerate(keys_of(work, t, grouping))]
    by_name = select(*groups, t.scorecard_key, t.name, func.sum(t.n).label("n"))
    by_name = by_name.where(*conditions(work, t, filters, grouping))
    if criteria:
        by_name = by_name.where(t.name.in_([f"{letter}:{one}" for letter in "PFNE" for one in criteria]))
    named = by_name.group_by(*groups, t.scorecard_key, t.name).subquery()
    c = named.c
    keys: list[Any] = [*(c[label.name] for label in groups), c.scorecard_key, func.substr(c.name, 3)]
    sums = [func.sum(case((func.substr(c.name, 1, 2) == f"{letter}:", c.n), else_=0)) for letter in "PFNE"]
    # Everything but the complaint types, whose names begin otherwise.
    query = select(*keys, *sums).where(func.substr(c.name, 2, 1) == ":")
    query = query.having(func.sum(c.n) > 0)
    rows = work.session.execute(one_page(query, keys, cursor, limit)).all()
    names = _criterion_names(work, {row[len(keys) - 2] for row in rows[:limit]})
    items = []
    for row in rows[:limit]:
        scorecard, criterion = row[len(keys) - 2 : len(keys)]
        name = names.get((str(scorecard), str(criterion)), str(criterion))
        passed, failed, not_applicable, not_evaluated = (int(n) for n in row[len(keys) :])
        items.append(
            CriterionFigures(
                group_of(row, grouping),
                str(scorecard),
                str(criterion),
                name,
                passed,
                failed,
                not_applicable,
                not_evaluated,
            )
        )
    return Page(tuple(items), next_cursor(rows, len(keys), limit))


def read_types(
    work: Work,
    filters: MetricFilters,
    grouping: Grouping,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TypeFigures]:
    """What calls are about, by group and complaint type; a call may have several.

    Raises:
        Forbidden, Invalid: not allowed; not a cursor of this list.
    """
    work.require(Permission.READ_METRICS)
    t = counts_for(work, filters, grouping)
    groups = keys_of(work, t, grouping)
    keys = [*groups, func.substr(t.name, 6)]
    query = select(*keys, func.sum(t.n)).where(
        *conditions(work, t, filters, grouping), t.name.startswith("type:")
    )
    rows = work.session.execute(one_page(query.having(func.sum(t.n) > 0), keys, cursor, limit)).all()
    calls = _calls(work, filters, grouping) if rows else {}
    items = tuple(
        TypeFigures(
            group_of(row, grouping),
            str(row[-2]),
            COMPLAINT_TYPES.get(str(row[-2]), str(row[-2])),
            Rate(int(row[-1]), calls[tuple(row[: len(groups)])]),
        )
        for row in rows[:limit]
    )
    return Page(items, next_cursor(rows, len(keys), limit))


def _calls(work: Work, filters: MetricFilters, grouping: Grouping) -> dict[tuple[str, ...], int]:
    keys = keys_of(work, DailyCell, grouping)
    query = select(*keys, func.sum(DailyCell.calls)).where(*conditions(work, DailyCell, filters, grouping))
    return {tuple(row[:-1]): int(row[-1]) for row in work.session.execute(query.group_by(*keys))}


def _is_final(work: Work, group: Group, grouping: Grouping, filters: MetricFilters) -> bool:
    last = filters.until
    if group.start is not None and grouping.per is not None:
        start = datetime.combine(group.start, time(), work.zone)
        last = min(last, next_period(start, grouping.per).date() - timedelta(days=1))
    return _end_of(last, work) + WITHIN <= work.now


def _end_of(day: date, work: Work) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), work.zone)


def _criterion_names(work: Work, scorecards: set[str]) -> dict[tuple[str, str], str]:
    """(scorecard, criterion) → its name in the newest revision that has it."""
    wanted = select(ScorecardRow.key, ScorecardRow.digest).where(ScorecardRow.key.in_(scorecards))
    revisions = work.session.execute(wanted.order_by(ScorecardRow.revision)).all()
    criteria = criteria_of(work.session, {digest for _, digest in revisions}) if revisions else {}
    return {(key, one.key): one.name for key, digest in revisions for one in criteria[digest]}
