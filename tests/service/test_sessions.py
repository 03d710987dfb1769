"""登录、会话、锁定：谁能进来，怎样出去，猜密码的人得到什么。"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Unauthenticated
from qa_engine.services.accounts import Duties, create_user, reset_password
from qa_engine.services.login import FREE_FAILURES, Credential, Proof, credential_of, prove, settle_login
from qa_engine.services.passwords import hash_password
from qa_engine.services.sessions import visitor_of
from qa_engine.services.tokens import hash_secret
from qa_engine.store.tables import AuditRow, SessionRow, UserRow
from service.world import World

PASSWORD = "correct-horse-7"
HASH = hash_password(PASSWORD)
NEW_PASSWORD = "another-horse-8"


def add(world: World, *, must_change: bool = False, **duties: object) -> tuple[int, str]:
    """Somebody with a password: id and log-in name."""
    login = f"li.{world.number()}"
    with world.work() as work:
        row = create_user(
            work,
            login=login,
            name="李某",
            duties=Duties(**{"role": Role.REVIEWER, **duties}),
            password_hash=HASH,
        )
        row.must_change_password = must_change
    return row.id, login


def log_in(world: World, login: str, password: str = PASSWORD):
    world.client.cookies.clear()
    return world.client.post("/v1/sessions", json={"login": login, "password": password})


def proof_of(answer) -> dict[str, str]:
    return {
        "Cookie": f"qa_engine_session={answer.cookies['qa_engine_session']}",
        "X-CSRF-Token": answer.json()["csrf_token"],
    }


class TestLogIn:
    def test_right_password(self, world):
        user_id, login = add(world)
        answer = log_in(world, login.upper())
        assert answer.status_code == 201
        told = answer.json()
        assert (told["id"], told["role"], told["must_change_password"]) == (str(user_id), "reviewer", False)
        assert "reviews:work" in told["permissions"]
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        world.client.cookies.clear()
        current = world.client.get("/v1/sessions/current", headers=proof_of(answer))
        assert current.json() == told

    @pytest.mark.parametrize("case", ["wrong password", "nobody of that name", "inactive", "by OIDC only"])
    def test_all_failures_look_the_same(self, world, case):
        user_id, login = add(world)
        with world.work() as work:
            row = work.session.get_one(UserRow, user_id)
            row.active = case != "inactive"
            row.password_hash = None if case == "by OIDC only" else row.password_hash
        answer = log_in(
            world,
            "nobody.there" if case == "nobody of that name" else login,
            "wrong-password" if case == "wrong password" else PASSWORD,
        )
        assert answer.status_code == 401
        told = answer.json()
        assert told.pop("request_id")
        assert told == {
            "error": "unauthenticated",
            "detail": "登录名或密码不对，账号已停用，或因多次失败被暂时锁定。",
            "detail_en": "Wrong log-in or password, or the account is inactive or locked for a while.",
            "field": None,
        }
        assert "set-cookie" not in answer.headers

    @pytest.mark.parametrize(
        "body", [{}, {"login": "x\0y", "password": "p"}, {"login": "a b", "password": "p"}]
    )
    def test_what_is_no_log_in(self, world, body):
        assert world.client.post("/v1/sessions", json=body).status_code == 422

    def test_neither_password_nor_token_is_kept(self, world):
        user_id, login = add(world)
        answer = log_in(world, login)
        token, csrf = answer.cookies["qa_engine_session"], answer.json()["csrf_token"]
        with world.service.look() as work:
            row = work.session.get_one(UserRow, user_id)
            assert row.password_hash.startswith("$argon2id$")
            session = work.session.scalars(select(SessionRow).where(SessionRow.user_id == user_id)).one()
            kept = {session.token_hash, session.csrf_hash}
            assert kept == {hash_secret(token), hash_secret(csrf)}
            audited = work.session.scalars(select(AuditRow).where(AuditRow.actor == f"user:{user_id}")).all()
        assert [row.action for row in audited] == ["session.opened"]
        assert not {PASSWORD, token, csrf} & set(map(str, audited[0].detail.values()))


class TestLockOut:
    def attempt(self, world, login, password, at):
        """Log in at a moment: True when it opens a session."""
        with world.service.look() as work:
            credential = credential_of(work, login)
        # Checking a password is slow on purpose; that it is checked at all stands in TestLogIn.
        proof = Proof(credential, right=password == PASSWORD)
        with world.service.work() as work:
            return settle_login(replace(work, now=at), proof, 1) is not None

    def test_guessing_gets_slower_and_a_right_password_ends_it(self, world):
        _, login = add(world)
        now = world.service.clock()
        for _ in range(FREE_FAILURES):
            assert not self.attempt(world, login, "guess", now)
        assert self.attempt(world, login, PASSWORD, now), "four mistakes are forgiven"
        for _ in range(FREE_FAILURES + 1):
            assert not self.attempt(world, login, "guess", now)
        assert not self.attempt(world, login, PASSWORD, now), "locked: even the right one"
        assert not self.attempt(world, login, "guess", now), "a guess while locked counts for nothing"
        now += timedelta(seconds=61)
        assert not self.attempt(world, login, "guess", now)
        assert not self.attempt(world, login, PASSWORD, now + timedelta(seconds=61)), "now two minutes"
        assert self.attempt(world, login, PASSWORD, now + timedelta(seconds=121))
        assert not self.attempt(world, login, "guess", now), "and the count begins anew"
        assert self.attempt(world, login, PASSWORD, now)

    def test_a_lock_never_lasts_longer_than_a_quarter_of_an_hour(self, world):
        user_id, login = add(world)
        with world.work() as work:
            work.session.get_one(UserRow, user_id).failed_logins = 10_000
        now = world.service.clock()
        assert not self.attempt(world, login, "guess", now)
        assert not self.attempt(world, login, PASSWORD, now + timedelta(minutes=14))
        assert self.attempt(world, login, PASSWORD, now + timedelta(minutes=15, seconds=1))

    def test_a_password_changed_meanwhile_proves_nothing(self, world):
        user_id, login = add(world)
        with world.service.look() as work:
            proof = prove(credential_of(work, login), PASSWORD)
        with world.work(Role.ADMIN) as work:
            reset_password(work, user_id, hash_password(NEW_PASSWORD))
        with world.service.work() as work:
            assert settle_login(work, proof, 1) is None

    def test_an_older_hash_is_renewed(self, world):
        user_id, login = add(world)
        with world.work() as work:
            weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
            work.session.get_one(UserRow, user_id).password_hash = weak
        assert log_in(world, login).status_code == 201
        with world.service.look() as work:
            renewed = work.session.get_one(UserRow, user_id).password_hash
        assert renewed != weak
        assert prove(Credential(user_id, renewed), PASSWORD) == Proof(
            Credential(user_id, renewed), right=True
        )


class TestSession:
    def test_nobody(self, world):
        world.client.cookies.clear()
        answer = world.client.get("/v1/sessions/current")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"

    def test_made_up_token(self, world):
        headers = {"Cookie": "qa_engine_session=" + "A" * 43}
        assert world.client.get("/v1/sessions/current", headers=headers).status_code == 401

    def test_expired(self, world):
        _, login = add(world)
        token = log_in(world, login).cookies["qa_engine_session"]
        with world.service.look() as work:
            visitor_of(work, token)
            with pytest.raises(Unauthenticated):
                visitor_of(replace(work, now=work.now + timedelta(hours=12)), token)

    def test_logged_out(self, world):
        _, login = add(world)
        headers = proof_of(log_in(world, login))
        world.client.cookies.clear()
        assert world.client.delete("/v1/sessions/current", headers=headers).status_code == 204
        assert world.client.get("/v1/sessions/current", headers=headers).status_code == 401

    def test_a_change_needs_the_csrf_token(self, world):
        _, login = add(world)
        headers = proof_of(log_in(world, login))
        world.client.cookies.clear()
        cookie = {"Cookie": headers["Cookie"]}
        for forged in (cookie, {**cookie, "X-CSRF-Token": "0" * 64}):
            answer = world.client.delete("/v1/sessions/current", headers=forged)
            assert (answer.status_code, answer.json()["error"]) == (403, "csrf")
        assert world.client.get("/v1/sessions/current", headers=cookie).status_code == 200

    def test_an_api_key_needs_none(self, world):
        headers = world.staff[Role.INTEGRATION].headers
        answer = world.client.get("/v1/sessions/current", headers=headers)
        assert answer.json()["kind"] == "api_key"
        assert answer.json()["csrf_token"] is None
        assert world.client.delete("/v1/sessions/current", headers=headers).status_code == 204
        assert world.client.get("/v1/sessions/current", headers=headers).status_code == 200

    def test_a_wrong_key_is_not_helped_by_a_right_cookie(self, world):
        headers = {**world.staff[Role.ADMIN].headers, "Authorization": "Bearer qae_wrong"}
        assert world.client.get("/v1/sessions/current", headers=headers).status_code == 401


class TestFirstPassword:
    def test_nothing_works_until_it_is_changed(self, world):
        user_id, login = add(world, must_change=True, role=Role.ADMIN)
        headers = proof_of(log_in(world, login))
        world.client.cookies.clear()
        refused = world.client.get("/v1/users", headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (403, "password_change_required")
        other = world.log_in(user_id)
        changed = world.client.put(
            "/v1/users/me/password",
            json={"current_password": PASSWORD, "new_password": NEW_PASSWORD},
            headers=headers,
        )
        assert changed.status_code == 204
        assert world.client.get("/v1/users", headers=headers).status_code == 200
        assert world.client.get("/v1/sessions/current", headers=other).status_code == 401, "other log-ins end"
        assert log_in(world, login).status_code == 401
        assert log_in(world, login, NEW_PASSWORD).status_code == 201

    @pytest.mark.parametrize(
        ("current", "new", "field"),
        [
            ("not-the-password", NEW_PASSWORD, "current_password"),
            (PASSWORD, "short", "new_password"),
            (PASSWORD, "aaaaaaaaaaaaaa", "new_password"),
            (PASSWORD, "{login}-12345", "new_password"),
            (PASSWORD, "x1y2z" * 30, "new_password"),
        ],
    )
    def test_refused(self, world, current, new, field):
        user_id, login = add(world, must_change=True)
        answer = world.client.put(
            "/v1/users/me/password",
            json={"current_password": current, "new_password": new.format(login=login)},
            headers=world.log_in(user_id),
        )
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        with world.service.look() as work:
            assert work.session.get_one(UserRow, user_id).password_hash == HASH
