"""用户：谁能新增、修改、停用，以及不许发生的事。"""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.refusal import IllegalStep
from qa_engine.service import Service
from qa_engine.services.accounts import Duties, change_user, create_user, first_admin
from qa_engine.store.tables import AuditRow, UserRow
from service.world import World


def ask(world: World, method: str, path: str, role: Role | None = Role.ADMIN, **sent: object):
    world.client.cookies.clear()
    headers = {} if role is None else dict(world.staff[role].headers)
    return world.client.request(method, path, headers=headers, **sent)


def new(world: World, **changes: object) -> dict[str, object]:
    return {"login": f"wang.{world.number()}", "name": "王某", "role": "reviewer", **changes}


class TestAdd:
    def test_anonymous(self, world):
        assert ask(world, "POST", "/v1/users", None, json=new(world)).status_code == 401

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
    def test_wrong_role(self, world, role):
        assert ask(world, "POST", "/v1/users", role, json=new(world)).status_code == 403

    def test_valid(self, world):
        sent = new(world, role="team_lead", teams=["乙组", "甲组", "甲组"], business_lines=["retail"])
        answer = ask(world, "POST", "/v1/users", json=sent)
        assert answer.status_code == 201
        told = answer.json()["user"]
        assert told["teams"] == sorted(["乙组", "甲组"])
        assert told["must_change_password"]
        password = answer.json()["one_time_password"]
        logged_in = world.client.post("/v1/sessions", json={"login": sent["login"], "password": password})
        assert logged_in.json()["must_change_password"]
        assert ask(world, "GET", f"/v1/users/{told['id']}").json()["login"] == sent["login"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"role": "integration"}, "role"),
            ({"role": "agent"}, "agent_id"),
            ({"role": "reviewer", "agent_id": "A1"}, "agent_id"),
            ({"role": "team_lead"}, "teams"),
            ({"role": "team_lead", "teams": []}, "teams"),
            ({"role": "admin", "business_lines": ["retail"]}, "role"),
            ({"role": "boss"}, "role"),
            ({"login": "有空格 的"}, "login"),
            ({"login": "a\u0000b"}, None),
            ({"name": ""}, "name"),
            ({"wage": 1}, "wage"),
        ],
    )
    def test_contradictions(self, world, changes, field):
        answer = ask(world, "POST", "/v1/users", json=new(world, **changes))
        assert answer.status_code == 422
        assert field is None or answer.json()["field"] == field

    def test_a_taken_log_in_whatever_its_case(self, world):
        sent = new(world)
        assert ask(world, "POST", "/v1/users", json=sent).status_code == 201
        answer = ask(world, "POST", "/v1/users", json={**sent, "login": str(sent["login"]).upper()})
        assert (answer.status_code, answer.json()["field"]) == (409, "login")

    def test_audited_without_names_or_passwords(self, world):
        told = ask(world, "POST", "/v1/users", json=new(world)).json()
        with world.service.look() as work:
            wanted = select(AuditRow).where(AuditRow.subject == f"user:{told['user']['id']}")
            row = work.session.scalars(wanted).one()
        assert (row.action, row.actor) == ("user.created", world.staff[Role.ADMIN].principal.actor)
        assert "王某" not in str(row.detail)
        assert told["one_time_password"] not in str(row.detail)


