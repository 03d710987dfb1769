"""运维：是否就绪、缺什么、指标；缺了一块的服务照样能用，而且说得出缺了什么。"""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text, update

from api.app import build
from qa_engine.domain.access import SYSTEM
from qa_engine.service import Caller, Service
from qa_engine.services.accounts import Duties, create_user
from qa_engine.services.sessions import open_session
from qa_engine.services.shipped_scorecards import import_shipped
from qa_engine.store.tables import BatchRow, ScorecardRow
from service.conftest import fresh_url, settings_for

CALL = {
    "id": "c-1",
    "turns": [{"speaker": "agent", "text": "您好。"}, {"speaker": "customer", "text": "你好"}],
}


@pytest.fixture
def opened(sqlite_url, tmp_path):
    service = Service.open(settings_for(sqlite_url, tmp_path / "home", model="none"))
    yield service
    service.close()


@pytest.fixture
def client(opened):
    with TestClient(build(service=opened), raise_server_exceptions=False) as client:
        yield client


def log_in(client, service, role="admin"):
    with service.work() as work:
        user = create_user(work, login=f"x.{role}", name="甲", duties=Duties(role), password_hash="-")
        user.must_change_password = False
        session = open_session(work, user, 1)
    client.cookies.set("qa_engine_session", session.token)
    client.headers["X-CSRF-Token"] = session.csrf


def checks(client):
    answer = client.get("/readyz")
    body = answer.json()
    return (
        answer.status_code,
        body["status"],
        {one["name"]: (one["state"], one["reason"]) for one in body["checks"]},
    )


def test_a_model_that_is_not_in_use_is_told_and_calls_are_scored_all_the_same(client, opened):
    status, ready, found = checks(client)
    assert (status, ready) == (200, "degraded")
    assert found.pop("model") == ("degraded", "本次运行没有启用模型，情绪、态度等基于模型的判断未进行")
    assert set(found.values()) == {("ok", None)}
    log_in(client, opened)
    answer = client.post("/v1/score?scorecard=general_service", json=CALL)
    assert answer.status_code == 201, answer.text
    report = answer.json()["report"]
    assert report["emotion"]["index"] is None
    assert {one["what"] for one in report["not_evaluated"]} >= {"emotion", "attitude"}


