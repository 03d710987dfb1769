"""抽检方案：建立、列出、停用；范围之外看不见。"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.services.accounts import Duties
from qa_engine.store.tables import AuditRow
from service.sampled import (
    FAILED,
    FLAGGED_AND_HALF,
    PERCENT,
    PLANS,
    add_plan,
    ask,
)
from service.world import SCORECARD


class TestPlans:
    @pytest.mark.parametrize(
        "design",
        [
            PERCENT,
            FLAGGED_AND_HALF,
            {"kind": "quota", "by": "agent", "size": 5},
            {"kind": "rule", "where": {"failed": [FAILED], "attributes": [["来源", "APP"]]}, "limit": 10},
        ],
    )
    def test_every_kind_is_kept_and_told_as_it_was_made(self, world, design):
        plan_id = add_plan(world, design, teams=["零售一组"], every="week", priority=0.9)
        told = ask(world, Role.AUDITOR, "GET", f"{PLANS}/{plan_id}").json()
        assert told["kind"] == design["kind"]
        assert {"kind": told["kind"], **told["design"]} == design
        assert (told["teams"], told["every"], told["priority"], told["active"]) == (
            ["零售一组"],
            "week",
            0.9,
            True,
        )
        assert told["about"] == ("matching" if design["kind"] == "rule" else "all")

    def test_making_one_is_audited_without_its_seed(self, world):
        plan_id = add_plan(world, PERCENT)
        with world.work() as work:
            entry = work.session.scalars(
                select(AuditRow).where(AuditRow.subject == f"sampling_plan:{plan_id}")
            ).one()
        assert (entry.action, entry.detail) == (
            "sampling_plan.created",
            {"kind": "percent", "line": "retail"},
        )

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"scorecard_key": "no_such_card"}, "scorecard_key"),
            ({"business_line": "insurance"}, "business_line"),
            ({"business_line": None}, "business_line"),
            ({"design": {"kind": "percent", "rate": 0}}, "design.rate"),
            ({"design": {"kind": "lottery"}}, "design"),
            ({"design": {"kind": "rule", "where": {}}}, "where"),
            ({"design": {**FLAGGED_AND_HALF, "rest_rate": 0}}, "design.rest_rate"),
            ({"design": {"kind": "rule", "where": {"weather": "rain"}}}, "design.where.weather"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, world, change, field):
        body = {
            "name": "方案",
            "scorecard_key": SCORECARD,
            "business_line": "retail",
            "design": PERCENT,
            **change,
        }
        answer = ask(world, Role.QA_LEAD, "POST", PLANS, json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_who_is_limited_to_teams_plans_for_these(self, world):
        lead = world.add_user(Duties(Role.QA_LEAD, teams=["零售二组"], business_lines=["retail"]))
        body = {"name": "方案", "scorecard_key": SCORECARD, "business_line": "retail", "design": PERCENT}
        made = ask(world, lead, "POST", PLANS, json=body).json()
        assert made["teams"] == ["零售二组"]
        wider = ask(world, lead, "POST", PLANS, json={**body, "teams": ["零售一组", "零售二组"]})
        assert wider.status_code == 422
        whole_line = add_plan(world, PERCENT)
        assert ask(world, lead, "GET", f"{PLANS}/{whole_line}").status_code == 404
        listed = ask(world, lead, "GET", PLANS).json()["items"]
        assert [one["id"] for one in listed] == [made["id"]]

    def test_the_list_turns_pages_and_tells_stopped_ones_apart(self, world):
        mine = [add_plan(world, PERCENT) for _ in range(5)]
        changed = ask(world, Role.QA_LEAD, "PATCH", f"{PLANS}/{mine[0]}", json={"active": False})
        assert changed.json()["active"] is False
        seen, cursor = [], None
        while True:
            query = {"limit": 2, "active": True} | ({"cursor": cursor} if cursor else {})
            page = ask(world, Role.QA_LEAD, "GET", PLANS, params=query).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == sorted(seen, reverse=True)
        assert set(mine[1:]) <= set(seen)
        assert mine[0] not in seen
