"""复核优先级：什么情况一定要看，什么情况不必看，理由怎么说。"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.finding import Evidence
from qa_engine.domain.prediction import RESOLUTIONS
from qa_engine.domain.report import (
    Attitude,
    Complaint,
    CriterionResult,
    DropCause,
    Emotion,
    EmotionDrop,
    EmotionPoint,
    FaultMark,
    NotEvaluated,
    Resolution,
)
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.taxonomy import AGENT_FAULTS
from qa_engine.scoring.priority import advise_review


def point(turn, mood, sure=1.0):
    return EmotionPoint(turn, mood, 50.0, {"-2": sure if mood == -2 else 0.0, "-1": 0.0, "0": 0.0, "1": 0.0})


def resolution(status, turns=()):
    return Resolution(status, {known: float(known == status) for known in RESOLUTIONS}, turns)


def critical(outcome, confidence=1.0, turns=()):
    evidence = tuple(Evidence(turn, 0, 0, "") for turn in turns)
    return CriterionResult(
        "identity", "核实身份", "compliance", outcome, 0.0, 10.0, confidence, "", evidence, critical=True
    )


CALM = {
    "attitude": Attitude(4, 4.0),
    "resolution": resolution("resolved"),
    "complaint": Complaint(False, 0.0),
    "emotion": Emotion(75.0, (point(0, 0), point(2, 0))),
    "criteria": (),
    "not_evaluated": (),
    "probability": 0.0,
    "threshold": 0.5,
}
OPEN = EmotionDrop(6, 75.0, 30.0, DropCause(5, "agent", "shirk"), None, None)
RESCUED = replace(OPEN, recovered_turn=10, recovered_by_agent=True)
CASES = [
    ("一切正常", {}, False, None),
    ("客户愤怒", {"emotion": Emotion(40.0, (point(2, -2), point(4, -2)))}, True,
     "客户在第 3、5 句表现出愤怒"),
    ("突降未恢复", {"emotion": Emotion(60.0, (point(6, -1),), (OPEN,))}, True,
     "客户情绪在第 7 句突降（诱因：第 6 句坐席推诿），此后未恢复"),
    ("突降后挽回，不必看", {"emotion": Emotion(60.0, (point(6, -1),), (RESCUED,))}, False,
     "客户情绪在第 7 句突降（诱因：第 6 句坐席推诿），到第 11 句恢复"),
    ("诱因不明也照实说", {"emotion": Emotion(60.0, (point(6, -1),), (replace(OPEN, cause=None),))}, True,
     "客户情绪在第 7 句突降，此后未恢复"),
    ("诱因是客户自己的事", {"emotion": Emotion(
        60.0, (point(6, -1),), (replace(OPEN, cause=DropCause(6, "customer", "own_grievance")),))}, True,
     "客户情绪在第 7 句突降（诱因：第 7 句客户自述不满），此后未恢复"),
    ("态度差", {"attitude": Attitude(2, 2.0, (), (FaultMark(3, "cold", 0.9), FaultMark(7, "shirk", 0.8)))},
     True,
     "服务态度评为 2 级（1 最差，5 最好），问题出现在第 4、8 句"),
    ("态度平淡，不必看", {"attitude": Attitude(3, 3.0)}, False, None),
    ("索取隐私", {"attitude": Attitude(4, 4.0, (), (FaultMark(8, "privacy_breach", 0.9),))}, True,
     "第 9 句坐席疑似泄露或索取隐私"),
    ("未提示风险", {"attitude": Attitude(4, 4.0, (), (FaultMark(1, "risk_undisclosed", 0.8),))}, True,
     "第 2 句坐席疑似未提示风险"),
    ("个别未安抚，不必看", {"attitude": Attitude(4, 4.0, (), (FaultMark(1, "no_soothing", 0.9),))},
     False, None),
    ("投诉未解决", {"complaint": Complaint(True, 1.0), "resolution": resolution("unresolved", (11, 13))},
     True,
     "客户投诉未解决（依据第 12、14 句）"),
    ("投诉已解决，不必看", {"complaint": Complaint(True, 1.0)}, False, None),
    ("没有投诉，只是没办成，不必看", {"resolution": resolution("unresolved")}, False, None),
    ("一票否决未通过", {"criteria": (critical(Outcome.FAILED, turns=(2,)),)}, True,
     "一票否决项“核实身份”未通过（第 3 句）"),
    ("一票否决没能判定，要说出来", {"criteria": (critical(Outcome.NOT_EVALUATED),)}, False,
     "一票否决项“核实身份”未能判定，需要人工确认"),
    ("一票否决通过", {"criteria": (critical(Outcome.PASSED),)}, False, None),
    ("模型认为要看", {"probability": 0.8}, True, "模型判断需要复核的可能性为 80%"),
    ("有内容未能判定，要说出来", {"not_evaluated": (NotEvaluated("x", "缺时间"), NotEvaluated("y", "缺词"))},
     False,
     "有 2 项内容未能判定，结论可能不完整"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "needed", "reason"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_when_a_lead_must_look_and_why(changes, needed, reason):
    advice = advise_review(**(CALM | changes))
    assert advice.needed is needed
    assert advice.reasons == (() if reason is None else (reason,)) or reason == advice.reasons[0]


def test_reasons_come_weightiest_first():
    trouble = CALM | {
        "emotion": Emotion(60.0, (point(6, -1),), (RESCUED,)),
        "criteria": (critical(Outcome.FAILED),),
        "not_evaluated": (NotEvaluated("x", "缺时间"),),
    }
    assert [reason[:4] for reason in advise_review(**trouble).reasons] == ["一票否决", "客户情绪", "有 1 "]


def test_many_turns_are_not_all_listed():
    angry = Emotion(10.0, tuple(point(2 * turn, -2) for turn in range(8)))
    assert advise_review(**(CALM | {"emotion": angry})).reasons == (
        "客户在第 1、3、5、7、9 等 8 句表现出愤怒",
    )


def test_without_a_model_silence_is_not_an_all_clear():
    blind = {
        "attitude": Attitude(None, None),
        "resolution": Resolution(None, {}),
        "complaint": Complaint(None, None),
        "emotion": Emotion(None),
        "criteria": (),
        "not_evaluated": (NotEvaluated("emotion", "没有模型"),),
        "probability": None,
        "threshold": None,
    }
    advice = advise_review(**blind)
    assert advice.needed is None
    assert advice.reasons[-1] == "客户情绪和服务态度都未能判断，无法确定是否需要复核"
    assert advise_review(**(blind | {"criteria": (critical(Outcome.FAILED),)})).needed is True


# Laws: more trouble never lowers the priority.

calls = st.fixed_dictionaries(
    {
        "attitude": st.builds(
            lambda score, faults: Attitude(round(score), score, (), tuple(faults)),
            st.floats(1, 5),
            st.lists(
                st.builds(
                    FaultMark, st.integers(0, 20), st.sampled_from(sorted(AGENT_FAULTS)), st.floats(0.1, 1)
                ),
                max_size=4,
            ),
        ),
        "resolution": st.builds(resolution, st.sampled_from(RESOLUTIONS)),
        "complaint": st.builds(lambda p: Complaint(p >= 0.5, p), st.floats(0, 1)),
        "emotion": st.builds(
            lambda moods, drops: Emotion(50.0, tuple(point(t, m) for t, m in enumerate(moods)), tuple(drops)),
            st.lists(st.sampled_from([-2, -1, 0, 1]), max_size=6),
            st.lists(st.sampled_from([OPEN, RESCUED]), max_size=3),
        ),
        "criteria": st.lists(st.builds(critical, st.sampled_from(Outcome), st.floats(0, 1)), max_size=3).map(
            tuple
        ),
        "not_evaluated": st.lists(st.just(NotEvaluated("x", "缺时间")), max_size=8).map(tuple),
        "probability": st.floats(0, 1),
        "threshold": st.just(0.5),
    }
)


def _with_fault(call):
    attitude = call["attitude"]
    return {"attitude": replace(attitude, faults=(*attitude.faults, FaultMark(21, "shirk", 0.6)))}


def _with_emotion(call, **more):
    emotion = call["emotion"]
    return {
        "emotion": replace(emotion, **{key: (*getattr(emotion, key), value) for key, value in more.items()})
    }


WORSE = {
    "态度更差": lambda c: {"attitude": replace(c["attitude"], score=max(1.0, c["attitude"].score - 0.7))},
    "多一处过错": _with_fault,
    "多一句愤怒": lambda c: _with_emotion(c, curve=point(30, -2, 0.6)),
    "多一次突降": lambda c: _with_emotion(c, drops=RESCUED),
    "突降没有恢复": lambda c: {
        "emotion": replace(c["emotion"], drops=tuple(OPEN for _ in c["emotion"].drops))
    },
    "更像投诉": lambda c: {"complaint": Complaint(True, min(1.0, c["complaint"].probability + 0.3))},
    "没有解决": lambda _: {"resolution": resolution("unresolved")},
    "一票否决": lambda c: {"criteria": (*c["criteria"], critical(Outcome.FAILED, 0.4))},
    "又一项没能判定": lambda c: {"not_evaluated": (*c["not_evaluated"], NotEvaluated("y", "缺时间"))},
    "模型更担心": lambda c: {"probability": min(1.0, c["probability"] + 0.2)},
}


@pytest.mark.parametrize("worsen", WORSE.values(), ids=WORSE.keys())
@given(call=calls)
def test_more_trouble_never_lowers_the_priority(worsen, call):
    before, after = advise_review(**call), advise_review(**(call | worsen(call)))
    assert 0 <= before.priority <= 1
    assert after.priority >= before.priority - 1e-12
    assert after.needed or not before.needed


def test_slight_concerns_are_told_when_only_their_sum_asks_for_a_look():
    doubts = CALM | {"attitude": Attitude(3, 2.6), "complaint": Complaint(False, 0.45), "probability": 0.49}
    advice = advise_review(**(doubts | {"resolution": resolution("unresolved")}))
    assert advice.needed
    assert advice.reasons == (
        "模型判断需要复核的可能性为 49%", "客户有投诉的可能（45%）",
        "服务态度估计为 2.6 级（1 最差，5 最好）",
    )  # fmt: skip


@given(call=calls)
def test_a_needed_review_always_has_a_reason(call):
    advice = advise_review(**call)
    assert advice.reasons or not advice.needed
    assert all(reason for reason in advice.reasons)
