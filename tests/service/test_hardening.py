"""不该漏出去的漏不出去：没有设置日志时的报错、对象的文字表示、磁盘上的文件、伪造的翻页标记、幂等键。"""

from __future__ import annotations

import hashlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import build
from api.exporting import FORMS
from api.instruments import Instruments
from api.rates import Rates
from api.requests import RequestLayer
from api.schemas.users import OwnPassword, SignIn
from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Invalid, TooManyRequests
from qa_engine.domain.web_address import UnusableAddress, insist_on_public
from qa_engine.jobs.library import _prepared
from qa_engine.jobs.worker import _tell_crash
from qa_engine.services.cursors import decode_cursor, encode_cursor
from qa_engine.services.deliveries import Letter
from qa_engine.services.idempotency import IdempotentRequest, once, recall
from qa_engine.services.login import Credential, Proof
from qa_engine.services.oidc import Departure
from qa_engine.services.sessions import OpenedSession
from qa_engine.settings import Settings
from qa_engine.store.engine import Database
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import IdempotencyRow
from service.world import World

SECRET = "13800138000"


@contextmanager
def unconfigured() -> Iterator[io.StringIO]:
    """Loggers as a process has them that never called ``logs.configure``."""
    before, known = structlog.get_config(), structlog.is_configured()
    structlog.reset_defaults()
    told = io.StringIO()
    try:
        with redirect_stdout(told):
            yield told
    finally:
        if known:
            structlog.configure(**before)


class TestLogsNobodyConfigured:
    """A server started by ``uvicorn`` itself has structlog's own defaults: pretty tracebacks with locals."""

    def test_a_failed_request_tells_neither_message_nor_variables(self) -> None:
        app = FastAPI()

        @app.get("/broken")
        def broken() -> None:
            customer = SECRET
            raise RuntimeError(f"cannot read {customer}")

        app.add_middleware(RequestLayer, instruments=Instruments())
        with unconfigured() as told:
            assert TestClient(app).get("/broken").status_code == 500
        assert "request.failed" in told.getvalue()
        assert "RuntimeError" in told.getvalue()
        assert SECRET not in told.getvalue()

    def test_a_crashed_worker_tells_neither(self) -> None:
        def crash(customer: str) -> None:
            raise RuntimeError(f"cannot read {customer}")

        with unconfigured() as told:
            try:
                crash(SECRET)
            except RuntimeError:
                kind, error, trace = sys.exc_info()
                assert kind is not None
                assert error is not None
                _tell_crash((kind, error, trace))
        assert "worker.crashed" in told.getvalue()
        assert "crash" in told.getvalue()
        assert SECRET not in told.getvalue()

    def test_the_servers_own_access_log_is_silent(self, tmp_path: Path) -> None:
        access = logging.getLogger("uvicorn.access")
        access.setLevel(logging.INFO)
        build(Settings(home=tmp_path))
        assert not access.isEnabledFor(logging.INFO)


KEYS = Keyring.fresh()


