"""Revisions of 评分表 as stored, and the business lines that use them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Id, Instant, Key, Name, Words
from qa_engine.store.tables.base import Table


class ScorecardRow(Table):
    """One revision; ``source`` (YAML) and ``digest`` never change.

    ``state``: draft | published | retired. At most one revision of a key is published.
    """

    __tablename__ = "scorecard_revisions"
    __table_args__ = (Index(None, "key", "revision", unique=True), Index(None, "digest"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(Key)
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(Name)
    business_line: Mapped[str] = mapped_column(Key)
    source: Mapped[str] = mapped_column(Words)
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Words)
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str | None] = mapped_column(Name)
    published_at: Mapped[datetime | None] = mapped_column(Instant)


class BusinessLineRow(Table):
    """A business line (业务线): how long its text is kept and how its reviews run.

    ``raw_days`` / ``masked_days``: retention, None = for ever. ``appeal_days``: within how many days of a
    decision or report an agent may appeal. ``scorecard_key``: judged by it unless told otherwise.
    """

    __tablename__ = "business_lines"

    key: Mapped[str] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    scorecard_key: Mapped[str | None] = mapped_column(Key)
    raw_days: Mapped[int | None]
    masked_days: Mapped[int | None]
    appeal_days: Mapped[int]
    second_review: Mapped[bool]
