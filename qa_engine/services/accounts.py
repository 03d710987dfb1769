"""People who log in: who they are, what they are, which rows they see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select, text

from qa_engine.domain.access import Permission, Role
from qa_engine.domain.refusal import Conflict, IllegalStep, Invalid, NotFound
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.sessions import end_sessions_of
from qa_engine.services.work import Work
from qa_engine.store.tables import UserRow

FIRST_LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class Duties:
    """What somebody is and where. None = no limit (teams, lines) or none (agent_id)."""

    role: Role
    teams: Collection[str] | None = None
    business_lines: Collection[str] | None = None
    agent_id: str | None = None

    def insist(self) -> None:
        """Refuse duties that contradict themselves.

        Raises:
            Invalid: a system's role, an agent without an agent id, a team lead without a team, an admin
                with limits, or an agent id for somebody who takes no calls.
        """
        if self.role is Role.INTEGRATION:
            raise Invalid(
                "integration 是系统的角色，请为系统创建 API 密钥。",
                "The role integration is for systems: create an API key instead.",
                "role",
            )
        if (self.role is Role.AGENT) != (self.agent_id is not None):
            raise Invalid(
                "角色 agent 必须有坐席工号（agent_id），其他角色不能有。",
                "The role agent needs an agent_id; other roles have none.",
                "agent_id",
            )
        if self.role is Role.TEAM_LEAD and not self.teams:
            raise Invalid(
                "角色 team_lead 必须指明至少一个班组。",
                "The role team_lead needs at least one team.",
                "teams",
            )
        # Whoever hands out rights must not be limited: a limited admin could hand out more than they have.
        if self.role is Role.ADMIN and (self.teams is not None or self.business_lines is not None):
            raise Invalid(
                "角色 admin 不能限定班组或业务线。",
                "The role admin cannot be limited to teams or lines.",
                "role",
            )


def create_user(
    work: Work, *, login: str, name: str, duties: Duties, password_hash: str | None, oidc: str | None = None
) -> UserRow:
    """Add somebody; a password given by somebody else must be changed at the first log-in.

    Args:
        work: the unit of work.
        login: what is typed to log in; upper and lower case are the same.
        name: for people to read.
        duties: role and rows.
        password_hash: from ``services/passwords.py``; None for people who come by OIDC.
        oidc: who the OIDC provider says it is.

    Raises:
        Forbidden: the right to manage users is missing.
        Invalid: the duties contradict themselves.
        Conflict: the log-in name is taken.
    """
    work.require(Permission.MANAGE_USERS)
    duties.insist()
    login = login.casefold()
    if work.session.scalar(select(UserRow.id).where(UserRow.login == login)) is not None:
        raise Conflict("登录名已被使用。", "This log-in name is taken.", "login")
    row = UserRow(
        login=login,
        name=name,
        password_hash=password_hash,
        must_change_password=password_hash is not None,
        oidc_subject=oidc,
        active=True,
        failed_logins=0,
        created_at=work.now,
    )
    _assign(row, duties)
    work.session.add(row)
    work.session.flush()
    work.audit("user.created", f"user:{row.id}", **_told(row))
    return row


def list_users(
    work: Work,
    *,
    role: Role | None = None,
    active: bool | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[UserRow]:
    """Users by id.

    Raises:
        Forbidden: the right to manage users is missing.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.MANAGE_USERS)
    query = select(UserRow).order_by(UserRow.id).limit(limit + 1)
    if role is not None:
        query = query.where(UserRow.role == role)
    if active is not None:
        query = query.where(UserRow.active.is_(active))
    if cursor is not None:
        query = query.where(UserRow.id > decode_cursor(cursor, (int,))[0])
    rows = work.session.scalars(query).all()
    more = len(rows) > limit
    return Page(tuple(rows[:limit]), encode_cursor(rows[limit - 1].id) if more else None)


