"""Plans, draws and decisions as tests of 抽检 make them, through HTTP and the services."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.decision import Said
from qa_engine.services.decisions import decide_review
from qa_engine.services.reviews import claim_review
from qa_engine.store.tables import ReviewRow, SampleRow
from service.world import OWN, SCORECARD, Place, Somebody, World

PLANS = "/v1/samples/plans"
LEASE = timedelta(minutes=20)
# 每份报告里：机器判不合格的、判合格的、没有判定的各一项。
FAILED, PASSED, SILENT = "no_shirking", "opening_greeting", "no_rudeness"
PERCENT = {"kind": "percent", "rate": 1.0}
FLAGGED_AND_HALF = {
    "kind": "stratified",
    "strata": [{"name": "标记", "where": {"needs_review": True}, "rate": 1.0}],
    "rest_rate": 0.5,
}
_MONTHS = itertools.count()


def fresh_month() -> datetime:
    """The begin of a month of the past in which no other test has calls."""
    return datetime(1990, 1, 1, 4, tzinfo=UTC) + timedelta(days=40 * next(_MONTHS))


def ask(world: World, who: Role | Somebody | None, method: str, path: str, **sent: Any) -> Any:
    somebody = world.staff[who] if isinstance(who, Role) else who
    assert world.client is not None
    return world.client.request(method, path, headers=dict(somebody.headers) if somebody else {}, **sent)


def add_plan(world: World, design: dict[str, Any], **fields: Any) -> int:
    body = {"name": "方案", "scorecard_key": SCORECARD, "business_line": "retail", "design": design, **fields}
    answer = ask(world, Role.QA_LEAD, "POST", PLANS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def period(start: datetime, days: int = 1) -> dict[str, str]:
    return {"since": start.isoformat(), "until": (start + timedelta(days=days)).isoformat()}


def take(world: World, plan_id: int, start: datetime, days: int = 1) -> Any:
    answer = ask(world, Role.QA_LEAD, "POST", f"{PLANS}/{plan_id}/draws", json=period(start, days))
    assert answer.status_code == 201, answer.text
    return answer.json()


def reports(world: World, start: datetime, *flags: bool, place: Place = OWN) -> list[int]:
    return [
        world.report(place, flagged=flag, happened_at=start + timedelta(minutes=i))
        for i, flag in enumerate(flags)
    ]


def drawn(world: World, plan_id: int) -> list[int]:
    with world.work() as work:
        return list(
            work.session.scalars(
                select(SampleRow.report_id).where(SampleRow.plan_id == plan_id).order_by(SampleRow.report_id)
            )
        )


def judge(world: World, report_id: int, *said: Said) -> None:
    """Claim and decide the review of a report as the reviewer of the staff."""
    with world.work(Role.REVIEWER) as work:
        review_id = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()
        claim_review(work, review_id, LEASE)
        decide_review(work, review_id, said)


def confirmed(*keys: str) -> list[Said]:
    return [Said(f"criterion:{key}", "confirm") for key in keys]


def overridden(key: str, human: str) -> Said:
    return Said(f"criterion:{key}", "override", human, "复听录音后改判")


def estimate(world: World, plan_id: int, **query: str) -> Any:
    answer = ask(world, Role.QA_LEAD, "GET", f"{PLANS}/{plan_id}/estimate", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def of(told: Any, key: str) -> Any:
    return next(one for one in told["criteria"] if one["criterion"] == key)
