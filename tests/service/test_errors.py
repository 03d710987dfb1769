"""Every refusal and every failure is a problem document, in Chinese and English, that quotes nobody."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Annotated, Literal

import pytest
from fastapi import FastAPI, Query
from fastapi.responses import StreamingResponse
from fastapi.testclient import TestClient
from pydantic import Field, field_validator
from sqlalchemy import create_engine, text

from api import errors
from api.instruments import Instruments
from api.requests import RequestLayer
from api.schemas.common import KeyText, LongText, Moment, RequestModel
from qa_engine import logs
from qa_engine.domain import refusal as r
from qa_engine.domain.errors import ConfigError, ConfigErrors, IntakeError

SECRET = "身份证一一零一零一一九九零零三零七"


class Inner(RequestModel):
    name: KeyText
    level: int = Field(ge=1, le=5)


class ByRule(RequestModel):
    kind: Literal["rule"]
    most: int


class ByShare(RequestModel):
    kind: Literal["share"]
    share: float


class Asked(RequestModel):
    name: KeyText = "甲"
    reason: LongText = "够长的理由"
    count: int = Field(default=1, ge=1, le=10)
    share: float = 0.5
    kind: Literal["rule", "percent"] = "rule"
    at: Moment = datetime.fromisoformat("2026-01-01T00:00:00+08:00")
    flag: bool = True
    parts: list[Inner] = Field(default=[], max_length=2)
    anything: dict[str, object] = Field(default={})
    design: ByRule | ByShare | None = Field(default=None, discriminator="kind")
    either: int | Inner | None = None

    @field_validator("reason")
    @classmethod
    def _not_a_dot(cls, value: str) -> str:
        if value == ".":
            raise ValueError("理由要写清楚。")
        return value


REFUSALS: dict[str, tuple[Exception, int, str]] = {
    "unauthenticated": (r.Unauthenticated(), 401, "请先登录"),
    "forbidden": (r.Forbidden("calls:raw"), 403, "calls:raw"),
    "not_found": (r.NotFound("质检报告", "report"), 404, "质检报告不存在"),
    "invalid": (r.Invalid("日期反了。", "Dates are the wrong way round.", "from"), 422, "日期反了"),
    "illegal_step": (r.IllegalStep("已被他人领取。", "Somebody else has it."), 409, "已被他人领取"),
    "conflict": (r.Conflict("同一个键，内容不同。", "Same key, other content."), 409, "内容不同"),
    "overloaded": (r.Overloaded("太忙。", "Busy.", 7), 503, "太忙"),
    "too_many_requests": (r.TooManyRequests("太频繁。", "Too often.", 9), 429, "太频繁"),
    "too_large": (r.TooLarge("太大。", "Too large."), 413, "太大"),
    "unavailable": (r.Unavailable("磁盘已满。", "Disk full.", 60), 503, "磁盘已满"),
    "bad_json": (IntakeError("<x>", "JSON 有误", "检查括号", "bad_json"), 422, "JSON 有误"),
    "bad_scorecard": (
        ConfigErrors((ConfigError("卡", "分值不是数字", "写成数字", 15, "sections[0].points"),)), 422, "1 处",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def app():
    app = FastAPI()
    errors.install(app)
    engine = create_engine("sqlite://")

    @app.post("/asked")
    def asked(_body: Asked, n: Annotated[int, Query(ge=0, le=9)] = 0) -> int:
        return n

    @app.get("/refused/{name}")
    def refused(name: str) -> None:
        raise REFUSALS[name][0]

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError(SECRET)

    @app.get("/half")
    def half() -> StreamingResponse:
        def parts():
            yield b"first"
            raise RuntimeError(SECRET)

        return StreamingResponse(parts())

    @app.get("/clash")
    def clash() -> None:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS t (a TEXT PRIMARY KEY)"))
            connection.execute(text("INSERT INTO t VALUES (:a), (:a)"), {"a": SECRET})

    @app.get("/lost")
    def lost() -> None:
        with engine.begin() as connection:
            connection.execute(text("SELECT :a FROM not_there"), {"a": SECRET})

    app.add_middleware(RequestLayer, instruments=Instruments())
    return app


@pytest.fixture
def told():
    """What is logged meanwhile, as text."""
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    logs.configure("WARNING")


@pytest.fixture
def client(app):
    return TestClient(app, raise_server_exceptions=False)


def send(client, content):
    return client.post("/asked", content=content, headers={"content-type": "application/json"})


def insist_on_problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["error"] == code
    assert set(body) - {"errors"} == {"error", "detail", "detail_en", "field", "request_id"}
    assert body["detail"].endswith("。")
    assert body["detail_en"].endswith(".")
    assert body["detail_en"].isascii()
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize("code", REFUSALS)
def test_every_refusal_has_its_status_and_both_languages(client, code):
    _, status, words = REFUSALS[code]
    body = insist_on_problem(client.get(f"/refused/{code}"), status, code)
    assert words in body["detail"]


def test_every_kind_of_refusal_has_a_status():
    def kinds(of):
        for kind in of.__subclasses__():
            yield kind
            yield from kinds(kind)

    for kind in kinds(r.Refusal):
        if kind.__module__ == r.__name__:
            own = {**errors.STATUSES}
            own.pop(r.Refusal)
            assert any(issubclass(kind, known) for known in own), f"{kind.__name__} falls through to 400"


def test_who_must_wait_is_told_how_long(client):
    assert client.get("/refused/overloaded").headers["retry-after"] == "7"
    assert client.get("/refused/too_many_requests").headers["retry-after"] == "9"
    assert client.get("/refused/unauthenticated").headers["www-authenticate"].startswith("Bearer")


def test_mistakes_of_a_scorecard_are_listed_with_their_lines(client):
    [mistake] = client.get("/refused/bad_scorecard").json()["errors"]
    assert mistake == {
        "field": "sections[0].points",
        "detail": "分值不是数字。处理办法：写成数字。",
        "detail_en": "The scorecard cannot be used as written here.",
        "line": 15,
    }


@pytest.mark.parametrize(
    ("status", "code", "ask"),
    [
        (404, "not_found", lambda client: client.get("/nowhere")),
        (405, "method_not_allowed", lambda client: client.delete("/asked")),
        (422, "invalid", lambda client: client.get("/asked/%00")),
        (422, "invalid", lambda client: client.post("/asked?n=%00", json={})),
        (422, "invalid", lambda client: send(client, b"{")),
        (400, "bad_request", lambda client: send(client, b'{"name": "\xff"}')),
        (400, "bad_request", lambda client: send(client, b"[" * 100_000)),
    ],
)  # fmt: skip
def test_what_the_framework_refuses_is_a_problem_document_too(client, status, code, ask):
    insist_on_problem(ask(client), status, code)


def test_a_wrong_method_is_told_which_are_right(client):
    assert client.delete("/asked").headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"surname": "乙"}, "surname", "不认识的字段"),
        ({"name": ""}, "name", "至少要有 1 个字符"),
        ({"name": "字" * 121}, "name", "最多只能有 120 个字符"),
        ({"name": "甲\n乙"}, "name", "不合格式"),
        ({"name": 5}, "name", "要写文字"),
        ({"name": "甲\0"}, None, "NUL"),
        ({"anything": {"深": [{"处": "甲\0"}]}}, None, "NUL"),
        ({"anything": {"半个\ud83d": 1}}, None, "代理对"),
        ({"count": 0}, "count", "不能小于 1"),
        ({"count": 11}, "count", "不能大于 10"),
        ({"count": 1.5}, "count", "不能带小数"),
        ({"count": "多"}, "count", "要写整数"),
        ({"share": float("nan")}, "share", "有限"),
        ({"kind": "all"}, "kind", "不在可选值之中：rule、percent"),
        ({"at": "2026-03-01T09:00:00"}, "at", "要带时区"),
        ({"at": "昨天"}, "at", "要写时间"),
        ({"at": "1492-01-01T00:00:00Z"}, "at", "1970"),
        ({"flag": "是"}, "flag", "布尔值"),
        ({"parts": [{"level": 3}]}, "parts[0].name", "缺少必填"),
        ({"parts": [{"name": "a", "level": 9}]}, "parts[0].level", "不能大于 5"),
        ({"parts": [1, 2, 3]}, "parts", "最多只能有 2 项"),
        ({"parts": [1]}, "parts[0]", "要写对象"),
        ({"parts": {}}, "parts", "要写数组"),
        ({"reason": "."}, "reason", "理由要写清楚"),
        ({"design": {"kind": "rule"}}, "design.most", "缺少必填"),
        ({"design": {"kind": "share", "share": "半"}}, "design.share", "要写数字"),
        ({"design": {"kind": "?"}}, "design", "rule、share"),
        ({"design": {}}, "design", "kind"),
        ({"either": "多"}, "either", "要写整数"),
        ({"either": {"level": 3, "name": ""}}, "either", "要写整数"),
        ([], None, "要写对象"),
    ],
)
def test_a_wrong_field_is_named_and_explained_in_chinese(client, body, field, words):
    problem = insist_on_problem(send(client, json.dumps(body).encode()), 422, "invalid")
    assert problem["field"] == field
    assert words in problem["detail"]


def test_a_query_parameter_is_named_too(client):
    assert insist_on_problem(client.post("/asked?n=10", json={}), 422, "invalid")["field"] == "n"


def test_several_wrong_fields_are_all_listed(client):
    body = client.post("/asked", json={"count": 0, "kind": "?", "name": ""}).json()
    assert {one["field"] for one in body["errors"]} == {"count", "kind", "name"}
    assert "另有 2 处" in body["detail"]


def test_what_was_sent_is_never_quoted(client, told):
    for body in ({SECRET: 1}, {"name": SECRET * 9}, {"kind": SECRET}, {"at": SECRET}, {"count": SECRET}):
        answer = client.post("/asked?n=5", json=body)
        assert answer.status_code == 422
        if SECRET not in body:
            assert SECRET not in answer.text
    assert SECRET not in told.getvalue()


def test_an_invented_field_name_is_not_repeated_when_it_is_no_name(client):
    assert client.post("/asked", json={"我的电话 13800138000": 1}).json()["field"] == "…"


def test_a_failure_tells_its_id_and_nothing_else(client, told):
    body = insist_on_problem(client.get("/broken"), 500, "internal_error")
    assert body["request_id"] in body["detail"]
    assert SECRET not in json.dumps(body, ensure_ascii=False)
    failed, answered = (json.loads(line) for line in told.getvalue().splitlines())
    assert failed["request_id"] == answered["request_id"] == body["request_id"]
    assert failed["error"] == "builtins.RuntimeError"
    assert any("test_errors.py" in place and "broken" in place for place in failed["at"])
    assert answered["status"] == 500
    assert SECRET not in told.getvalue()


def test_half_an_answer_is_cut_off_not_made_to_look_whole(app, told):
    with pytest.raises(Exception, match=r"^$") as caught:
        TestClient(app).get("/half")
    assert SECRET not in str(caught.value)
    assert SECRET not in told.getvalue()
    assert "request.failed" in told.getvalue()


@pytest.mark.parametrize(
    ("path", "status", "code"), [("/clash", 409, "conflict"), ("/lost", 503, "unavailable")]
)
def test_the_database_is_never_quoted(client, told, path, status, code):
    answer = client.get(path)
    insist_on_problem(answer, status, code)
    assert SECRET not in answer.text
    assert SECRET not in told.getvalue()
    assert "database." in told.getvalue()


def test_the_callers_own_request_id_is_kept_when_it_is_a_plain_word(client):
    assert (
        client.get("/nowhere", headers={"X-Request-ID": "batch-0001.a"}).json()["request_id"]
        == "batch-0001.a"
    )
    for foul in ("short", "x" * 65, "with blank", 'quo"te-quote'):
        assert client.get("/nowhere", headers={"X-Request-ID": foul}).json()["request_id"] != foul


def test_logs_name_the_route_and_never_the_address(client, told):
    client.get("/refused/not_found?customer=13800138000")
    client.get("/customers/13800138000")
    first, second = (json.loads(line) for line in told.getvalue().splitlines())
    assert (first["route"], first["status"], first["method"]) == ("/refused/{name}", 404, "GET")
    assert second["route"] == "(none)"
    assert "13800138000" not in told.getvalue()
