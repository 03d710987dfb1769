"""API 密钥：只显示一次，只存哈希，限定范围，可以吊销。"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from qa_engine.domain.access import GRANTABLE, Permission, Role
from qa_engine.domain.refusal import Unauthenticated
from qa_engine.services.api_keys import USED_EVERY, known_key
from qa_engine.store.tables import ApiKeyRow, AuditRow
from service.world import World


def ask(world: World, method: str, path: str, role: Role | None = Role.ADMIN, **sent: object):
    world.client.cookies.clear()
    headers = {} if role is None else dict(world.staff[role].headers)
    return world.client.request(method, path, headers=headers, **sent)


def who(world: World, secret: str):
    world.client.cookies.clear()
    return world.client.get("/v1/sessions/current", headers={"Authorization": f"Bearer {secret}"})


NEW = {"name": "工单系统", "scopes": ["calls:read", "calls:score"], "business_lines": ["retail"]}


class TestCreate:
    def test_anonymous(self, world):
        assert ask(world, "POST", "/v1/api-keys", None, json=NEW).status_code == 401

    @pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
    def test_wrong_role(self, world, role):
        assert ask(world, "POST", "/v1/api-keys", role, json=NEW).status_code == 403

    def test_valid_and_shown_once(self, world):
        answer = ask(world, "POST", "/v1/api-keys", json=NEW)
        assert answer.status_code == 201
        secret, key = answer.json()["secret"], answer.json()["key"]
        assert secret.startswith(key["prefix"])
        told = who(world, secret).json()
        assert (told["kind"], told["role"], told["permissions"]) == (
            "api_key", "integration", ["calls:read", "calls:score"],
        )  # fmt: skip
        assert secret not in ask(world, "GET", "/v1/api-keys").text
        with world.service.look() as work:
            row = work.session.get_one(ApiKeyRow, key["id"])
            audited = work.session.scalars(
                select(AuditRow).where(AuditRow.subject == f"api_key:{row.id}")
            ).one()
        assert secret.partition(".")[2] not in {row.key_hash, row.prefix, row.name, str(audited.detail)}
        assert audited.action == "api_key.created"

    def test_its_scopes_and_rows_are_its_limits(self, world):
        secret = ask(world, "POST", "/v1/api-keys", json=NEW).json()["secret"]
        with world.service.look() as work:
            principal = known_key(work, secret).principal
        assert principal.permissions == {Permission.READ_CALLS, Permission.SCORE}
        assert principal.rows.covers("retail", None, None)
        assert not principal.rows.covers("insurance", None, None)

    @pytest.mark.parametrize("scope", sorted(set(Permission) - GRANTABLE))
    def test_scopes_no_key_may_have(self, world, scope):
        answer = ask(world, "POST", "/v1/api-keys", json={**NEW, "scopes": [scope]})
        assert (answer.status_code, answer.json()["field"]) == (422, "scopes")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"scopes": []}, "scopes"),
            ({"scopes": ["calls:everything"]}, "scopes[0]"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2036-01-01T00:00:00"}, "expires_at"),
            ({"name": "a\u0000"}, None),
            ({"secret": "mine"}, "secret"),
        ],
    )
    def test_refused(self, world, changes, field):
        answer = ask(world, "POST", "/v1/api-keys", json={**NEW, **changes})
        assert answer.status_code == 422
        assert field is None or answer.json()["field"] == field


class TestUse:
    def test_revoked_at_once_and_for_ever(self, world):
        created = ask(world, "POST", "/v1/api-keys", json=NEW).json()
        path = f"/v1/api-keys/{created['key']['id']}"
        assert who(world, created["secret"]).status_code == 200
        first = ask(world, "DELETE", path).json()
        assert first["revoked_at"] is not None
        assert who(world, created["secret"]).status_code == 401
        assert ask(world, "DELETE", path).json()["revoked_at"] == first["revoked_at"]
        assert ask(world, "DELETE", "/v1/api-keys/999999").status_code == 404

    def test_expired(self, world):
        end = world.service.clock() + timedelta(hours=1)
        sent = {**NEW, "expires_at": end.isoformat()}
        secret = ask(world, "POST", "/v1/api-keys", json=sent).json()["secret"]
        with world.service.look() as work:
            known_key(replace(work, now=end - timedelta(milliseconds=1)), secret)
            with pytest.raises(Unauthenticated):
                known_key(replace(work, now=end), secret)

    def test_made_up(self, world):
        secret = ask(world, "POST", "/v1/api-keys", json=NEW).json()["secret"]
        prefix, _, rest = secret.partition(".")
        changed = ("A" if rest[0] != "A" else "B") + rest[1:]
        for wrong in (f"{prefix}.{changed}", prefix, f"{prefix}.", rest, secret + "A", secret.upper(), "%00"):
            assert who(world, wrong).status_code == 401

    def test_its_use_is_noted_once_a_minute(self, world):
        created = ask(world, "POST", "/v1/api-keys", json=NEW).json()

        def noted():
            with world.service.look() as work:
                return work.session.get_one(ApiKeyRow, created["key"]["id"]).last_used_at

        assert noted() is None
        who(world, created["secret"])
        first = noted()
        assert first is not None
        who(world, created["secret"])
        assert noted() == first
        with world.work() as work:
            work.session.get_one(ApiKeyRow, created["key"]["id"]).last_used_at = first - USED_EVERY
        who(world, created["secret"])
        assert noted() >= first


class TestList:
    def test_newest_first_every_key_once(self, world):
        made = [ask(world, "POST", "/v1/api-keys", json=NEW).json()["key"]["id"] for _ in range(3)]
        seen, cursor = [], None
        while True:
            query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
            page = ask(world, "GET", "/v1/api-keys", params=query).json()
            seen += [item["id"] for item in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break
        assert seen == sorted(set(seen), reverse=True)
        assert seen[:3] == made[::-1]
