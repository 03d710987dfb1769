"""One unit of work: an open transaction, who acts in it, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from qa_engine.domain.access import Permission, Principal, RowScope
from qa_engine.store.audit import note
from qa_engine.store.sealing import Keyring


@dataclass(frozen=True, slots=True)
class Work:
    """What every service function is given first.

    Attributes:
        now: the moment of the request (aware, UTC); services never ask the clock themselves.
        zone: where a day begins and ends.
        request_id, address: told to the audit log.
    """

    session: Session
    principal: Principal
    keyring: Keyring
    now: datetime
    zone: ZoneInfo
    request_id: str | None = None
    address: str | None = None

    @property
    def rows(self) -> RowScope:
        """Which rows this principal may see."""
        return self.principal.rows

    @property
    def actor(self) -> str:
        """How records name who acts."""
        return self.principal.actor

    def require(self, permission: Permission) -> None:
        """Insist on a permission.

        Raises:
            Forbidden: it is not given.
        """
        self.principal.require(permission)

    def audit(self, action: str, subject: str, **detail: Any) -> None:
        """Note in the audit log what is being done; ``detail`` must hold no customer text."""
        note(
            self.session,
            self.keyring,
            actor=self.actor,
            action=action,
            subject=subject,
            detail=detail,
            at=self.now,
            request_id=self.request_id,
            address=self.address,
        )
