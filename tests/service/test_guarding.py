"""每个请求和回答都要守的：大小、频率、安全响应头。"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from api.app import build
from api.guarding import BodyLimit, SecurityHeaders
from api.requests import RequestLayer
from qa_engine.domain.access import Role
from qa_engine.service import Service
from qa_engine.settings import Settings
from service.conftest import settings_for
from service.world import World, found_world

LIMIT = 2048


@pytest.fixture
def strict(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A service with small limits that is reached over HTTPS only."""
    settings = settings_for(
        sqlite_url,
        tmp_path / "home",
        model="none",
        max_body_bytes=LIMIT,
        max_upload_bytes=8 * LIMIT,
        rate_per_minute=5,
        login_rate_per_minute=3,
        secure_cookies=True,
    )
    service = Service.open(settings)
    world = found_world(service)
    with TestClient(build(service=service), base_url="https://testserver") as client:
        world.client = client
        yield world
    service.close()


class TestRates:
    def test_one_caller_too_often_and_the_others_not(self, strict):
        reviewer, lead = strict.staff[Role.REVIEWER].headers, strict.staff[Role.QA_LEAD].headers
        answers = [strict.client.get("/v1/sessions/current", headers=reviewer) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        told = answers[-1]
        assert told.json()["error"] == "too_many_requests"
        assert 1 <= int(told.headers["retry-after"]) <= 60
        assert strict.client.get("/v1/sessions/current", headers=lead).status_code == 200

    def test_strangers_are_counted_by_address(self, strict):
        statuses = [strict.client.get("/v1/sessions/current").status_code for _ in range(6)]
        assert statuses == [401] * 5 + [429]
        # Whoever can prove who they are is not hindered by strangers behind the same address.
        headers = strict.staff[Role.REVIEWER].headers
        assert strict.client.get("/v1/sessions/current", headers=headers).status_code == 200

    def test_log_ins_are_counted_by_address(self, strict):
        body = {"login": "nobody", "password": "guess"}
        answers = [strict.client.post("/v1/sessions", json=body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert answers[-1].headers["retry-after"]


class TestBodies:
    def test_announced_too_large(self, strict):
        answer = strict.client.post("/v1/sessions", content=b"x" * (LIMIT + 1))
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")
        assert "2 KiB" in answer.json()["detail"]
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert answer.headers["connection"] == "close"
        assert answer.headers["content-type"] == "application/problem+json"

    def test_not_announced_too_large(self, strict):
        parts = (b"x" * 512 for _ in range(100))
        answer = strict.client.post("/v1/sessions", content=parts)
        assert (answer.status_code, answer.json()["error"]) == (413, "too_large")

    def test_just_not_too_large(self, strict):
        body = b'{"login": "nobody", "password": "guess"' + b" " * (LIMIT - 40) + b"}"
        assert len(body) == LIMIT
        headers = {"Content-Type": "application/json"}
        assert strict.client.post("/v1/sessions", content=body, headers=headers).status_code == 401

    def test_a_lying_length(self, strict):
        headers = {"Content-Length": "not a number"}
        assert strict.client.post("/v1/sessions", content=b"{}", headers=headers).status_code == 422

    @pytest.mark.parametrize(("sent", "status"), [(7 * LIMIT, 200), (9 * LIMIT, 413)])
    def test_uploads_have_a_limit_of_their_own_and_are_never_kept_whole(self, sent, status):
        largest = []
        app = FastAPI()

        @app.post("/v1/batches/upload")
        async def upload(request: Request) -> int:
            total = 0
            async for part in request.stream():
                largest.append(len(part))
                total += len(part)
            return total

        app.add_middleware(BodyLimit, settings=Settings(max_body_bytes=LIMIT, max_upload_bytes=8 * LIMIT))
        with TestClient(app) as client:
            answer = client.post("/v1/batches/upload", content=(b"x" * 512 for _ in range(sent // 512)))
        assert answer.status_code == status
        assert sum(largest) <= 8 * LIMIT


class TestHeaders:
    @pytest.mark.parametrize("path", ["/v1/sessions/current", "/v1/nowhere", "/healthz", "/"])
    def test_every_answer_carries_them(self, strict, path):
        headers = strict.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["strict-transport-security"].startswith("max-age=")

    def test_data_can_neither_run_nor_lie_in_a_cache(self, strict):
        headers = strict.client.get("/v1/sessions/current").headers
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["cache-control"] == "no-store"

    def test_a_crash_has_them_too(self):
        app = FastAPI()

        @app.get("/v1/broken")
        def broken() -> None:
            raise ZeroDivisionError

        from api.instruments import Instruments

        app.add_middleware(RequestLayer, instruments=Instruments())
        app.add_middleware(SecurityHeaders, secure=False)
        answer = TestClient(app, raise_server_exceptions=False).get("/v1/broken")
        assert answer.status_code == 500
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers, (
            "a plain HTTP service must not lock itself out"
        )

    def test_cookies_over_https_only(self, strict):
        with strict.work() as work:
            from qa_engine.services.passwords import hash_password
            from qa_engine.store.tables import UserRow

            row = work.session.get_one(UserRow, int(strict.staff[Role.REVIEWER].principal.id))
            row.password_hash = hash_password("correct-horse-7")
        body = {"login": row.login, "password": "correct-horse-7"}
        cookie = strict.client.post("/v1/sessions", json=body).headers["set-cookie"]
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
