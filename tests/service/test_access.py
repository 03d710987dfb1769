"""谁可以做什么：整张权限表，以及每个角色看得见哪些记录。"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.access import GRANTABLE, PERMISSIONS, Permission, Role, RowScope
from qa_engine.services.principals import principal_of_key, principal_of_user
from qa_engine.store.tables import ApiKeyRow, UserRow

DOCS = Path(__file__).parents[2] / "docs"
COLUMNS = ("admin", "qa_lead", "reviewer", "team_lead", "agent", "integration", "auditor")


def table(name: str) -> dict[str, list[bool]]:
    """Permission → who has it, the last for API keys, as the guide says."""
    found = {}
    for line in (DOCS / name).read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].strip("`") in set(Permission):
            found[cells[0].strip("`")] = [{"✔": True, "–": False}[cell] for cell in cells[1:]]
    return found


TABLES = [table("access.md"), table("access.zh-CN.md")]


def test_the_guides_name_every_permission() -> None:
    assert [list(found) for found in TABLES] == [list(Permission)] * 2


@pytest.mark.parametrize("permission", list(Permission))
def test_who_may(permission: Permission) -> None:
    by_role = [permission in PERMISSIONS[Role(column)] for column in COLUMNS]
    told = [*by_role, permission in GRANTABLE]
    assert [found[permission] for found in TABLES] == [told, told]


def user(role: str, **limits: object) -> UserRow:
    fields = {"id": 7, "name": "某人", "teams": None, "business_lines": None, "agent_id": None}
    return UserRow(**{**fields, "role": role, **limits})


HERE, OTHER_TEAM, OTHER_LINE, COLLEAGUE = (
    ("retail", "一组", "A1"),
    ("retail", "二组", "A9"),
    ("insurance", "三组", "B1"),
    ("retail", "一组", "A2"),
)


@pytest.mark.parametrize(
    ("who", "sees", "not_seen"),
    [
        (user("admin"), [HERE, OTHER_TEAM, OTHER_LINE], []),
        (user("reviewer", business_lines=["retail"]), [HERE, OTHER_TEAM], [OTHER_LINE]),
        (user("reviewer", business_lines=[]), [], [HERE, OTHER_TEAM, OTHER_LINE]),
        (user("team_lead", teams=["一组"]), [HERE, COLLEAGUE], [OTHER_TEAM, OTHER_LINE]),
        (user("agent", agent_id="A1"), [HERE], [COLLEAGUE, OTHER_TEAM, OTHER_LINE]),
        (user("agent"), [], [HERE, COLLEAGUE, OTHER_TEAM, OTHER_LINE, ("retail", None, None)]),
        (user("team_lead"), [], [HERE, COLLEAGUE, ("retail", None, None)]),
        (user("reviewer", teams=["一组"]), [HERE], [("retail", None, "A1")]),
    ],
)
def test_which_rows(who: UserRow, sees: list, not_seen: list) -> None:
    rows = principal_of_user(who).rows
    assert [place for place in sees + not_seen if rows.covers(*place)] == sees


@given(st.lists(st.one_of(st.sampled_from(list(Permission)), st.text(max_size=8)), max_size=40))
def test_a_key_can_do_nothing_keys_may_not_be_given(scopes: list[str]) -> None:
    # Whatever stands in its row: a scope of a newer version, or one written by hand.
    row = ApiKeyRow(
        id=1, name="系统", scopes=[str(scope) for scope in scopes], business_lines=None, teams=None
    )
    assert principal_of_key(row).permissions == {p for p in GRANTABLE if str(p) in row.scopes}


@given(
    lines=st.none() | st.frozensets(st.sampled_from(["a", "b"])),
    teams=st.none() | st.frozensets(st.sampled_from(["一组", "二组"])),
    place=st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["一组", "二组", None])),
)
def test_a_further_limit_never_shows_more(lines, teams, place) -> None:
    line, team = place
    limited = RowScope(lines, teams, "A1")
    for wider in (RowScope(lines, teams), RowScope(lines), RowScope(None, teams)):
        assert wider.covers(line, team, "A1") or not limited.covers(line, team, "A1")
