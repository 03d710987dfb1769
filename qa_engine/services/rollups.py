"""Daily sums over the current reports, kept up by those who record and decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from qa_engine.services.daily_facts import CellKey, DailyFacts, daily_facts
from qa_engine.services.work import Work
from qa_engine.store.tables import DailyCell, DailyCount, ReportRow, SpanCount
from qa_engine.store.tables.base import Table

_KEYS = ("day", "business_line", "team", "skill_group", "agent_id", "scorecard_key")
_SUMS = tuple(column.name for column in DailyCell.__table__.columns if column.name not in _KEYS)
_SPAN_KEYS = ("span", "business_line", "team", "skill_group", "scorecard_key", "name")
_AT_ONCE = 1000
# Whoever adds to the sums waits, whoever only reads them does not.
_LOCK = text("LOCK TABLE daily_cells, daily_counts, span_counts IN SHARE ROW EXCLUSIVE MODE")

Counted = ReportRow | DailyFacts


class Sums:
    """Sums by cell, to be added to the stored ones."""

    def __init__(self) -> None:
        self._cells: dict[CellKey, Counter[str]] = {}
        self._names: dict[CellKey, Counter[str]] = {}

    def add(self, facts: DailyFacts, sign: int = 1) -> None:
        """Add one report; ``sign`` -1 takes it out again."""
        cell = self._cells.setdefault(facts.key, Counter())
        for column, n in facts.sums.items():
            cell[column] += sign * n
        names = self._names.setdefault(facts.key, Counter())
        for name in facts.names:
            names[name] += sign

    def cells(self) -> list[dict[str, Any]]:
        """Rows of ``DailyCell`` that are not all zeros, in the order of their keys."""
        return [
            {**_named(key), **{column: sums[column] for column in _SUMS}}
            for key, sums in sorted(self._cells.items())
            if any(sums.values())
        ]

    def counts(self) -> list[dict[str, Any]]:
        """Rows of ``DailyCount`` that are not zero, in the order of their keys."""
        return [
            {**_named(key), "name": name, "n": n}
            for key, names in sorted(self._names.items())
            for name, n in sorted(names.items())
            if n
        ]

    def spans(self) -> list[dict[str, Any]]:
        """Rows of ``SpanCount`` that are not zero, in the order of their keys."""
        found: Counter[tuple[str, ...]] = Counter()
        for (day, line, team, skill_group, _, scorecard), names in self._names.items():
            for name, n in names.items():
                for span in (day_span(day), month_span(day)):
                    found[span, line, team, skill_group, scorecard, name] += n
        return [{**dict(zip(_SPAN_KEYS, key, strict=True)), "n": n} for key, n in sorted(found.items()) if n]


def day_span(day: str) -> str:
    """How ``SpanCount`` names a day (ISO)."""
    return f"d{day}"


def month_span(day: str) -> str:
    """How ``SpanCount`` names the month of a day (ISO)."""
    return f"m{day[:7]}"


def apply(work: Work, minus: Iterable[Counted], plus: Iterable[Counted]) -> None:
    """Take reports out of the daily sums and put others in; writes each touched row once.

    Whoever changes a report that is counted passes what it was (``daily_facts`` of the row before the
    change) as ``minus`` and the changed row as ``plus``, best in one call.

    Args:
        work: a writing unit of work.
        minus: reports that were counted, as they were then.
        plus: reports to count, as they are now.

    Raises:
        ReportFormatError: the body of one cannot be read.
    """
    sums = Sums()
    for row in minus:
        sums.add(_facts(work, row), -1)
    for row in plus:
        sums.add(_facts(work, row))
    _store(work.session, sums)


def recount(work: Work) -> int:
    """Count all current reports anew and replace the daily sums; returns how many reports there are.

    Needed when the time zone of the service changes. Recording goes on meanwhile, but waits at its end.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(_LOCK)
    sums, n = Sums(), 0
    for row in _current(work.session):
        sums.add(daily_facts(row, work.zone))
        n += 1
    for table in (DailyCell, DailyCount, SpanCount):
        work.session.execute(delete(table))
    _store(work.session, sums)
    work.audit("metrics.recounted", "metrics", reports=n)
    return n


def _current(session: Session) -> Iterator[ReportRow]:
    after = 0
    while True:
        query = select(ReportRow).where(ReportRow.current, ReportRow.id > after)
        rows = session.scalars(query.order_by(ReportRow.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from rows
        after = rows[-1].id
        for row in rows:
            if not session.is_modified(row):
                session.expunge(row)


def _facts(work: Work, counted: Counted) -> DailyFacts:
    return counted if isinstance(counted, DailyFacts) else daily_facts(counted, work.zone)


def _store(session: Session, sums: Sums) -> None:
    # In the order of their keys: two transactions that touch the same rows cannot wait for each other.
    _add(session, DailyCell, _KEYS, _SUMS, sums.cells())
    _add(session, DailyCount, (*_KEYS, "name"), ("n",), sums.counts())
    _add(session, SpanCount, _SPAN_KEYS, ("n",), sums.spans())


def _add(
    session: Session,
    table: type[Table],
    keys: tuple[str, ...],
    columns: tuple[str, ...],
    rows: list[dict[str, Any]],
) -> None:
    if not rows:
        return
    stored = table.__table__.columns
    insert = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)
    added = {name: stored[name] + insert.excluded[name] for name in columns}
    session.connection().execute(insert.on_conflict_do_update(index_elements=keys, set_=added), rows)


def _named(key: CellKey) -> dict[str, Any]:
    return dict(zip(_KEYS, key, strict=True))
