"""回测：草稿对已评会话会改变什么，人工复核说明新增的扣分有多准；没有原文的会话如实说明。"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from qa_engine.domain.access import Role
from qa_engine.domain.rates import Rate
from qa_engine.domain.scorecard import Outcome
from qa_engine.jobs.backtesting import KIND
from qa_engine.jobs.tasks import RUNNERS, run_task
from qa_engine.services.backtests import Backtest, CriterionTally
from qa_engine.services.scorecard_checks import read_uploaded
from qa_engine.services.scorecards import add_draft
from qa_engine.store.tables import DecisionRow, ReportRow, ReviewRow, ScorecardRow, TaskRow, TranscriptRow
from service.world import OTHER_LINE, OTHER_TEAM, OWN, SCORECARD, Place, World

P, F, N = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_APPLICABLE


def ask(world: World, who: Role, method: str, path: str, **more: Any) -> httpx.Response:
    assert world.client is not None
    return world.client.request(method, path, headers=world.staff[who].headers, **more)


def newest_report(world: World, place: Place) -> int:
    """A new call, later than every other one."""
    later = timedelta(minutes=10 * world.number())
    return world.report(place, happened_at=world.service.clock() + later)


def stricter(world: World) -> int:
    """A draft of the published scorecard under which the opening of every call fails; its revision."""
    published = world.scorecard()
    with world.work() as work:
        rows = work.session.scalars(select(ScorecardRow).where(ScorecardRow.key == SCORECARD)).all()
        revision = max(row.revision for row in rows) + 1
        text = published.source.replace(f"revision: {published.revision}", f"revision: {revision}", 1)
        head, greeting = text.split("  greeting: [", 1)
        _, rest = greeting.split("]", 1)
        text = f"{head}  greeting: [绝不会说的问候语]{rest}"
        text = text[: text.index("\ntests:")] + "\n"
        return add_draft(work, read_uploaded(text.encode())).revision


def backtest(world: World, who: Role = Role.QA_LEAD, **wish: Any) -> httpx.Response:
    body = {"key": SCORECARD, "revision": stricter(world), **wish}
    return ask(world, who, "POST", "/v1/backtests", json=body)


def decide(world: World, report_id: int, criterion: str, outcome: Outcome) -> None:
    """What people said of a criterion of a flagged report."""
    with world.work() as work:
        review = work.session.scalars(select(ReviewRow).where(ReviewRow.report_id == report_id)).one()
        work.session.add(
            DecisionRow(
                report_id=report_id, review_id=review.id, appeal_id=None, stage="first",
                target=f"criterion:{criterion}", verdict="override", machine="PASSED", human=outcome,
                turns=None, reason="听过录音", decided_by="user:1", decided_at=work.now,
            )
        )  # fmt: skip


def changed_criteria(answer: httpx.Response) -> set[tuple[str, str, str]]:
    return {
        (one["key"], one["before"], one["after"])
        for call in answer.json()["result"]["changed"]
        for one in call["criteria"]
    }


class TestBacktest:
    def test_changed_calls_are_listed_with_before_and_after(self, world: World) -> None:
        newest = newest_report(world, OWN)
        answer = backtest(world, last=1)
        assert answer.status_code == 200
        result = answer.json()["result"]
        assert (result["chosen"], result["judged"], result["changed_calls"]) == (1, 1, 1)
        [call] = result["changed"]
        assert call["report_id"] == newest
        assert call["percent_after"] < call["percent_before"]
        failed = [one for one in call["criteria"] if one["after"] == "FAILED"]
        assert failed
        assert all(one["before"] != "FAILED" for one in failed)

    def test_the_revision_in_use_changes_nothing(self, world: World) -> None:
        newest_report(world, OWN)
        body = {"key": SCORECARD, "revision": world.scorecard().revision, "last": 3}
        result = ask(world, Role.QA_LEAD, "POST", "/v1/backtests", json=body).json()["result"]
        assert result["judged"] >= 1
        assert (result["changed_calls"], result["changed"], result["other_engine"]) == (0, [], 0)
        assert all(one["changed"] == [] for one in result["criteria"])

    def test_people_tell_how_right_the_new_failures_are(self, world: World) -> None:
        reports = [newest_report(world, OWN) for _ in range(3)]
        key = sorted(changed_criteria(backtest(world, last=1)))[0][0]
        decide(world, reports[0], key, F)
        decide(world, reports[1], key, P)
        result = backtest(world, last=3).json()["result"]
        tally = next(one for one in result["criteria"] if one["key"] == key)
        told = tally["new_failures"]
        assert (told["hits"], told["n"], told["value"]) == (1, 2, 0.5)
        assert 0 < told["low"] < 0.5 < told["high"] < 1
        assert (tally["agreement_before"]["hits"], tally["agreement_after"]["hits"]) == (1, 1)
        humans = [one["human"] for call in result["changed"] for one in call["criteria"] if one["key"] == key]
        assert sorted(humans, key=str) == ["FAILED", None, "PASSED"]

    def test_calls_without_their_original_are_told_and_not_judged(self, world: World) -> None:
        reports = [newest_report(world, OWN) for _ in range(2)]
        with world.work() as work:
            transcript = work.session.get_one(ReportRow, reports[0]).transcript_id
            purged = update(TranscriptRow).where(TranscriptRow.id == transcript)
            work.session.execute(purged.values(sealed=None, key_id=None))
        result = backtest(world, last=2).json()["result"]
        assert (result["chosen"], result["judged"]) == (2, 1)
        assert result["not_judged"] == {"text_gone": 1, "crashed": 0}

    def test_only_calls_in_sight_are_judged(self, world: World) -> None:
        mine, others = newest_report(world, OTHER_TEAM), newest_report(world, OTHER_LINE)
        lead = [call["report_id"] for call in backtest(world, last=5).json()["result"]["changed"]]
        admin = backtest(world, Role.ADMIN, last=5).json()["result"]["changed"]
        assert mine in lead
        assert others not in lead
        assert others in [call["report_id"] for call in admin]

    def test_a_sample_is_the_same_for_the_same_seed(self, world: World) -> None:
        for _ in range(8):
            newest_report(world, OWN)

        def drawn(seed: int) -> list[int]:
            answer = backtest(world, last=8, sample=4, seed=seed)
            return [call["report_id"] for call in answer.json()["result"]["changed"]]

        assert len(drawn(1)) == 4
        assert drawn(1) == drawn(1)
        assert any(drawn(1) != drawn(seed) for seed in range(2, 8))

    def test_no_report_is_touched(self, world: World) -> None:
        report = newest_report(world, OWN)
        with world.work() as work:
            before = work.session.get_one(ReportRow, report)
            kept = (before.body_digest, before.percent, before.final_percent, before.current)
        backtest(world, last=1)
        with world.work() as work:
            row = work.session.get_one(ReportRow, report)
            assert (row.body_digest, row.percent, row.final_percent, row.current) == kept

    def test_nothing_to_compare_with_is_refused(self, world: World) -> None:
        answer = backtest(world, against="telecom_hotline")
        assert (answer.status_code, answer.json()["field"]) == (422, "against")


class TestInTheBackground:
    @pytest.fixture
    def soon(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """More than one call is many."""
        monkeypatch.setattr("api.backtests.AT_ONCE", 1)

    @pytest.mark.usefixtures("soon")
    def test_many_calls_are_left_to_a_worker(self, world: World) -> None:
        reports = [newest_report(world, OWN) for _ in range(2)]
        answer = backtest(world, last=2)
        assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
        where = answer.headers["Location"]
        run_task(world.service, answer.json()["id"])
        done = ask(world, Role.QA_LEAD, "GET", where).json()
        assert (done["state"], done["failure"]) == ("done", None)
        assert {call["report_id"] for call in done["result"]["changed"]} == set(reports)

    @pytest.mark.usefixtures("soon")
    def test_it_is_only_for_whoever_asked_and_for_who_sees_everything(self, world: World) -> None:
        for _ in range(2):
            newest_report(world, OWN)
        where = backtest(world, last=2).headers["Location"]
        assert ask(world, Role.ADMIN, "GET", where).status_code == 200
        with world.work() as work:
            task = work.session.get_one(TaskRow, where.rpartition("/")[2])
            task.created_by = "user:999"
        assert ask(world, Role.QA_LEAD, "GET", where).status_code == 404

    def test_a_worker_knows_the_task(self) -> None:
        assert KIND in RUNNERS


# 原来, 现在, 人工 → 新增扣分里对的, 不再扣分里对的, 原来与人工一致, 现在与人工一致
CALLS: Sequence[tuple[Outcome | None, Outcome | None, Outcome | None, tuple[Rate, Rate, Rate, Rate]]] = [
    (P, F, F, (Rate(1, 1), Rate(0, 0), Rate(0, 1), Rate(1, 1))),
    (P, F, P, (Rate(0, 1), Rate(0, 0), Rate(1, 1), Rate(0, 1))),
    (F, P, P, (Rate(0, 0), Rate(1, 1), Rate(0, 1), Rate(1, 1))),
    (F, N, P, (Rate(0, 0), Rate(1, 1), Rate(0, 1), Rate(0, 1))),
    (F, P, F, (Rate(0, 0), Rate(0, 1), Rate(1, 1), Rate(0, 1))),
    (F, F, F, (Rate(0, 0), Rate(0, 0), Rate(1, 1), Rate(1, 1))),
    (P, F, None, (Rate(0, 0), Rate(0, 0), Rate(0, 0), Rate(0, 0))),
    (None, F, F, (Rate(1, 1), Rate(0, 0), Rate(0, 0), Rate(0, 0))),
    (F, None, P, (Rate(0, 0), Rate(0, 0), Rate(0, 0), Rate(0, 0))),
]


@pytest.mark.parametrize(("before", "after", "human", "expected"), CALLS)
def test_what_one_call_says_of_a_criterion(
    before: Outcome | None, after: Outcome | None, human: Outcome | None, expected: tuple[Rate, ...]
) -> None:
    tally = CriterionTally("greeting", "开头语")
    tally.count(before, after, human)
    assert (
        Rate(tally.failed_right, tally.failed_reviewed),
        Rate(tally.cleared_right, tally.cleared_reviewed),
        Rate(tally.right_before, tally.decided),
        Rate(tally.right_after, tally.decided),
    ) == expected
    assert sum(tally.changed.values()) == (before is not after)


def test_precision_over_all_criteria_adds_up() -> None:
    result = Backtest()
    for key, human in (("a", F), ("a", P), ("b", F)):
        result.tally(key, key).count(P, F, human)
    assert result.new_failures == Rate(2, 3)
