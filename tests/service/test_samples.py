"""抽检：抽取、样本；两种数据库上都一样。"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Conflict
from qa_engine.domain.sampling import PercentDesign, PlanSettings
from qa_engine.jobs.upkeep import routines
from qa_engine.services.samples import draw_due, draw_sample, recurring_plans
from qa_engine.services.sampling_plans import create_plan, set_active
from qa_engine.store.tables import ReportRow, ReviewRow, SampleDrawRow, SampleRow, SamplingPlanRow
from service.sampled import (
    FAILED,
    FLAGGED_AND_HALF,
    PASSED,
    PERCENT,
    PLANS,
    add_plan,
    ask,
    drawn,
    fresh_month,
    period,
    reports,
    take,
)
from service.world import OTHER_LINE, OTHER_TEAM, SCORECARD, Place, World


@pytest.fixture
def month() -> datetime:
    return fresh_month()


class TestDraws:
    def test_everything_drawn_gets_a_review_and_a_flagged_report_keeps_its_own(self, world, month):
        flagged, plain = reports(world, month, True, False)
        plan_id = add_plan(world, PERCENT, priority=0.8)
        told = take(world, plan_id, month)
        assert (told["calls"], told["drawn"]) == (2, 2)
        assert told["strata"] == [{"name": "全部", "probability": 1.0, "calls": 2, "drawn": 2}]
        with world.work() as work:
            found = {
                row.report_id: (row.origin, row.state, row.priority)
                for row in work.session.scalars(
                    select(ReviewRow).where(ReviewRow.report_id.in_([flagged, plain]))
                )
            }
            assert found == {flagged: ("flagged", "open", 0.7), plain: ("sampled", "open", 0.8)}
            assert work.session.get_one(ReportRow, plain).review_state == "open"
        path = f"{PLANS}/{plan_id}/draws/{told['id']}"
        first = ask(world, Role.AUDITOR, "GET", path, params={"limit": 1}).json()
        rest = ask(world, Role.AUDITOR, "GET", path, params={"cursor": first["next_cursor"]}).json()
        listed = first["items"] + rest["items"]
        assert [one["report_id"] for one in listed] == [flagged, plain]
        assert {one["review_state"] for one in listed} == {"open"}
        assert rest["next_cursor"] is None

    def test_only_calls_of_the_plans_line_team_and_time_are_drawn(self, world, month):
        [inside] = reports(world, month, False)
        reports(world, month, False, place=OTHER_TEAM)
        reports(world, month, False, place=OTHER_LINE)
        reports(world, month + timedelta(days=1), False)
        plan_id = add_plan(world, PERCENT, teams=["零售一组"])
        take(world, plan_id, month)
        assert drawn(world, plan_id) == [inside]

    def test_by_rule_only_what_fits(self, world, month):
        flagged, _ = reports(world, month, True, False)
        wanted = {"kind": "rule", "where": {"needs_review": True, "failed": [FAILED], "teams": ["零售一组"]}}
        plan_id = add_plan(world, wanted)
        assert take(world, plan_id, month)["calls"] == 1
        assert drawn(world, plan_id) == [flagged]
        none_fits = add_plan(world, {"kind": "rule", "where": {"failed": [PASSED]}})
        assert take(world, none_fits, month)["drawn"] == 0

    def test_a_quota_for_every_agent(self, world, month):
        reports(world, month, *[False] * 4)
        reports(world, month, False, place=Place("retail", "零售一组", "A09"))
        plan_id = add_plan(world, {"kind": "quota", "by": "agent", "size": 2})
        told = take(world, plan_id, month)
        assert (told["calls"], told["drawn"], told["strata"]) == (5, 3, [])
        with world.work() as work:
            rows = work.session.scalars(select(SampleRow).where(SampleRow.plan_id == plan_id)).all()
        assert sorted((row.stratum, row.probability) for row in rows) == [
            ("A01", 0.5),
            ("A01", 0.5),
            ("A09", 1.0),
        ]

    def test_the_seed_decides_who_is_drawn(self, world, month):
        made = reports(world, month, *[False] * 12)
        plan_id, same = (add_plan(world, {"kind": "percent", "rate": 0.5}) for _ in range(2))
        with world.work() as work:
            seed = work.session.get_one(SamplingPlanRow, plan_id).seed
            work.session.execute(update(SamplingPlanRow).where(SamplingPlanRow.id == same).values(seed=seed))
        take(world, plan_id, month)
        take(world, same, month)
        assert drawn(world, plan_id) == drawn(world, same)
        assert set(drawn(world, plan_id)) <= set(made)

    @pytest.mark.parametrize(
        ("shift", "status", "code"),
        [
            (lambda now: (now - timedelta(days=1), now + timedelta(hours=1)), 422, "invalid"),
            (lambda now: (now, now - timedelta(days=1)), 422, "invalid"),
        ],
        ids=["还没过完", "倒着"],
    )
    def test_only_the_past_can_be_drawn_from(
        self, world, shift: Callable[[datetime], tuple[datetime, datetime]], status, code
    ):
        since, until = shift(world.service.clock())
        body = {"since": since.isoformat(), "until": until.isoformat()}
        answer = ask(world, Role.QA_LEAD, "POST", f"{PLANS}/{add_plan(world, PERCENT)}/draws", json=body)
        assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (status, code, "until")

    def test_the_same_time_cannot_be_drawn_twice(self, world, month):
        plan_id = add_plan(world, PERCENT)
        take(world, plan_id, month)
        body = period(month + timedelta(hours=23), 2)
        again = ask(world, Role.QA_LEAD, "POST", f"{PLANS}/{plan_id}/draws", json=body)
        assert (again.status_code, again.json()["error"]) == (409, "conflict")
        take(world, plan_id, month + timedelta(days=1))
        draws = ask(world, Role.AUDITOR, "GET", f"{PLANS}/{plan_id}/draws").json()["items"]
        assert len(draws) == 2

    def test_a_stopped_plan_draws_nothing(self, world, month):
        plan_id = add_plan(world, PERCENT)
        with world.work(Role.QA_LEAD) as work:
            set_active(work, plan_id, active=False)
        answer = ask(world, Role.QA_LEAD, "POST", f"{PLANS}/{plan_id}/draws", json=period(month))
        assert (answer.status_code, answer.json()["error"]) == (409, "illegal_step")

    def test_of_two_who_draw_at_once_one_succeeds(self, world, month):
        reports(world, month, False, False)
        plan_id, outcomes, ready = add_plan(world, PERCENT), [], threading.Barrier(2)

        def attempt() -> None:
            ready.wait()
            try:
                with world.work(Role.QA_LEAD) as work:
                    outcomes.append(draw_sample(work, plan_id, month, month + timedelta(days=1)).drawn)
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=attempt) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes)) == ["2", "conflict"]
        assert len(drawn(world, plan_id)) == 2

    def test_of_two_plans_that_draw_the_same_report_both_share_its_review(self, world, month):
        [report_id] = reports(world, month, False)
        for plan_id in (add_plan(world, PERCENT), add_plan(world, PERCENT)):
            take(world, plan_id, month)
            assert drawn(world, plan_id) == [report_id]

    def test_a_draw_belongs_to_its_plan(self, world, month):
        plan_id, other = add_plan(world, PERCENT), add_plan(world, PERCENT)
        draw_id = take(world, plan_id, month)["id"]
        assert ask(world, Role.QA_LEAD, "GET", f"{PLANS}/{other}/draws/{draw_id}").status_code == 404


class TestDrawsByThemselves:
    def test_every_day_that_is_over_is_drawn_once(self, world):
        settings = PlanSettings(SCORECARD, PercentDesign(1.0), every="day", wait_days=1)
        with world.work() as work:
            plan = create_plan(work, "每日", "retail", settings)
            plan.row.created_at = work.now - timedelta(days=4)
            plan_id = plan.row.id
        world.report(happened_at=world.service.clock() - timedelta(days=3))
        with world.work() as work:
            assert plan_id in recurring_plans(work)
            done = draw_due(work, plan_id)
            assert [row.calls for row in done].count(1) == 1
            # 今天没过完，昨天要再等一天：只抽到前天为止。
            assert len(done) == 3
            assert all((row.until - row.since) == timedelta(days=1) for row in done)
            assert done[-1].until <= work.now - timedelta(days=1)
            assert {row.since.astimezone(work.zone).hour for row in done} == {0}
        with world.work() as work:
            assert draw_due(work, plan_id) == []
            set_active(work, plan_id, active=False)
            assert plan_id not in recurring_plans(work)

    def test_plans_without_a_period_wait_to_be_told(self, world):
        plan_id = add_plan(world, PERCENT)
        with world.work() as work:
            work.session.get_one(SamplingPlanRow, plan_id).created_at = work.now - timedelta(days=9)
            assert plan_id not in recurring_plans(work)
            assert draw_due(work, plan_id) == []

    def test_the_workers_routine_draws_what_is_due(self, world):
        plan_id = add_plan(world, PERCENT, every="day", wait_days=0)
        with world.work() as work:
            work.session.get_one(SamplingPlanRow, plan_id).created_at = work.now - timedelta(days=2)
        [routine] = [one for one in routines(world.service, lambda _: 0) if one.name == "samples"]
        routine.do()
        draws = ask(world, Role.AUDITOR, "GET", f"{PLANS}/{plan_id}/draws").json()["items"]
        assert len(draws) == 2
        assert {one["drawn_by"] for one in draws} == {"system:system"}


def rows(world: World, ids: Iterable[int]) -> list[SampleDrawRow]:
    with world.work() as work:
        return list(work.session.scalars(select(SampleDrawRow).where(SampleDrawRow.plan_id.in_(list(ids)))))


def test_what_is_kept_of_a_frame_holds_counts_only(world, month):
    reports(world, month, True, False)
    plan_id = add_plan(world, FLAGGED_AND_HALF)
    take(world, plan_id, month)
    [row] = rows(world, [plan_id])
    assert row.frame["classes"][0]["outcomes"][FAILED] == {"F": 1}
    assert sum(one["calls"] for one in row.frame["strata"]) == row.calls == 2
