"""Batches of transcripts on their way through the engine."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Fields, Id, Instant, Key, Name, Words
from qa_engine.store.tables.base import Table


class BatchRow(Table):
    """One submitted batch.

    ``state``: waiting | importing | scoring | done | failed | cancelled. ``inputs``: paths as the worker
    sees them (a spooled upload, or files of an allowed folder). ``imported`` counts records read so far and
    is written in the transaction that stores them: a worker that died goes on behind it. ``failure`` is a
    Chinese sentence when the batch as a whole could not go on. ``expected``: how many records there will be,
    a guess until ``complete`` (every input is read). ``options``: ``read`` (how to read), ``teams`` and
    ``agent_id`` (the submitter's scope), ``folder`` (the allowed one), ``node`` (on whose disk the
    inputs lie), ``seen`` (digest of the input files).
    """

    __tablename__ = "batches"
    __table_args__ = (Index(None, "state"), Index(None, "created_at", "id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Name)
    business_line: Mapped[str] = mapped_column(Key)
    scorecard_key: Mapped[str] = mapped_column(Key)
    scorecard_digest: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[list[str]] = mapped_column(Fields)
    spooled: Mapped[bool]
    options: Mapped[dict[str, Any]] = mapped_column(Fields)
    submitted_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    expected: Mapped[int] = mapped_column(Id)
    imported: Mapped[int]
    complete: Mapped[bool]
    scored: Mapped[int]
    failed: Mapped[int]
    failure: Mapped[str | None] = mapped_column(Words)


class BatchChunk(Table):
    """A run of consecutive records scored and recorded in one transaction. ``state``: waiting | done."""

    __tablename__ = "batch_chunks"
    __table_args__ = (Index(None, "batch_id", "state"),)

    batch_id: Mapped[str] = mapped_column(String(32), ForeignKey("batches.id"), primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]


class BatchRecord(Table):
    """One input record: the transcript it became and its report, or why there is none (``error``)."""

    __tablename__ = "batch_records"
    __table_args__ = (Index(None, "batch_id", "chunk"), Index("ix_batch_records_report", "report_id"))

    batch_id: Mapped[str] = mapped_column(String(32), ForeignKey("batches.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chunk: Mapped[int]
    transcript_id: Mapped[int | None] = mapped_column(Id, ForeignKey("transcripts.id"))
    report_id: Mapped[int | None] = mapped_column(Id, ForeignKey("reports.id"))
    error: Mapped[dict[str, Any] | None] = mapped_column(Fields)
