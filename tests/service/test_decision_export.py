"""人工结论的导出：逐条、训练用的标注、评分表的用例；文字一律遮盖。"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.scorecards import load_scorecard, read_scorecard
from qa_engine.services import scorecard_checks
from qa_engine.services.recording import Inspected, record
from qa_engine.store.tables import AuditRow, ReviewRow
from qa_engine.store.transcripts import Keeping, keep_transcripts
from service.world import OTHER_LINE, Place, World
from training.fields import Fields
from training.gold import dialogue_with_gold

PHONE = "13900001234"
REASON = f"客户留的电话{PHONE}已回访确认"


def place_of(world: World) -> Place:
    """A team nobody else of these tests is in."""
    return Place("retail", f"导出组{world.number()}", f"D{world.number()}")


def recorded(world: World, place: Place) -> int:
    """A flagged report of a call in which the customer tells a number."""
    call = world.transcript(place)
    turns = list(call.turns)
    turns[3] = replace(turns[3], text=f"那我要投诉，我的电话是{PHONE}")
    call = replace(call, turns=tuple(turns))
    judged = world._judged(call)
    judged = replace(judged, review=replace(judged.review, needed=True, priority=0.7))
    with world.work() as work:
        keeping = Keeping(place.business_line)
        rows = keep_transcripts(work.session, work.keyring, [call], keeping, work.now, work.zone)
        [row] = record(work, [Inspected(rows[0], call, judged)], fingerprint="0" * 64)
        return row.id


def decided(world: World, place: Place, *decisions: dict) -> int:
    report_id = recorded(world, place)
    with world.work() as work:
        review_id = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()
    headers = dict(world.staff[Role.QA_LEAD].headers)
    for step, body in (("claim", None), ("decide", {"decisions": list(decisions)})):
        answer = world.client.post(f"/v1/reviews/{review_id}/{step}", json=body, headers=headers)
        assert answer.status_code == 200, answer.json()
    return report_id


def export(world: World, who: Role | None = Role.QA_LEAD, **query):
    headers = {} if who is None else dict(world.staff[who].headers)
    return world.client.get("/v1/reviews/decisions", params=query, headers=headers)


def lines(answer) -> list[dict]:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def override(target: str, human: str, **more) -> dict:
    return {"target": target, "verdict": "override", "human": human, "reason": REASON, **more}


def run(test: dict) -> scorecard_checks.TestRun:
    """Run an exported test with the scorecard it belongs to."""
    written = yaml.safe_load(load_scorecard("general_service").source_text)
    written["tests"] = [test]
    loaded = read_scorecard(yaml.safe_dump(written, allow_unicode=True), "general_service")
    return scorecard_checks.test_scorecard(loaded)


class TestExport:
    def test_one_by_one(self, world):
        report_id = decided(
            world,
            place_of(world),
            override("criterion:no_shirking", "PASSED"),
            {"target": "criterion:offer_help", "verdict": "confirm"},
        )
        found = [line for line in lines(export(world)) if line["report_id"] == report_id]
        assert [(one["target"], one["verdict"], one["machine"], one["human"]) for one in found] == [
            ("criterion:no_shirking", "overridden", "FAILED", "PASSED"),
            ("criterion:offer_help", "confirmed", "FAILED", "FAILED"),
        ]
        assert {one["counts"] for one in found} == {True}
        assert found[0]["decided_by"] == world.staff[Role.QA_LEAD].principal.actor
        only = [x for x in lines(export(world, verdict="overridden")) if x["report_id"] == report_id]
        assert [one["target"] for one in only] == ["criterion:no_shirking"]

    def test_part_by_part_without_gap_or_repeat(self, world):
        for _ in range(3):
            decided(world, place_of(world), override("criterion:no_shirking", "PASSED"))
        whole = [line["id"] for line in lines(export(world))]
        seen, cursor = [], None
        while True:
            answer = export(world, limit=2, **({"cursor": cursor} if cursor else {}))
            seen += [line["id"] for line in lines(answer)]
            cursor = answer.headers.get("X-Next-Cursor")
            if cursor is None:
                break
        assert seen == whole == sorted(whole)
        assert len(whole) >= 3

    @pytest.mark.parametrize("form", ["decisions", "training", "rule_tests"])
    def test_no_raw_number_gets_out(self, world, form):
        decided(
            world,
            place_of(world),
            override("criterion:no_shirking", "PASSED"),
            override("resolution", "unresolved"),
            override("complaint", "yes"),
        )
        answer = export(world, format=form)
        assert "[手机号]" in answer.text
        assert PHONE not in answer.text

    def test_foreign_calls_are_not_in_it(self, world):
        mine = decided(world, place_of(world), override("criterion:no_shirking", "PASSED"))
        told = {line["report_id"] for line in lines(export(world, Role.TEAM_LEAD))}
        assert mine not in told, "another team's"
        assert mine in {line["report_id"] for line in lines(export(world))}
        assert lines(export(world, business_line=OTHER_LINE.business_line)) == []

    def test_who_may(self, world):
        assert export(world, None).status_code == 401
        assert export(world, Role.REVIEWER).status_code == 403
        assert export(world, Role.AUDITOR).status_code == 403
        key = world.add_key(business_lines=["retail"], scopes=["calls:export"])
        answer = world.client.get("/v1/reviews/decisions", headers=dict(key.headers))
        assert (answer.status_code, "reviews:read" in answer.json()["detail"]) == (403, True)

    def test_it_is_audited(self, world):
        export(world, format="training")
        with world.work() as work:
            entry = work.session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
            assert (entry.action, entry.detail["format"]) == ("decision.exported", "training")


class TestTraining:
    def test_labels_the_trainer_reads(self, world):
        report_id = decided(
            world,
            place_of(world),
            override("fault:2:shirk", "present"),
            override("resolution", "unresolved"),
            override("complaint", "yes"),
            override("attitude", "2"),
            override("type:logistics.delay", "present"),
            override("drop:3", "present"),
        )
        [line] = [x for x in lines(export(world, format="training")) if x.get("id") == f"report-{report_id}"]
        dialogue = dialogue_with_gold(Fields("review.jsonl", 1, line), "review")
        assert (dialogue.resolution, dialogue.complaint, dialogue.attitude) == ("unresolved", True, 2)
        assert (dialogue.types, dialogue.drops) == (("logistics.delay",), (3,))
        assert [turn.faults for turn in dialogue.turns if turn.speaker == "agent"] == [(), ("shirk",)]

    def test_what_gives_no_label_is_left_out_and_counted(self, world):
        before = int(export(world, format="training").headers["X-Skipped"])
        report_id = decided(world, place_of(world), override("criterion:no_shirking", "PASSED"))
        answer = export(world, format="training")
        assert f"report-{report_id}" not in {line["id"] for line in lines(answer)}
        assert int(answer.headers["X-Skipped"]) == before + 1

    def test_all_of_it_is_what_the_trainer_reads(self, world):
        decided(world, place_of(world), override("resolution", "partial"))
        decided(world, place_of(world), override("criterion:no_shirking", "PASSED"))
        found = lines(export(world, format="training"))
        assert found
        for number, line in enumerate(found, 1):
            dialogue_with_gold(Fields("review.jsonl", number, line), "review")


class TestRuleTests:
    def test_a_test_the_scorecard_can_run(self, world):
        report_id = decided(world, place_of(world), {"target": "criterion:no_shirking", "verdict": "confirm"})
        [line] = [x for x in lines(export(world, format="rule_tests")) if x.get("report_id") == report_id]
        assert line["scorecard"]["key"] == "general_service"
        assert run(line["test"]).green

    def test_an_override_fails_until_the_rule_is_mended(self, world):
        report_id = decided(world, place_of(world), override("criterion:no_shirking", "PASSED"))
        [line] = [x for x in lines(export(world, format="rule_tests")) if x.get("report_id") == report_id]
        assert line["test"]["expect"] == {"no_shirking": "PASSED"}
        [result] = run(line["test"]).results
        assert not result.passed

    def test_a_call_without_an_outcome_of_a_criterion_says_so(self, world):
        report_id = decided(world, place_of(world), override("resolution", "partial"))
        [line] = [x for x in lines(export(world, format="rule_tests")) if x.get("report_id") == report_id]
        assert (line["kind"], line["reason"]) == ("skipped", "没有对质检项的结论")
