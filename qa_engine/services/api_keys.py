"""API keys of systems: shown once, kept as a hash, limited to scopes, lines and teams, revocable."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select, update

from qa_engine.domain.access import GRANTABLE, Permission, Principal
from qa_engine.domain.refusal import Invalid, NotFound, Unauthenticated
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.principals import principal_of_key
from qa_engine.services.tokens import hash_secret, is_secret, new_secret
from qa_engine.services.work import Work
from qa_engine.store.tables import ApiKeyRow

_SHAPE = re.compile(r"(qae_[a-z0-9]{10})\.([A-Za-z0-9_-]{43})")
_LETTERS = string.ascii_lowercase + string.digits
# Noted at most this often: a busy key must not write with every request.
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CreatedKey:
    """A key just made; ``secret`` is what its owner sends and is never known again."""

    row: ApiKeyRow
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """Who a key belongs to. ``use_unnoted``: its use should be noted with ``note_use``."""

    principal: Principal
    id: int
    use_unnoted: bool


def create_key(
    work: Work,
    *,
    name: str,
    scopes: Collection[Permission],
    business_lines: Collection[str] | None = None,
    teams: Collection[str] | None = None,
    expires_at: datetime | None = None,
) -> CreatedKey:
    """Make a key.

    Raises:
        Forbidden: the right to manage keys is missing.
        Invalid: no scope, a scope keys may not have, or an end that has passed.
    """
    work.require(Permission.MANAGE_KEYS)
    beyond = sorted(set(scopes) - GRANTABLE)
    if beyond:
        raise Invalid(
            f"API 密钥不能带这些权限：{'、'.join(beyond)}。",
            f"API keys cannot be given: {', '.join(beyond)}.",
            "scopes",
        )
    if not scopes:
        raise Invalid("至少要给一项权限。", "At least one scope is needed.", "scopes")
    if expires_at is not None and expires_at <= work.now:
        raise Invalid("到期时间已经过去。", "The end has already passed.", "expires_at")
    prefix = "qae_" + "".join(secrets.choice(_LETTERS) for _ in range(10))
    secret = new_secret()
    row = ApiKeyRow(
        name=name,
        prefix=prefix,
        key_hash=hash_secret(secret),
        scopes=sorted(set(scopes)),
        business_lines=None if business_lines is None else sorted(set(business_lines)),
        teams=None if teams is None else sorted(set(teams)),
        created_by=work.actor,
        created_at=work.now,
        expires_at=expires_at,
    )
    work.session.add(row)
    work.session.flush()
    work.audit(
        "api_key.created",
        f"api_key:{row.id}",
        scopes=row.scopes,
        prefix=prefix,
        business_lines=row.business_lines,
        teams=row.teams,
        expires_at=None if expires_at is None else expires_at.isoformat(),
    )
    return CreatedKey(row, f"{prefix}.{secret}")


def list_keys(work: Work, *, cursor: str | None = None, limit: int = 50) -> Page[ApiKeyRow]:
    """Every key, newest first.

    Raises:
        Forbidden: the right to manage keys is missing.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.MANAGE_KEYS)
    query = select(ApiKeyRow).order_by(ApiKeyRow.id.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(ApiKeyRow.id < decode_cursor(cursor, (int,))[0])
    rows = work.session.scalars(query).all()
    more = len(rows) > limit
    return Page(tuple(rows[:limit]), encode_cursor(rows[limit - 1].id) if more else None)


def revoke_key(work: Work, key_id: int) -> ApiKeyRow:
    """Make a key useless at once; revoking it again changes nothing.

    Raises:
        Forbidden: the right to manage keys is missing.
        NotFound: there is no such key.
    """
    work.require(Permission.MANAGE_KEYS)
    row = work.session.get(ApiKeyRow, key_id, with_for_update=True)
    if row is None:
        raise NotFound("API 密钥", "API key", "key_id")
    if row.revoked_at is None:
        row.revoked_at = work.now
        work.audit("api_key.revoked", f"api_key:{row.id}", prefix=row.prefix)
    return row


def known_key(work: Work, sent: str) -> KnownKey:
    """Who sends this key.

    Raises:
        Unauthenticated: unknown, revoked or expired (the three look the same on purpose).
    """
    shape = _SHAPE.fullmatch(sent)
    if shape is None:
        raise Unauthenticated
    prefix, secret = shape.groups()
    row = work.session.scalars(select(ApiKeyRow).where(ApiKeyRow.prefix == prefix)).one_or_none()
    if row is None or not is_secret(secret, row.key_hash):
        raise Unauthenticated
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= work.now):
        raise Unauthenticated
    unnoted = row.last_used_at is None or work.now - row.last_used_at >= USED_EVERY
    return KnownKey(principal_of_key(row), row.id, unnoted)


def note_use(work: Work, key_id: int) -> None:
    """Remember that a key was used now."""
    work.session.execute(update(ApiKeyRow).where(ApiKeyRow.id == key_id).values(last_used_at=work.now))
