"""``qa-engine serve`` as a user meets it: starting, answering, being fed rubbish, stopping."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import time

import httpx
import pytest
import structlog
from batch_samples import run

from service.served import CHANGED, serving

CALL = {
    "id": "c-1",
    "turns": [
        {"speaker": "agent", "text": "您好，很高兴为您服务。"},
        {"speaker": "customer", "text": "我手机13800138000上不了网。"},
        {"speaker": "agent", "text": "非常抱歉，我马上为您处理。"},
    ],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def served(home):
    with serving(home, "--workers", "0", "--drain", "2") as running:
        yield running


@pytest.fixture(autouse=True)
def logging_as_before():
    """A command that runs in this process must not leave its log behind."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def lines(served, event):
    found = (json.loads(line) for line in served.log if line.startswith("{"))
    return [one for one in found if one["event"] == event]


def test_it_says_where_it_listens_and_the_password_once(served):
    assert served.url.startswith("http://127.0.0.1:")
    assert len(served.password) == 16
    assert "首次登录后必须修改" in "\n".join(served.lines)
    assert served.password not in "\n".join(served.log)


def test_its_health_is_open_to_everybody_and_its_figures_to_this_machine(served):
    with served.client() as client:
        assert client.get("/healthz").json()["status"] == "ok"
        ready = client.get("/readyz")
        assert ready.status_code == 200
        assert {one["name"]: one["state"] for one in ready.json()["checks"]}["database"] == "ok"
        figures = client.get("/metrics")
        assert "qa_engine_http_requests_total" in figures.text
        assert "qa_engine_queue_records" in figures.text
        behind_a_proxy = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        assert behind_a_proxy.status_code == 401


def test_a_call_is_scored_and_found_again(served):
    with served.admin() as client:
        answer = client.post("/v1/score?scorecard=general_service", json=CALL)
        assert answer.status_code == 201, answer.text
        listed = client.get("/v1/reports").json()["items"]
        assert [one["external_id"] for one in listed] == ["c-1"]
        assert client.get(answer.headers["Location"]).status_code == 200
        assert 'route="/v1/score",status="201"' in client.get("/metrics").text


def test_the_log_is_json_and_holds_no_customer_text(served):
    with served.client() as client:
        client.get("/v1/reports?agent_id=13800138000")
    for line in served.log:
        assert set(json.loads(line)) >= {"event", "level", "timestamp"}
    text = "\n".join(served.log)
    assert "13800138000" not in text
    assert "上不了网" not in text
    scored = [one for one in lines(served, "request") if one["route"] == "/v1/score"]
    assert scored[0]["actor"].startswith("user:")


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\xff" * 1000,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["tls", "version", "length", "chunk", "bytes", "long"],
)
def test_rubbish_on_the_wire_harms_nobody(served, rubbish):
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as line:
        line.sendall(rubbish)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):
            pass
    with served.client() as client:
        assert client.get("/healthz").status_code == 200


def test_pages_are_chinese_and_need_nothing_from_elsewhere(served):
    with served.client() as client:
        for path, words in (("/", "登录"), ("/docs", "给一通会话评分")):
            page = client.get(path)
            assert page.status_code == 200
            assert words in page.text
            assert set(re.findall(r'(?:src|href|action)="([^"#]*)', page.text)) <= {
                "", "/", "/docs", "/openapi.json", "/static/pages.css", "/static/landing.js",
            }  # fmt: skip
        assert client.get("/static/landing.js").status_code == 200


@pytest.mark.parametrize(
    ("setting", "value"),
    [("TIME_ZONE", "Mars/Olympus"), ("WORKERS", "-1"), ("MAX_SCORING", "许多"), ("LOG_LEVEL", "LOUD")],
)
def test_a_wrong_setting_is_told_by_name(monkeypatch, setting, value):
    monkeypatch.setenv(f"QA_ENGINE_{setting}", value)
    done = run("serve", "--port", "0")
    assert done.returncode == 2
    assert f"QA_ENGINE_{setting}" in done.stderr.decode()


def test_a_taken_port_is_told(served, monkeypatch, tmp_path):
    monkeypatch.setenv("QA_ENGINE_HOME", str(tmp_path))
    done = run("serve", "--port", str(served.port))
    assert done.returncode == 2
    assert "端口已被占用" in done.stderr.decode()
    assert list(tmp_path.iterdir()) == [], "nothing was made"


def test_keys_that_cannot_be_read_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("QA_ENGINE_HOME", str(tmp_path))
    (tmp_path / "keys.json").write_text("{坏", encoding="utf-8")
    done = run("serve", "--port", "0")
    assert done.returncode == 2
    assert "密钥" in done.stderr.decode()


@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:1/none", "mysql://x", "什么"])
def test_a_database_that_cannot_be_reached_is_told(monkeypatch, tmp_path, url):
    monkeypatch.setenv("QA_ENGINE_HOME", str(tmp_path))
    monkeypatch.setenv("QA_ENGINE_DATABASE_URL", url)
    done = run("serve", "--port", "0")
    assert done.returncode == 2
    assert "QA_ENGINE_DATABASE_URL" in done.stderr.decode()


def test_samples_that_are_not_there_are_told(tmp_path):
    done = run("serve", "--port", "0", "--samples", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "样例文件夹不存在" in done.stderr.decode()


def test_at_last_it_stops_gracefully_and_knows_its_calls_after_a_restart(served, home):
    body = json.dumps({"login": "admin", "password": CHANGED}).encode()
    head = (
        "POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(head.encode() + body[:5])
        time.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)
        assert insist_on_draining(served) == 503
        line.sendall(body[5:])
        answer = b""
        while part := line.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 201"), "a request in flight is answered"
    assert served.process.wait(60) == 143
    assert "收到终止信号，已停止。" in "\n".join(served.log)
    with serving(home, "--workers", "0") as second:
        assert second.password is None
        with second.admin() as client:
            assert [one["external_id"] for one in client.get("/v1/reports").json()["items"]] == ["c-1"]
        assert second.stop(signal.SIGINT) == 130


def insist_on_draining(served):
    until = time.monotonic() + 2
    while time.monotonic() < until:
        with served.client() as client:
            try:
                status = client.get("/readyz").status_code
            except httpx.TransportError:
                continue
            if status == 503:
                return status
        time.sleep(0.05)
    return None
