"""审计日志：谁、何时、对什么、做了什么；按条件找得到，翻页不漏不重。"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from qa_engine.domain.access import Permission, Role
from qa_engine.services.audit_log import AuditFilter, audit_log
from service.world import World

BEGIN = datetime(2001, 3, 1, tzinfo=UTC)


def ask(world: World, role: Role | None = Role.AUDITOR, **query: object):
    world.client.cookies.clear()
    headers = {} if role is None else dict(world.staff[role].headers)
    return world.client.get("/v1/audit", params=query, headers=headers)


@pytest.fixture
def mark(world: World) -> str:
    """The action of twelve entries of three moments, two actors, three subjects."""
    action = f"tested.{world.number()}"
    with world.work(Role.REVIEWER) as one, world.service.look(world.staff[Role.ADMIN].caller) as other:
        for i in range(12):
            who = other.principal if i % 2 else one.principal
            entry = replace(one, principal=who, now=BEGIN + timedelta(days=i // 4), request_id=f"request{i}")
            entry.audit(action, f"thing:{i % 3}", n=i)
    return action


class TestList:
    def test_anonymous(self, world):
        assert ask(world, None).status_code == 401

    @pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ADMIN, Role.AUDITOR}])
    def test_wrong_role(self, world, role):
        assert ask(world, role).status_code == 403

    def test_what_an_entry_tells(self, world, mark):
        told = ask(world, action=mark, limit=1).json()["items"][0]
        admin = world.staff[Role.ADMIN].principal
        assert told.pop("id") > 0
        assert told == {
            "at": "2001-03-03T00:00:00Z",
            "actor": admin.actor,
            "actor_name": admin.name,
            "action": mark,
            "subject": "thing:2",
            "detail": {"n": 11},
            "request_id": "request11",
            "address": None,
        }

    @pytest.mark.parametrize("limit", [1, 3, 5, 12, 500])
    def test_newest_first_every_entry_once(self, world, mark, limit):
        seen, cursor = [], None
        while True:
            page = ask(world, action=mark, limit=limit, **({"cursor": cursor} if cursor else {})).json()
            seen += page["items"]
            if (cursor := page["next_cursor"]) is None:
                break
        assert [item["detail"]["n"] for item in seen] == list(range(11, -1, -1))
        assert all(one["at"] >= two["at"] for one, two in pairwise(seen))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({"subject": "thing:1"}, [10, 7, 4, 1]),
            ({"actor": "reviewer"}, [10, 8, 6, 4, 2, 0]),
            ({"since": "2001-03-03T00:00:00Z"}, [11, 10, 9, 8]),
            ({"until": "2001-03-02T00:00:00Z"}, [3, 2, 1, 0]),
            ({"since": "2001-03-02T08:00:00+08:00", "until": "2001-03-03T00:00:00Z"}, [7, 6, 5, 4]),
            ({"actor": "reviewer", "subject": "thing:0", "until": "2001-03-03T00:00:00Z"}, [6, 0]),
            ({"actor": "user:0"}, []),
        ],
    )
    def test_filters_combine(self, world, mark, query, expected):
        if query.get("actor") == "reviewer":
            query = {**query, "actor": world.staff[Role.REVIEWER].principal.actor}
        found = ask(world, action=mark, **query).json()["items"]
        assert [item["detail"]["n"] for item in found] == expected

    @pytest.mark.parametrize(
        "query",
        [
            {"since": "2001-03-03"},
            {"since": "0001-01-01T00:00:00Z"},
            {"until": "yesterday"},
            {"actor": "a\tb"},
            {"actor": ""},
            {"limit": 0},
            {"limit": 501},
            {"cursor": "WzFd"},
            {"cursor": "WyIxIiwiMiJd"},
        ],
    )
    def test_refused(self, world, query):
        assert ask(world, **query).status_code == 422

    @pytest.mark.parametrize("place", [(-(2**62), 1), (2**62, 1), (0, 2**62)])
    def test_a_cursor_beyond_any_calendar_breaks_nothing(self, world, place):
        from qa_engine.services.cursors import encode_cursor

        assert ask(world, cursor=encode_cursor(*place)).status_code == 200

    def test_names_only_for_those_who_may_read_them(self, world, mark):
        blind = replace(world.staff[Role.AUDITOR].principal, permissions=frozenset({Permission.READ_AUDIT}))
        with world.service.look() as work:
            page = audit_log(replace(work, principal=blind), AuditFilter(action=mark))
        assert {entry.actor_name for entry in page.items} == {None}
