"""会话：默认给脱敏文本，看原文须有权限并留审计，文本删除后如实说明。"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import build
from qa_engine.domain.access import Role
from qa_engine.domain.transcript import Speaker, Turn
from qa_engine.service import Service
from qa_engine.services.recording import Inspected, record
from qa_engine.store.tables import AuditRow, TranscriptRow
from qa_engine.store.transcripts import Keeping, keep_transcripts
from service.world import OTHER_TEAM, OWN, Place, World, found_world

PHONE = "13800138000"


@pytest.fixture
def world(service: Service) -> Iterator[World]:
    with TestClient(build(service=service), base_url="https://testserver") as client:
        found = found_world(service)
        found.client = client
        yield found


def a_call(
    world: World, place: Place = OWN, *, call_id: str = "call-x", text: str = f"我的手机号是{PHONE}"
) -> int:
    base = world.transcript(place)
    call = replace(base, id=call_id, turns=(*base.turns, Turn(Speaker.CUSTOMER, text, 12000, 15000)))
    report = world.service.inspectors.of(world.scorecard()).inspect(call)
    with world.service.work() as work:
        [row] = keep_transcripts(
            work.session, work.keyring, [call], Keeping(place.business_line), work.now, work.zone
        )
        record(work, [Inspected(row, call, report)], fingerprint="0" * 64)
        return row.id


def get(world: World, transcript_id: int, role: Role = Role.QA_LEAD, **params: Any) -> Any:
    assert world.client is not None
    headers = dict(world.staff[role].headers)
    return world.client.get(f"/v1/transcripts/{transcript_id}", params=params, headers=headers)


def raw_reads(world: World) -> list[str]:
    with world.service.look() as work:
        wanted = select(AuditRow.subject).where(AuditRow.action == "transcript.raw_read")
        return list(work.session.scalars(wanted))


class TestReading:
    def test_masked_by_default(self, world: World) -> None:
        answer = get(world, a_call(world))
        assert (answer.status_code, answer.json()["text"]) == (200, "masked")
        assert PHONE not in answer.text
        assert len(answer.json()["reports"]) == 1
        assert raw_reads(world) == []

    def test_raw_with_the_permission(self, world: World) -> None:
        transcript_id = a_call(world)
        answer = get(world, transcript_id, raw="true")
        assert answer.json()["text"] == "raw"
        assert PHONE in answer.json()["content"]["turns"][-1]["text"]
        assert raw_reads(world) == [f"transcript:{transcript_id}"]

    @pytest.mark.parametrize("role", [Role.ADMIN, Role.TEAM_LEAD, Role.AGENT, Role.AUDITOR])
    def test_raw_without_it(self, world: World, role: Role) -> None:
        assert get(world, a_call(world), role, raw="true").status_code == 403
        assert raw_reads(world) == []

    def test_agents_see_no_names(self, world: World) -> None:
        transcript_id = a_call(world)
        for role, name in ((Role.AGENT, None), (Role.REVIEWER, "坐席A01")):
            body = get(world, transcript_id, role).json()
            assert body["agent_name"] == name
            assert body["content"]["agent"].get("name") == name
            assert {line["agent_name"] for line in body["reports"]} == {name}

    def test_another_teams_call_is_not_there(self, world: World) -> None:
        assert get(world, a_call(world, OTHER_TEAM), Role.TEAM_LEAD).status_code == 404

    def test_versions(self, world: World) -> None:
        first, second = a_call(world), a_call(world, text="其实我想改地址")
        for transcript_id, current in ((first, False), (second, True)):
            body = get(world, transcript_id).json()
            assert (body["versions"], body["current"]) == ([second, first], current)

    def test_what_is_gone_is_told(self, world: World) -> None:
        transcript_id = a_call(world)
        with world.service.work() as work:
            row = work.session.get_one(TranscriptRow, transcript_id)
            row.sealed = row.key_id = None
        assert get(world, transcript_id, raw="true").json()["text"] == "masked"
        with world.service.work() as work:
            work.session.get_one(TranscriptRow, transcript_id).masked = None
        body = get(world, transcript_id).json()
        assert (body["text"], body["content"]) == ("none", None)
        assert raw_reads(world) == []
