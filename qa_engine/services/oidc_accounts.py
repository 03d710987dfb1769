"""Accounts of people who come by OIDC: made at their first log-in, brought up to date at every one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.refusal import NoRole, Unauthenticated
from qa_engine.services.accounts import Duties, create_user
from qa_engine.services.principals import principal_of_user
from qa_engine.services.sessions import OpenedSession, open_session
from qa_engine.services.work import Work
from qa_engine.store.tables import UserRow

_LOGIN = re.compile(r"[A-Za-z0-9._@-]{2,120}")
_LONGEST_NAME = 200
_LONGEST_KEY = 120


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Names of the claims that say what somebody is; a claim that is absent leaves things as they are."""

    role: str
    teams: str
    business_lines: str
    agent_id: str


def log_in_by_oidc(
    work: Work, issuer: str, subject: str, claims: Mapping[str, Any], names: ClaimNames, hours: float
) -> OpenedSession:
    """Open a session of whom the provider vouches for; role and rows follow its claims.

    Raises:
        NoRole: the claims name no role a person can have.
        Invalid: the role contradicts the rest (a team lead without teams, say).
        Unauthenticated: the account was deactivated here.
    """
    reference = work.keyring.ref("oidc", issuer, subject)
    row = work.session.scalars(
        select(UserRow).where(UserRow.oidc_subject == reference).with_for_update()
    ).one_or_none()
    duties = _duties(claims, names, row)
    name = _text(claims.get("name"), _LONGEST_NAME) or _text(claims.get("preferred_username"), _LONGEST_NAME)
    if row is None:
        row = create_user(
            work,
            login=_free_login(work, claims, reference),
            name=name or "未提供姓名",
            duties=duties,
            password_hash=None,
            oidc=reference,
        )
    elif not row.active:
        raise Unauthenticated("账号已停用。", "The account is inactive.")
    else:
        _bring_up_to_date(work, row, name, duties)
    opened = open_session(work, row, hours)
    replace(work, principal=principal_of_user(row)).audit("session.opened", f"user:{row.id}", by="oidc")
    return opened


def _bring_up_to_date(work: Work, row: UserRow, name: str | None, duties: Duties) -> None:
    duties.insist()
    before = _duties_of(row)
    row.name = name or row.name
    row.role = duties.role
    row.teams = None if duties.teams is None else list(duties.teams)
    row.business_lines = None if duties.business_lines is None else list(duties.business_lines)
    row.agent_id = duties.agent_id
    if _duties_of(row) != before:
        work.audit("user.changed", f"user:{row.id}", role=row.role, by="oidc")


def _duties_of(row: UserRow) -> Duties:
    return Duties(Role(row.role), row.teams, row.business_lines, row.agent_id)


def _duties(claims: Mapping[str, Any], names: ClaimNames, row: UserRow | None) -> Duties:
    role = _role(claims.get(names.role))
    known = None if row is None else _duties_of(row)
    agent_id = _text(claims.get(names.agent_id), _LONGEST_KEY) or (known.agent_id if known else None)
    if role is Role.ADMIN:
        return Duties(role)
    return Duties(
        role,
        _names(claims, names.teams, known.teams if known else None),
        _names(claims, names.business_lines, known.business_lines if known else None),
        agent_id if role is Role.AGENT else None,
    )


def _role(said: object) -> Role:
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    roles = [role for role in Role if role in named and role is not Role.INTEGRATION]
    # Two roles are no role: which of them counts is not ours to guess.
    if len(roles) != 1:
        raise NoRole
    return roles[0]


def _names(claims: Mapping[str, Any], claim: str, known: Any) -> list[str] | None:
    if claim not in claims:
        return None if known is None else sorted(known)
    said = claims[claim]
    named = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    # A claim that cannot be read limits to nothing; it must never widen to everything.
    return sorted({text for item in named if (text := _text(item, _LONGEST_KEY))})


def _text(said: object, longest: int) -> str | None:
    if not isinstance(said, str) or not said.isprintable():
        return None
    return said.strip()[:longest] or None


def _free_login(work: Work, claims: Mapping[str, Any], reference: str) -> str:
    wanted = claims.get("preferred_username")
    if isinstance(wanted, str) and _LOGIN.fullmatch(wanted):
        taken = select(UserRow.id).where(UserRow.login == wanted.casefold())
        if work.session.scalar(taken) is None:
            return wanted
    # Never another's account: a name chosen at the provider must not take over one made here.
    return f"oidc.{reference[:16]}"
