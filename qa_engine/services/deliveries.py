"""The life of a delivery: taken by one worker at a time, tried again ever later, dead in the end.

Delivery is at least once: a worker that dies between sending and noting it sends again. Receivers tell
repeats by the ``webhook-id`` header.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import func, select, update

from qa_engine.services.webhooks import secret_of
from qa_engine.services.work import Work
from qa_engine.store.tables import DeliveryRow, WebhookRow

_MINUTE, _HOUR = 60, 3600
# 12 attempts over nearly 3 days: a receiver may be down for a weekend.
WAITS_S = (10, _MINUTE, 5 * _MINUTE, 20 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR,
           20 * _HOUR, 24 * _HOUR)  # fmt: skip
# How long one attempt may take before another worker may take the delivery; longer than any timeout.
TAKEN_S = 120
GONE = 410


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery ready to be sent. ``body`` is signed exactly as it is."""

    id: int
    attempt: int
    event_id: str
    url: str
    secret: str = field(repr=False)
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending: an HTTP status, or the code of what went wrong (``timeout``, …)."""

    status: int | None = None
    error: str | None = None

    @property
    def accepted(self) -> bool:
        """True when the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


def take_due(work: Work, limit: int) -> list[Letter]:
    """Take deliveries that are due, oldest first; nobody else takes them for the next two minutes."""
    due = (
        select(DeliveryRow, WebhookRow)
        .join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
        .where(DeliveryRow.state == "pending", DeliveryRow.due_at <= work.now, WebhookRow.active)
        .order_by(DeliveryRow.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=DeliveryRow)
    )
    letters = []
    for row, webhook in work.session.execute(due).all():
        row.due_at = work.now + timedelta(seconds=TAKEN_S)
        row.attempts += 1
        body = {"type": row.event, "timestamp": row.created_at.isoformat(), "data": row.payload}
        secret = secret_of(work.keyring, webhook)
        letters.append(Letter(row.id, row.attempts, row.event_id, webhook.url, secret, orjson.dumps(body)))
    return letters


def settle(work: Work, letter: Letter, answer: Answer) -> None:
    """Note what came of an attempt: delivered, to be tried again later, or dead.

    Nothing happens when the delivery has gone on without us (replayed, taken by another worker).
    """
    values: dict[str, object] = {
        "last_status": answer.status,
        "last_error": None if answer.accepted else answer.error or f"http_{answer.status}",
    }
    if answer.accepted:
        values.update(state="delivered", delivered_at=work.now)
    elif answer.status == GONE or letter.attempt > len(WAITS_S):
        values.update(state="dead")
    else:
        values.update(due_at=next_try(work.now, letter.attempt))
    work.session.execute(
        update(DeliveryRow)
        .where(
            DeliveryRow.id == letter.id,
            DeliveryRow.state == "pending",
            DeliveryRow.attempts == letter.attempt,
        )
        .values(**values)
    )


def next_try(now: datetime, attempt: int) -> datetime:
    """When to try again after the ``attempt``-th attempt failed (1, 2, …)."""
    return now + timedelta(seconds=WAITS_S[attempt - 1])


def waiting_deliveries(work: Work) -> dict[str, int]:
    """How many deliveries are in each state but delivered, for metrics."""
    counted = (
        select(DeliveryRow.state, func.count())
        .where(DeliveryRow.state.in_(("pending", "dead")))
        .group_by(DeliveryRow.state)
    )
    return dict(work.session.execute(counted))
