"""复核：排队、认领、提交、二次复核、裁定、定稿；两种数据库上都一样。"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from qa_engine.domain.access import Role
from qa_engine.domain.decision import Said
from qa_engine.domain.refusal import IllegalStep
from qa_engine.domain.sampling import PercentDesign, PlanSettings
from qa_engine.domain.scorecard import Outcome
from qa_engine.services.accounts import Duties
from qa_engine.services.appeals import file_appeal, grant_appeal
from qa_engine.services.final_scores import machine_report
from qa_engine.services.recording import Inspected, record
from qa_engine.services.review_queue import QueueFilters
from qa_engine.services.review_rows import locked_review
from qa_engine.services.review_upkeep import close_due, release_expired
from qa_engine.services.reviews import claim_next, claim_review
from qa_engine.services.rollups import recount
from qa_engine.services.samples import draw_sample
from qa_engine.services.sampling_plans import create_plan
from qa_engine.store.tables import (
    AuditRow,
    BusinessLineRow,
    ChainRow,
    DailyCell,
    DecisionRow,
    DeliveryRow,
    ReportRow,
    ReviewRow,
    WebhookRow,
)
from qa_engine.store.transcripts import Keeping, keep_transcripts
from qa_engine.store.verification import verify
from service.world import OTHER_LINE, OWN, Place, Somebody, World

LEASE = timedelta(minutes=20)
STRICT = Place("strict", "严格一组", "X01")
REASON = "复听后认为说明清楚"
PASS_SHIRKING = {
    "target": "criterion:no_shirking",
    "verdict": "override",
    "human": "PASSED",
    "reason": REASON,
}


@pytest.fixture(scope="module", autouse=True)
def strict_line(world: World) -> None:
    """A line every review of which needs a second person."""
    with world.work() as work:
        work.session.add(BusinessLineRow(key="strict", name="严格", appeal_days=7, second_review=True))


def review_of(world: World, report_id: int) -> int:
    with world.work() as work:
        return work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()


def flagged(world: World, place: Place = OWN) -> tuple[int, int]:
    """A new flagged report and its review."""
    report_id = world.report(place)
    return report_id, review_of(world, report_id)


def recorded(world: World, call) -> int:
    """A call judged and recorded (once more); the id of its report."""
    judged = world._judged(call)
    judged = replace(judged, review=replace(judged.review, needed=True, priority=0.7))
    with world.work() as work:
        rows = keep_transcripts(work.session, work.keyring, [call], Keeping("retail"), work.now, work.zone)
        [row] = record(work, [Inspected(rows[0], call, judged)], fingerprint="0" * 64)
        return row.id


def sums_hold(world: World) -> bool:
    """The daily sums are what counting everything anew gives."""

    def cells(work):
        return {
            (row.day, row.business_line, row.team, row.agent_id): (row.calls, row.passed, row.percent_sum)
            for row in work.session.scalars(select(DailyCell))
            if row.calls
        }

    with world.work() as work:
        kept = cells(work)
        recount(work)
        work.session.expire_all()
        counted = cells(work)
    return kept.keys() == counted.keys() and all(kept[k] == pytest.approx(counted[k]) for k in kept)


def ask(world: World, who: Role | Somebody | None, method: str, path: str, body=None, **query):
    headers = {} if who is None else dict((world.staff[who] if isinstance(who, Role) else who).headers)
    return world.client.request(method, f"/v1/reviews{path}", json=body, params=query, headers=headers)


def reviewer(world: World, role: Role = Role.REVIEWER, line: str | None = None) -> Somebody:
    return world.add_user(Duties(role, business_lines=[line] if line else None))


def expire(world: World, review_id: int) -> None:
    """Let a lease run out."""
    with world.work() as work:
        past = work.now - timedelta(seconds=1)
        work.session.execute(update(ReviewRow).where(ReviewRow.id == review_id).values(lease_until=past))


def report(world: World, report_id: int) -> ReportRow:
    with world.work() as work:
        return work.session.get_one(ReportRow, report_id)


def claimed(world: World, place: Place = OWN, who: Role | Somebody = Role.REVIEWER) -> tuple[int, int]:
    report_id, review_id = flagged(world, place)
    assert ask(world, who, "POST", f"/{review_id}/claim").status_code == 200
    return report_id, review_id


def decide(world: World, who: Role | Somebody, review_id: int, *decisions: dict, step: str = "decide"):
    return ask(world, who, "POST", f"/{review_id}/{step}", {"decisions": list(decisions)})


def wait_until_blocked(world: World) -> None:
    """Until another transaction waits for a lock of ours; on SQLite it waits before it has begun."""
    if world.service.database.kind != "postgresql":
        return
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(500):
        with world.service.database.engine.connect() as connection:
            if connection.scalar(waiting):
                return
        time.sleep(0.02)
    pytest.fail("nobody waits")


class TestQueue:
    def test_nobody_and_the_wrong_role(self, world):
        assert ask(world, None, "GET", "").status_code == 401
        assert ask(world, Role.AGENT, "GET", "").status_code == 403

    def test_the_most_urgent_first_page_by_page(self, world):
        place = Place("retail", f"排队组{world.number()}", "Q1")
        made = [flagged(world, place)[1] for _ in range(5)]
        with world.work() as work:
            for review_id, priority in zip(made, (0.5, 0.9, 0.7, 0.9, 0.6), strict=True):
                work.session.execute(
                    update(ReviewRow).where(ReviewRow.id == review_id).values(priority=priority)
                )
        seen, cursor = [], None
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = ask(world, Role.REVIEWER, "GET", "", team=place.team, limit=2, **query).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == [made[3], made[1], made[2], made[4], made[0]]

    def test_a_line_says_what_the_machine_says_and_why(self, world):
        report_id, review_id = flagged(world)
        found = ask(world, Role.REVIEWER, "GET", f"/{review_id}").json()
        assert (found["report_id"], found["state"], found["origin"], found["mine"]) == (
            report_id,
            "open",
            "flagged",
            False,
        )
        assert found["percent"] == found["final_percent"] == 38.75
        assert found["reasons"]

    def test_one_broken_report_does_not_hide_the_others(self, world):
        place = Place("retail", f"损坏组{world.number()}", "B1")
        (broken, first), (_, second) = flagged(world, place), flagged(world, place)
        body = report(world, broken).body
        with world.work() as work:
            work.session.get_one(ReportRow, broken).body = b"broken"
        listed = ask(world, Role.REVIEWER, "GET", "", team=place.team).json()["items"]
        with world.work() as work:
            work.session.get_one(ReportRow, broken).body = body
        assert {item["id"] for item in listed} == {first, second}
        assert ["损坏" in "".join(item["reasons"]) for item in listed if item["id"] == first] == [True]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"state": "open"}, True),
            ({"state": "decided"}, False),
            ({"origin": "flagged"}, True),
            ({"origin": "sampled"}, False),
            ({"agent": "F1"}, True),
            ({"agent": "F2"}, False),
            ({"business_line": "retail"}, True),
            ({"business_line": "insurance"}, False),
            ({"scorecard": "general_service"}, True),
            ({"scorecard": "nothing"}, False),
            ({"reason": "not_evaluated"}, True),
            ({"reason": ["not_evaluated", "critical_failure"]}, False),
            ({"mark": "failed:no_shirking"}, True),
            ({"mark": ["failed:no_shirking", "failed:no_insult"]}, False),
            ({"mine": "true"}, False),
        ],
    )
    def test_filters(self, world, query, found):
        place = Place("retail", f"筛选组{world.number()}", "F1")
        _, review_id = flagged(world, place)
        page = ask(world, Role.REVIEWER, "GET", "", team=place.team, **query)
        assert page.status_code == 200
        assert [item["id"] for item in page.json()["items"]] == ([review_id] if found else [])

    def test_a_lease_that_ran_out_counts_as_given_back(self, world):
        place = Place("retail", f"到期组{world.number()}", "E1")
        _, review_id = claimed(world, place)
        assert ask(world, Role.REVIEWER, "GET", "", team=place.team).json()["items"] == []
        mine = ask(world, Role.REVIEWER, "GET", "", team=place.team, state="any", mine="true").json()
        assert [item["id"] for item in mine["items"]] == [review_id]
        expire(world, review_id)
        [line] = ask(world, Role.REVIEWER, "GET", "", team=place.team).json()["items"]
        assert (line["id"], line["state"], line["claimed_by"]) == (review_id, "open", None)
        assert ask(world, Role.REVIEWER, "GET", "", team=place.team, state="claimed").json()["items"] == []

    def test_foreign_rows_are_not_there(self, world):
        _, review_id = flagged(world, OTHER_LINE)
        assert ask(world, Role.REVIEWER, "GET", f"/{review_id}").status_code == 404
        listed = ask(world, Role.REVIEWER, "GET", "", business_line="insurance").json()["items"]
        assert listed == []

    @pytest.mark.parametrize(
        "query", [{"cursor": "abc"}, {"state": "lost"}, {"limit": 0}, {"reason": "x"}, {"nonsense": 1}]
    )
    def test_what_cannot_be_asked(self, world, query):
        answer = ask(world, Role.REVIEWER, "GET", "", **query)
        assert answer.status_code == 422
        assert answer.json()["detail"]

    def test_names_are_for_those_who_may_read_them(self, world):
        _, review_id = claimed(world)
        told = ask(world, Role.REVIEWER, "GET", f"/{review_id}").json()["claimed_by"]
        assert told["actor"] == world.staff[Role.REVIEWER].principal.actor
        assert told["name"] == world.staff[Role.REVIEWER].principal.name
        key = world.add_key(business_lines=["retail"], scopes=["reviews:read"])
        hidden = ask(world, key, "GET", f"/{review_id}").json()
        assert (hidden["state"], hidden["claimed_by"]) == ("claimed", None)


class TestOpen:
    def test_by_hand(self, world):
        report_id = world.report(flagged=False)
        answer = ask(world, Role.REVIEWER, "POST", "", {"report_id": report_id})
        assert answer.status_code == 201
        assert (answer.json()["origin"], answer.json()["state"]) == ("manual", "open")
        assert report(world, report_id).review_state == "open"
        again = ask(world, Role.REVIEWER, "POST", "", {"report_id": report_id})
        assert (again.status_code, again.json()["error"]) == (409, "conflict")

    def test_not_of_foreign_or_unknown_reports(self, world):
        foreign = world.report(OTHER_LINE, flagged=False)
        for report_id in (foreign, 2**40):
            assert ask(world, Role.REVIEWER, "POST", "", {"report_id": report_id}).status_code == 404

    def test_wrong_role_and_nobody(self, world):
        report_id = world.report(flagged=False)
        assert ask(world, Role.TEAM_LEAD, "POST", "", {"report_id": report_id}).status_code == 403
        assert ask(world, None, "POST", "", {"report_id": report_id}).status_code == 401


class TestClaim:
    def test_reserved_for_a_while(self, world):
        report_id, review_id = flagged(world)
        answer = ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim").json()
        assert (answer["state"], answer["mine"]) == ("claimed", True)
        assert answer["lease_until"] is not None
        assert report(world, report_id).review_state == "claimed"
        other = reviewer(world)
        refused = ask(world, other, "POST", f"/{review_id}/claim")
        assert (refused.status_code, refused.json()["error"]) == (409, "illegal_step")

    def test_once_the_lease_has_run_out_another_takes_over(self, world):
        _, review_id = claimed(world)
        expire(world, review_id)
        other = reviewer(world)
        assert ask(world, other, "POST", f"/{review_id}/claim").json()["mine"] is True
        late = decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
        assert (late.status_code, late.json()["error"]) == (409, "illegal_step")

    def test_nobody_wrong_role_foreign(self, world):
        _, review_id = flagged(world)
        _, foreign = flagged(world, OTHER_LINE)
        assert ask(world, None, "POST", f"/{review_id}/claim").status_code == 401
        assert ask(world, Role.TEAM_LEAD, "POST", f"/{review_id}/claim").status_code == 403
        assert ask(world, Role.REVIEWER, "POST", f"/{foreign}/claim").status_code == 404

    def test_of_two_who_try_at_once_exactly_one_wins(self, world):
        people = [reviewer(world) for _ in range(2)]
        for _ in range(5):
            _, review_id = flagged(world)
            start, won, lost = threading.Barrier(2), [], []

            def try_it(who, review_id=review_id, start=start, won=won, lost=lost):
                start.wait()
                try:
                    with world.work(who) as work:
                        claim_review(work, review_id, LEASE)
                    won.append(who.principal.actor)
                except IllegalStep:
                    lost.append(who.principal.actor)

            threads = [threading.Thread(target=try_it, args=(who,)) for who in people]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (len(won), len(lost)) == (1, 1)
            with world.work() as work:
                assert work.session.get_one(ReviewRow, review_id).claimed_by == won[0]

    def test_several_at_once_as_many_as_may_be(self, world):
        (_, free), (_, held), (_, foreign) = flagged(world), claimed(world), flagged(world, OTHER_LINE)
        other = reviewer(world, line="retail")
        answer = ask(world, other, "POST", "/claim", {"review_ids": [held, free, foreign, free]}).json()
        assert [item["id"] for item in answer["reviews"]] == [free]
        assert {item["review_id"]: item["error"] for item in answer["refused"]} == {
            held: "illegal_step",
            foreign: "not_found",
        }

    def test_a_superseded_report_is_not_claimed_anew(self, world):
        call, (report_id, review_id) = world.transcript(), (0, 0)
        for times in range(2):
            new_id = recorded(world, call)
            if times == 0:
                report_id, review_id = new_id, review_of(world, new_id)
                assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim").status_code == 200
        assert report(world, report_id).current is False
        # 手上正在看的可以做完，放回去之后就不再有人认领。
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/release").status_code == 200
        refused = ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim")
        assert (refused.status_code, "新的报告" in refused.json()["detail"]) == (409, True)
        query = {"scorecard": "general_service", "limit": 500}
        listed = {item["report_id"] for item in ask(world, Role.REVIEWER, "GET", "", **query).json()["items"]}
        assert report_id not in listed

    def test_what_was_drawn_is_looked_at_even_if_superseded(self, world):
        call = world.transcript(Place("retail", f"抽中组{world.number()}", "T1"))
        report_id = recorded(world, call)
        review_id = review_of(world, report_id)
        with world.work() as work:
            work.session.get_one(ReviewRow, review_id).origin = "sampled"
        recorded(world, call)
        page = ask(world, Role.REVIEWER, "GET", "", team=call.agent.team, origin="sampled").json()
        assert [item["id"] for item in page["items"]] == [review_id]
        next_one = {"count": 5, "team": call.agent.team, "origin": "sampled"}
        handed_out = ask(world, Role.REVIEWER, "POST", "/claim-next", next_one).json()["reviews"]
        assert [item["id"] for item in handed_out] == [review_id]
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim").status_code == 200

    def test_a_flagged_call_that_was_drawn_too_stays_when_it_is_scored_again(self, world):
        call = world.transcript(Place("retail", f"抽中组{world.number()}", "T1"))
        report_id = recorded(world, call)
        review_id = review_of(world, report_id)
        with world.work() as work:
            design = PercentDesign(1.0)
            settings = PlanSettings("general_service", design, teams=(call.agent.team,))
            plan = create_plan(work, "全抽", "retail", settings)
            draw_sample(work, plan.row.id, work.now - timedelta(days=1), work.now)
        newer = recorded(world, call)
        page = ask(world, Role.REVIEWER, "GET", "", team=call.agent.team).json()["items"]
        assert {item["report_id"] for item in page} == {report_id, newer}
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim").status_code == 200

    def test_scored_again_after_an_appeal_was_settled_before_anybody_reviewed_it(self, world):
        call = world.transcript()
        report_id = recorded(world, call)
        with world.work(Role.AGENT) as work:
            appeal_id = file_appeal(work, report_id, ["criterion:no_shirking"], "我解释过原因了").id
        with world.work(Role.QA_LEAD) as work:
            grant_appeal(
                work, appeal_id, [Said("criterion:no_shirking", "override", "PASSED", REASON)], REASON
            )
        newer = recorded(world, call)
        assert (report(world, report_id).current, report(world, newer).current) == (False, True)
        review_id = review_of(world, report_id)
        with world.work() as work:
            decided = select(DecisionRow.review_id).where(DecisionRow.report_id == report_id)
            assert set(work.session.scalars(decided)) == {review_id}
            assert list(verify(work.session, work.keyring)) == []
        assert sums_hold(world)

    def test_scoring_again_waits_for_whoever_holds_the_review_first(self, world):
        call = world.transcript()
        review_id = review_of(world, recorded(world, call))
        broken: list[BaseException] = []

        def again() -> None:
            try:
                recorded(world, call)
            except BaseException as error:  # noqa: BLE001 - told by the assertion below
                broken.append(error)

        scoring = threading.Thread(target=again)
        with world.work(Role.REVIEWER) as work:
            locked_review(work, review_id)
            scoring.start()
            wait_until_blocked(world)
            claim_review(work, review_id, LEASE)
        scoring.join()
        assert broken == []
        with world.work() as work:
            assert work.session.get_one(ReviewRow, review_id).state == "claimed"

    def test_a_decision_on_a_superseded_report_leaves_the_daily_sums_alone(self, world):
        call = world.transcript()
        report_id = recorded(world, call)
        review_id = review_of(world, report_id)
        ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim")
        recorded(world, call)
        assert decide(world, Role.REVIEWER, review_id, PASS_SHIRKING).json()["final_percent"] == 43.75
        assert sums_hold(world)


class TestClaimNext:
    def test_the_most_urgent_that_fit(self, world):
        place = Place("retail", f"领取组{world.number()}", "N1")
        made = [flagged(world, place)[1] for _ in range(3)]
        with world.work() as work:
            work.session.execute(update(ReviewRow).where(ReviewRow.id == made[1]).values(priority=0.99))
        wish = {"team": place.team, "count": 2, "reason": ["not_evaluated"], "scorecard": "general_service"}
        taken = ask(world, Role.REVIEWER, "POST", "/claim-next", wish).json()
        assert [item["id"] for item in taken["reviews"]] == [made[1], made[2]]
        assert all(item["mine"] for item in taken["reviews"])
        rest = ask(world, Role.REVIEWER, "POST", "/claim-next", {"team": place.team, "count": 5}).json()
        assert [item["id"] for item in rest["reviews"]] == [made[0]]
        none = ask(world, Role.REVIEWER, "POST", "/claim-next", {"team": place.team}).json()
        assert none == {"reviews": [], "refused": []}

    def test_not_what_i_skipped_or_decided_first(self, world):
        place = Place("strict", f"跳过组{world.number()}", "N2")
        mine, other = reviewer(world), reviewer(world)
        _, skipped = claimed(world, place, mine)
        assert ask(world, mine, "POST", f"/{skipped}/skip").json()["state"] == "open"
        assert ask(world, mine, "POST", "/claim-next", {"team": place.team}).json()["reviews"] == []
        [taken] = ask(world, other, "POST", "/claim-next", {"team": place.team}).json()["reviews"]
        assert taken["id"] == skipped
        assert decide(world, other, skipped, PASS_SHIRKING).json()["state"] == "second_open"
        second = {"team": place.team, "second": True}
        assert ask(world, other, "POST", "/claim-next", second).json()["reviews"] == []
        # 点名要就给：跳过不是永远放弃。
        assert ask(world, mine, "POST", f"/{skipped}/claim").json()["state"] == "second_claimed"

    def test_many_at_once_never_get_the_same(self, world):
        place = Place("retail", f"抢单组{world.number()}", "N3")
        made = {flagged(world, place)[1] for _ in range(12)}
        people = [reviewer(world) for _ in range(4)]
        start, got, failed = threading.Barrier(4), [], []

        def take(who):
            start.wait()
            try:
                for _ in range(3):
                    with world.work(who) as work:
                        rows = claim_next(work, QueueFilters(team=place.team), 1, LEASE).rows
                        got.extend(row.id for row in rows)
            except Exception as error:  # noqa: BLE001 - told below, where pytest sees it
                failed.append(error)

        threads = [threading.Thread(target=take, args=(who,)) for who in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(got) == len(set(got))
        assert set(got) == made


class TestHolding:
    def test_extend_release_skip(self, world):
        report_id, review_id = claimed(world)
        before = ask(world, Role.REVIEWER, "GET", f"/{review_id}").json()["lease_until"]
        after = ask(world, Role.REVIEWER, "POST", f"/{review_id}/extend").json()["lease_until"]
        assert after > before
        released = ask(world, Role.REVIEWER, "POST", f"/{review_id}/release").json()
        assert (released["state"], released["lease_until"]) == ("open", None)
        assert report(world, report_id).review_state == "open"

    @pytest.mark.parametrize("step", ["extend", "release", "skip"])
    def test_only_by_whoever_holds_it(self, world, step):
        _, review_id = claimed(world)
        other = reviewer(world)
        assert ask(world, None, "POST", f"/{review_id}/{step}").status_code == 401
        assert ask(world, Role.AUDITOR, "POST", f"/{review_id}/{step}").status_code == 403
        assert ask(world, other, "POST", f"/{review_id}/{step}").status_code == 409
        expire(world, review_id)
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/{step}").status_code == 409

    def test_leases_that_ran_out_are_taken_back(self, world):
        report_id, review_id = claimed(world)
        expire(world, review_id)
        with world.work() as work:
            assert release_expired(work) >= 1
        with world.work() as work:
            row = work.session.get_one(ReviewRow, review_id)
            assert (row.state, row.claimed_by, row.lease_until) == ("open", None, None)
            assert release_expired(work) == 0
        assert report(world, report_id).review_state == "open"


class TestDecide:
    def test_the_score_follows_and_the_machines_word_stays(self, world):
        report_id, review_id = claimed(world)
        before = report(world, report_id)
        answer = decide(
            world,
            Role.REVIEWER,
            review_id,
            PASS_SHIRKING,
            {"target": "criterion:offer_help", "verdict": "confirm"},
            {"target": "fault:2:shirk", "verdict": "override", "human": "present", "reason": REASON},
        )
        assert answer.status_code == 200
        assert (answer.json()["state"], answer.json()["claimed_by"]) == ("decided", None)
        assert (answer.json()["percent"], answer.json()["final_percent"]) == (38.75, 43.75)
        after = report(world, report_id)
        assert (after.final_percent, after.review_state) == (43.75, "decided")
        assert (after.percent, after.body, after.outcomes) == (before.percent, before.body, before.outcomes)
        with world.work() as work:
            wanted = select(DecisionRow).where(DecisionRow.report_id == report_id).order_by(DecisionRow.id)
            rows = work.session.scalars(wanted).all()
            assert [(r.target, r.verdict, r.machine, r.human, r.stage) for r in rows] == [
                ("criterion:no_shirking", "overridden", "FAILED", "PASSED", "first"),
                ("criterion:offer_help", "confirmed", "FAILED", "FAILED", "first"),
                ("fault:2:shirk", "overridden", None, "present", "first"),
            ]
            subjects = {f"decision:{row.id}" for row in rows} | {f"report:{report_id}"}
            links = work.session.execute(
                select(ChainRow.kind, ChainRow.subject).where(ChainRow.subject.in_(subjects))
            ).all()
            assert sorted(kind for kind, _ in links) == ["decision"] * 3 + ["final", "report"]
        assert sums_hold(world)
        with world.work() as work:
            assert list(verify(work.session, work.keyring)) == []

    def test_enough_overrides_turn_a_call_into_a_pass(self, world):
        report_id, review_id = claimed(world)
        unjudged = "no_rudeness no_impatience no_blame no_coldness soothing_after_upset answer_questions"
        unheard = "follow_up_timed no_over_promise no_misinformation emotion_recovered problem_resolved"
        failed = "no_shirking offer_help escalation_offered"
        every = [
            {"target": f"criterion:{key}", "verdict": "override", "human": "PASSED", "reason": REASON}
            for key in f"{unjudged} {unheard} {failed}".split()
        ]
        assert report(world, report_id).final_passed is None
        assert decide(world, Role.REVIEWER, review_id, *every).json()["final_percent"] == 100
        assert report(world, report_id).final_passed is True

    def test_agreement_leaves_the_score_untouched(self, world):
        report_id, review_id = claimed(world)
        confirm = {"target": "criterion:no_shirking", "verdict": "confirm"}
        assert decide(world, Role.REVIEWER, review_id, confirm).status_code == 200
        row = report(world, report_id)
        assert (row.final_percent, row.final_passed) == (row.percent, row.passed)

    def test_the_rest_is_confirmed_in_one_go(self, world):
        report_id, review_id = claimed(world)
        body = {"decisions": [PASS_SHIRKING], "confirm_rest": True}
        answer = ask(world, Role.REVIEWER, "POST", f"/{review_id}/decide", body)
        assert answer.status_code == 200, answer.text
        with world.work() as work:
            rows = work.session.scalars(select(DecisionRow).where(DecisionRow.report_id == report_id)).all()
            criteria = machine_report(work.session.get_one(ReportRow, report_id)).criteria
            assert list(verify(work.session, work.keyring)) == []
        judged = {f"criterion:{one.key}" for one in criteria if one.outcome is not Outcome.NOT_EVALUATED}
        assert {row.target for row in rows} == judged
        overridden = [row.target for row in rows if row.verdict == "overridden"]
        assert overridden == ["criterion:no_shirking"]
        assert sums_hold(world)

    def test_nothing_said_and_nothing_confirmed(self, world):
        _, review_id = claimed(world)
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/decide", {}).status_code == 422

    def test_what_is_written_is_masked(self, world):
        report_id, review_id = claimed(world)
        said = {**PASS_SHIRKING, "reason": "客户留的电话13900001234已回访"}
        decide(world, Role.REVIEWER, review_id, said)
        with world.work() as work:
            wanted = select(DecisionRow.reason).where(DecisionRow.report_id == report_id)
            [reason] = work.session.scalars(wanted)
        assert "13900001234" not in reason
        assert "[手机号]" in reason

    @pytest.mark.parametrize(
        ("decisions", "field"),
        [
            ([], "decisions"),
            ([{"target": "criterion:nothing", "verdict": "confirm"}], "decisions[0].target"),
            ([{**PASS_SHIRKING, "reason": "不对"}], "decisions[0].reason"),
            ([{**PASS_SHIRKING, "human": "EXCELLENT"}], "decisions[0].human"),
            ([PASS_SHIRKING, PASS_SHIRKING], "decisions[1].target"),
            ([{**PASS_SHIRKING, "turns": [99]}], "decisions[0].turns"),
            ([{**PASS_SHIRKING, "reason": "有\x00字符的理由"}], None),
        ],
    )
    def test_what_cannot_be_said(self, world, decisions, field):
        report_id, review_id = claimed(world)
        answer = decide(world, Role.REVIEWER, review_id, *decisions)
        assert (answer.status_code, answer.json()["field"]) == (422, field)
        assert answer.json()["detail"]
        # 被拒绝的提交什么都没有留下。
        with world.work() as work:
            wanted = select(func.count()).select_from(DecisionRow).where(DecisionRow.report_id == report_id)
            assert work.session.scalar(wanted) == 0
            assert work.session.get_one(ReviewRow, review_id).state == "claimed"

    def test_nobody_wrong_role_wrong_state_foreign(self, world):
        _, review_id = flagged(world)
        _, foreign = flagged(world, OTHER_LINE)
        body = {"decisions": [PASS_SHIRKING]}
        assert ask(world, None, "POST", f"/{review_id}/decide", body).status_code == 401
        assert decide(world, Role.TEAM_LEAD, review_id, PASS_SHIRKING).status_code == 403
        assert decide(world, Role.REVIEWER, review_id, PASS_SHIRKING).status_code == 409
        assert decide(world, Role.REVIEWER, foreign, PASS_SHIRKING).status_code == 404

    def test_the_world_is_told_without_words(self, world):
        with world.work() as work:
            work.session.add(
                WebhookRow(
                    name="听众",
                    url="https://example.com/hook",
                    events=["review.decided"],
                    business_lines=None,
                    secret=b"x",
                    active=True,
                    created_by="user:1",
                    created_at=work.now,
                )
            )
        report_id, review_id = claimed(world)
        decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
        with world.work() as work:
            told = work.session.scalars(select(DeliveryRow).order_by(DeliveryRow.id.desc())).first()
            assert told.event == "review.decided"
            assert told.payload["report_id"] == report_id
            assert (told.payload["percent_before"], told.payload["percent"]) == (38.75, 43.75)
            assert REASON not in str(told.payload)
            entry = work.session.scalars(
                select(AuditRow).where(AuditRow.subject == f"review:{review_id}").order_by(AuditRow.id.desc())
            ).first()
            assert (entry.action, entry.detail["overridden"]) == ("review.decided", 1)
            assert REASON not in str(entry.detail)


class TestSecondReview:
    def test_required_by_the_line_done_by_another_person(self, world):
        first, second = reviewer(world), reviewer(world)
        report_id, review_id = claimed(world, STRICT, first)
        assert decide(world, first, review_id, PASS_SHIRKING).json()["state"] == "second_open"
        # 初次结论已生效；报告上看得到。
        assert (report(world, report_id).final_percent, report(world, report_id).review_state) == (
            43.75,
            "decided",
        )
        refused = ask(world, first, "POST", f"/{review_id}/claim")
        assert (refused.status_code, "另一个人" in refused.json()["detail"]) == (409, True)
        assert ask(world, second, "POST", f"/{review_id}/claim").json()["state"] == "second_claimed"
        confirm = {"target": "criterion:no_shirking", "verdict": "confirm"}
        assert decide(world, second, review_id, confirm).json()["state"] == "decided"
        assert report(world, report_id).final_percent == 43.75

    def test_a_disagreement_is_settled_by_a_lead_who_is_no_party(self, world):
        first, second, lead = reviewer(world), reviewer(world), reviewer(world, Role.QA_LEAD)
        report_id, review_id = claimed(world, STRICT, first)
        decide(world, first, review_id, PASS_SHIRKING)
        ask(world, second, "POST", f"/{review_id}/claim")
        back = {**PASS_SHIRKING, "human": "FAILED", "reason": "第三句确实在推脱"}
        assert decide(world, second, review_id, back).json()["state"] == "disputed"
        assert decide(world, second, review_id, PASS_SHIRKING, step="settle").status_code == 403
        settled = decide(world, lead, review_id, PASS_SHIRKING, step="settle")
        assert (settled.status_code, settled.json()["state"]) == (200, "decided")
        assert settled.json()["final_percent"] == 43.75
        with world.work() as work:
            stages = select(DecisionRow.stage).where(DecisionRow.report_id == report_id)
            assert list(work.session.scalars(stages.order_by(DecisionRow.id))) == [
                "first",
                "second",
                "settle",
            ]
        assert decide(world, lead, review_id, PASS_SHIRKING, step="settle").status_code == 409

    def test_a_lead_may_order_one(self, world):
        _, review_id = claimed(world)
        assert ask(world, Role.QA_LEAD, "POST", f"/{review_id}/second").status_code == 409
        decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/second").status_code == 403
        ordered = ask(world, Role.QA_LEAD, "POST", f"/{review_id}/second")
        assert ordered.json()["state"] == "second_open"
        # 主管自己复核并改判，直接生效。
        ask(world, Role.QA_LEAD, "POST", f"/{review_id}/claim")
        back = {**PASS_SHIRKING, "human": "FAILED", "reason": "第三句确实在推脱"}
        assert decide(world, Role.QA_LEAD, review_id, back).json()["state"] == "decided"


class TestDrawSecond:
    def drawn(self, world, place, who=Role.QA_LEAD, **more):
        body = {
            "percent": 100,
            "seed": 7,
            "since": "2000-01-01T00:00:00Z",
            "until": "2999-01-01T00:00:00Z",
            "team": place.team,
            **more,
        }
        return ask(world, who, "POST", "/draw-second", body)

    def decided(self, world, place, count):
        made = []
        for _ in range(count):
            _, review_id = claimed(world, place)
            decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
            made.append(review_id)
        return made

    def test_all_of_it_once(self, world):
        place = Place("retail", f"抽二组{world.number()}", "W1")
        made = self.decided(world, place, 3)
        answer = self.drawn(world, place).json()
        assert (answer["considered"], answer["review_ids"], answer["next_cursor"]) == (3, made, None)
        assert ask(world, Role.QA_LEAD, "GET", f"/{made[0]}").json()["state"] == "second_open"
        assert self.drawn(world, place).json() == {"considered": 0, "review_ids": [], "next_cursor": None}

    def test_a_greater_share_draws_the_rest_and_nothing_twice(self, world):
        place = Place("retail", f"抽样组{world.number()}", "W2")
        made = self.decided(world, place, 6)
        drawn = []
        for percent in (40, 40, 80, 100):
            answer = self.drawn(world, place, percent=percent).json()
            assert answer["considered"] == len(made) - len(drawn)
            # 同一个种子、同样的比例再抽一次，什么也抽不到。
            assert percent != 40 or not drawn or answer["review_ids"] == []
            drawn += answer["review_ids"]
        assert sorted(drawn) == made

    def test_nobody_wrong_role_foreign(self, world):
        place = Place("insurance", f"外线组{world.number()}", "W3")
        assert self.drawn(world, place, None).status_code == 401
        assert self.drawn(world, place, Role.REVIEWER).status_code == 403
        _, review_id = flagged(world, place)
        own = reviewer(world)
        ask(world, own, "POST", f"/{review_id}/claim")
        decide(world, own, review_id, PASS_SHIRKING)
        assert self.drawn(world, place).json()["considered"] == 0


class TestClose:
    def test_not_before_the_window_for_appeals_has_closed(self, world):
        _, review_id = claimed(world)
        assert ask(world, Role.QA_LEAD, "POST", f"/{review_id}/close").status_code == 409
        decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
        early = ask(world, Role.QA_LEAD, "POST", f"/{review_id}/close")
        assert (early.status_code, "申诉期" in early.json()["detail"]) == (409, True)

    def test_by_itself_once_it_has(self, world):
        report_id, review_id = claimed(world)
        decide(world, Role.REVIEWER, review_id, PASS_SHIRKING)
        with world.work() as work:
            past = work.now - timedelta(days=7)
            work.session.execute(update(ReviewRow).where(ReviewRow.id == review_id).values(decided_at=past))
            work.session.execute(update(ReportRow).where(ReportRow.id == report_id).values(recorded_at=past))
        with world.work() as work:
            assert close_due(work) == 1
            assert close_due(work) == 0
        assert report(world, report_id).review_state == "final"
        assert ask(world, Role.REVIEWER, "POST", f"/{review_id}/claim").status_code == 409
        assert ask(world, Role.QA_LEAD, "POST", f"/{review_id}/second").status_code == 409