def test_a_damaged_model_is_replaced_and_told(sqlite_url, tmp_path):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{", encoding="utf-8")
    service = Service.open(settings_for(sqlite_url, tmp_path / "home", model=str(broken)))
    with TestClient(build(service=service)) as client:
        status, ready, found = checks(client)
        assert (status, ready) == (200, "degraded")
        assert "无法加载" in found["model"][1]
        log_in(client, service)
        answer = client.post("/v1/score?scorecard=general_service", json=CALL)
        assert answer.status_code == 201
        assert answer.json()["report"]["engine"]["model"] is not None
    service.close()


def test_a_scorecard_that_cannot_be_used_any_more_is_named_and_the_others_work(client, opened):
    log_in(client, opened)
    with opened.work() as work:
        import_shipped(work)
        row = update(ScorecardRow).where(ScorecardRow.key == "general_service")
        work.session.execute(
            row.values(source="schema: scorecard/1\nkey: general_service\n", digest="0" * 64)
        )
    _, ready, found = checks(client)
    assert ready == "degraded"
    assert "general_service 第 1 版" in found["scorecards"][1]
    refused = client.post("/v1/score?scorecard=general_service", json=CALL)
    assert (refused.status_code, refused.json()["error"]) == (422, "bad_scorecard")
    assert client.post("/v1/score?scorecard=telecom_hotline", json=CALL).status_code == 201


def test_batches_that_wait_for_nobody_are_told(client, opened):
    batch = BatchRow(
        id="b1", state="scoring", name="x", business_line="通用", scorecard_key="general_service",
        scorecard_digest="0" * 64, inputs=[], spooled=False, options={}, submitted_by="user:1",
        created_at=opened.clock(), expected=10, imported=10, complete=True, scored=3, failed=1,
    )  # fmt: skip
    with opened.work() as work:
        work.session.add(batch)
    _, ready, found = checks(client)
    assert ready == "degraded"
    assert "没有在运行的工作进程" in found["workers"][1]
    log_in(client, opened, "auditor")
    figures = client.get("/metrics").text
    assert "qa_engine_queue_records 6.0" in figures
    assert 'qa_engine_batch_records_total{outcome="scored"} 3.0' in figures
    assert 'qa_engine_batch_records_total{outcome="failed"} 1.0' in figures
    assert 'qa_engine_batches{state="scoring"} 1.0' in figures


def test_a_full_queue_is_told(sqlite_url, tmp_path):
    service = Service.open(settings_for(sqlite_url, tmp_path / "home", model="none", max_waiting_records=1))
    with TestClient(build(service=service)) as client:
        test_batches_that_wait_for_nobody_are_told(client, service)
        assert checks(client)[2]["queue"][0] == "degraded"
    service.close()


def test_whoever_is_leaving_says_so(client):
    client.app.state.running.draining = True
    status, ready, found = checks(client)
    assert (status, ready) == (503, "not_ready")
    assert found["serving"] == ("failed", "服务正在停止，不再接受新的请求。")
    assert client.get("/healthz").status_code == 200


def test_a_schema_of_another_version_is_told(client, opened):
    with opened.work() as work:
        work.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    status, ready, found = checks(client)
    assert (status, ready) == (503, "not_ready")
    assert "older" in found["schema"][1]


def test_a_database_that_has_gone_is_told_and_nothing_breaks(request, postgres, tmp_path):
    url = fresh_url(request, "postgresql", tmp_path)
    service = Service.open(settings_for(url, tmp_path / "home", model="none"))
    with TestClient(build(service=service), raise_server_exceptions=False) as client:
        log_in(client, service)
        assert client.get("/v1/reports").status_code == 200
        admin = create_engine(postgres.url("postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {url.rsplit('/', 1)[1].split('?')[0]} WITH (FORCE)"))
        admin.dispose()
        status, ready, found = checks(client)
        assert (status, ready) == (503, "not_ready")
        assert found["database"] == ("failed", "数据库无法连接或无法读取。")
        for path in ("/v1/reports", "/metrics"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/healthz").status_code == 200
    service.close()


class TestMetrics:
    def test_are_not_for_strangers(self, client):
        assert client.get("/metrics").status_code == 401

    def test_are_not_for_everybody_who_is_known(self, client, opened):
        log_in(client, opened, "reviewer")
        assert client.get("/metrics").status_code == 403

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    def test_are_open_to_the_machine_itself(self, opened, host):
        with TestClient(build(service=opened), client=(host, 5)) as client:
            assert client.get("/metrics").status_code == 200
            assert client.get("/metrics", headers={"Forwarded": "for=192.0.2.1"}).status_code == 401

    @pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "localhost.example"])
    def test_are_not_open_to_other_machines(self, opened, host):
        with TestClient(build(service=opened), client=(host, 5)) as client:
            assert client.get("/metrics").status_code == 401

    def test_name_routes_never_values(self, client, opened):
        log_in(client, opened)
        client.get("/v1/transcripts/13800138000")
        client.get("/v1/13800138000")
        client.request("BREW", "/v1/13800138000")
        figures = client.get("/metrics").text
        assert "13800138000" not in figures
        assert "BREW" not in figures
        assert 'route="/v1/transcripts/{transcript_id}",status="404"' in figures
        for line in figures.splitlines():
            assert line.startswith("#") or re.fullmatch(r"[a-z_]+(\{[^}]*\}+[^}]*\}|\{[^}]*\})? \S+", line), (
                line
            )

    def test_count_reports_and_reviews(self, client, opened):
        log_in(client, opened)
        assert client.post("/v1/score?scorecard=telecom_hotline", json=CALL).status_code == 201
        figures = client.get("/metrics").text
        assert "qa_engine_reports_current 1.0" in figures
        assert 'qa_engine_http_requests_total{method="POST",route="/v1/score",status="201"} 1.0' in figures
        with opened.look(Caller(SYSTEM)) as work:
            waiting = len(work.session.execute(text("SELECT id FROM reviews WHERE state = 'open'")).all())
        assert f'qa_engine_reviews_waiting{{state="open"}} {waiting}.0' in figures