class TestChange:
    def test_unknown(self, world):
        assert ask(world, "PATCH", "/v1/users/999999", json={"name": "x"}).status_code == 404
        assert ask(world, "GET", "/v1/users/999999").status_code == 404
        assert ask(world, "POST", "/v1/users/999999/password-reset").status_code == 404

    def test_deactivated_is_logged_out_at_once(self, world):
        somebody = world.add_user(Duties(Role.REVIEWER))
        path = f"/v1/users/{somebody.principal.id}"
        assert ask(world, "PATCH", path, json={"active": False}).json()["active"] is False
        world.client.cookies.clear()
        assert world.client.get("/v1/sessions/current", headers=somebody.headers).status_code == 401
        assert ask(world, "PATCH", path, json={"active": True}).json()["active"] is True
        assert world.client.get("/v1/sessions/current", headers=somebody.headers).status_code == 401

    def test_a_new_role_counts_from_the_next_request(self, world):
        somebody = world.add_user(Duties(Role.REVIEWER))
        path = f"/v1/users/{somebody.principal.id}"
        duties = {"role": "agent", "agent_id": "A77"}
        assert ask(world, "PATCH", path, json={"duties": duties}).json()["agent_id"] == "A77"
        world.client.cookies.clear()
        told = world.client.get("/v1/sessions/current", headers=somebody.headers).json()
        assert "reviews:work" not in told["permissions"]

    def test_what_is_not_sent_stays(self, world):
        somebody = world.add_user(Duties(Role.REVIEWER, business_lines=["retail"]))
        path = f"/v1/users/{somebody.principal.id}"
        told = ask(world, "PATCH", path, json={"name": "新名字"}).json()
        assert (told["name"], told["business_lines"], told["role"]) == ("新名字", ["retail"], "reviewer")

    def test_reset_password(self, world):
        somebody = world.add_user(Duties(Role.REVIEWER))
        answer = ask(world, "POST", f"/v1/users/{somebody.principal.id}/password-reset")
        assert answer.json()["user"]["must_change_password"]
        world.client.cookies.clear()
        assert world.client.get("/v1/sessions/current", headers=somebody.headers).status_code == 401
        body = {"login": answer.json()["user"]["login"], "password": answer.json()["one_time_password"]}
        assert world.client.post("/v1/sessions", json=body).status_code == 201


class TestLists:
    def test_every_user_once_whatever_the_page(self, world):
        for _ in range(5):
            world.add_user(Duties(Role.AUDITOR))
        seen, cursor = [], None
        while True:
            query = {"limit": 2, "role": "auditor", **({"cursor": cursor} if cursor else {})}
            page = ask(world, "GET", "/v1/users", params=query).json()
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        with world.service.look() as work:
            known = work.session.scalars(select(UserRow.id).where(UserRow.role == "auditor")).all()
        assert seen == sorted(known)

    @pytest.mark.parametrize("cursor", ["x", "WzFd!", "WyJhIl0", "WzFlOTld", ""])
    def test_a_forged_cursor(self, world, cursor):
        assert ask(world, "GET", "/v1/users", params={"cursor": cursor}).status_code == 422


class TestLastAdmin:
    """管理员不能把系统锁在门外。"""

    @pytest.fixture
    def alone(self, service: Service) -> tuple[Service, int]:
        with service.work() as work:
            row = first_admin(work, "$argon2id$made-up")
        assert row is not None
        return service, row.id

    def test_the_first_admin_is_added_once(self, alone):
        service, _ = alone
        with service.work() as work:
            assert first_admin(work, "other") is None

    def test_two_servers_that_start_together_add_one(self, service):
        both, added = threading.Barrier(2), []

        def begin() -> None:
            both.wait()
            with service.work() as work:
                row = first_admin(work, "$argon2id$made-up")
            added.append(row is not None)

        threads = [threading.Thread(target=begin) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(added) == [False, True]

    @pytest.mark.parametrize(
        "change", [{"active": False}, {"duties": Duties(Role.QA_LEAD)}], ids=["deactivate", "other role"]
    )
    def test_the_last_one_stays(self, alone, change):
        service, admin = alone
        with pytest.raises(IllegalStep), service.work() as work:
            change_user(work, admin, **change)
        with service.work() as work:
            create_user(work, login="second", name="二", duties=Duties(Role.ADMIN), password_hash=None)
        with service.work() as work:
            change_user(work, admin, **change)

    def test_two_who_dismiss_each_other_at_once(self, alone):
        service, first = alone
        with service.work() as work:
            second = create_user(
                work, login="second", name="二", duties=Duties(Role.ADMIN), password_hash=None
            ).id
        both, came_of_it = threading.Barrier(2), []

        def dismiss(user_id: int) -> None:
            both.wait()
            try:
                with service.work() as work:
                    change_user(work, user_id, active=False)
                came_of_it.append("done")
            except IllegalStep:
                came_of_it.append("refused")

        threads = [threading.Thread(target=dismiss, args=(user_id,)) for user_id in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came_of_it) == ["done", "refused"]
        with service.look() as work:
            assert work.session.scalars(select(UserRow.active).order_by(UserRow.id)).all().count(True) == 1
