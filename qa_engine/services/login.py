"""Logging in by password, with a lock-out that slows guessing and tells nobody which log-ins exist.

Three steps, because checking a password takes long and must hold no transaction: read what is known of the
log-in, check the password, settle what came of it. Settling a failure must be committed, so it is an
answer (None) and not an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from sqlalchemy import select

from qa_engine.services.passwords import hash_password, is_outdated, is_password
from qa_engine.services.principals import principal_of_user
from qa_engine.services.sessions import OpenedSession, open_session
from qa_engine.services.work import Work
from qa_engine.store.tables import UserRow

FREE_FAILURES = 4
LONGEST_LOCK = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a log-in must be proved against; both None when there is no such user."""

    user_id: int | None
    password_hash: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of checking a password. ``rehashed``: its hash by today's settings, None if as before."""

    credential: Credential
    right: bool
    rehashed: str | None = field(default=None, repr=False)


def credential_of(work: Work, login: str) -> Credential:
    """Read what is known of a log-in name."""
    row = work.session.scalars(select(UserRow).where(UserRow.login == login.casefold())).one_or_none()
    return Credential(None, None) if row is None else Credential(row.id, row.password_hash)


def prove(credential: Credential, password: str) -> Proof:
    """Check a password; slow, so never inside a transaction."""
    kept = credential.password_hash
    right = is_password(password, kept)
    rehashed = hash_password(password) if right and kept is not None and is_outdated(kept) else None
    return Proof(credential, right, rehashed)


def settle_login(work: Work, proof: Proof, hours: float) -> OpenedSession | None:
    """Open a session, or count the failure: None, whatever the reason.

    A locked log-in is refused even with the right password, and a password changed meanwhile proves nothing.
    """
    known = proof.credential
    user = (
        None
        if known.user_id is None
        else work.session.get(UserRow, known.user_id, with_for_update=True, populate_existing=True)
    )
    if user is None:
        work.audit("login.failed", "login")
        return None
    if user.locked_until is not None and user.locked_until > work.now:
        work.audit("login.locked", f"user:{user.id}")
        return None
    if not (proof.right and user.active and user.password_hash == known.password_hash):
        _count_failure(work, user)
        return None
    user.failed_logins = 0
    user.locked_until = None
    if proof.rehashed is not None:
        user.password_hash = proof.rehashed
    opened = open_session(work, user, hours)
    replace(work, principal=principal_of_user(user)).audit("session.opened", f"user:{user.id}", by="password")
    return opened


def _count_failure(work: Work, user: UserRow) -> None:
    user.failed_logins += 1
    beyond = user.failed_logins - FREE_FAILURES
    if beyond > 0:
        # One minute, two, four, …: guessing becomes hopeless, a person who mistyped waits a moment.
        user.locked_until = work.now + min(timedelta(minutes=2 ** min(beyond - 1, 10)), LONGEST_LOCK)
    work.audit("login.failed", f"user:{user.id}", failures=user.failed_logins)
