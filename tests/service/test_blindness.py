"""盲评期间，参加校准的人在任何列表、导出、队列里都看不到这通会话的结论；结束之后都看得到。"""

from __future__ import annotations

import json
from typing import Any

import pytest

from qa_engine.domain.access import Role
from qa_engine.services.accounts import Duties, change_user
from qa_engine.services.appeals import file_appeal
from qa_engine.services.inspection import Inspectors
from qa_engine.services.recording import Inspected, record
from qa_engine.store.tables import ReportRow, TranscriptRow
from qa_engine.store.transcripts import Keeping, keep_transcripts, raw_transcript
from service.world import OWN, SCORECARD, Somebody, World

LEAD = Duties(Role.QA_LEAD, business_lines=["retail"])
TARGET = "criterion:no_shirking"


def ask(world: World, who: Somebody, method: str, path: str, **sent: Any) -> Any:
    assert world.client is not None
    return world.client.request(method, path, headers=dict(who.headers), **sent)


def begin(world: World, people: list[Somebody], reports: list[int]) -> int:
    wish = {
        "name": "盲评",
        "scorecard_key": SCORECARD,
        "business_line": "retail",
        "reviewers": [int(one.principal.id) for one in people],
        "reports": reports,
    }
    answer = ask(world, world.staff[Role.QA_LEAD], "POST", "/v1/calibrations", json=wish)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def close(world: World, session: int) -> None:
    closed = ask(world, world.staff[Role.QA_LEAD], "POST", f"/v1/calibrations/{session}/close")
    assert closed.status_code == 200, closed.text


def listed(world: World, who: Somebody, path: str, key: str) -> set[int]:
    """The ids under ``key`` on all pages of a list."""
    found: set[int] = set()
    cursor = ""
    while True:
        answer = ask(world, who, "GET", f"{path}limit=200{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found |= {item[key] for item in page["items"]}
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def exported(world: World, who: Somebody, path: str, key: str) -> set[int]:
    answer = ask(world, who, "GET", path)
    assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return {line["stored"]["id"] if key == "stored" else line[key] for line in lines}


def review_of(world: World, report_id: int) -> int:
    answer = ask(world, world.staff[Role.QA_LEAD], "GET", f"/v1/reports/{report_id}")
    return int(answer.json()["review_id"])


def appeal_against(world: World, report_id: int) -> int:
    with world.work(Role.AGENT) as work:
        return file_appeal(work, report_id, [TARGET], "我已经说明了原因").id


@pytest.mark.parametrize(
    ("reads", "path", "key"),
    [
        (listed, "/v1/reports?", "id"),
        (exported, "/v1/reports/export?limit=5000", "stored"),
        (listed, "/v1/reviews?", "report_id"),
        (listed, "/v1/appeals?", "report_id"),
    ],
)
def test_lists_leave_it_out_until_the_end(world: World, reads: Any, path: str, key: str) -> None:
    people = [world.add_user(LEAD), world.add_user(LEAD)]
    blind, other = world.report(OWN), world.report(OWN)
    appeal_against(world, blind)
    appeal_against(world, other)
    session = begin(world, people, [blind])
    for who in people:
        seen = reads(world, who, path, key)
        assert blind not in seen
        assert other in seen
    # 不参加的人照常看得到。
    assert blind in reads(world, world.staff[Role.QA_LEAD], path, key)
    close(world, session)
    assert blind in reads(world, people[0], path, key)


def test_single_reviews_and_appeals_are_refused_and_nobody_is_given_the_review(world: World) -> None:
    people = [world.add_user(LEAD), world.add_user(LEAD)]
    blind = world.report(OWN)
    review, appeal = review_of(world, blind), appeal_against(world, blind)
    session = begin(world, people, [blind])
    assert ask(world, people[0], "GET", f"/v1/reviews/{review}").status_code == 409
    assert ask(world, people[0], "POST", f"/v1/reviews/{review}/claim").status_code == 409
    assert ask(world, people[0], "GET", f"/v1/appeals/{appeal}").status_code == 404
    close(world, session)
    assert ask(world, people[0], "GET", f"/v1/reviews/{review}").status_code == 200
    assert ask(world, people[0], "GET", f"/v1/appeals/{appeal}").status_code == 200


def test_the_conversation_is_read_but_not_what_became_of_it(world: World) -> None:
    people = [world.add_user(LEAD), world.add_user(LEAD)]
    blind = world.report(OWN)
    with world.service.look() as work:
        transcript = work.session.get_one(ReportRow, blind).transcript_id
    session = begin(world, people, [blind])
    told = ask(world, people[0], "GET", f"/v1/transcripts/{transcript}").json()
    assert told["content"]["turns"]
    assert told["reports"] == []
    close(world, session)
    assert [
        one["id"] for one in ask(world, people[0], "GET", f"/v1/transcripts/{transcript}").json()["reports"]
    ] == [blind]


def test_a_call_that_is_inspected_again_is_as_blind_as_before(world: World) -> None:
    people = [world.add_user(LEAD), world.add_user(LEAD)]
    blind = world.report(OWN)
    begin(world, people, [blind])
    inspectors: Inspectors = world.service.inspectors
    with world.service.work() as work:
        kept = work.session.get_one(TranscriptRow, work.session.get_one(ReportRow, blind).transcript_id)
        call = raw_transcript(work.keyring, kept)
        assert call is not None
        report = inspectors.of(world.scorecard()).inspect(call)
        [row] = keep_transcripts(work.session, work.keyring, [call], Keeping("retail"), work.now, work.zone)
        [again] = record(work, [Inspected(row, call, report)], fingerprint="1" * 64)
        newer = again.id
    assert newer != blind
    assert ask(world, people[0], "GET", f"/v1/reports/{newer}").status_code == 409
    assert newer not in listed(world, people[0], "/v1/reports?", "id")
    assert newer in listed(world, world.staff[Role.QA_LEAD], "/v1/reports?", "id")


def test_whoever_has_moved_to_another_line_sees_the_session_no_more(world: World) -> None:
    people = [world.add_user(LEAD), world.add_user(LEAD)]
    session = begin(world, people, [world.report(OWN)])
    assert session in listed(world, people[0], "/v1/calibrations?", "id")
    with world.work() as work:
        change_user(
            work, int(people[0].principal.id), duties=Duties(Role.QA_LEAD, business_lines=["insurance"])
        )
    close(world, session)
    for path in ("", "/calls", "/result"):
        assert ask(world, people[0], "GET", f"/v1/calibrations/{session}{path}").status_code == 404
    assert session not in listed(world, people[0], "/v1/calibrations?", "id")
    assert session in listed(world, people[1], "/v1/calibrations?", "id")
