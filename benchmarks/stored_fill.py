"""A store with very many reports of real shapes, for measuring.

Real conversations are judged and recorded the ordinary way; their rows (bodies, marks, outcomes) are then
multiplied inside the database under other ids, times, agents and teams. What is summed up is summed up by the
service's own recount.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from qa_engine.domain.transcript import Transcript
from qa_engine.scorecards import load_scorecard
from qa_engine.service import Service
from qa_engine.services.daily_facts import daily_facts
from qa_engine.services.recording import Inspected, record
from qa_engine.services.rollups import Sums
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.tables import (
    BusinessLineRow,
    DailyCell,
    DailyCount,
    ReportRow,
    ScorecardRow,
    Table,
    TranscriptRow,
)
from qa_engine.store.transcripts import Keeping, keep_transcripts

LINES = {"电商": "ecommerce_after_sales", "电信": "telecom_hotline", "金融": "bank_consumer_finance"}
TEAMS = 20
AGENTS = 300
DAYS = 365
LAST = datetime(2026, 6, 30, tzinfo=UTC)
_SKILLS = ("售前", "售后", "投诉", "热线")
_PER_CUSTOMER = 3
_CELL_KEYS = {"day", "business_line", "team", "skill_group", "agent_id", "scorecard_key"}
SUMS = tuple(name for name in list(DailyCell.__table__.columns.keys()) if name not in _CELL_KEYS)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A recorded report that is multiplied."""

    report_id: int
    transcript_id: int
    needs_review: bool


def record_patterns(service: Service, calls: Sequence[Transcript]) -> dict[str, list[Pattern]]:
    """Judge every call by the scorecard of every line and record it; patterns by line."""
    found: dict[str, list[Pattern]] = {}
    for line, key in LINES.items():
        loaded = load_scorecard(key)
        card = loaded.scorecard
        with service.work() as work:
            row = ScorecardRow(
                key=key, revision=card.revision, digest=card.digest, name=card.name, business_line=line,
                source=loaded.source_text, state="published", note="", created_by="system",
                created_at=work.now, published_by="system", published_at=work.now,
            )  # fmt: skip
            work.session.add(row)
            work.session.merge(
                BusinessLineRow(key=line, name=line, scorecard_key=key, appeal_days=7, second_review=False)
            )
        inspector = service.inspectors.of(row)
        reports = list(inspector.inspect_many(calls))
        found[line] = []
        for start in range(0, len(calls), 64):
            part = calls[start : start + 64]
            with service.work() as work:
                kept = keep_transcripts(work.session, work.keyring, part, Keeping(line), work.now, work.zone)
                inspected = [
                    Inspected(*one) for one in zip(kept, part, reports[start : start + 64], strict=True)
                ]
                rows = record(work, inspected, fingerprint=inspector.fingerprint)
                found[line] += [Pattern(row.id, row.transcript_id, row.needs_review is True) for row in rows]
    return found


def multiply(service: Service, patterns: dict[str, list[Pattern]], count: int, dice: random.Random) -> None:
    """Make ``count`` reports out of the patterns, spread over a year in the order of time."""
    zone = service.settings.zone
    with service.database.writing() as session:
        _load(session, "planned", _PLAN, _plan(patterns, count, dice, zone))
        ids = [pattern.report_id for found in patterns.values() for pattern in found]
        facts = [(row.id, daily_facts(row, zone)) for row in map(partial(session.get_one, ReportRow), ids)]
        sums = [(i, *(fact.sums.get(name, 0) for name in SUMS)) for i, fact in facts]
        _load(session, "pattern_sums", ("pattern", *SUMS), iter(sums))
        names = [(i, name) for i, fact in facts for name in fact.names]
        _load(session, "pattern_names", ("pattern", "name"), iter(names))
    for statement in statements():
        began = time.monotonic()
        with service.database.writing() as session:
            if service.database.kind == "postgresql":
                # The rows are copies of rows that were checked; checking 20 million references takes minutes.
                session.execute(text("SET LOCAL session_replication_role = replica"))
                session.execute(text("SET LOCAL work_mem = '512MB'"))
            session.execute(text(statement))
        print(f"  {statement.split(' (')[0].lower()}: {time.monotonic() - began:.0f} s", flush=True)


