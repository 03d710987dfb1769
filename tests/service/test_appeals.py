"""申诉：坐席对自己的一通提出，主管答复、裁定；别人是谁坐席看不到。"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from qa_engine.domain.access import Role
from qa_engine.services.accounts import Duties
from qa_engine.services.review_upkeep import close_due
from qa_engine.store.tables import AppealRow, DecisionRow, ReportRow, ReviewRow
from qa_engine.store.verification import verify
from service.world import COLLEAGUE, OTHER_LINE, OWN, Place, Somebody, World

TARGET = "criterion:no_shirking"
WHY = "当时是在说明由快递公司核实"
REASON = "复听后认为说明清楚"
PASS = {"target": TARGET, "verdict": "override", "human": "PASSED", "reason": REASON}


def ask(world: World, who: Role | Somebody | None, method: str, path: str = "", body=None, **query):
    headers = {} if who is None else dict((world.staff[who] if isinstance(who, Role) else who).headers)
    return world.client.request(method, f"/v1/appeals{path}", json=body, params=query, headers=headers)


def file(world: World, report_id: int, who: Role | Somebody = Role.AGENT, targets=(TARGET,), text=WHY):
    body = {"report_id": report_id, "targets": list(targets), "text": text}
    return ask(world, who, "POST", "", body)


def filed(world: World, place: Place = OWN, *, flagged: bool = False) -> tuple[int, int]:
    """A new report and the appeal of its agent."""
    report_id = world.report(place, flagged=flagged)
    answer = file(world, report_id)
    assert answer.status_code == 201, answer.json()
    return report_id, answer.json()["id"]


def grant(world: World, who, appeal_id: int, *decisions, text: str = REASON):
    body = {"decisions": list(decisions or [PASS]), "text": text}
    return ask(world, who, "POST", f"/{appeal_id}/grant", body)


def deny(world: World, who, appeal_id: int, text: str = "第三句确实在推脱"):
    return ask(world, who, "POST", f"/{appeal_id}/deny", {"text": text})


def report(world: World, report_id: int) -> ReportRow:
    with world.work() as work:
        return work.session.get_one(ReportRow, report_id)


def decided(world: World, who: Role | Somebody, place: Place = OWN, *decisions) -> int:
    """A report reviewed by somebody; its id."""
    report_id = world.report(place)
    with world.work() as work:
        review_id = work.session.scalars(select(ReviewRow.id).where(ReviewRow.report_id == report_id)).one()
    headers = dict((world.staff[who] if isinstance(who, Role) else who).headers)
    path = f"/v1/reviews/{review_id}"
    assert world.client.post(f"{path}/claim", headers=headers).status_code == 200
    body = {"decisions": list(decisions) or [{"target": TARGET, "verdict": "confirm"}]}
    assert world.client.post(f"{path}/decide", json=body, headers=headers).status_code == 200
    return report_id


class TestFile:
    def test_against_ones_own_call(self, world):
        report_id = world.report(flagged=False)
        answer = file(world, report_id)
        assert answer.status_code == 201
        told = answer.json()
        assert (told["state"], told["targets"], told["mine"]) == ("filed", [TARGET], True)
        assert report(world, report_id).final_percent == 38.75

    def test_not_against_anybody_elses(self, world):
        for place in (COLLEAGUE, OTHER_LINE):
            assert file(world, world.report(place, flagged=False)).status_code == 404
        assert file(world, 2**40).status_code == 404

    def test_nobody_and_the_wrong_role(self, world):
        report_id = world.report(flagged=False)
        assert ask(world, None, "POST", "", {"report_id": report_id}).status_code == 401
        for role in (Role.REVIEWER, Role.TEAM_LEAD, Role.ADMIN, Role.AUDITOR):
            assert file(world, report_id, role).status_code == 403

    def test_only_one_at_a_time(self, world):
        report_id, _ = filed(world)
        again = file(world, report_id, targets=["criterion:offer_help"])
        assert (again.status_code, "正在处理" in again.json()["detail"]) == (409, True)

    @pytest.mark.parametrize(
        ("targets", "text", "field"),
        [
            ([], WHY, "targets"),
            ([TARGET, TARGET], WHY, "targets"),
            (["criterion:nothing"], WHY, "target"),
            (["fault:99:rude"], WHY, "target"),
            ([TARGET], "不服", "text"),
        ],
    )
    def test_what_cannot_be_appealed(self, world, targets, text, field):
        answer = file(world, world.report(flagged=False), targets=targets, text=text)
        assert (answer.status_code, answer.json()["field"]) == (422, field)

    def test_not_once_the_window_has_closed(self, world):
        report_id = world.report(flagged=False)
        with world.work() as work:
            past = work.now - timedelta(days=7)
            wanted = update(ReportRow).where(ReportRow.id == report_id)
            kept = work.session.get_one(ReportRow, report_id).recorded_at
            work.session.execute(wanted.values(recorded_at=past))
        answer = file(world, report_id)
        assert (answer.status_code, "申诉期" in answer.json()["detail"]) == (409, True)
        with world.work() as work:
            work.session.execute(wanted.values(recorded_at=kept))

    def test_a_review_opens_the_window_again(self, world):
        report_id = decided(world, Role.REVIEWER)
        with world.work() as work:
            wanted = update(ReportRow).where(ReportRow.id == report_id)
            kept = work.session.get_one(ReportRow, report_id).recorded_at
            work.session.execute(wanted.values(recorded_at=work.now - timedelta(days=30)))
        assert file(world, report_id).status_code == 201
        with world.work() as work:
            work.session.execute(wanted.values(recorded_at=kept))

    def test_what_is_written_is_masked(self, world):
        answer = file(world, world.report(flagged=False), text="客户的电话13900001234可以作证").json()
        assert "13900001234" not in answer["text"]
        with world.work() as work:
            assert "13900001234" not in work.session.get_one(AppealRow, answer["id"]).text


class TestTalk:
    def test_answer_reply_withdraw(self, world):
        _, appeal_id = filed(world)
        asked = ask(world, Role.QA_LEAD, "POST", f"/{appeal_id}/answer", {"text": "请说明当时系统的状态"})
        assert (asked.json()["state"], asked.json()["answer"]) == ("answered", "请说明当时系统的状态")
        said = ask(world, Role.AGENT, "POST", f"/{appeal_id}/reply", {"text": "系统显示已揽收"}).json()
        assert (said["state"], said["text"]) == ("filed", f"{WHY}\n\n系统显示已揽收")
        early = ask(world, Role.AGENT, "POST", f"/{appeal_id}/reply", {"text": "再补充一句话"})
        assert early.status_code == 409
        gone = ask(world, Role.AGENT, "POST", f"/{appeal_id}/withdraw").json()
        assert gone["state"] == "withdrawn"
        assert grant(world, Role.QA_LEAD, appeal_id).status_code == 409

    def test_after_withdrawing_one_may_file_again(self, world):
        report_id, appeal_id = filed(world)
        ask(world, Role.AGENT, "POST", f"/{appeal_id}/withdraw")
        assert file(world, report_id).status_code == 201

    @pytest.mark.parametrize("step", ["answer", "grant", "deny"])
    def test_agents_and_reviewers_do_not_settle(self, world, step):
        _, appeal_id = filed(world)
        body = {"text": REASON, **({"decisions": [PASS]} if step == "grant" else {})}
        assert ask(world, None, "POST", f"/{appeal_id}/{step}", body).status_code == 401
        for role in (Role.AGENT, Role.REVIEWER, Role.TEAM_LEAD):
            assert ask(world, role, "POST", f"/{appeal_id}/{step}", body).status_code == 403

    @pytest.mark.parametrize("step", ["reply", "withdraw"])
    def test_leads_do_not_speak_for_agents(self, world, step):
        _, appeal_id = filed(world)
        assert ask(world, Role.QA_LEAD, "POST", f"/{appeal_id}/{step}", {"text": WHY}).status_code == 403

    def test_another_person_with_the_same_agent_id_does_not_withdraw(self, world):
        _, appeal_id = filed(world)
        twin = world.add_user(Duties(Role.AGENT, business_lines=["retail"], agent_id=OWN.agent_id))
        assert ask(world, twin, "POST", f"/{appeal_id}/withdraw").status_code == 409


class TestGrant:
    def test_the_score_follows_and_the_review_says_so(self, world):
        report_id, appeal_id = filed(world)
        answer = grant(world, Role.QA_LEAD, appeal_id)
        assert answer.status_code == 200
        told = answer.json()
        assert (told["state"], told["percent"], told["final_percent"]) == ("granted", 38.75, 43.75)
        assert told["outcomes"] == [
            {"target": TARGET, "machine": "FAILED", "human": "PASSED", "reason": REASON}
        ]
        row = report(world, report_id)
        assert (row.final_percent, row.review_state) == (43.75, "decided")
        with world.work() as work:
            review = work.session.scalars(select(ReviewRow).where(ReviewRow.report_id == report_id)).one()
            assert (review.origin, review.state) == ("appealed", "decided")
            made = work.session.scalars(select(DecisionRow).where(DecisionRow.report_id == report_id)).one()
            assert (made.stage, made.appeal_id, made.verdict) == ("appeal", appeal_id, "overridden")

    def test_in_part(self, world):
        report_id = world.report(flagged=False)
        targets = [TARGET, "criterion:offer_help"]
        appeal_id = file(world, report_id, targets=targets).json()["id"]
        told = grant(world, Role.QA_LEAD, appeal_id).json()
        assert (told["final_percent"], [one["target"] for one in told["outcomes"]]) == (43.75, [TARGET])
        # 两项都算裁定过了，不能再申诉。
        for target in targets:
            assert file(world, report_id, targets=[target]).status_code == 409

    def test_only_what_was_appealed_and_only_with_a_change(self, world):
        _, appeal_id = filed(world)
        other = {**PASS, "target": "criterion:offer_help"}
        answer = grant(world, Role.QA_LEAD, appeal_id, PASS, other)
        assert (answer.status_code, answer.json()["field"]) == (422, "decisions[1].target")
        same = grant(world, Role.QA_LEAD, appeal_id, {"target": TARGET, "verdict": "confirm"})
        assert (same.status_code, "驳回" in same.json()["detail"]) == (422, True)

    def test_never_by_whoever_decided_it(self, world):
        lead = world.add_user(Duties(Role.QA_LEAD, business_lines=["retail"]))
        report_id = decided(world, lead)
        appeal_id = file(world, report_id).json()["id"]
        for refused in (grant(world, lead, appeal_id), deny(world, lead, appeal_id)):
            assert (refused.status_code, "另一位" in refused.json()["detail"]) == (409, True)
        assert grant(world, Role.QA_LEAD, appeal_id).json()["final_percent"] == 43.75

    def test_reviewers_do_not_judge_it_again(self, world):
        report_id, appeal_id = filed(world, flagged=True)
        grant(world, Role.QA_LEAD, appeal_id)
        with world.work() as work:
            review_id = work.session.scalars(
                select(ReviewRow.id).where(ReviewRow.report_id == report_id)
            ).one()
        headers = dict(world.staff[Role.REVIEWER].headers)
        path = f"/v1/reviews/{review_id}"
        assert world.client.post(f"{path}/claim", headers=headers).json()["final_percent"] == 43.75
        body = {"decisions": [{"target": TARGET, "verdict": "confirm"}]}
        refused = world.client.post(f"{path}/decide", json=body, headers=headers)
        assert (refused.status_code, "申诉裁定" in refused.json()["detail"]) == (422, True)

    def test_settled_once(self, world):
        _, appeal_id = filed(world)
        grant(world, Role.QA_LEAD, appeal_id)
        for again in (grant(world, Role.QA_LEAD, appeal_id), deny(world, Role.QA_LEAD, appeal_id)):
            assert again.status_code == 409


class TestDeny:
    def test_what_stands_is_confirmed_with_the_reason(self, world):
        report_id, appeal_id = filed(world)
        told = deny(world, Role.QA_LEAD, appeal_id).json()
        assert (told["state"], told["answer"], told["final_percent"]) == (
            "denied",
            "第三句确实在推脱",
            38.75,
        )
        with world.work() as work:
            made = work.session.scalars(select(DecisionRow).where(DecisionRow.report_id == report_id)).one()
            assert (made.verdict, made.machine, made.human) == ("confirmed", "FAILED", "FAILED")

    def test_what_nobody_judged_stays_unjudged(self, world):
        report_id = world.report(flagged=False)
        appeal_id = file(world, report_id, targets=["criterion:no_blame", "complaint"]).json()["id"]
        assert deny(world, Role.QA_LEAD, appeal_id).json()["outcomes"] == []

    def test_a_reason_is_needed(self, world):
        _, appeal_id = filed(world)
        answer = deny(world, Role.QA_LEAD, appeal_id, "不行")
        assert (answer.status_code, answer.json()["field"]) == (422, "text")


class TestRead:
    def test_agents_see_nobody(self, world):
        _, appeal_id = filed(world)
        deny(world, Role.QA_LEAD, appeal_id)
        told = ask(world, Role.AGENT, "GET", f"/{appeal_id}").json()
        assert told["state"] == "denied"
        assert {told[name] for name in ("filed_by", "answered_by", "settled_by")} == {None}
        lead = ask(world, Role.QA_LEAD, "GET", f"/{appeal_id}").json()
        assert lead["settled_by"]["actor"] == world.staff[Role.QA_LEAD].principal.actor

    def test_own_rows_only(self, world):
        twin = world.add_user(Duties(Role.AGENT, business_lines=["retail"], agent_id="A02"))
        report_id = world.report(COLLEAGUE, flagged=False)
        appeal_id = file(world, report_id, twin).json()["id"]
        assert ask(world, Role.AGENT, "GET", f"/{appeal_id}").status_code == 404
        assert ask(world, Role.AGENT, "GET", "", report=report_id).json()["items"] == []
        listed = ask(world, Role.TEAM_LEAD, "GET", "", report=report_id).json()["items"]
        assert [one["id"] for one in listed] == [appeal_id]
        assert ask(world, Role.INTEGRATION, "GET", "").status_code == 200
        assert ask(world, None, "GET", "").status_code == 401

    def test_the_longest_waiting_first_page_by_page(self, world):
        who = world.add_user(Duties(Role.AGENT, business_lines=["retail"], agent_id=f"P{world.number()}"))
        agent_id = who.principal.rows.agent_id
        place = Place("retail", "翻页组", agent_id)
        made = [file(world, world.report(place, flagged=False), who).json()["id"] for _ in range(5)]
        ask(world, who, "POST", f"/{made[1]}/withdraw")
        seen, cursor = [], None
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = ask(
                world, Role.QA_LEAD, "GET", "", agent=agent_id, waiting="true", limit=2, **query
            ).json()
            seen += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == [made[0], *made[2:]]
        gone = ask(world, Role.QA_LEAD, "GET", "", agent=agent_id, state="withdrawn").json()["items"]
        assert [one["id"] for one in gone] == [made[1]]


def test_beyond_the_window_all_of_it_is_final(world):
    report_id, appeal_id = filed(world)
    deny(world, Role.QA_LEAD, appeal_id)
    with world.work() as work:
        kept = work.session.get_one(ReportRow, report_id).recorded_at
        past = work.now - timedelta(days=8)
        work.session.execute(
            update(ReviewRow).where(ReviewRow.report_id == report_id).values(decided_at=past)
        )
        work.session.execute(update(ReportRow).where(ReportRow.id == report_id).values(recorded_at=past))
    with world.work() as work:
        assert close_due(work) >= 1
    assert report(world, report_id).review_state == "final"
    assert ask(world, Role.AGENT, "GET", f"/{appeal_id}").json()["state"] == "final"
    refused = file(world, report_id, targets=["criterion:offer_help"])
    assert (refused.status_code, "定稿" in refused.json()["detail"]) == (409, True)
    with world.work() as work:
        work.session.execute(update(ReportRow).where(ReportRow.id == report_id).values(recorded_at=kept))


def test_the_chain_remembers_all_of_it(world):
    with world.work() as work:
        assert list(verify(work.session, work.keyring)) == []
