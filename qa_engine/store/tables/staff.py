"""People and systems that use the service, and how they prove who they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qa_engine.store.columns import Fields, Id, Instant, Key, Name
from qa_engine.store.tables.base import Table


class UserRow(Table):
    """Somebody who logs in. ``teams`` / ``business_lines``: lists, None = all.

    ``agent_id`` is set for role agent. ``password_hash`` (argon2id) is None for people who come by OIDC.
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "login", unique=True), Index(None, "oidc_subject", unique=True))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    login: Mapped[str] = mapped_column(Key)
    name: Mapped[str] = mapped_column(Name)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Name)
    must_change_password: Mapped[bool]
    oidc_subject: Mapped[str | None] = mapped_column(Name)
    teams: Mapped[list[str] | None] = mapped_column(Fields)
    business_lines: Mapped[list[str] | None] = mapped_column(Fields)
    agent_id: Mapped[str | None] = mapped_column(Key)
    active: Mapped[bool]
    failed_logins: Mapped[int]
    locked_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    last_login_at: Mapped[datetime | None] = mapped_column(Instant)


class SessionRow(Table):
    """A login that lasts until it expires or is ended; only the hash of its token is kept."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"))
    csrf_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class ApiKeyRow(Table):
    """A key of a system; only its hash is kept. ``scopes``: permissions it carries."""

    __tablename__ = "api_keys"
    __table_args__ = (Index(None, "prefix", unique=True),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Name)
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(Fields)
    business_lines: Mapped[list[str] | None] = mapped_column(Fields)
    teams: Mapped[list[str] | None] = mapped_column(Fields)
    created_by: Mapped[str] = mapped_column(Name)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
