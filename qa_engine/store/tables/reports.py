"""质检报告 as stored: an envelope without any customer text, and what people filter by beside it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Bytes, Id, Instant, Key
from qa_engine.store.tables.base import Table

# What lists are filtered by. It stands in the indexes that lists walk along: telling that a report is not
# wanted must not need the report itself, or a filter that little passes would read the whole table.
FACTS = (
    "current", "business_line", "team", "agent_id", "skill_group", "channel", "scorecard_key",
    "scorecard_revision", "final_percent", "final_passed", "critical_failure", "resolution", "is_complaint",
    "emotion_index", "needs_review", "review_state", "outcomes",
)  # fmt: skip


class ReportRow(Table):
    """One inspection of one transcript. Its machine columns never change after the insert.

    Attributes:
        happened_at: the call's start, or when it was received; lists are ordered by (happened_at, id).
        current: the newest report of this conversation by this scorecard key.
        schema_version: of ``body`` (see ``store/envelope.py``), which is zlib JSON with every quotation
            cut out: they are put back from the sealed or the masked text when the report is read.
        body_digest: sha256 of the uncompressed canonical JSON of ``body``; the hash chain names it.
        outcomes: one letter a criterion in scorecard order: P, F, N (not applicable), E (not evaluated).
        percent, passed: the machine's. final_percent, final_passed: with human decisions counted in;
            only these two, ``review_state``, ``current`` and the two of contacts are ever updated.
        handle_ms: 处理时长. silence_ms: sum of gaps of 3 s and more. response_ms / responses: sum and number
            of the gaps between a customer's turn and the agent's answer. None where times are missing.
        review_state: none | open | claimed | decided | final (see ``domain/review.py``).
        first_contact: nothing was heard of this customer in the seven days before; contacted_again: something
            was in the seven days after (see ``services/contacts.py``). None = nobody knows who the customer
            is. Both follow later calls.
    """

    __tablename__ = "reports"
    __table_args__ = (
        Index(None, "transcript_id"),
        Index("ix_reports_time", "happened_at", "id", *FACTS),
        Index("ix_reports_team", "team", "happened_at", "id", *(f for f in FACTS if f != "team")),
        Index("ix_reports_agent", "agent_id", "happened_at", "id", *(f for f in FACTS if f != "agent_id")),
        Index("ix_reports_percent", "final_percent"),
        Index("ix_reports_emotion", "emotion_index"),
        Index("ix_reports_batch", "batch_id", "happened_at", "id"),
        Index(
            "ix_reports_current", "external_ref", "scorecard_key", unique=True,
            postgresql_where=text("current"), sqlite_where=text("current = 1"),
        ),
        {"postgresql_with": {"toast_tuple_target": 256}},
    )  # fmt: skip

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    transcript_id: Mapped[int] = mapped_column(Id, ForeignKey("transcripts.id"))
    external_ref: Mapped[str] = mapped_column(String(64))
    happened_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    business_line: Mapped[str] = mapped_column(Key)
    channel: Mapped[str] = mapped_column(String(16))
    agent_id: Mapped[str | None] = mapped_column(Key)
    team: Mapped[str | None] = mapped_column(Key)
    skill_group: Mapped[str | None] = mapped_column(Key)
    batch_id: Mapped[str | None] = mapped_column(String(32))
    current: Mapped[bool]
    scorecard_key: Mapped[str] = mapped_column(Key)
    scorecard_revision: Mapped[int]
    scorecard_digest: Mapped[str] = mapped_column(String(64))
    fingerprint: Mapped[str] = mapped_column(String(64))
    engine_version: Mapped[str] = mapped_column(String(32))
    model: Mapped[str | None] = mapped_column(Key)
    schema_version: Mapped[int] = mapped_column(SmallInteger)
    body_digest: Mapped[str] = mapped_column(String(64))
    outcomes: Mapped[str] = mapped_column(Text)
    percent: Mapped[float]
    upper_percent: Mapped[float]
    passed: Mapped[bool | None]
    critical_failure: Mapped[bool]
    coverage: Mapped[float]
    attitude_level: Mapped[int | None] = mapped_column(SmallInteger)
    resolution: Mapped[str | None] = mapped_column(String(16))
    expected_satisfaction: Mapped[float | None]
    is_complaint: Mapped[bool | None]
    emotion_index: Mapped[float | None]
    drops: Mapped[int]
    open_drops: Mapped[int]
    needs_review: Mapped[bool | None]
    priority: Mapped[float | None]
    handle_ms: Mapped[int | None] = mapped_column(BigInteger)
    silence_ms: Mapped[int | None] = mapped_column(BigInteger)
    response_ms: Mapped[int | None] = mapped_column(BigInteger)
    responses: Mapped[int | None]
    final_percent: Mapped[float]
    final_passed: Mapped[bool | None]
    review_state: Mapped[str] = mapped_column(String(16))
    first_contact: Mapped[bool | None]
    contacted_again: Mapped[bool | None]
    # Last, and on PostgreSQL stored aside: lists read many rows and no body.
    body: Mapped[bytes] = mapped_column(Bytes)


class ReportMark(Table):
    """A noteworthy fact about a current report, so that rare ones are found among millions at once.

    ``name``: ``failed:KEY`` and ``unjudged:KEY`` of criteria, ``type:KEY`` of complaint types,
    ``fault:KIND``, ``cause:KIND`` of emotion drops, ``emotion:-1`` and ``emotion:-2`` (reached at least that
    low), ``attr:KEY=VALUE`` (masked, at most 64 characters).
    """

    __tablename__ = "report_marks"
    __table_args__ = (Index(None, "report_id"), {"sqlite_with_rowid": False})

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    happened_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    report_id: Mapped[int] = mapped_column(
        Id, ForeignKey("reports.id"), primary_key=True, autoincrement=False
    )


class DailyCell(Table):
    """Sums over the current reports of one day, line, team, skill group, agent and scorecard.

    Kept up in the transaction that records or decides; ``services/rollups.py`` can count all anew. ``day``:
    ISO date in the service's time zone. Texts are "" where unknown: a key with NULL in it is no key. A row
    of zeros means the same as none.

    ``percent_sum`` … ``emotion_sum`` are in ten-thousandths of their unit: whole numbers add up exactly in
    any order. ``judged`` / ``passed`` / ``percent_sum``: human decisions counted in. ``first_judged``: first
    contacts whose resolution was judged; ``first_resolved``: those resolved with no further contact.
    ``silence_n`` / ``silence_of_ms``: calls whose silence is known, and how long these took.
    """

    __tablename__ = "daily_cells"
    __table_args__ = (Index(None, "day"), Index(None, "agent_id", "day"), Index(None, "team", "day"))

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    business_line: Mapped[str] = mapped_column(Key, primary_key=True)
    team: Mapped[str] = mapped_column(Key, primary_key=True)
    skill_group: Mapped[str] = mapped_column(Key, primary_key=True)
    agent_id: Mapped[str] = mapped_column(Key, primary_key=True)
    scorecard_key: Mapped[str] = mapped_column(Key, primary_key=True)
    calls: Mapped[int]
    judged: Mapped[int]
    passed: Mapped[int]
    critical: Mapped[int]
    percent_sum: Mapped[int] = mapped_column(BigInteger)
    coverage_sum: Mapped[int] = mapped_column(BigInteger)
    resolution_judged: Mapped[int]
    resolved: Mapped[int]
    first_judged: Mapped[int]
    first_resolved: Mapped[int]
    satisfaction_n: Mapped[int]
    satisfaction_sum: Mapped[int] = mapped_column(BigInteger)
    complaint_judged: Mapped[int]
    complaints: Mapped[int]
    emotion_n: Mapped[int]
    emotion_sum: Mapped[int] = mapped_column(BigInteger)
    drops: Mapped[int]
    open_drops: Mapped[int]
    flagged: Mapped[int]
    handle_n: Mapped[int]
    handle_ms: Mapped[int] = mapped_column(BigInteger)
    silence_n: Mapped[int]
    silence_of_ms: Mapped[int] = mapped_column(BigInteger)
    silence_ms: Mapped[int] = mapped_column(BigInteger)
    response_n: Mapped[int]
    response_ms: Mapped[int] = mapped_column(BigInteger)


class DailyCount(Table):
    """How often a name occurred in such a cell: criterion outcomes ``P:KEY`` … ``E:KEY``, ``type:KEY``."""

    __tablename__ = "daily_counts"
    # By agent first, with the number in the index: a year of one agent is one short walk.
    __table_args__ = (
        PrimaryKeyConstraint(
            "agent_id",
            "day",
            "business_line",
            "team",
            "skill_group",
            "scorecard_key",
            "name",
            postgresql_include=["n"],
        ),
        {"sqlite_with_rowid": False},
    )

    day: Mapped[str] = mapped_column(String(10))
    business_line: Mapped[str] = mapped_column(Key)
    team: Mapped[str] = mapped_column(Key)
    skill_group: Mapped[str] = mapped_column(Key)
    agent_id: Mapped[str] = mapped_column(Key)
    scorecard_key: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(Key)
    n: Mapped[int]


class SpanCount(Table):
    """The same over all agents, of days (``d2026-03-01``) and of whole months (``m2026-03``).

    Figures of a year over everybody would have to read millions of ``DailyCount`` rows.
    """

    __tablename__ = "span_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)

    span: Mapped[str] = mapped_column(String(11), primary_key=True)
    business_line: Mapped[str] = mapped_column(Key, primary_key=True)
    team: Mapped[str] = mapped_column(Key, primary_key=True)
    skill_group: Mapped[str] = mapped_column(Key, primary_key=True)
    scorecard_key: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Key, primary_key=True)
    n: Mapped[int]
