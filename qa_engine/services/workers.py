"""Worker processes: which are alive, told by themselves every few seconds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from qa_engine.services.work import Work
from qa_engine.store.tables import WorkerRow

# A worker that has said nothing for so long is taken for dead, and its work is given to others.
SILENT = timedelta(seconds=60)
FORGOTTEN = timedelta(days=1)


def note_alive(work: Work, name: str, host: str, pid: int, started_at: datetime) -> None:
    """Tell that a worker lives."""
    row = work.session.get(WorkerRow, name)
    if row is None:
        row = WorkerRow(name=name, host=host, pid=pid, started_at=started_at)
        work.session.add(row)
    row.host, row.pid, row.started_at, row.seen_at = host, pid, started_at, work.now


def alive(work: Work) -> list[WorkerRow]:
    """All workers seen lately, by name."""
    seen = select(WorkerRow).where(WorkerRow.seen_at > work.now - SILENT)
    return list(work.session.scalars(seen.order_by(WorkerRow.name)))


def note_gone(work: Work, name: str) -> None:
    """Tell that a worker ends in order."""
    work.session.execute(delete(WorkerRow).where(WorkerRow.name == name))


def forget_dead(work: Work) -> None:
    """Forget workers nobody has seen for a day."""
    work.session.execute(delete(WorkerRow).where(WorkerRow.seen_at < work.now - FORGOTTEN))


def names(rows: Collection[WorkerRow]) -> frozenset[str]:
    """The names of workers."""
    return frozenset(row.name for row in rows)
