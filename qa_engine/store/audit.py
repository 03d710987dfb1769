"""Writing the audit log: one row, and one link in its chain."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from qa_engine.store.chain import Link, link
from qa_engine.store.columns import canonical_json, from_ms, to_ms
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import AuditRow


def note(
    session: Session,
    keyring: Keyring,
    *,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    at: datetime,
    request_id: str | None = None,
    address: str | None = None,
) -> AuditRow:
    """Write that ``actor`` did ``action`` to ``subject``; ``detail`` holds no customer text."""
    row = AuditRow(
        at=from_ms(to_ms(at)),
        actor=actor,
        action=action,
        subject=subject,
        detail=dict(detail),
        request_id=request_id,
        address=address,
    )
    session.add(row)
    session.flush()
    link(session, keyring, "audit", [Link(action[:32], f"audit:{row.id}", audit_digest(row), row.at)])
    return row


def audit_digest(row: AuditRow) -> str:
    """What the chain remembers of an audit row."""
    said = [
        row.id,
        to_ms(row.at),
        row.actor,
        row.action,
        row.subject,
        row.detail,
        row.request_id,
        row.address,
    ]
    return hashlib.sha256(canonical_json(said)).hexdigest()
