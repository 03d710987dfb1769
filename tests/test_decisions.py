"""改判与确认：每一种对象能说什么、不能说什么，留下的是什么。"""

from __future__ import annotations

import pytest

from qa_engine.domain.decision import ABSENT, PRESENT, Said, changes, decide, machine_value
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.report import (
    Attitude,
    Complaint,
    ComplaintType,
    CriterionResult,
    Emotion,
    EmotionDrop,
    EngineInfo,
    FaultMark,
    InspectionReport,
    Resolution,
    ReviewAdvice,
    Satisfaction,
    Total,
)
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Speaker

A, C, U = Speaker.AGENT, Speaker.CUSTOMER, Speaker.UNKNOWN
SPEAKERS = (A, C, A, C, A)


def criterion(key: str, outcome: Outcome, scoring: str = "deduct") -> CriterionResult:
    return CriterionResult(key, f"项目{key}", "s", outcome, 0, 10, 1.0, "原因", scoring=scoring)


REPORT = InspectionReport(
    transcript_id="t",
    scorecard_key="k",
    scorecard_revision=1,
    scorecard_digest="d",
    engine=EngineInfo("1", None, {}),
    total=Total(0, 100, 50, 60, None, False, 0.9),
    criteria=(
        criterion("good", Outcome.PASSED),
        criterion("bad", Outcome.FAILED),
        criterion("open", Outcome.NOT_EVALUATED),
        criterion("extra", Outcome.NOT_APPLICABLE, "add"),
    ),
    attitude=Attitude(2, 2.1, faults=(FaultMark(2, "shirk", 0.8),)),
    resolution=Resolution("unresolved", {}),
    satisfaction=Satisfaction(2.0),
    complaint=Complaint(True, 0.9, (ComplaintType("logistics.delay", "物流/延误", 0.8),)),
    emotion=Emotion(40.0, drops=(EmotionDrop(3, 60, 30, None, None),)),
    review=ReviewAdvice(True, 0.8),
)
UNJUDGED = InspectionReport(
    **{
        **{name: getattr(REPORT, name) for name in REPORT.__slots__},
        "attitude": Attitude(None, None),
        "resolution": Resolution(None, {}),
        "complaint": Complaint(None, None),
        "emotion": Emotion(None),
    }
)
WHY = "复听后认定"

MACHINE = [
    # 对象, 机器的值, 没有模型时
    ("criterion:good", "PASSED", "PASSED"),
    ("criterion:open", "NOT_EVALUATED", "NOT_EVALUATED"),
    ("fault:2:shirk", PRESENT, None),
    ("fault:4:rude", ABSENT, None),
    ("type:logistics.delay", PRESENT, None),
    ("type:money.refund", ABSENT, None),
    ("drop:3", PRESENT, None),
    ("drop:1", ABSENT, None),
    ("complaint", "yes", None),
    ("resolution", "unresolved", None),
    ("attitude", "2", None),
]


@pytest.mark.parametrize(("target", "judged", "unjudged"), MACHINE)
def test_what_the_machine_said_of_a_target(target, judged, unjudged):
    assert machine_value(REPORT, target, SPEAKERS) == judged
    assert machine_value(UNJUDGED, target, SPEAKERS) == unjudged


UNKNOWN = [
    "criterion:nowhere", "criterion:", "criterion", "fault:1:shirk", "fault:2:lazy", "fault:5:shirk",
    "fault:02:shirk", "fault:-1:shirk", "fault:2", "fault:²:shirk", "type:money", "type:", "drop:0", "drop:9",
    "drop:", "drop:3:x", "drop:99999999999999999999", "complaint:yes", "mood", "", ":", "criterion:good ",
]  # fmt: skip


@pytest.mark.parametrize("target", UNKNOWN)
def test_targets_the_report_does_not_have_are_refused(target):
    with pytest.raises(Invalid) as refused:
        decide(REPORT, [Said(target, "override", "PASSED", WHY)], {}, SPEAKERS)
    assert refused.value.field == "decisions[0].target"


def test_once_the_text_is_gone_any_turn_may_have_been_the_agents():
    assert machine_value(REPORT, "fault:1:rude", (U,) * 5) == ABSENT


DECIDED = [
    # 说明, 说的, 已有的结论, 留下的判定, 人的值
    ("改判不合格为合格", Said("criterion:bad", "override", "PASSED", WHY), {}, "overridden", "PASSED"),
    ("确认不合格", Said("criterion:bad", "confirm"), {}, "confirmed", "FAILED"),
    ("确认时写上同样的值", Said("criterion:bad", "confirm", "FAILED"), {}, "confirmed", "FAILED"),
    ("给未判定的下结论", Said("criterion:open", "override", "PASSED", WHY), {}, "overridden", "PASSED"),
    ("加分项改为得到", Said("criterion:extra", "override", "PASSED", WHY), {}, "overridden", "PASSED"),
    ("问题不成立", Said("fault:2:shirk", "override", ABSENT, WHY), {}, "overridden", ABSENT),
    ("机器漏掉的问题", Said("fault:4:rude", "override", PRESENT, WHY), {}, "overridden", PRESENT),
    ("不是投诉", Said("complaint", "override", "no", WHY), {}, "overridden", "no"),
    ("态度评级", Said("attitude", "override", "4", WHY), {}, "overridden", "4"),
    ("确认别人的改判", Said("criterion:bad", "confirm"), {"criterion:bad": "PASSED"}, "overridden", "PASSED"),
    ("改回机器的结论", Said("criterion:bad", "override", "FAILED", WHY), {"criterion:bad": "PASSED"},
     "confirmed", "FAILED"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "standing", "verdict", "human"),
    [case[1:] for case in DECIDED],
    ids=[case[0] for case in DECIDED],
)
def test_what_is_kept_stands_beside_the_machines_word(said, standing, verdict, human):
    (made,) = decide(REPORT, [said], standing, SPEAKERS)
    assert (made.verdict, made.human) == (verdict, human)
    assert made.machine == machine_value(REPORT, said.target, SPEAKERS)
    assert (made.verdict == "confirmed") == (made.machine == made.human)


