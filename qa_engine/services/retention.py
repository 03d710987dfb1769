"""保留期限: text goes when its business line says so; scores stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, null, select, type_coerce, update
from sqlalchemy.orm import InstrumentedAttribute

from qa_engine.domain.access import Permission
from qa_engine.services.events import emit
from qa_engine.services.work import Work
from qa_engine.store.tables import BusinessLineRow, TranscriptRow

Begin = Callable[[], AbstractContextManager[Work]]
_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Purged:
    """How many originals and how many masked texts were removed, by business line."""

    raw: Counter[str]
    masked: Counter[str]

    @property
    def lines(self) -> list[str]:
        """The business lines that lost text."""
        return sorted({*self.raw, *self.masked})


@dataclass(frozen=True, slots=True)
class _Text:
    """One of the two texts of a conversation: where it stands, when it is due, what goes with it."""

    column: InstrumentedAttribute[Any]
    due: InstrumentedAttribute[Any]
    emptied: dict[str, Any]
    days: str


_TEXTS = {
    "raw": _Text(
        TranscriptRow.sealed,
        TranscriptRow.purge_raw_at,
        {"sealed": None, "key_id": None, "purge_raw_at": None},
        "raw_days",
    ),
    "masked": _Text(
        TranscriptRow.masked, TranscriptRow.purge_masked_at, {"masked": None, "purge_masked_at": None},
        "masked_days",
    ),
}  # fmt: skip


def purge(begin: Begin, batch: int = 1000) -> Purged:
    """Remove every text whose time has come, batch by batch, each in a transaction of its own.

    What was stored under other days than its business line has now is brought in line first. It may be
    stopped anywhere and run again.

    Args:
        begin: opens a writing unit of work, e.g. ``service.work``.
        batch: conversations a transaction.

    Raises:
        Forbidden: whoever acts may not manage retention.
    """
    purged = Purged(Counter(), Counter())
    with begin() as work:
        work.require(Permission.MANAGE_RETENTION)
        lines = list(work.session.scalars(select(BusinessLineRow)))
    for line in lines:
        for text in _TEXTS.values():
            _align(begin, line.key, text, getattr(line, text.days), batch)
    for name, text in _TEXTS.items():
        gone: Counter[str] = getattr(purged, name)
        while True:
            with begin() as work:
                looked_at = _purge_batch(work, name, text, batch, gone)
            if looked_at < batch:
                break
    with begin() as work:
        for key in purged.lines:
            payload = {"business_line": key, "raw": purged.raw[key], "masked": purged.masked[key]}
            emit(work, "retention.purged", payload, key)
    return purged


def _align(begin: Begin, line: str, text: _Text, days: int | None, batch: int) -> None:
    """Give every conversation of a line that still has this text the due moment of today's days."""
    due = type_coerce(text.due, BigInteger)
    wanted: Any = (
        null() if days is None else type_coerce(TranscriptRow.received_at, BigInteger) + days * _DAY_MS
    )
    differs = (
        select(TranscriptRow.id)
        .where(TranscriptRow.business_line == line, text.column.is_not(None), due.is_distinct_from(wanted))
        .order_by(TranscriptRow.id)
        .limit(batch)
    )
    while True:
        with begin() as work:
            ids = work.session.scalars(differs).all()
            _update(work, ids, {text.due.key: wanted})
        if len(ids) < batch:
            return


def _purge_batch(work: Work, name: str, text: _Text, batch: int, gone: Counter[str]) -> int:
    """Purge one batch and count it in ``gone``; returns how many were due."""
    due = (text.due <= work.now, text.column.is_not(None))
    longest_due = select(TranscriptRow.id).where(*due).order_by(text.due, TranscriptRow.id).limit(batch)
    ids = work.session.scalars(longest_due).all()
    # In the order in which erasures hold them: neither waits for the other for ever.
    held = select(TranscriptRow.id, TranscriptRow.business_line).where(TranscriptRow.id.in_(ids), *due)
    rows = work.session.execute(held.order_by(TranscriptRow.id).with_for_update()).all()
    _update(work, [row.id for row in rows], text.emptied)
    found = Counter(row.business_line for row in rows)
    for line, number in sorted(found.items()):
        work.audit("retention.purged", f"business_line:{line}", **{name: number})
    gone.update(found)
    return len(ids)


def _update(work: Work, ids: Sequence[int], values: dict[str, Any]) -> None:
    if ids:
        work.session.execute(
            update(TranscriptRow)
            .where(TranscriptRow.id.in_(ids))
            .values(values)
            .execution_options(synchronize_session=False)
        )
