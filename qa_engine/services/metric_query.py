"""Which days and calls figures are about, how they are grouped, and a page of groups as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, String, cast, func, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from qa_engine.domain.periods import Period
from qa_engine.domain.refusal import Invalid
from qa_engine.services.cursors import decode_cursor, encode_cursor
from qa_engine.services.rollups import day_span, month_span
from qa_engine.services.visibility import one_of, visible
from qa_engine.services.work import Work
from qa_engine.store.tables import DailyCell, DailyCount, SpanCount

Dimension = Literal["business_line", "team", "skill_group", "agent_id", "scorecard_key"]
MOST_DAYS = 1100
USUAL_DAYS = 30
Summed = type[DailyCell] | type[DailyCount] | type[SpanCount]


@dataclass(frozen=True, slots=True)
class MetricFilters:
    """Which calls. ``since`` and ``until`` are days in the service's zone, both included.

    The others: any of these values; empty = all.
    """

    since: date
    until: date
    business_lines: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    skill_groups: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    scorecards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    """One row of figures for each of these; ``per`` None = the whole time together."""

    by: tuple[Dimension, ...] = ()
    per: Period | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One group: its first day (Monday of weeks), None for the whole time, and its values ("" = unknown)."""

    start: date | None
    values: tuple[str, ...]


def chosen_days(work: Work, since: date | None, until: date | None) -> tuple[date, date]:
    """The days asked for; the last 30 up to today when left out.

    Raises:
        Invalid: they are the wrong way round, or too many.
    """
    last = until or max(work.now.astimezone(work.zone).date(), since or date.min)
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise Invalid("since 不能晚于 until。", "since must not be after until.", "since")
    if (last - first).days >= MOST_DAYS:
        raise Invalid(f"一次最多统计 {MOST_DAYS} 天。", f"At most {MOST_DAYS} days at once.", "since")
    return first, last


def counts_for(work: Work, filters: MetricFilters, grouping: Grouping) -> type[DailyCount] | type[SpanCount]:
    """Where counts are read: by agent only when agents matter."""
    by_agent = filters.agents or "agent_id" in grouping.by or work.rows.agent_id is not None
    return DailyCount if by_agent else SpanCount


def conditions(
    work: Work, table: Summed, filters: MetricFilters, grouping: Grouping
) -> list[ColumnElement[bool]]:
    """What must hold of a row of sums: row scope and filters."""
    # Whoever sees one agent only is never given counts over all of them.
    agent = DailyCount.agent_id if table is SpanCount else table.agent_id  # type: ignore[union-attr]
    found = [
        _days(table, filters, grouping),
        *visible(work.rows, table.business_line, table.team, agent),
    ]
    chosen: tuple[tuple[InstrumentedAttribute[str], tuple[str, ...]], ...] = (
        (table.business_line, filters.business_lines),
        (table.team, filters.teams),
        (table.skill_group, filters.skill_groups),
        (agent, filters.agents),
        (table.scorecard_key, filters.scorecards),
    )
    return found + [one_of(column, values) for column, values in chosen if values]


def _days(table: Summed, filters: MetricFilters, grouping: Grouping) -> ColumnElement[bool]:
    first, last = filters.since, filters.until
    if not issubclass(table, SpanCount):
        return table.day.between(first.isoformat(), last.isoformat())
    if grouping.per in {"day", "week"}:
        return table.span.between(day_span(first.isoformat()), day_span(last.isoformat()))
    # Whole months at once, the days before and after them one by one.
    month = first if first.day == 1 else next_month(first)
    after = (last + timedelta(days=1)).replace(day=1)
    if month >= after:
        return table.span.between(day_span(first.isoformat()), day_span(last.isoformat()))
    final = (after - timedelta(days=1)).isoformat()
    parts = [table.span.between(month_span(month.isoformat()), month_span(final))]
    if first < month:
        before = (month - timedelta(days=1)).isoformat()
        parts.append(table.span.between(day_span(first.isoformat()), day_span(before)))
    if after <= last:
        parts.append(table.span.between(day_span(after.isoformat()), day_span(last.isoformat())))
    return or_(*parts)


def next_month(day: date) -> date:
    """The first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def keys_of(work: Work, table: Summed, grouping: Grouping) -> list[ColumnElement[str]]:
    """The columns that name a group: the first day of its period first, then its values."""
    columns: list[ColumnElement[str]] = [getattr(table, name).expression for name in grouping.by]
    return columns if grouping.per is None else [_start(work, table, grouping.per), *columns]


def one_page(
    query: Select[Any], keys: Sequence[ColumnElement[str]], cursor: str | None, limit: int
) -> Select[Any]:
    """The groups of a page and one more.

    Raises:
        Invalid: not a cursor of this list.
    """
    if not keys:
        return query
    if cursor:
        query = query.where(tuple_(*keys) > tuple_(*decode_cursor(cursor, (str,) * len(keys))))
    return query.group_by(*keys).order_by(*keys).limit(limit + 1)


def next_cursor(rows: Sequence[Any], keys: int, limit: int) -> str | None:
    """The cursor behind a page of rows that begin with their keys."""
    return encode_cursor(*rows[limit - 1][:keys]) if keys and len(rows) > limit else None


def group_of(row: Sequence[Any], grouping: Grouping) -> Group:
    """The group of a row that begins with its keys."""
    if grouping.per is None:
        return Group(None, tuple(row[: len(grouping.by)]))
    return Group(date.fromisoformat(row[0]), tuple(row[1 : 1 + len(grouping.by)]))


def _start(work: Work, table: Summed, per: Period) -> ColumnElement[str]:
    # Behind the letter of a span stands its day or its month.
    day = func.substr(table.span, 2) if issubclass(table, SpanCount) else table.day.expression
    if per == "day":
        return day
    if per == "month":
        return func.substr(day, 1, 7).concat("-01")
    if work.session.get_bind().dialect.name == "postgresql":
        monday = func.date_trunc("week", func.to_date(day, "YYYY-MM-DD"))
        return func.to_char(monday, "YYYY-MM-DD")
    return cast(func.date(day, "-6 days", "weekday 1"), String)
