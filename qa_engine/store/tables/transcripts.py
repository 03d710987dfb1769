"""Conversations as stored: the text sealed, the masked text beside it, the frame in the open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Bytes, Fields, Id, Instant, Key, Name
from qa_engine.store.tables.base import Table


class TranscriptRow(Table):
    """One version of one conversation.

    Attributes:
        external_ref: HMAC of (business line, id in the customer's system): finds it without storing it.
        external_id: that id as people without the right to raw text may see it (masked).
        version: 1, 2, … for the same ``external_ref``; only the newest is ``current``.
        content_digest: HMAC of the canonical transcript JSON; equal text is stored once.
        customer_ref: HMAC of the customer's id, to erase on request; None without an id.
        sealed: the canonical transcript JSON, zlib + AES-GCM (see ``store/sealing.py``); None once purged.
        masked: the masked transcript JSON, zlib; None once erased.
        purge_raw_at, purge_masked_at: when retention removes them; None = kept.
        erased_at: when a customer's request removed the text.
    """

    __tablename__ = "transcripts"
    __table_args__ = (
        Index(None, "external_ref", "version", unique=True),
        Index(None, "customer_ref", "happened_at"),
        Index(None, "purge_raw_at"),
        Index(None, "purge_masked_at"),
        Index(None, "key_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    external_ref: Mapped[str] = mapped_column(String(64))
    external_id: Mapped[str] = mapped_column(Name)
    version: Mapped[int]
    current: Mapped[bool]
    content_digest: Mapped[str] = mapped_column(String(64))
    business_line: Mapped[str] = mapped_column(Key)
    channel: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    happened_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    agent_id: Mapped[str | None] = mapped_column(Key)
    agent_name: Mapped[str | None] = mapped_column(Name)
    team: Mapped[str | None] = mapped_column(Key)
    skill_group: Mapped[str | None] = mapped_column(Key)
    customer_ref: Mapped[str | None] = mapped_column(String(64))
    customer_tier: Mapped[str | None] = mapped_column(Key)
    customer_region: Mapped[str | None] = mapped_column(Key)
    duration_ms: Mapped[int | None] = mapped_column(Id)
    turn_count: Mapped[int]
    attributes: Mapped[dict[str, Any]] = mapped_column(Fields)
    sealed: Mapped[bytes | None] = mapped_column(Bytes)
    key_id: Mapped[str | None] = mapped_column(String(32))
    masked: Mapped[bytes | None] = mapped_column(Bytes)
    purge_raw_at: Mapped[datetime | None] = mapped_column(Instant)
    purge_masked_at: Mapped[datetime | None] = mapped_column(Instant)
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
