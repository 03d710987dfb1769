"""许多人同时复核、申诉、裁定、定稿，同时还在质检：没有一步丢失或重复，分数和链条都对得上。"""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from qa_engine.domain.access import Role
from qa_engine.domain.decision import Said
from qa_engine.domain.refusal import Refusal
from qa_engine.services.accounts import Duties
from qa_engine.services.appeals import deny_appeal, file_appeal, grant_appeal
from qa_engine.services.decisions import decide_review, settle_review
from qa_engine.services.final_scores import count_in, machine_report
from qa_engine.services.review_queue import QueueFilters
from qa_engine.services.review_upkeep import close_due, release_expired
from qa_engine.services.reviews import claim_next, claim_reviews, order_second_review, release_review
from qa_engine.services.rollups import recount
from qa_engine.store.tables import AppealRow, DailyCell, DecisionRow, ReportRow, ReviewRow
from qa_engine.store.verification import verify
from service.world import OWN

TARGETS = ("criterion:no_shirking", "criterion:offer_help", "criterion:no_blame")
LEASE = timedelta(minutes=20)
REPORTS, ROUNDS = 8, 12
WHY = "复听后认为说明清楚"


def said(dice: random.Random) -> list[Said]:
    picked = dice.sample(TARGETS, dice.randint(1, 2))
    return [Said(target, "override", dice.choice(["PASSED", "FAILED"]), WHY) for target in picked]


def steps(reports: list[int]):
    """What people and time do, each with who may do it."""

    def reviews(work):
        return list(work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id.in_(reports))))

    def appeals(work):
        return list(work.session.scalars(select(AppealRow.id).where(AppealRow.report_id.in_(reports)))) or [1]

    return [
        (Role.REVIEWER, lambda w, _: claim_next(w, QueueFilters(team=OWN.team), 2, LEASE)),
        (Role.REVIEWER, lambda w, d: claim_reviews(w, d.sample(reviews(w), 3), LEASE)),
        (Role.REVIEWER, lambda w, d: decide_review(w, d.choice(reviews(w)), said(d))),
        (Role.REVIEWER, lambda w, d: decide_review(w, d.choice(reviews(w)), said(d))),
        (Role.REVIEWER, lambda w, d: release_review(w, d.choice(reviews(w)))),
        (Role.QA_LEAD, lambda w, d: order_second_review(w, d.choice(reviews(w)))),
        (Role.QA_LEAD, lambda w, d: settle_review(w, d.choice(reviews(w)), said(d))),
        (Role.AGENT, lambda w, d: file_appeal(w, d.choice(reports), [d.choice(TARGETS)], WHY)),
        (Role.QA_LEAD, lambda w, d: grant_appeal(w, d.choice(appeals(w)), said(d)[:1], WHY)),
        (Role.QA_LEAD, lambda w, d: deny_appeal(w, d.choice(appeals(w)), WHY)),
        (None, lambda w, _: release_expired(w)),
        (None, lambda w, _: close_due(w)),
    ]


def cells(work) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """The daily sums that are not all zeros."""
    return {
        (cell.day, cell.team, cell.agent_id): (cell.calls, cell.passed, cell.percent_sum)
        for cell in work.session.scalars(select(DailyCell))
        if cell.calls
    }


def test_a_storm_of_steps(world):
    reports = [world.report(OWN) for _ in range(REPORTS)]
    people = {role: [world.staff[role]] for role in (Role.REVIEWER, Role.QA_LEAD, Role.AGENT)}
    for role in (Role.REVIEWER, Role.REVIEWER, Role.QA_LEAD):
        people[role].append(world.add_user(Duties(role)))
    outcomes: Counter[str] = Counter()
    broken: list[BaseException] = []

    def storm(number: int) -> None:
        dice = random.Random(number)
        for _ in range(ROUNDS):
            role, step = dice.choice(steps(reports))
            who = dice.choice(people[role]) if role else None
            try:
                with world.work(who) as work:
                    step(work, dice)
                outcomes["done"] += 1
            except Refusal as refusal:
                outcomes[refusal.code] += 1
            except Exception as error:  # noqa: BLE001 - told below, where pytest sees it
                broken.append(error)
        world.report(OWN)

    threads = [threading.Thread(target=storm, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken == []
    assert outcomes["done"] > 20, outcomes
    with world.work() as work:
        assert list(verify(work.session, work.keyring)) == []
        # 每次复核的每一步只有一个人的结论；被裁定过的项后来没有再动过。
        for report_id in reports:
            rows = work.session.scalars(
                select(DecisionRow).where(DecisionRow.report_id == report_id).order_by(DecisionRow.id)
            ).all()
            for stage in ("first", "second"):
                assert len({row.decided_by for row in rows if row.stage == stage}) <= 1
            settled = set()
            for row in rows:
                assert row.stage == "appeal" or row.target not in settled
                settled |= {row.target} if row.stage == "appeal" else set()
            report = work.session.get_one(ReportRow, report_id)
            before = report.final_percent, report.final_passed
            assert count_in(work, report, machine_report(report)) is False
            assert (report.final_percent, report.final_passed) == before
        waiting = (
            select(AppealRow.report_id)
            .where(AppealRow.state.in_(("filed", "answered")))
            .group_by(AppealRow.report_id)
        )
        assert list(work.session.scalars(waiting.having(func.count() > 1))) == []
    with world.work() as work:
        kept = cells(work)
        recount(work)
        work.session.expire_all()
        counted = cells(work)
    assert kept.keys() == counted.keys()
    assert all(kept[key] == pytest.approx(counted[key]) for key in counted)
