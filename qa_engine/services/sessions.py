"""Log-ins that last: a random token in a cookie, of which only the hash is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import CursorResult, delete, select

from qa_engine.domain.access import Principal
from qa_engine.domain.refusal import Unauthenticated
from qa_engine.services.principals import principal_of_user
from qa_engine.services.tokens import hash_secret, is_secret, new_secret
from qa_engine.services.work import Work
from qa_engine.store.tables import SessionRow, UserRow


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A log-in just made; the only time the token is known.

    Attributes:
        token: belongs into the cookie.
        csrf: must come back in a header with every change made by that cookie.
    """

    user: UserRow
    token: str = field(repr=False)
    csrf: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a session belongs to. ``must_change_password``: until then nothing else is allowed."""

    principal: Principal
    must_change_password: bool
    csrf_hash: str
    expires_at: datetime

    def sent(self, csrf: str | None) -> bool:
        """True when this is the session's CSRF token."""
        return csrf is not None and is_secret(csrf, self.csrf_hash)


def csrf_of(work: Work, token: str) -> str:
    """The CSRF token of a session: derived from its token, so a reloaded page can be told it again."""
    return work.keyring.ref("csrf", token)


def open_session(work: Work, user: UserRow, hours: float) -> OpenedSession:
    """Begin a session of a user who has proved who they are. Sessions that have expired go."""
    work.session.execute(delete(SessionRow).where(SessionRow.expires_at <= work.now))
    token = new_secret()
    csrf = csrf_of(work, token)
    expires_at = work.now + timedelta(hours=hours)
    work.session.add(
        SessionRow(
            token_hash=hash_secret(token),
            user_id=user.id,
            csrf_hash=hash_secret(csrf),
            created_at=work.now,
            expires_at=expires_at,
        )
    )
    user.last_login_at = work.now
    return OpenedSession(user, token, csrf, expires_at)


def visitor_of(work: Work, token: str) -> Visitor:
    """Whose session a cookie names.

    Raises:
        Unauthenticated: no such session, it has ended, or its user is no longer active.
    """
    found = work.session.execute(
        select(SessionRow, UserRow)
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.token_hash == hash_secret(token))
    ).one_or_none()
    if found is None:
        raise Unauthenticated
    session, user = found
    if session.expires_at <= work.now or not user.active:
        raise Unauthenticated
    return Visitor(principal_of_user(user), user.must_change_password, session.csrf_hash, session.expires_at)


def end_session(work: Work, token: str) -> None:
    """Log out; no matter when the session has ended already."""
    ended = cast(
        "CursorResult[object]",
        work.session.execute(delete(SessionRow).where(SessionRow.token_hash == hash_secret(token))),
    )
    if ended.rowcount:
        work.audit("session.ended", work.actor)


def end_sessions_of(work: Work, user_id: int, *, but_token: str | None = None) -> None:
    """End every session of a user, except perhaps the one at hand."""
    gone = delete(SessionRow).where(SessionRow.user_id == user_id)
    if but_token is not None:
        gone = gone.where(SessionRow.token_hash != hash_secret(but_token))
    work.session.execute(gone)
