"""Work that outlives a request: long tasks, and the worker processes that do all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Fields, Id, Instant, Key, Name, Words
from qa_engine.store.tables.base import Table


class TaskRow(Table):
    """One long task asked for by somebody (a back-test over history, …).

    ``state``: waiting | running | done | failed. ``arguments`` and ``result`` hold ids and figures, never
    customer text. ``attempts`` counts how often a worker began it. ``failure`` is a Chinese sentence.
    """

    __tablename__ = "tasks"
    __table_args__ = (Index(None, "state"), Index(None, "kind", "created_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(Key)
    state: Mapped[str] = mapped_column(String(16))
    arguments: Mapped[dict[str, Any]] = mapped_column(Fields)
    result: Mapped[dict[str, Any] | None] = mapped_column(Fields)
    failure: Mapped[str | None] = mapped_column(Words)
    attempts: Mapped[int]
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class WorkerRow(Table):
    """A worker process and when it was last seen alive; the row goes when the worker ends in order."""

    __tablename__ = "workers"

    name: Mapped[str] = mapped_column(Key, primary_key=True)
    host: Mapped[str] = mapped_column(Name)
    pid: Mapped[int] = mapped_column(Id)
    started_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