REFUSED = [
    ("理由太短", Said("criterion:bad", "override", "PASSED", "不对"), "理由"),
    ("理由只有空格", Said("criterion:bad", "override", "PASSED", "不 对 了  "), "理由"),
    ("没有改变", Said("criterion:bad", "override", "FAILED", WHY), "确认"),
    ("没写改成什么", Said("criterion:bad", "override", None, WHY), "只能是"),
    ("人不能说未判定", Said("criterion:bad", "override", "NOT_EVALUATED", WHY), "只能是"),
    ("加分项不能不合格", Said("criterion:extra", "override", "FAILED", WHY), "只能是"),
    ("态度没有 6 级", Said("attitude", "override", "6", WHY), "只能是"),
    ("解决状态写错", Said("resolution", "override", "yes", WHY), "只能是"),
    ("未判定不能确认", Said("criterion:open", "confirm"), "不能确认"),
    ("确认却写了别的值", Said("criterion:bad", "confirm", "PASSED"), "override"),
    ("依据在对话之外", Said("criterion:good", "override", "FAILED", WHY, (5,)), "句号"),
    ("依据重复", Said("criterion:good", "override", "FAILED", WHY, (2, 2)), "句号"),
    ("依据是负数", Said("criterion:good", "override", "FAILED", WHY, (-1,)), "句号"),
]


@pytest.mark.parametrize(("said", "why"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_said_is_refused(said, why):
    with pytest.raises(Invalid, match=why) as refused:
        decide(REPORT, [said], {}, SPEAKERS)
    assert refused.value.field is not None
    assert refused.value.field.startswith("decisions[0].")


class TestDecide:
    def test_nothing_said_is_no_decision(self):
        with pytest.raises(Invalid, match="至少"):
            decide(REPORT, [], {}, SPEAKERS)

    def test_an_item_is_decided_once(self):
        said = Said("criterion:bad", "confirm")
        with pytest.raises(Invalid, match="一个结论") as refused:
            decide(REPORT, [said, said], {}, SPEAKERS)
        assert refused.value.field == "decisions[1].target"

    def test_what_an_appeal_settled_stays(self):
        with pytest.raises(Invalid, match="申诉裁定"):
            decide(
                REPORT, [Said("criterion:bad", "confirm")], {}, SPEAKERS, closed=frozenset({"criterion:bad"})
            )

    def test_a_reason_is_kept_without_its_edges(self):
        (made,) = decide(REPORT, [Said("criterion:bad", "override", "PASSED", f" {WHY}\n")], {}, SPEAKERS)
        assert made.reason == WHY

    @pytest.mark.parametrize(
        ("said", "standing", "changed"),
        [
            (Said("criterion:bad", "confirm"), {}, False),
            (Said("criterion:bad", "confirm"), {"criterion:bad": "PASSED"}, False),
            (Said("criterion:bad", "override", "PASSED", WHY), {}, True),
            (Said("criterion:bad", "override", "FAILED", WHY), {"criterion:bad": "PASSED"}, True),
            (Said("fault:4:rude", "override", PRESENT, WHY), {}, True),
        ],
    )
    def test_a_change_is_told_from_what_stood(self, said, standing, changed):
        assert changes(decide(REPORT, [said], standing, SPEAKERS), standing) is changed


class TestConfirmTheRest:
    """其余一次确认：只限机器或前人判过的质检项，一项不漏，也不替人判没判的。"""

    def test_all_criteria_that_were_judged(self):
        said = [Said("criterion:good", "override", "FAILED", WHY), Said("complaint", "confirm")]
        made = decide(REPORT, said, {}, SPEAKERS, confirm_rest=True)
        assert [(one.target, one.verdict, one.human) for one in made] == [
            ("criterion:good", "overridden", "FAILED"),
            ("complaint", "confirmed", "yes"),
            ("criterion:bad", "confirmed", "FAILED"),
            ("criterion:extra", "confirmed", "NOT_APPLICABLE"),
        ]

    def test_what_stands_is_confirmed_not_what_the_machine_said(self):
        standing = {"criterion:bad": "PASSED", "criterion:open": "FAILED"}
        made = decide(REPORT, (), standing, SPEAKERS, confirm_rest=True)
        assert {one.target: (one.verdict, one.human) for one in made} == {
            "criterion:good": ("confirmed", "PASSED"),
            "criterion:bad": ("overridden", "PASSED"),
            "criterion:open": ("overridden", "FAILED"),
            "criterion:extra": ("confirmed", "NOT_APPLICABLE"),
        }
        assert not changes(made, standing)

    def test_what_an_appeal_settled_is_left_alone(self):
        closed = frozenset({"criterion:good", "criterion:extra"})
        made = decide(REPORT, (), {}, SPEAKERS, closed=closed, confirm_rest=True)
        assert [one.target for one in made] == ["criterion:bad"]

    def test_nothing_left_to_confirm(self):
        closed = frozenset(f"criterion:{item.key}" for item in REPORT.criteria)
        with pytest.raises(Invalid) as refused:
            decide(REPORT, (), {}, SPEAKERS, closed=closed, confirm_rest=True)
        assert refused.value.field == "confirm_rest"
