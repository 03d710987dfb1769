"""校准：盲评到结束为止，谁也看不到别人的和机器的结论；两种数据库上都一样。"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.decision import Said
from qa_engine.services.accounts import Duties, change_user
from qa_engine.services.decisions import decide_review
from qa_engine.services.reviews import claim_review
from qa_engine.store.tables import AuditRow, ReviewRow
from service.world import OTHER_LINE, OTHER_TEAM, OWN, SCORECARD, Somebody, World

BASE = "/v1/calibrations"
FAILED, PASSED, SILENT = "no_shirking", "opening_greeting", "no_rudeness"
RETAIL = Duties(Role.REVIEWER, business_lines=["retail"])
_MONTHS = itertools.count()


@pytest.fixture
def month() -> datetime:
    """The begin of a month of the past in which no other test has calls."""
    return datetime(1970, 2, 1, 4, tzinfo=UTC) + timedelta(days=40 * next(_MONTHS))


def ask(world: World, who: Role | Somebody, method: str, path: str, **sent: Any) -> Any:
    somebody = world.staff[who] if isinstance(who, Role) else who
    assert world.client is not None
    return world.client.request(method, path, headers=dict(somebody.headers), **sent)


def wish(people: list[Somebody], **fields: Any) -> dict[str, Any]:
    return {
        "name": "校准",
        "scorecard_key": SCORECARD,
        "business_line": "retail",
        "reviewers": [int(one.principal.id) for one in people],
        **fields,
    }


def begin(world: World, people: list[Somebody], **fields: Any) -> dict[str, Any]:
    answer = ask(world, Role.QA_LEAD, "POST", BASE, json=wish(people, **fields))
    assert answer.status_code == 201, answer.text
    return answer.json()


def mark(world: World, who: Somebody, session: int, report_id: int, **marks: str) -> Any:
    return ask(world, who, "PUT", f"{BASE}/{session}/calls/{report_id}", json={"marks": marks})


def two(world: World) -> list[Somebody]:
    return [world.add_user(RETAIL), world.add_user(RETAIL)]


class TestBeginning:
    def test_calls_may_be_named(self, world):
        people, made = two(world), [world.report(), world.report(flagged=False)]
        told = begin(world, people, reports=made, criteria=[PASSED, FAILED])
        assert (told["state"], told["calls"], told["items"]) == ("open", 2, 4)
        # 按评分表的次序，不按写的次序。
        assert [one["key"] for one in told["criteria"]] == [PASSED, FAILED]
        assert told["takes_part"] is False
        assert [one["marked"] for one in told["reviewers"]] == [0, 0]
        assert all(one["name"] for one in told["reviewers"])
        with world.work() as work:
            entry = work.session.scalars(
                select(AuditRow).where(AuditRow.subject == f"calibration:{told['id']}")
            ).one()
        assert entry.action == "calibration.created"

    def test_calls_may_be_drawn_and_bonuses_judged(self, world, month):
        made = {world.report(happened_at=month + timedelta(hours=i)) for i in range(6)}
        world.report(OTHER_LINE, happened_at=month)
        draw = {"since": month.isoformat(), "until": (month + timedelta(days=1)).isoformat(), "count": 4}
        people = two(world)
        told = begin(world, people, draw=draw)
        calls = ask(world, people[0], "GET", f"{BASE}/{told['id']}/calls").json()["items"]
        drawn = {one["report_id"] for one in calls}
        assert len(drawn) == told["calls"] == 4
        assert drawn <= made
        assert "rating_invited" in {one["key"] for one in told["criteria"]}

    def test_what_a_reviewer_decided_or_cannot_see_is_not_drawn(self, world, month):
        decided, unseen, fit = (
            world.report(place, happened_at=month + timedelta(hours=i))
            for i, place in enumerate([OWN, OTHER_TEAM, OWN])
        )
        narrow = Duties(Role.REVIEWER, business_lines=["retail"], teams=["零售一组"])
        people = [*two(world), world.add_user(narrow)]
        with world.work(people[0]) as work:
            review = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == decided)).one()
            claim_review(work, review, timedelta(minutes=5))
            decide_review(work, review, [Said(f"criterion:{PASSED}", "confirm")])
        draw = {"since": month.isoformat(), "until": (month + timedelta(days=1)).isoformat(), "count": 9}
        told = begin(world, people, draw=draw)
        calls = ask(world, people[0], "GET", f"{BASE}/{told['id']}/calls").json()["items"]
        assert [one["report_id"] for one in calls] == [fit]
        for place, report_id in enumerate([decided, unseen]):
            named = ask(world, Role.QA_LEAD, "POST", BASE, json=wish(people, reports=[fit, report_id]))
            assert (named.status_code, named.json()["field"]) == (422, "reports[1]"), place

    def test_whoever_cannot_take_part_is_refused(self, world):
        report_id, good = world.report(), world.add_user(RETAIL)
        lead = world.staff[Role.TEAM_LEAD]
        gone = world.add_user(RETAIL)
        with world.work() as work:
            change_user(work, int(gone.principal.id), active=False)
        for other in (lead, gone):
            body = wish([good, other], reports=[report_id])
            answer = ask(world, Role.QA_LEAD, "POST", BASE, json=body)
            assert (answer.status_code, answer.json()["field"]) == (422, "reviewers[1]")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"reports": []}, "reports"),
            ({"reports": None}, "reports"),
            (
                {"draw": {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "count": 3}},
                "reports",
            ),
            ({"reports": [1, 1]}, "reports"),
            ({"reports": [9_000_000]}, "reports[0]"),
            ({"criteria": ["no_such"]}, "criteria[0]"),
            ({"criteria": [PASSED, PASSED]}, "criteria[1]"),
            ({"reviewers": [1]}, "reviewers"),
            ({"business_line": "insurance"}, "reports[0]"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, world, change, field):
        body = wish(two(world), reports=[world.report()]) | change
        answer = ask(world, Role.QA_LEAD, "POST", BASE, json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_one_reviewer_is_not_two(self, world):
        one = world.add_user(RETAIL)
        answer = ask(world, Role.QA_LEAD, "POST", BASE, json=wish([one, one], reports=[world.report()]))
        assert (answer.status_code, answer.json()["field"]) == (422, "reviewers")


class TestBlindness:
    @pytest.fixture
    def session(self, world: World) -> tuple[int, int, list[Somebody]]:
        people, report_id = two(world), world.report()
        made = begin(world, people, reports=[report_id], criteria=[PASSED, FAILED])
        assert mark(world, people[0], made["id"], report_id, **{PASSED: "FAILED"}).status_code == 200
        return made["id"], report_id, people

    def test_everybody_sees_their_own_marks_only(self, world, session):
        number, _, people = session
        shown = {
            name: ask(world, who, "GET", f"{BASE}/{number}/calls").json()["items"][0]
            for name, who in {"first": people[0], "second": people[1], "lead": Role.QA_LEAD}.items()
        }
        first = f"user:{people[0].principal.id}"
        assert shown["first"]["marks"] == {first: {PASSED: "FAILED"}}
        assert shown["second"]["marks"] == shown["lead"]["marks"] == {}
        assert {one["machine"] for one in shown.values()} == {None}
        # 进度可以看：多少项，不是什么结论。
        told = ask(world, people[1], "GET", f"{BASE}/{number}").json()
        assert [one["marked"] for one in told["reviewers"]] == [1, 0]

    def test_there_is_no_result_before_the_end(self, world, session):
        answer = ask(world, Role.QA_LEAD, "GET", f"{BASE}/{session[0]}/result")
        assert (answer.status_code, answer.json()["error"]) == (409, "illegal_step")

    def test_the_machines_report_is_hidden_from_those_who_judge(self, world, session):
        number, report_id, people = session
        for path in (f"/v1/reports/{report_id}", f"/v1/reports/{report_id}/history"):
            answer = ask(world, people[1], "GET", path)
            assert (answer.status_code, answer.json()["error"]) == (409, "illegal_step"), path
            assert ask(world, Role.QA_LEAD, "GET", path).status_code == 200
        ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close")
        assert ask(world, people[1], "GET", f"/v1/reports/{report_id}").status_code == 200

    def test_who_neither_takes_part_nor_runs_it_does_not_know_of_it(self, world, session):
        number = session[0]
        outsiders = [world.staff[Role.REVIEWER], world.staff[Role.AUDITOR], world.staff[Role.TEAM_LEAD]]
        elsewhere = world.add_user(Duties(Role.QA_LEAD, business_lines=["insurance"]))
        for who in [*outsiders, elsewhere]:
            assert ask(world, who, "GET", f"{BASE}/{number}").status_code == 404
            listed = ask(world, who, "GET", BASE, params={"limit": 500}).json()["items"]
            assert number not in [one["id"] for one in listed]

    def test_once_it_is_closed_everything_is_shown(self, world, session):
        number, report_id, people = session
        mark(world, people[1], number, report_id, **{PASSED: "PASSED", FAILED: "FAILED"})
        closed = ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close").json()
        assert (closed["state"], closed["closed_at"] is not None) == ("closed", True)
        [call] = ask(world, people[0], "GET", f"{BASE}/{number}/calls").json()["items"]
        first, second = (f"user:{one.principal.id}" for one in people)
        assert call["marks"] == {
            first: {PASSED: "FAILED"},
            second: {PASSED: "PASSED", FAILED: "FAILED"},
        }
        assert call["machine"] == {PASSED: "PASSED", FAILED: "FAILED"}


class TestMarking:
    def test_a_mark_may_be_changed_and_added_to(self, world):
        people, report_id = two(world), world.report()
        number = begin(world, people, reports=[report_id])["id"]
        mark(world, people[0], number, report_id, **{PASSED: "FAILED"})
        told = mark(world, people[0], number, report_id, **{PASSED: "PASSED", SILENT: "NOT_APPLICABLE"})
        assert told.json()["marks"] == {
            f"user:{people[0].principal.id}": {PASSED: "PASSED", SILENT: "NOT_APPLICABLE"}
        }

    def test_who_does_not_take_part_cannot(self, world):
        people, report_id = two(world), world.report()
        number = begin(world, people, reports=[report_id])["id"]
        assert (
            mark(world, world.staff[Role.QA_LEAD], number, report_id, **{PASSED: "PASSED"}).status_code == 404
        )
        assert mark(world, people[0], number, world.report(), **{PASSED: "PASSED"}).status_code == 404

    def test_after_the_end_nobody_can(self, world):
        people, report_id = two(world), world.report()
        number = begin(world, people, reports=[report_id])["id"]
        assert ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close").status_code == 200
        late = mark(world, people[0], number, report_id, **{PASSED: "PASSED"})
        again = ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close")
        assert [one.json()["error"] for one in (late, again)] == ["illegal_step"] * 2

    @pytest.mark.parametrize(
        "marks", [{PASSED: "NOT_EVALUATED"}, {"no_such": "PASSED"}, {"rating_invited": "FAILED"}, {}]
    )
    def test_what_nobody_can_say_is_refused(self, world, marks):
        people, report_id = two(world), world.report()
        number = begin(world, people, reports=[report_id])["id"]
        assert mark(world, people[0], number, report_id, **marks).status_code == 422


class TestResult:
    def test_two_reviewers_and_the_machine(self, world):
        people = two(world)
        made = [world.report() for _ in range(8)]
        number = begin(world, people, reports=made, criteria=[PASSED, FAILED, SILENT])["id"]
        for place, report_id in enumerate(made):
            said = "FAILED" if place < 3 else "PASSED"
            mark(world, people[0], number, report_id, **{PASSED: said, FAILED: "FAILED", SILENT: "PASSED"})
            said = "FAILED" if place < 2 else "PASSED"
            mark(world, people[1], number, report_id, **{PASSED: said, FAILED: "FAILED"})
        ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close")
        told = ask(world, people[0], "GET", f"{BASE}/{number}/result").json()
        by_key = {one["criterion"]: one for one in told["criteria"]}
        people_on = by_key[PASSED]["among_people"]
        # Po = 7/8，Pe = (3 × 2 + 5 × 6) / 64。
        assert people_on["kappa"] == pytest.approx((7 / 8 - 36 / 64) / (1 - 36 / 64))
        assert people_on["low"] < people_on["kappa"] < people_on["high"]
        machine = by_key[PASSED]["with_machine"]
        assert (machine["items"], machine["observed"]) == (16, pytest.approx(11 / 16))
        same = by_key[FAILED]["with_machine"]
        assert (same["kappa"], same["observed"]) == (None, 1.0)
        assert "没有定义" in same["reason"]
        assert by_key[SILENT]["machine_silent"] == 8
        assert by_key[SILENT]["with_machine"]["items"] == 0
        assert by_key[PASSED]["name"] == "开场问候"
        assert [one["second"] for one in told["pairs"]] == [f"user:{people[1].principal.id}", None, None]
        assert told["overall"]["name"] == "合计"

    def test_three_reviewers_use_fleiss(self, world):
        people = [*two(world), world.add_user(RETAIL)]
        made = [world.report() for _ in range(3)]
        number = begin(world, people, reports=made, criteria=[PASSED])["id"]
        said = ["PPF", "PPP", "FFF"]
        for letters, report_id in zip(said, made, strict=True):
            for who, letter in zip(people, letters, strict=True):
                mark(world, who, number, report_id, **{PASSED: {"P": "PASSED", "F": "FAILED"}[letter]})
        ask(world, Role.QA_LEAD, "POST", f"{BASE}/{number}/close")
        overall = ask(world, Role.QA_LEAD, "GET", f"{BASE}/{number}/result").json()["overall"]
        expected = (5 / 9) ** 2 + (4 / 9) ** 2
        assert overall["among_people"]["kappa"] == pytest.approx((7 / 9 - expected) / (1 - expected))
        assert "不足" in overall["among_people"]["reason"]


def test_the_list_turns_pages(world):
    lead = world.add_user(Duties(Role.QA_LEAD, business_lines=["retail"]))
    people = two(world)
    report_id = world.report()
    mine = [begin(world, people, reports=[report_id])["id"] for _ in range(3)]
    first = ask(world, people[0], "GET", BASE, params={"limit": 2}).json()
    rest = ask(world, people[0], "GET", BASE, params={"cursor": first["next_cursor"]}).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == mine[::-1]
    ask(world, lead, "POST", f"{BASE}/{mine[1]}/close")
    opened = ask(world, people[0], "GET", BASE, params={"state": "open"}).json()["items"]
    assert [one["id"] for one in opened] == [mine[2], mine[0]]
