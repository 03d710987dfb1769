"""复核与申诉的状态：什么状态下谁能做哪一步，其余一律拒绝。"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.appeal import SETTLED, Appeal, AppealState, Contested, window_end
from qa_engine.domain.appeal import WAITING as WAITING_APPEALS
from qa_engine.domain.refusal import IllegalStep
from qa_engine.domain.review import HELD, ON_REPORT, WAITING, Review, Reviewer, ReviewState

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LEASE = timedelta(minutes=20)
S, A = ReviewState, AppealState
LI, WANG = Reviewer("user:1"), Reviewer("user:2")
LEAD, LEAD2 = Reviewer("user:8", leads=True), Reviewer("user:9", leads=True)
HELD_BY_LI = {"claimed_by": LI.actor, "lease_until": NOW + LEASE}

# 每种状态的一个实例：初次复核人是李，二次复核人是王。
REVIEWS = {
    S.OPEN: Review(),
    S.CLAIMED: Review(S.CLAIMED, **HELD_BY_LI),
    S.DECIDED: Review(S.DECIDED, first_by=LI.actor, decided_at=NOW),
    S.SECOND_OPEN: Review(S.SECOND_OPEN, first_by=LI.actor, decided_at=NOW),
    S.SECOND_CLAIMED: Review(
        S.SECOND_CLAIMED, claimed_by=WANG.actor, lease_until=NOW + LEASE, first_by=LI.actor, decided_at=NOW
    ),
    S.DISPUTED: Review(S.DISPUTED, first_by=LI.actor, second_by=WANG.actor, decided_at=NOW),
    S.FINAL: Review(S.FINAL, first_by=LI.actor, decided_at=NOW),
}
STEPS = {
    "李认领": lambda r: r.claim(LI, NOW, LEASE),
    "王认领": lambda r: r.claim(WANG, NOW, LEASE),
    "李续期": lambda r: r.extend(LI, NOW, LEASE),
    "李退回": lambda r: r.release(LI, NOW),
    "李跳过": lambda r: r.skip(LI, NOW),
    "王退回": lambda r: r.release(WANG, NOW),
    "到期放回": lambda r: r.expire(NOW),
    "一小时后到期放回": lambda r: r.expire(NOW + 3 * LEASE),
    "一小时后王认领": lambda r: r.claim(WANG, NOW + 3 * LEASE, LEASE),
    "一小时后李认领": lambda r: r.claim(LI, NOW + 3 * LEASE, LEASE),
    "李提交": lambda r: r.decide(LI, NOW, second_needed=False, agrees=True),
    "李提交，须二次复核": lambda r: r.decide(LI, NOW, second_needed=True, agrees=True),
    "李逾期提交": lambda r: r.decide(LI, NOW + LEASE, second_needed=False, agrees=True),
    "王同意": lambda r: r.decide(WANG, NOW, second_needed=True, agrees=True),
    "王不同意": lambda r: r.decide(WANG, NOW, second_needed=True, agrees=False),
    "李安排二次复核": lambda r: r.order_second(LI),
    "主管安排二次复核": lambda r: r.order_second(LEAD),
    "王裁定": lambda r: r.settle(WANG, NOW),
    "主管裁定": lambda r: r.settle(LEAD, NOW),
    "申诉期后定稿": lambda r: r.close(NOW, appeal_until=NOW, contested=False),
    "申诉期内定稿": lambda r: r.close(NOW, appeal_until=NOW + LEASE, contested=False),
    "有申诉时定稿": lambda r: r.close(NOW, appeal_until=NOW, contested=True),
}  # fmt: skip
# 状态 × 步骤 → 新状态；没写的组合都不允许。
ALLOWED = {
    (S.OPEN, "李认领"): S.CLAIMED,
    (S.OPEN, "王认领"): S.CLAIMED,
    (S.OPEN, "一小时后李认领"): S.CLAIMED,
    (S.OPEN, "一小时后王认领"): S.CLAIMED,
    (S.CLAIMED, "李认领"): S.CLAIMED,
    (S.CLAIMED, "李续期"): S.CLAIMED,
    (S.CLAIMED, "李退回"): S.OPEN,
    (S.CLAIMED, "李跳过"): S.OPEN,
    (S.CLAIMED, "一小时后到期放回"): S.OPEN,
    (S.CLAIMED, "一小时后王认领"): S.CLAIMED,
    (S.CLAIMED, "一小时后李认领"): S.CLAIMED,
    (S.CLAIMED, "李提交"): S.DECIDED,
    (S.CLAIMED, "李提交，须二次复核"): S.SECOND_OPEN,
    (S.DECIDED, "主管安排二次复核"): S.SECOND_OPEN,
    (S.DECIDED, "申诉期后定稿"): S.FINAL,
    (S.SECOND_OPEN, "王认领"): S.SECOND_CLAIMED,
    (S.SECOND_OPEN, "一小时后王认领"): S.SECOND_CLAIMED,
    (S.SECOND_CLAIMED, "王认领"): S.SECOND_CLAIMED,
    (S.SECOND_CLAIMED, "王退回"): S.SECOND_OPEN,
    (S.SECOND_CLAIMED, "一小时后到期放回"): S.SECOND_OPEN,
    (S.SECOND_CLAIMED, "一小时后王认领"): S.SECOND_CLAIMED,
    (S.SECOND_CLAIMED, "王同意"): S.DECIDED,
    (S.SECOND_CLAIMED, "王不同意"): S.DISPUTED,
    (S.DISPUTED, "主管裁定"): S.DECIDED,
}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("step", list(STEPS))
def test_every_step_in_every_state_of_a_review(state, step):
    review = REVIEWS[state]
    wanted = ALLOWED.get((state, step))
    if wanted is None:
        with pytest.raises(IllegalStep) as refused:
            STEPS[step](review)
        assert refused.value.zh.endswith("。")
        assert refused.value.en.endswith(".")
    else:
        assert STEPS[step](review).state is wanted


class TestReview:
    def test_claiming_again_prolongs_the_lease(self):
        later = NOW + LEASE / 2
        assert REVIEWS[S.CLAIMED].claim(LI, later, LEASE).lease_until == later + LEASE

    def test_a_lease_ends_at_its_very_end(self):
        held = REVIEWS[S.CLAIMED]
        assert not held.lapsed(NOW + LEASE - timedelta(milliseconds=1))
        assert held.lapsed(NOW + LEASE)

    def test_what_i_skipped_is_offered_to_others_only(self):
        skipped = REVIEWS[S.CLAIMED].skip(LI, NOW)
        assert not skipped.offered_to(LI.actor, NOW)
        assert skipped.offered_to(WANG.actor, NOW)
        assert skipped.claim(LI, NOW, LEASE).claimed_by == LI.actor

    def test_a_second_review_is_never_offered_to_the_first_person(self):
        assert not REVIEWS[S.SECOND_OPEN].offered_to(LI.actor, NOW)
        assert REVIEWS[S.SECOND_OPEN].offered_to(WANG.actor, NOW)

    def test_a_lead_who_looks_second_settles_it_at_once(self):
        held = REVIEWS[S.SECOND_OPEN].claim(LEAD, NOW, LEASE)
        decided = held.decide(LEAD, NOW, second_needed=True, agrees=False)
        assert (decided.state, decided.second_by) == (S.DECIDED, LEAD.actor)

    def test_who_disagrees_does_not_settle(self):
        disputed = Review(S.DISPUTED, first_by=LEAD.actor, second_by=WANG.actor)
        with pytest.raises(IllegalStep, match="另一位质检主管"):
            disputed.settle(LEAD, NOW)
        assert disputed.settle(LEAD2, NOW).state is S.DECIDED

    def test_nobody_orders_a_third_review(self):
        twice = Review(S.DECIDED, first_by=LI.actor, second_by=WANG.actor, decided_at=NOW)
        with pytest.raises(IllegalStep, match="两个人看过"):
            twice.order_second(LEAD)

    def test_every_state_has_its_word_on_the_report(self):
        assert set(ON_REPORT) == set(S)
        assert set(ON_REPORT.values()) == {"open", "claimed", "decided", "final"}


PEOPLE = [LI, WANG, LEAD, LEAD2]
ACTS = st.tuples(
    st.sampled_from(["claim", "extend", "release", "skip", "decide", "expire", "order", "settle", "close"]),
    st.sampled_from(PEOPLE),
    st.integers(0, 30),
    st.booleans(),
    st.booleans(),
)


def step(review: Review, act, now: datetime) -> Review:
    name, by, _, one, two = act
    match name:
        case "claim":
            return review.claim(by, now, LEASE)
        case "extend":
            return review.extend(by, now, LEASE)
        case "release":
            return review.release(by, now)
        case "skip":
            return review.skip(by, now)
        case "decide":
            return review.decide(by, now, second_needed=one, agrees=two)
        case "expire":
            return review.expire(now)
        case "order":
            return review.order_second(by)
        case "settle":
            return review.settle(by, now)
    return review.close(now, appeal_until=NOW, contested=one)


@given(st.lists(ACTS, max_size=40))
def test_whatever_people_try_in_whatever_order(acts):
    review, now = Review(), NOW
    for act in acts:
        now += timedelta(minutes=act[2])
        name, by = act[0], act[1]
        before = review
        try:
            review = step(before, act, now)
        except IllegalStep:
            assert review is before
            continue
        # 认领着的状态有人、有期限；其余状态没有。
        assert (review.state in HELD) == (review.claimed_by is not None) == (review.lease_until is not None)
        # 只有认领期内的本人能提交、续期、退回、跳过。
        if name in ("decide", "extend", "release", "skip"):
            assert before.state in HELD
            assert before.claimed_by == by.actor
            assert before.lease_until is not None
            assert now < before.lease_until
        # 别人在认领期内时，谁也抢不走。
        if name == "claim" and before.state in HELD and not before.lapsed(now):
            assert before.claimed_by == by.actor
        # 两次复核不是同一个人，裁定人不是当事人。
        assert review.first_by is None or review.first_by != review.second_by
        if name == "settle":
            assert by.leads
            assert by.actor not in (review.first_by, review.second_by)
        # 有了结论就不会再回到没有结论；定稿之后什么都不能做。
        assert before.state is not S.FINAL
        order = ["open", "claimed", "decided", "final"]
        if before.first_by is not None:
            assert order.index(ON_REPORT[review.state]) >= order.index("decided")
            assert review.first_by == before.first_by
        assert (review.decided_at is None) == (review.first_by is None)
        assert review.state not in WAITING or review.claimed_by is None


APPEAL_STEPS = {
    "主管答复": lambda a: a.answer("user:8"),
    "坐席补充": lambda a: a.reply("user:5"),
    "别人补充": lambda a: a.reply("user:6"),
    "坐席撤回": lambda a: a.withdraw("user:5"),
    "别人撤回": lambda a: a.withdraw("user:6"),
    "主管准许": lambda a: a.grant("user:8"),
    "主管驳回": lambda a: a.deny("user:8"),
    "坐席自己准许": lambda a: a.grant("user:5"),
    "原复核人驳回": lambda a: a.deny("user:1"),
    "结案": lambda a: a.close(),
}
APPEAL_ALLOWED = {
    (A.FILED, "主管答复"): A.ANSWERED,
    (A.FILED, "坐席撤回"): A.WITHDRAWN,
    (A.FILED, "主管准许"): A.GRANTED,
    (A.FILED, "主管驳回"): A.DENIED,
    (A.ANSWERED, "主管答复"): A.ANSWERED,
    (A.ANSWERED, "坐席补充"): A.FILED,
    (A.ANSWERED, "坐席撤回"): A.WITHDRAWN,
    (A.ANSWERED, "主管准许"): A.GRANTED,
    (A.ANSWERED, "主管驳回"): A.DENIED,
    (A.GRANTED, "结案"): A.FINAL,
    (A.DENIED, "结案"): A.FINAL,
}


@pytest.mark.parametrize("state", list(A))
@pytest.mark.parametrize("step", list(APPEAL_STEPS))
def test_every_step_in_every_state_of_an_appeal(state, step):
    appeal = Appeal(state, "user:5", frozenset({"user:1"}))
    wanted = APPEAL_ALLOWED.get((state, step))
    if wanted is None:
        with pytest.raises(IllegalStep) as refused:
            APPEAL_STEPS[step](appeal)
        assert refused.value.zh.endswith("。")
    else:
        assert APPEAL_STEPS[step](appeal).state is wanted


@given(st.lists(st.sampled_from(list(APPEAL_STEPS)), max_size=20))
def test_an_appeal_is_settled_at_most_once(steps):
    appeal, settled = Appeal(A.FILED, "user:5", frozenset({"user:1"})), 0
    for name in steps:
        try:
            after = APPEAL_STEPS[name](appeal)
        except IllegalStep:
            continue
        assert appeal.state in WAITING_APPEALS or (appeal.state in SETTLED and after.state is A.FINAL)
        settled += after.state in SETTLED
        appeal = after
    assert settled <= 1


DAY = timedelta(days=1)
FILING = [
    # 说明, 申诉期到, 已定稿, 有待处理的, 已裁定的项, 申诉的项, 拒绝的原因
    ("期内", NOW + DAY, False, False, set(), {"criterion:a"}, None),
    ("期满那一刻", NOW, False, False, set(), {"criterion:a"}, "申诉期"),
    ("已过期", NOW - DAY, False, False, set(), {"criterion:a"}, "申诉期"),
    ("已定稿", NOW + DAY, True, False, set(), {"criterion:a"}, "定稿"),
    ("另一个还没处理完", NOW + DAY, False, True, set(), {"criterion:a"}, "正在处理"),
    ("同一项申诉过", NOW + DAY, False, False, {"criterion:a"}, {"criterion:b", "criterion:a"}, "申诉过"),
    ("另一项申诉过", NOW + DAY, False, False, {"criterion:a"}, {"criterion:b"}, None),
]


@pytest.mark.parametrize(
    ("until", "final", "waiting", "settled", "targets", "why"),
    [f[1:] for f in FILING],
    ids=[f[0] for f in FILING],
)
def test_when_an_appeal_may_be_filed(until, final, waiting, settled, targets, why):
    contested = Contested(until, final, waiting, frozenset(settled))
    if why is None:
        assert contested.file(targets, NOW) is A.FILED
    else:
        with pytest.raises(IllegalStep, match=why):
            contested.file(targets, NOW)


def test_the_window_begins_with_the_reviewers_last_word():
    assert window_end(NOW, None, 7) == NOW + 7 * DAY
    assert window_end(NOW, NOW + 3 * DAY, 7) == NOW + 10 * DAY
