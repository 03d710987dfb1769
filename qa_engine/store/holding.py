"""Waiting for one another by name, where no row exists yet that could be locked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

_HOLD = text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) AS t(k)")


def hold(session: Session, names: Iterable[str]) -> None:
    """Hold names until this transaction ends; whoever holds one of them already is waited for.

    All names are taken in one order, so that two who want the same ones cannot wait for each other. SQLite
    has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(_HOLD, {"keys": sorted({_key(name) for name in names})})


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
