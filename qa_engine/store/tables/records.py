"""Records about records: audit, hash chain, idempotency, webhooks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Bytes, Fields, Id, Instant, Key, Name, Words
from qa_engine.store.tables.base import Table


class AuditRow(Table):
    """Who did what to what, and when: every change, and every read of raw text. No customer text."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "at", "id"),
        Index(None, "subject", "at", "id"),
        Index(None, "actor", "at", "id"),
        Index(None, "action", "at", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(Name)
    action: Mapped[str] = mapped_column(Key)
    subject: Mapped[str] = mapped_column(Name)
    detail: Mapped[dict[str, Any]] = mapped_column(Fields)
    request_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str | None] = mapped_column(String(64))


class ChainRow(Table):
    """One link of a hash chain (``scores`` or ``audit``); see ``store/chain.py``.

    ``hash`` = HMAC-SHA256(chain key, chain, seq, at, kind, subject, digest, previous).
    """

    __tablename__ = "chain_links"
    __table_args__ = (Index(None, "subject"), {"sqlite_with_rowid": False})

    chain: Mapped[str] = mapped_column(String(16), primary_key=True)
    seq: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(Key)
    digest: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ChainHead(Table):
    """Where a chain ends. Its row is locked while links are added."""

    __tablename__ = "chain_heads"

    chain: Mapped[str] = mapped_column(String(16), primary_key=True)
    seq: Mapped[int] = mapped_column(Id)
    hash: Mapped[str] = mapped_column(String(64))


class IdempotencyRow(Table):
    """What a request with an idempotency key led to; kept for ever.

    ``subject`` names the record that was made (``report:17``, ``batch:…``): the answer is told anew
    from it, so no customer text is kept here. ``key_hash``: sha256 of actor, route and key.
    """

    __tablename__ = "idempotency_keys"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    request_digest: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(Key)
    created_at: Mapped[datetime] = mapped_column(Instant)


class WebhookRow(Table):
    """Where events are sent.

    ``secret``: random bytes from which, together with the installation's root key, the signing secret is
    derived (``services/webhooks.py``): whoever has the database alone can sign nothing.
    """

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    url: Mapped[str] = mapped_column(Words)
    events: Mapped[list[str]] = mapped_column(Fields)
    business_lines: Mapped[list[str] | None] = mapped_column(Fields)
    secret: Mapped[bytes] = mapped_column(Bytes)
    active: Mapped[bool]
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)


class DeliveryRow(Table):
    """One event on its way to one webhook. ``state``: pending | delivered | dead. No customer text."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (Index("ix_deliveries_due", "state", "due_at"), Index(None, "webhook_id", "id"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id"))
    event_id: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(Key)
    payload: Mapped[dict[str, Any]] = mapped_column(Fields)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    due_at: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Key)