def user(work: Work, user_id: int) -> UserRow:
    """One user.

    Raises:
        Forbidden: the right to manage users is missing.
        NotFound: there is no such user.
    """
    work.require(Permission.MANAGE_USERS)
    return _row(work, user_id)


def change_user(
    work: Work,
    user_id: int,
    *,
    name: str | None = None,
    duties: Duties | None = None,
    active: bool | None = None,
) -> UserRow:
    """Change what is given; None leaves as it is. Whoever is deactivated is logged out at once.

    Raises:
        Forbidden: the right to manage users is missing.
        NotFound: there is no such user.
        Invalid: the duties contradict themselves.
        IllegalStep: nobody would be left to manage users.
    """
    work.require(Permission.MANAGE_USERS)
    if duties is not None:
        duties.insist()
    admins = _lock_active_admins(work)
    row = _row(work, user_id, for_change=True)
    stays = (duties.role if duties else Role(row.role)) is Role.ADMIN and active is not False
    if admins == {row.id} and not stays:
        raise IllegalStep("至少要有一名在用的管理员。", "At least one active admin must remain.")
    before = _told(row)
    if name is not None:
        row.name = name
    if duties is not None:
        _assign(row, duties)
    if active is not None:
        row.active = active
        if not active:
            end_sessions_of(work, row.id)
    after = _told(row)
    work.audit("user.changed", f"user:{row.id}", before=before, after=after, renamed=name is not None)
    work.session.flush()
    return row


def reset_password(work: Work, user_id: int, password_hash: str) -> UserRow:
    """Give somebody a one-time password, unlock them, and log them out everywhere.

    Raises:
        Forbidden: the right to manage users is missing.
        NotFound: there is no such user.
        IllegalStep: the user comes by OIDC and has no password here.
    """
    work.require(Permission.MANAGE_USERS)
    row = _row(work, user_id, for_change=True)
    if row.oidc_subject is not None:
        raise IllegalStep(
            "该用户由统一身份登录，本系统没有密码可重置。",
            "This user logs in by OIDC and has no password here.",
        )
    row.password_hash = password_hash
    row.must_change_password = True
    row.failed_logins, row.locked_until = 0, None
    end_sessions_of(work, row.id)
    work.audit("user.password_reset", f"user:{row.id}")
    return row


def first_admin(work: Work, password_hash: str) -> UserRow | None:
    """Add the first admin if nobody manages users yet; None when somebody does."""
    if work.session.get_bind().dialect.name == "postgresql":
        # Two servers that start together must not both add one (SQLite has one writer anyway).
        work.session.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
    admins = select(UserRow.id).where(UserRow.role == Role.ADMIN).limit(1)
    if work.session.scalar(admins) is not None:
        return None
    return create_user(
        work, login=FIRST_LOGIN, name="管理员", duties=Duties(Role.ADMIN), password_hash=password_hash
    )


def _row(work: Work, user_id: int, *, for_change: bool = False) -> UserRow:
    row = work.session.get(UserRow, user_id, with_for_update=for_change or None)
    if row is None:
        raise NotFound("用户", "user", "user_id")
    return row


def _assign(row: UserRow, duties: Duties) -> None:
    row.role = duties.role
    row.teams = None if duties.teams is None else sorted(set(duties.teams))
    row.business_lines = None if duties.business_lines is None else sorted(set(duties.business_lines))
    row.agent_id = duties.agent_id


def _told(row: UserRow) -> dict[str, object]:
    # Never the name: the audit log is no place for names of people.
    return {
        "role": str(row.role),
        "teams": row.teams,
        "business_lines": row.business_lines,
        "agent_id": row.agent_id,
        "active": row.active,
    }


def _lock_active_admins(work: Work) -> set[int]:
    # All of them, first and in one order: two who dismiss each other can neither both succeed nor deadlock.
    admins = (
        select(UserRow.id)
        .where(UserRow.role == Role.ADMIN, UserRow.active.is_(True))
        .order_by(UserRow.id)
        .with_for_update()
    )
    return set(work.session.scalars(admins))
