"""Human decisions, beside the machine's results and never over them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Fields, Id, Instant, Key, Name, Words
from qa_engine.store.tables.base import Table


class ReviewRow(Table):
    """复核: one report that somebody must look at, and how far that has come.

    ``state``: open | claimed | decided | second_open | second_claimed | disputed | final
    (``domain/review.py``). ``origin``: flagged | sampled | manual | appealed. ``skipped_by``: who laid it
    aside (None = nobody). ``version`` is for optimistic locking. The columns after it repeat the report's,
    so that the queue is one index walk.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        Index(None, "report_id", unique=True),
        Index("ix_reviews_queue", "state", "priority", "id"),
        Index("ix_reviews_team_queue", "team", "state", "priority", "id"),
        Index("ix_reviews_line_queue", "business_line", "state", "priority", "id"),
        Index("ix_reviews_agent_queue", "agent_id", "state", "priority", "id"),
        Index("ix_reviews_priority", "priority", "id"),
        Index(None, "claimed_by", "state"),
        Index("ix_reviews_lease", "lease_until"),
        Index("ix_reviews_decided", "state", "decided_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"))
    state: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    priority: Mapped[float]
    claimed_by: Mapped[str | None] = mapped_column(Name)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    first_by: Mapped[str | None] = mapped_column(Name)
    second_by: Mapped[str | None] = mapped_column(Name)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    skipped_by: Mapped[list[str] | None] = mapped_column(Fields)
    version: Mapped[int] = mapped_column()
    business_line: Mapped[str] = mapped_column(Key)
    team: Mapped[str | None] = mapped_column(Key)
    agent_id: Mapped[str | None] = mapped_column(Key)
    happened_at: Mapped[datetime] = mapped_column(Instant)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it off the class


class DecisionRow(Table):
    """What a human said of one criterion or finding: confirmed, or overridden (改判) with a reason.

    ``target``: ``criterion:KEY``, ``fault:TURN:KIND``, ``type:KEY``, ``complaint``, ``resolution``,
    ``attitude``, ``drop:TURN``. ``machine`` and ``human`` are values of that target (for criteria an
    outcome). ``stage``: first | second | settle | appeal. Rows are only ever added; the latest of a target
    counts. ``reason`` is masked when it is written. ``turns``: 0-based turns a criterion failed by hand
    rests on, None when none are named.
    """

    __tablename__ = "review_decisions"
    __table_args__ = (Index(None, "report_id", "target", "id"), Index(None, "review_id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"))
    review_id: Mapped[int] = mapped_column(Id, ForeignKey("reviews.id"))
    appeal_id: Mapped[int | None] = mapped_column(Id, ForeignKey("appeals.id"))
    stage: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(Key)
    verdict: Mapped[str] = mapped_column(String(16))
    machine: Mapped[str | None] = mapped_column(Key)
    human: Mapped[str | None] = mapped_column(Key)
    turns: Mapped[list[int] | None] = mapped_column(Fields)
    reason: Mapped[str] = mapped_column(Words)
    decided_by: Mapped[str] = mapped_column(Name)
    decided_at: Mapped[datetime] = mapped_column(Instant)


class AppealRow(Table):
    """申诉 of an agent against a report. ``state``: filed | answered | granted | denied | withdrawn | final.

    ``targets``: a list as in ``DecisionRow.target``. Texts are masked when written.
    """

    __tablename__ = "appeals"
    __table_args__ = (
        Index(None, "report_id"),
        Index("ix_appeals_queue", "state", "filed_at", "id"),
        Index(None, "agent_id", "filed_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"))
    state: Mapped[str] = mapped_column(String(16))
    targets: Mapped[list[str]] = mapped_column(Fields)
    text: Mapped[str] = mapped_column(Words)
    filed_by: Mapped[str] = mapped_column(Name)
    filed_at: Mapped[datetime] = mapped_column(Instant)
    answer: Mapped[str | None] = mapped_column(Words)
    answered_by: Mapped[str | None] = mapped_column(Name)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[str | None] = mapped_column(Name)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column()
    business_line: Mapped[str] = mapped_column(Key)
    team: Mapped[str | None] = mapped_column(Key)
    agent_id: Mapped[str | None] = mapped_column(Key)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it off the class


class CalibrationRow(Table):
    """校准: several reviewers judge the same calls blind. ``state``: open | closed."""

    __tablename__ = "calibration_sessions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    scorecard_digest: Mapped[str] = mapped_column(String(64))
    business_line: Mapped[str] = mapped_column(Key)
    criteria: Mapped[list[str]] = mapped_column(Fields)
    reviewers: Mapped[list[str]] = mapped_column(Fields)
    reports: Mapped[list[int]] = mapped_column(Fields)
    state: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)


class CalibrationMark(Table):
    """One reviewer's outcome of one criterion of one call in a calibration session."""

    __tablename__ = "calibration_marks"

    session_id: Mapped[int] = mapped_column(Id, ForeignKey("calibration_sessions.id"), primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(Name, primary_key=True)
    criterion: Mapped[str] = mapped_column(Key, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))
    marked_at: Mapped[datetime] = mapped_column(Instant)


class SamplingPlanRow(Table):
    """抽检方案. ``settings`` belongs to ``domain/sampling.py``; ``seed`` makes draws repeatable."""

    __tablename__ = "sampling_plans"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    kind: Mapped[str] = mapped_column(String(16))
    business_line: Mapped[str | None] = mapped_column(Key)
    settings: Mapped[dict[str, Any]] = mapped_column(Fields)
    seed: Mapped[int] = mapped_column(Id)
    active: Mapped[bool]
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)


class SampleRow(Table):
    """One report drawn by a plan, with the probability with which it was."""

    __tablename__ = "samples"
    __table_args__ = (
        Index(None, "plan_id", "report_id", unique=True),
        Index(None, "draw_id", "id"),
        Index(None, "report_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[int] = mapped_column(Id, ForeignKey("sampling_plans.id"))
    draw_id: Mapped[int] = mapped_column(Id, ForeignKey("sample_draws.id"))
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("reports.id"))
    stratum: Mapped[str] = mapped_column(Key)
    probability: Mapped[float]
    drawn_at: Mapped[datetime] = mapped_column(Instant)
