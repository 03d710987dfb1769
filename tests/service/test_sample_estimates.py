"""由抽到并复核过的会话估计漏检与查准；两种数据库上都一样。"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from qa_engine.domain.access import Role
from qa_engine.domain.proportions import Stratum, estimate_share
from qa_engine.services.accounts import Duties
from qa_engine.services.decisions import decide_review
from qa_engine.services.reviews import claim_review
from qa_engine.store.tables import ReportRow, ReviewRow
from service.sampled import (
    FAILED,
    FLAGGED_AND_HALF,
    LEASE,
    PASSED,
    PERCENT,
    SILENT,
    add_plan,
    ask,
    confirmed,
    drawn,
    estimate,
    fresh_month,
    judge,
    of,
    overridden,
    reports,
    take,
)


@pytest.fixture
def month() -> datetime:
    return fresh_month()


class TestEstimate:
    def test_flagged_calls_count_as_they_are_and_drawn_ones_for_all_others(self, world, month):
        made = reports(world, month, *[True] * 4, *[False] * 20)
        plan_id = add_plan(world, FLAGGED_AND_HALF)
        take(world, plan_id, month)
        sampled = drawn(world, plan_id)
        assert set(made[:4]) <= set(sampled)
        rest = [one for one in sampled if one not in made[:4]]
        missed = {made[0], *rest[: len(rest) // 3]}
        for report_id in sampled:
            said = overridden(PASSED, "FAILED") if report_id in missed else confirmed(PASSED)[0]
            judge(world, report_id, said, *confirmed(FAILED))
        told = estimate(world, plan_id)
        expected = estimate_share([Stratum(4, 4, 4, 1), Stratum(20, len(rest), len(rest), len(rest) // 3)])
        found = of(told, PASSED)["missed"]
        assert (found["value"], found["low"], found["high"]) == pytest.approx(
            (expected.value, expected.low, expected.high)
        )
        assert (told["calls"], told["drawn"], told["reviewed"]) == (24, len(sampled), len(sampled))
        precision = of(told, FAILED)["precision"]
        assert (precision["value"], precision["calls"]) == (1.0, 24)
        assert of(told, FAILED)["machine_failed"] == 24
        # 没有人判过的质检项：什么也没说。
        silent = of(told, SILENT)["missed"]
        assert (silent["value"], silent["judged"], silent["drawn"]) == (None, 0, len(sampled))

    def test_bonuses_are_left_out_and_criteria_have_their_names(self, world, month):
        reports(world, month, False)
        plan_id = add_plan(world, PERCENT)
        take(world, plan_id, month)
        told = estimate(world, plan_id)
        names = {one["criterion"]: one["name"] for one in told["criteria"]}
        assert "rating_invited" not in names
        assert names[PASSED] == "开场问候"

    def test_reviews_nobody_drew_say_nothing(self, world, month):
        made = reports(world, month, True, True)
        plan_id = add_plan(world, {"kind": "quota", "by": "team", "size": 1})
        take(world, plan_id, month)
        [sampled] = drawn(world, plan_id)
        [other] = set(made) - {sampled}
        judge(world, other, overridden(PASSED, "FAILED"))
        judge(world, sampled, *confirmed(PASSED))
        found = of(estimate(world, plan_id), PASSED)["missed"]
        assert (found["value"], found["judged"], found["hits"]) == (0.0, 1, 0)
        assert found["high"] == 0.5

    def test_the_latest_word_counts(self, world, month):
        [report_id] = reports(world, month, True)
        plan_id = add_plan(world, PERCENT)
        take(world, plan_id, month)
        judge(world, report_id, overridden(PASSED, "FAILED"))
        assert of(estimate(world, plan_id), PASSED)["missed"]["value"] == 1.0
        second = world.add_user(Duties(Role.QA_LEAD, business_lines=["retail"]))
        with world.work() as work:
            review_id = work.session.scalars(
                select(ReviewRow.id).where(ReviewRow.report_id == report_id)
            ).one()
        ordered = ask(world, Role.QA_LEAD, "POST", f"/v1/reviews/{review_id}/second")
        assert ordered.status_code == 200, ordered.text
        with world.work(second) as work:
            claim_review(work, review_id, LEASE)
            decide_review(work, review_id, [overridden(PASSED, "PASSED")])
        assert of(estimate(world, plan_id), PASSED)["missed"]["value"] == 0.0

    def test_calls_that_came_after_the_draw_are_told_and_not_counted(self, world, month):
        reports(world, month, False)
        plan_id = add_plan(world, PERCENT)
        take(world, plan_id, month)
        reports(world, month, False, False)
        told = estimate(world, plan_id)
        assert (told["calls"], told["late"]) == (1, 2)

    def test_draws_of_a_period_alone(self, world, month):
        plan_id = add_plan(world, PERCENT)
        for day in range(3):
            reports(world, month + timedelta(days=day), *[False] * (day + 1))
            take(world, plan_id, month + timedelta(days=day))
        later = {"since": (month + timedelta(days=1)).isoformat()}
        middle = later | {"until": (month + timedelta(days=2)).isoformat()}
        assert [estimate(world, plan_id, **query)["calls"] for query in ({}, later, middle)] == [6, 5, 2]

    def test_a_plan_that_never_drew_estimates_nothing(self, world):
        told = estimate(world, add_plan(world, PERCENT))
        assert (told["draws"], told["calls"], told["criteria"], told["since"]) == (0, 0, [], None)

    def test_a_rule_speaks_of_calls_that_meet_it(self, world, month):
        reports(world, month, True, False)
        plan_id = add_plan(world, {"kind": "rule", "where": {"needs_review": True}})
        take(world, plan_id, month)
        told = estimate(world, plan_id)
        assert (told["about"], told["calls"]) == ("matching", 1)

    def test_a_report_that_was_superseded_keeps_its_place(self, world, month):
        [report_id] = reports(world, month, True)
        plan_id = add_plan(world, PERCENT)
        take(world, plan_id, month)
        judge(world, report_id, overridden(PASSED, "FAILED"))
        with world.work() as work:
            work.session.execute(update(ReportRow).where(ReportRow.id == report_id).values(current=False))
        told = estimate(world, plan_id)
        assert (told["calls"], of(told, PASSED)["missed"]["value"]) == (1, 1.0)