@pytest.mark.parametrize(
    ("made", "secrets"),
    [
        (KEYS, [KEYS.root, *KEYS.keys.values()]),
        (OpenedSession(None, "t0ken", "csrf-t0ken", None), ["t0ken"]),  # type: ignore[arg-type]
        (Credential(1, "$argon2id$hash"), ["argon2id"]),
        (Proof(Credential(1, "$argon2id$hash"), True, "$argon2id$new"), ["argon2id"]),
        (Departure("the-state", "the-nonce", "the-verifier", 1), ["the-"]),
        (Letter(1, 1, "evt", "https://a.example", "whsec_secret", b""), ["whsec_secret"]),
        (SignIn(login="li.wei", password=SECRET), [SECRET]),
        (OwnPassword(current_password=SECRET, new_password=SECRET), [SECRET]),
        (Settings(database_url=f"postgresql://qa:{SECRET}@db/qa"), [SECRET]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_printed_of_an_object_tells_no_secret(made: object, secrets: list[Any]) -> None:
    for secret in secrets:
        plain = repr(secret)[2:-1] if isinstance(secret, bytes) else secret
        assert plain not in repr(made)
        assert plain not in str(made)


class TestFilesOnDisk:
    def test_the_databases_are_for_their_owner_only_wherever_they_lie(self, tmp_path: Path) -> None:
        before = os.umask(0o022)
        try:
            database = Database(f"sqlite:///{tmp_path / 'open' / 'qa.db'}")
            with database.writing() as session:
                session.connection().exec_driver_sql("CREATE TABLE one (n INTEGER)")
                modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "open").iterdir()}
            database.close()
            _prepared(f"sqlite:///{tmp_path / 'jobs.db'}")
        finally:
            os.umask(before)
        assert "qa.db" in modes
        assert set(modes.values()) == {0}
        assert (tmp_path / "jobs.db").stat().st_mode & 0o077 == 0

    def test_what_is_erased_does_not_lie_on_in_free_pages(self, tmp_path: Path) -> None:
        path = tmp_path / "qa.db"
        database = Database(f"sqlite:///{path}")
        run = "".join(("他说的是", "机密", "内容"))
        for statement in ("CREATE TABLE said (t TEXT)", f"INSERT INTO said VALUES ('{run * 40}')"):
            with database.writing() as session:
                session.connection().exec_driver_sql(statement)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert run.encode() in path.read_bytes()
        with database.writing() as session:
            session.connection().exec_driver_sql("UPDATE said SET t = NULL")
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        database.close()
        assert run.encode() not in path.read_bytes()

    def test_an_export_that_breaks_leaves_nothing_behind(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        during: list[bool] = []

        def broken() -> Iterator[Any]:
            during.append(any(tmp_path.iterdir()))
            raise OSError
            yield

        with pytest.raises(OSError, match=r"^$"):
            list(FORMS["xlsx"].write(broken()))
        assert during == [True]
        assert list(tmp_path.iterdir()) == []


class TestForgedCursors:
    def test_a_text_no_database_takes_is_none_of_ours(self) -> None:
        with pytest.raises(Invalid):
            decode_cursor(encode_cursor("retail\0"), (str,))

    @pytest.mark.parametrize("moment", [-(2**62), 2**62])
    def test_a_moment_no_calendar_has_is_no_failure(self, world: World, moment: int) -> None:
        assert world.client is not None
        answer = world.client.get(
            "/v1/batches",
            params={"cursor": encode_cursor(moment, "b1")},
            headers=dict(world.staff[Role.ADMIN].headers),
        )
        assert answer.status_code == 200


def test_what_is_kept_of_an_idempotent_request_proves_no_guess_at_its_content(world: World) -> None:
    content = b'{"turns":[{"text":"..."}]}'
    request = IdempotentRequest("score", f"key-{world.number()}", content)
    with world.work(Role.QA_LEAD) as work:
        assert once(work, request, lambda: "report:1").fresh
        row = work.session.scalars(
            select(IdempotencyRow).where(IdempotencyRow.key_hash == request.key_hash(work.actor))
        ).one()
        assert row.request_digest != hashlib.sha256(content).hexdigest()
        again = recall(work, request)
    assert again is not None
    assert again.subject == "report:1"


@pytest.mark.parametrize("address", ["fec0::1", "192.0.0.192", "::ffff:192.0.0.192", "100.100.100.200"])
def test_addresses_of_no_use_in_the_internet_are_not_called(address: str) -> None:
    with pytest.raises(UnusableAddress):
        insist_on_public([address])


def test_cookies_stay_on_https_when_the_public_address_says_so() -> None:
    assert Settings(public_url="https://qa.example.com").https_only
    assert Settings(secure_cookies=True).https_only
    assert not Settings(public_url="http://qa.example.com").https_only


def test_addresses_of_one_ipv6_network_are_counted_together() -> None:
    rates = Rates(Settings(login_rate_per_minute=2))
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"):
        rates.admit_login(address)
    with pytest.raises(TooManyRequests):
        rates.admit_login("2001:db8::3")


def test_a_new_key_is_audited_with_its_limits(world: World) -> None:
    assert world.client is not None
    wish = {"name": "工单系统", "scopes": ["calls:read"], "business_lines": ["retail"], "teams": ["零售一组"]}
    headers = dict(world.staff[Role.ADMIN].headers)
    made = world.client.post("/v1/api-keys", json=wish, headers=headers).json()["key"]["id"]
    [entry] = world.client.get("/v1/audit", params={"subject": f"api_key:{made}"}, headers=headers).json()[
        "items"
    ]
    assert entry["detail"]["business_lines"] == ["retail"]
    assert entry["detail"]["teams"] == ["零售一组"]
