"""业务线: who sees them, who may change them, and which settings make no sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import build
from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Conflict, Forbidden, Invalid, NotFound
from qa_engine.services.business_lines import LineWish, change_line, create_line, find_line, list_lines
from qa_engine.store.tables import AuditRow, BusinessLineRow
from service.world import World, found_world

WISH = LineWish("电商", "general_service", raw_days=90, masked_days=365, appeal_days=5, second_review=True)


@pytest.fixture
def world(service) -> World:
    return found_world(service)


def last_audit(world: World) -> AuditRow:
    with world.work() as work:
        return work.session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()


class TestChanges:
    def test_created_and_read_back(self, world):
        with world.work(Role.ADMIN) as work:
            create_line(work, "ecommerce", WISH)
        with world.work(Role.ADMIN) as work:
            row = find_line(work, "ecommerce")
            assert {name: getattr(row, name) for name in WISH.__slots__} == {
                name: getattr(WISH, name) for name in WISH.__slots__
            }
        entry = last_audit(world)
        assert (entry.action, entry.subject) == ("business_line.created", "business_line:ecommerce")
        assert entry.detail["raw_days"] == 90

    def test_changed_and_the_change_told_in_the_audit(self, world):
        with world.work(Role.ADMIN) as work:
            change_line(work, "retail", LineWish("零售", "general_service", raw_days=30, masked_days=30))
        entry = last_audit(world)
        assert entry.action == "business_line.changed"
        assert entry.detail == {
            "raw_days": {"from": None, "to": 30},
            "masked_days": {"from": None, "to": 30},
        }

    def test_a_key_is_taken_once(self, world):
        with pytest.raises(Conflict, match="retail 已经存在"), world.work(Role.ADMIN) as work:
            create_line(work, "retail", WISH)

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"raw_days": 90, "masked_days": 30}, "masked_days"),
            ({"raw_days": None, "masked_days": 30}, "masked_days"),
            ({"scorecard_key": "没有这份"}, "scorecard_key"),
        ],
    )
    def test_settings_that_make_no_sense(self, world, changes, field):
        for step in (create_line, change_line):
            with pytest.raises(Invalid) as refused, world.work(Role.ADMIN) as work:
                step(work, "retail" if step is change_line else "new", replace(WISH, **changes))
            assert refused.value.field == field

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
    def test_only_administrators_change_them(self, world, role):
        with pytest.raises(Forbidden), world.work(role) as work:
            change_line(work, "retail", WISH)
        with pytest.raises(Forbidden), world.work(role) as work:
            create_line(work, "new", WISH)


class TestReading:
    def test_one_sees_ones_own_lines_only(self, world):
        with world.work(Role.REVIEWER) as work:
            assert [row.key for row in list_lines(work).items] == ["retail"]
            assert find_line(work, "retail").name == "零售"
            with pytest.raises(NotFound):
                find_line(work, "insurance")
        with world.work(Role.ADMIN) as work:
            keys = [row.key for row in list_lines(work).items]
        assert {"insurance", "retail"} <= set(keys)

    def test_pages_join_without_gap_or_repetition(self, world):
        with world.work() as work:
            work.session.add_all(
                BusinessLineRow(key=f"line{n:02}", name="x", appeal_days=7, second_review=False)
                for n in range(25)
            )
        seen: list[str] = []
        cursor = None
        with world.work(Role.ADMIN) as work:
            while True:
                page = list_lines(work, cursor=cursor, limit=7)
                seen += [row.key for row in page.items]
                if (cursor := page.next_cursor) is None:
                    break
            whole = [row.key for row in list_lines(work, limit=500).items]
        assert seen == whole == sorted(set(whole))
        assert len(seen) >= 27


class TestOverHttp:
    @pytest.fixture
    def client(self, world) -> Iterator[TestClient]:
        with TestClient(build(service=world.service), base_url="https://testserver") as client:
            yield client

    def test_put_replaces_everything(self, world, client):
        headers = world.staff[Role.ADMIN].headers
        sent = {"name": "零售", "raw_days": 10, "masked_days": 20}
        answer = client.put("/v1/business-lines/retail", json=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "key": "retail", "name": "零售", "scorecard_key": None, "raw_days": 10, "masked_days": 20,
            "appeal_days": 7, "second_review": False,
        }  # fmt: skip
        assert client.get("/v1/business-lines/retail", headers=headers).json() == answer.json()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"raw_days": 0},
            {"raw_days": 10**9},
            {"appeal_days": -1},
            {"name": ""},
            {"name": "a\nb"},
            {"unknown": 1},
            {"raw_days": 3, "masked_days": 2},
        ],
    )
    def test_what_cannot_be_used_is_a_problem_document(self, world, client, wrong):
        sent = {"name": "零售", **wrong}
        answer = client.put("/v1/business-lines/retail", json=sent, headers=world.staff[Role.ADMIN].headers)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["error"] == "invalid"
        assert answer.json()["field"]

    def test_a_foreign_line_looks_like_none(self, world, client):
        headers = world.staff[Role.QA_LEAD].headers
        foreign = client.get("/v1/business-lines/insurance", headers=headers)
        none = client.get("/v1/business-lines/nothing", headers=headers)
        assert (foreign.status_code, none.status_code) == (404, 404)
        assert {**foreign.json(), "request_id": ""} == {**none.json(), "request_id": ""}
