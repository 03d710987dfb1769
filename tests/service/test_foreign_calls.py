"""只看得到一个班组的系统，不能用同样的会话编号顶掉别的班组的会话。"""

from __future__ import annotations

from typing import Any

import pytest

from qa_engine.domain.access import Permission
from qa_engine.store.tables import ReportRow, TranscriptRow
from service.jobbing import work_off
from service.world import OTHER_TEAM, OWN, SCORECARD, Place, Somebody, World

SCOPES = {Permission.SCORE, Permission.READ_CALLS, Permission.RUN_BATCHES, Permission.READ_BATCHES}


def stored_id(world: World, report_id: int) -> str:
    with world.service.look() as work:
        row = work.session.get_one(TranscriptRow, work.session.get_one(ReportRow, report_id).transcript_id)
        return row.external_id


def sent(call_id: str, place: Place = OWN) -> dict[str, Any]:
    return {
        "id": call_id,
        "channel": "chat",
        "agent": {"id": place.agent_id, "team": place.team},
        "turns": [{"speaker": "agent", "text": "您好"}, {"speaker": "customer", "text": "换一份内容"}],
    }


@pytest.fixture
def limited(world: World) -> Somebody:
    return world.add_key(scopes=SCOPES, business_lines=["retail"], teams=[OWN.team])


def still_current(world: World, report_id: int) -> bool:
    with world.service.look() as work:
        report = work.session.get_one(ReportRow, report_id)
        return report.current and work.session.get_one(TranscriptRow, report.transcript_id).current


def score(world: World, who: Somebody, call: dict[str, Any]) -> Any:
    assert world.client is not None
    params = {"scorecard": SCORECARD, "business_line": "retail"}
    return world.client.post("/v1/score", json=call, params=params, headers=dict(who.headers))


def test_a_single_call(world: World, limited: Somebody) -> None:
    foreign, own = world.report(OTHER_TEAM), world.report(OWN)
    answer = score(world, limited, sent(stored_id(world, foreign)))
    assert (answer.status_code, answer.json()["error"]) == (409, "conflict")
    assert still_current(world, foreign)
    assert score(world, limited, sent(stored_id(world, own))).status_code == 201
    assert not still_current(world, own)


def test_a_batch(world: World, limited: Somebody) -> None:
    foreign, own = world.report(OTHER_TEAM), world.report(OWN)
    assert world.client is not None
    calls = [sent(stored_id(world, foreign)), sent(stored_id(world, own)), sent(f"new-{world.number()}")]
    params = {"scorecard": SCORECARD, "business_line": "retail"}
    headers = dict(limited.headers)
    batch = world.client.post("/v1/batches", json=calls, params=params, headers=headers).json()["id"]
    done = work_off(world.service, batch)
    assert (done.state, done.scored, done.failed) == ("done", 2, 1)
    [error] = world.client.get(f"/v1/batches/{batch}/errors", headers=headers).json()["items"]
    assert (error["seq"], error["code"]) == (0, "out_of_scope")
    assert still_current(world, foreign)
    assert not still_current(world, own)


def test_whoever_sees_every_team_may_correct_the_team(world: World) -> None:
    whole = world.add_key(scopes=SCOPES, business_lines=["retail"])
    report = world.report(OTHER_TEAM)
    assert score(world, whole, sent(stored_id(world, report))).status_code == 201
    assert not still_current(world, report)
