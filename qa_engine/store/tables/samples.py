"""Draws of sampling plans: when, of which calls, and what the frame held before anything was drawn."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Fields, Id, Instant, Name
from qa_engine.store.tables.base import Table


class SampleDrawRow(Table):
    """One draw of a plan over the calls of a period; periods of one plan never overlap.

    ``since`` / ``until``: of the calls' time, ``until`` excluded. ``frame``: calls and drawn ones by
    stratum, and by probability the machine's outcomes of every criterion (``services/sampling_frame.py``).
    It is kept because reports that come later were never in the draw and must not count as if they were.
    """

    __tablename__ = "sample_draws"
    __table_args__ = (Index(None, "plan_id", "since"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plan_id: Mapped[int] = mapped_column(Id, ForeignKey("sampling_plans.id"))
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime] = mapped_column(Instant)
    calls: Mapped[int]
    drawn: Mapped[int]
    frame: Mapped[dict[str, Any]] = mapped_column(Fields)
    drawn_by: Mapped[str] = mapped_column(Name)
    drawn_at: Mapped[datetime] = mapped_column(Instant)