def check_a_day(service: Service, dice: random.Random) -> int:
    """Compare the sums of one day with its reports, and return how many there are.

    Raises:
        AssertionError: they differ.
    """
    begin = LAST - timedelta(days=dice.randint(10, DAYS - 10))
    zone = service.settings.zone
    day = begin.astimezone(zone).date()
    since = datetime.combine(day, datetime.min.time(), zone)
    r = ReportRow
    sums, n = Sums(), 0
    with service.look() as work:
        wanted = select(r).where(r.current, r.happened_at >= since, r.happened_at < since + timedelta(days=1))
        for row in work.session.scalars(wanted):
            sums.add(daily_facts(row, zone))
            n += 1
        for table, computed in ((DailyCell, sums.cells()), (DailyCount, sums.counts())):
            columns = list(table.__table__.columns.keys())
            stored = work.session.execute(
                select(*table.__table__.columns).where(table.day == day.isoformat())
            )
            found = sorted(tuple(row) for row in stored)
            assert found == sorted(tuple(row[name] for name in columns) for row in computed), table
    return n


_PLAN = (
    "id", "pattern", "call_pattern", "external_ref", "happened_at", "day", "business_line", "team",
    "agent_id", "skill_group", "review_state", "customer_ref", "first_contact", "contacted_again",
)  # fmt: skip
_NUMBERS = {"id", "pattern", "call_pattern", "happened_at", *SUMS}
_WINDOW_MS = 7 * 86_400_000


