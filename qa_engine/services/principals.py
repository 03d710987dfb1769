"""From a stored user or API key to the principal that acts."""

from __future__ import annotations

from collections.abc import Collection

from qa_engine.domain.access import GRANTABLE, PERMISSIONS, Permission, Principal, Role, RowScope
from qa_engine.store.tables import ApiKeyRow, UserRow

NOTHING = RowScope(business_lines=frozenset(), teams=frozenset())


def principal_of_user(row: UserRow) -> Principal:
    """What a user may do: the role's permissions on the rows of the user's lines and teams."""
    role = Role(row.role)
    return Principal("user", str(row.id), row.name, role, PERMISSIONS[role], _rows_of_user(row, role))


def principal_of_key(row: ApiKeyRow) -> Principal:
    """What an API key may do: its scopes, and never more than keys may be given at all."""
    scopes = frozenset(Permission(scope) for scope in row.scopes if scope in set(Permission))
    rows = RowScope(_limit(row.business_lines), _limit(row.teams))
    return Principal("api_key", str(row.id), row.name, Role.INTEGRATION, scopes & GRANTABLE, rows)


def _rows_of_user(row: UserRow, role: Role) -> RowScope:
    if role is Role.AGENT:
        # An agent nobody tied to a 坐席 has no calls of their own: nothing, never everything.
        if row.agent_id is None:
            return NOTHING
        return RowScope(_limit(row.business_lines), _limit(row.teams), row.agent_id)
    # Nor may a team lead without a team see every team.
    if role is Role.TEAM_LEAD and not row.teams:
        return NOTHING
    return RowScope(_limit(row.business_lines), _limit(row.teams))


def _limit(names: Collection[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
