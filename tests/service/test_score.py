"""POST /v1/score：一通会话即送即评；同一个幂等键只评一次。"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import build
from api.score import EXAMPLE
from qa_engine.domain.access import Permission, Role
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_document
from qa_engine.service import Service
from qa_engine.store.tables import AuditRow, BusinessLineRow, ReportRow, TranscriptRow
from service.world import SCORECARD, World, found_world

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
JSON_SAMPLES = [
    path
    for path in sorted(SAMPLES.glob("*/*.json"))
    if len(list(read_document(orjson.loads(path.read_bytes())))) == 1
]


@pytest.fixture
def world(service: Service) -> Iterator[World]:
    with TestClient(build(service=service), base_url="https://testserver") as client:
        found = found_world(service)
        found.client = client
        yield found


def post(world: World, body: Any, who: Role | dict[str, str] = Role.INTEGRATION, **further: Any) -> Any:
    headers = dict(world.staff[who].headers) if isinstance(who, Role) else who
    headers |= further.pop("headers", {})
    params = {"scorecard": SCORECARD, "business_line": "retail", **further}
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    assert world.client is not None
    return world.client.post(
        "/v1/score",
        params={k: v for k, v in params.items() if v is not None},
        content=content,
        headers=headers,
    )


def stored(world: World, table: type = ReportRow) -> int:
    with world.service.look() as work:
        return work.session.scalar(select(func.count()).select_from(table)) or 0


class TestWho:
    def test_nobody(self, world: World) -> None:
        assert post(world, EXAMPLE, {}).status_code == 401

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.TEAM_LEAD, Role.AGENT, Role.AUDITOR])
    def test_the_wrong_role(self, world: World, role: Role) -> None:
        answer = post(world, EXAMPLE, role)
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
        assert stored(world) == 0

    def test_a_key_that_may_score_but_not_read_is_refused_before_anything_is_recorded(
        self, world: World
    ) -> None:
        key = world.add_key(scopes={Permission.SCORE}, business_lines=["retail"])
        assert post(world, EXAMPLE, dict(key.headers)).status_code == 403
        assert stored(world) == 0

    def test_the_original_is_answered_to_those_who_may_read_it(self, world: World) -> None:
        body = {
            **EXAMPLE,
            "turns": [*EXAMPLE["turns"], {"speaker": "agent", "text": "你自己不会看吗 13800138000"}],
        }
        key = world.add_key(scopes={Permission.SCORE, Permission.READ_CALLS}, business_lines=["retail"])
        assert (post(world, body, dict(key.headers), raw="true").status_code, stored(world)) == (403, 0)
        answer = post(world, body, Role.QA_LEAD, raw="true")
        assert (answer.status_code, answer.json()["text"]) == (201, "raw")
        with world.service.look() as work:
            actions = set(work.session.scalars(select(AuditRow.action)))
        assert "transcript.raw_read" in actions


class TestScoring:
    def test_the_answer_is_the_engines_report_and_it_is_stored(self, world: World) -> None:
        answer = post(world, EXAMPLE)
        assert answer.status_code == 201
        body = answer.json()
        assert (body["replayed"], body["text"]) == (False, "masked")
        [call] = read_document(EXAMPLE)
        assert isinstance(call, Transcript)
        alone = report_to_json(world.service.inspectors.of(world.scorecard()).inspect(call))
        assert body["report"] == alone
        again = world.client.get(answer.headers["Location"], headers=dict(world.staff[Role.REVIEWER].headers))  # type: ignore[union-attr]
        assert again.json()["report"] == alone
        line = body["stored"]
        assert (line["agent_id"], line["team"], line["business_line"]) == ("S01", "电商一组", "retail")
        assert line["happened_at"] == "2026-03-01T01:30:00Z"

    @pytest.mark.parametrize("path", JSON_SAMPLES, ids=lambda path: path.stem)
    def test_every_producers_json_is_taken_as_it_is(self, world: World, path: Path) -> None:
        answer = post(world, path.read_bytes())
        assert answer.status_code == 201, answer.text
        assert answer.json()["report"]["criteria"]

    def test_the_business_lines_own_scorecard_is_the_default(self, world: World) -> None:
        assert post(world, EXAMPLE, scorecard=None).json()["report"]["scorecard"]["key"] == SCORECARD
        # The key knows one line only: it need not be named.
        assert (
            post(world, EXAMPLE, scorecard=None, business_line=None).json()["stored"]["business_line"]
            == "retail"
        )

    def test_nothing_tells_the_scorecard(self, world: World) -> None:
        answer = post(world, EXAMPLE, Role.ADMIN, scorecard=None, business_line=None)
        assert (answer.status_code, answer.json()["field"]) == (422, "scorecard")

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"scorecard": "no_such"}, "scorecard"),
            ({"business_line": "no_such"}, "business_line"),
            ({"business_line": "insurance"}, "business_line"),
        ],
    )
    def test_what_is_not_there_or_not_in_sight(
        self, world: World, changes: dict[str, str], field: str
    ) -> None:
        answer = post(world, EXAMPLE, **changes)
        assert (answer.status_code, answer.json()["field"]) == (404, field)

    def test_a_call_out_of_the_callers_own_sight_is_not_recorded(self, world: World) -> None:
        key = world.add_key(business_lines=["retail"], teams=["零售一组"])
        assert post(world, EXAMPLE, dict(key.headers)).status_code == 404
        assert stored(world, TranscriptRow) == 0

    def test_calls_without_an_id_are_different_calls(self, world: World) -> None:
        body = {key: value for key, value in EXAMPLE.items() if key != "id"}
        for _ in range(2):
            assert post(world, body).status_code == 201
        with world.service.look() as work:
            assert work.session.scalar(select(func.count()).where(ReportRow.current)) == 2

    def test_the_agents_channel_may_be_told(self, world: World) -> None:
        turns = [
            {"speaker": "unknown", "speaker_label": str(i % 2), "text": t["text"]}
            for i, t in enumerate(EXAMPLE["turns"])
        ]
        said = post(world, {"id": "x", "turns": turns}, agent_channel="0").json()["report"]
        assert "no_roles" not in {missing["code"] for missing in said["not_evaluated"]}

    def test_text_is_kept_as_long_as_the_business_line_says(self, world: World) -> None:
        with world.service.work() as work:
            line = work.session.get_one(BusinessLineRow, "retail")
            line.raw_days, line.masked_days = 30, 365
        post(world, EXAMPLE)
        with world.service.look() as work:
            row = work.session.scalars(select(TranscriptRow)).one()
            assert row.purge_raw_at is not None
            assert row.purge_masked_at is not None
            assert [
                (moment - row.received_at).days for moment in (row.purge_raw_at, row.purge_masked_at)
            ] == [30, 365]


BAD = {
    "不是 JSON": (b"{", "truncated_json"),
    "空的": (b"", None),
    "不认识的格式": (b'{"a": 1}', "unknown_format"),
    "没有文字": (b'{"id": "x", "turns": [{"speaker": "agent", "text": " "}]}', "empty_call"),
    "类型不对": (b'{"id": "x", "turns": [{"speaker": "agent", "text": 3}]}', "wrong_type"),
    "字段名重复": (b'{"id": "x", "id": "y", "turns": []}', "duplicate_key"),
    "含 NUL": (b'{"id": "x", "turns": [{"speaker": "agent", "text": "a\\u0000"}]}', None),
    "不是 UTF-8": ("您好".encode("gb18030"), None),
}


class TestRefusals:
    @pytest.mark.parametrize("case", BAD)
    def test_table(self, world: World, case: str) -> None:
        body, code = BAD[case]
        answer = post(world, body)
        assert answer.status_code == 422, answer.text
        if code is not None:
            assert answer.json()["error"] == code
        assert stored(world, TranscriptRow) == 0

    def test_several_calls_at_once(self, world: World) -> None:
        answer = post(world, [EXAMPLE, {**EXAMPLE, "id": "other"}])
        assert (answer.status_code, stored(world)) == (422, 0)

    def test_no_refusal_quotes_the_call(self, world: World) -> None:
        answer = post(
            world, '{"id": "x", "turns": [{"speaker": "李雷13800138000", "text": "您好"}]}'.encode()
        )
        assert answer.status_code == 422
        assert "13800138000" not in answer.text

    def test_more_than_the_engine_can_take_is_told_to_come_back(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(world.service.bench, "_waiting", world.service.settings.max_scoring)
        answer = post(world, EXAMPLE)
        assert (answer.status_code, answer.json()["error"]) == (503, "overloaded")
        assert int(answer.headers["Retry-After"]) >= 1


class TestIdempotency:
    def test_the_same_request_is_scored_once(self, world: World) -> None:
        answers = [post(world, EXAMPLE, headers={"Idempotency-Key": "k-1"}) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert [answer.json()["replayed"] for answer in answers] == [False, True, True]
        assert len({answer.json()["id"] for answer in answers}) == stored(world) == 1

    def test_another_body_or_scorecard_under_the_same_key_conflicts(self, world: World) -> None:
        post(world, EXAMPLE, headers={"Idempotency-Key": "k-1"})
        other = post(world, {**EXAMPLE, "id": "other"}, headers={"Idempotency-Key": "k-1"})
        without = post(world, EXAMPLE, scorecard=None, headers={"Idempotency-Key": "k-1"})
        assert [other.status_code, without.status_code] == [409, 409]
        assert stored(world) == 1

    def test_all_at_one_moment(self, world: World) -> None:
        with ThreadPoolExecutor(6) as pool:
            answers = list(
                pool.map(lambda _: post(world, EXAMPLE, headers={"Idempotency-Key": "k-1"}), range(6))
            )
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
        assert stored(world) == 1

    def test_without_a_key_at_one_moment_all_are_recorded_and_one_is_current(self, world: World) -> None:
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: post(world, EXAMPLE), range(6)))
        assert [answer.status_code for answer in answers] == [201] * 6
        with world.service.look() as work:
            assert work.session.scalar(select(func.count()).where(ReportRow.current)) == 1
        assert (stored(world), stored(world, TranscriptRow)) == (6, 1)