def _plan(
    patterns: dict[str, list[Pattern]], count: int, dice: random.Random, zone: ZoneInfo
) -> Iterator[tuple[int | str | bool, ...]]:
    first = max(pattern.report_id for found in patterns.values() for pattern in found) + 1
    begin = to_ms(LAST - timedelta(days=DAYS))
    step = DAYS * 86_400_000 / count
    agents = [dice.randrange(AGENTS) for _ in range(count)]
    customers = [dice.randrange(count // _PER_CUSTOMER + 1) for _ in range(count)]
    times = [begin + round(i * step) for i in range(count)]
    before, again = _contacts(times, list(zip(customers, map(_line_of_agent, agents), strict=True)))
    for i, agent in enumerate(agents):
        line = _line_of_agent(agent)
        pattern = dice.choice(patterns[line])
        # Two thirds of what is flagged has been looked at; of the last week nearly nothing.
        looked = dice.random() < (0.66 if i < count * 0.98 else 0.05)
        state = (
            "none" if not pattern.needs_review else dice.choice(("decided", "final")) if looked else "open"
        )
        number = first + i
        yield (
            number, pattern.report_id, pattern.transcript_id,
            hashlib.sha256(b"call %d" % number).hexdigest(), times[i],
            from_ms(times[i]).astimezone(zone).date().isoformat(), line, f"班组{agent % TEAMS:02d}",
            f"S{agent:03d}", _SKILLS[agent % len(_SKILLS)], state,
            hashlib.sha256(b"customer %d" % customers[i]).hexdigest(), not before[i], again[i],
        )  # fmt: skip


def _contacts(times: list[int], whose: list[tuple[int, str]]) -> tuple[list[bool], list[bool]]:
    """For every call whether the same customer was in touch within seven days before, and after."""
    before, again = [False] * len(times), [False] * len(times)
    last: dict[tuple[int, str], int] = {}
    for i, key in enumerate(whose):
        if key in last and times[i] - times[last[key]] <= _WINDOW_MS:
            before[i] = again[last[key]] = True
        last[key] = i
    return before, again


def _line_of_agent(agent: int) -> str:
    return list(LINES)[agent % TEAMS % len(LINES)]


def _load(session: Session, table: str, names: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> None:
    kinds = {"first_contact": "BOOLEAN", "contacted_again": "BOOLEAN", **dict.fromkeys(_NUMBERS, "BIGINT")}
    columns = ", ".join(f"{name} {kinds.get(name, 'TEXT')}" for name in names)
    session.execute(text(f"CREATE TABLE {table} ({columns})"))
    cursor = session.connection().connection.cursor()
    if session.get_bind().dialect.name == "postgresql":
        with cursor.copy(f"COPY {table} ({', '.join(names)}) FROM STDIN") as copy:  # type: ignore[attr-defined]
            for row in rows:
                copy.write_row(row)
    else:
        cursor.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", rows)


def statements() -> Iterator[str]:
    """SQL that fills the tables of the service from the plan, then drops the plan."""
    own = {
        name: f"p.{name}"
        for name in ("external_ref", "happened_at", "business_line", "team", "agent_id", "skill_group")
    }
    yield _copied(
        TranscriptRow,
        "t.id = p.call_pattern",
        {**own, "id": "p.id", "customer_ref": "p.customer_ref", "received_at": "p.happened_at",
         "started_at": "p.happened_at", "version": "1", "sealed": "NULL", "key_id": "NULL"},
    )  # fmt: skip
    yield _copied(
        ReportRow,
        "t.id = p.pattern",
        {**own, "id": "p.id", "transcript_id": "p.id", "recorded_at": "p.happened_at",
         "review_state": "p.review_state", "first_contact": "p.first_contact",
         "contacted_again": "p.contacted_again"},
    )  # fmt: skip
    yield (
        "INSERT INTO report_marks (name, happened_at, report_id) "
        "SELECT m.name, p.happened_at, p.id FROM planned p JOIN report_marks m ON m.report_id = p.pattern "
        "ORDER BY m.name, p.happened_at, p.id"
    )
    review = {
        "report_id": "p.id", "state": "p.review_state", "origin": "'flagged'", "priority": "r.priority",
        "opened_at": "p.happened_at", "version": "1", "business_line": "p.business_line", "team": "p.team",
        "agent_id": "p.agent_id", "happened_at": "p.happened_at",
        "decided_at": "CASE p.review_state WHEN 'open' THEN NULL ELSE p.happened_at + 86400000 END",
        "first_by": "CASE p.review_state WHEN 'open' THEN NULL ELSE 'user:1' END",
    }  # fmt: skip
    yield (
        f"INSERT INTO reviews ({', '.join(review)}) SELECT {', '.join(review.values())} "
        "FROM planned p JOIN reports r ON r.id = p.pattern WHERE p.review_state <> 'none' ORDER BY p.id"
    )
    sums = {name: f"sum(f.{name})" for name in SUMS}
    sums["first_judged"] = "sum(CASE WHEN p.first_contact THEN f.resolution_judged ELSE 0 END)"
    sums["first_resolved"] = (
        "sum(CASE WHEN p.first_contact AND NOT p.contacted_again THEN f.resolved ELSE 0 END)"
    )
    cell = "p.day, p.business_line, p.team, p.skill_group, p.agent_id, r.scorecard_key"
    keys = cell.replace("p.", "").replace("r.", "")
    cards = "JOIN reports r ON r.id = p.pattern"
    yield (
        f"INSERT INTO daily_cells ({keys}, {', '.join(sums)}) SELECT {cell}, {', '.join(sums.values())} "
        f"FROM planned p {cards} JOIN pattern_sums f ON f.pattern = p.pattern GROUP BY {cell} ORDER BY {cell}"
    )
    yield (
        f"INSERT INTO daily_counts ({keys}, name, n) SELECT {cell}, f.name, count(*) "
        f"FROM planned p {cards} JOIN pattern_names f ON f.pattern = p.pattern GROUP BY {cell}, f.name "
        # As the table's key begins: rows that come in another order cost several times as long.
        f"ORDER BY p.agent_id, {cell}, f.name"
    )
    for span in ("'d' || p.day", "'m' || substr(p.day, 1, 7)"):
        group = f"{span}, p.business_line, p.team, p.skill_group, r.scorecard_key"
        yield (
            "INSERT INTO span_counts (span, business_line, team, skill_group, scorecard_key, name, n) "
            f"SELECT {group}, f.name, count(*) FROM planned p {cards} "
            f"JOIN pattern_names f ON f.pattern = p.pattern GROUP BY {group}, f.name ORDER BY {group}, f.name"
        )
    span = "business_line, team, skill_group, scorecard_key, name"
    for name in ("'d' || day", "'m' || substr(day, 1, 7)"):
        yield (
            f"INSERT INTO span_counts (span, {span}, n) SELECT {name}, {span}, sum(n) FROM daily_counts "
            f"GROUP BY {name}, {span} ORDER BY {name}, {span}"
        )
    yield from (f"DROP TABLE {table}" for table in ("planned", "pattern_sums", "pattern_names"))


def _copied(row: type[Table], joined: str, changed: dict[str, str]) -> str:
    names = list(row.__table__.columns.keys())
    values = [changed.get(name, f"t.{name}") for name in names]
    table = row.__tablename__
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM planned p JOIN {table} t ON {joined} ORDER BY p.id"
    )
