"""态度、问题解决、满意度、客诉分类：从概率到报告里的一节。"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import MODEL, THRESHOLDS, dialogue, play

from qa_engine.detectors.attitude import AttitudeDetector, attitude_level, attitude_score
from qa_engine.detectors.complaint import ComplaintDetector
from qa_engine.detectors.emotion import EmotionDetector
from qa_engine.detectors.resolution import ResolutionDetector
from qa_engine.detectors.satisfaction import SatisfactionDetector
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import RESOLUTIONS, DialoguePrediction, Prediction, TurnPrediction
from qa_engine.domain.report import FaultMark
from qa_engine.domain.resolution import resolution_label
from qa_engine.domain.taxonomy import AGENT_FAULTS, COMPLAINT_TYPES

CALL = """
    客户 平静 询问：宽带怎么又断了
    坐席 问候：您好，请讲
    客户 不满 抱怨：断了三天了
    坐席 告知 推诿 未安抚：这个要找装维
    系统：会话结束
"""
DETECTORS = [AttitudeDetector(), ResolutionDetector(), SatisfactionDetector(), ComplaintDetector()]
NAMES = {
    "attitude": "服务态度",
    "resolution": "问题是否解决",
    "satisfaction": "客户满意度",
    "complaint": "投诉",
}


def with_dialogue(**changes):
    reading, prediction = play(CALL)
    return reading, replace(prediction, dialogue=replace(prediction.dialogue, **changes))


def test_acts_and_faults_are_marked_on_their_turns():
    attitude = AttitudeDetector().detect(*play(CALL))
    assert [(mark.turn, mark.act) for mark in attitude.acts] == [(1, "greeting"), (3, "inform")]
    assert {(mark.turn, mark.kind) for mark in attitude.faults} == {(3, "shirk"), (3, "no_soothing")}


FAULT_THRESHOLDS = [
    ("低于阈值", 0.39, 0.4, False),
    ("恰到阈值", 0.4, 0.4, True),
    ("阈值为零也不凭空报", 0.0, 0.0, False),
]


@pytest.mark.parametrize(
    ("given_probability", "threshold", "marked"),
    [r[1:] for r in FAULT_THRESHOLDS],
    ids=[r[0] for r in FAULT_THRESHOLDS],
)
def test_a_fault_counts_from_its_own_threshold_on(given_probability, threshold, marked):
    reading, prediction = play("坐席：讲")
    turns = (TurnPrediction({}, {}, {"cold": given_probability}),)
    limits = replace(THRESHOLDS, faults={"cold": threshold})
    attitude = AttitudeDetector().detect(reading, replace(prediction, turns=turns, thresholds=limits))
    assert bool(attitude.faults) is marked


LEVELS = [
    ("热情", (0, 0, 0, 0.1, 0.9), 5),
    ("专业", (0, 0, 0.1, 0.8, 0.1), 4),
    ("平淡", (0, 0.1, 0.8, 0.1, 0), 3),
    ("冷淡", (0.1, 0.8, 0.1, 0, 0), 2),
    ("粗暴", (1.0, 0, 0, 0, 0), 1),
]


@pytest.mark.parametrize(("distribution", "level"), [r[1:] for r in LEVELS], ids=[r[0] for r in LEVELS])
def test_attitude_level_without_faults_follows_the_distribution(distribution, level):
    reading, prediction = play("坐席 告知：已经办好了")
    changed = replace(prediction, dialogue=replace(prediction.dialogue, attitude=distribution))
    assert AttitudeDetector().detect(reading, changed).level == level


@given(
    st.floats(1, 5),
    st.lists(st.tuples(st.sampled_from(sorted(AGENT_FAULTS)), st.floats(0, 1)), max_size=20),
    st.tuples(st.sampled_from(sorted(AGENT_FAULTS)), st.floats(0, 1)),
)
def test_a_further_fault_never_betters_the_attitude(expected, faults, further):
    marks = [FaultMark(turn, kind, sure) for turn, (kind, sure) in enumerate(faults)]
    before = attitude_score(expected, marks)
    after = attitude_score(expected, [*marks, FaultMark(len(marks), *further)])
    assert 1 <= after <= before <= 5
    assert 1 <= attitude_level(after) <= attitude_level(before) <= 5


STATUSES = [
    ("明显解决", {"resolved": 0.9, "partial": 0.06, "unresolved": 0.04}, "resolved"),
    ("明显未解决", {"resolved": 0.05, "partial": 0.15, "unresolved": 0.8}, "unresolved"),
    ("多半只解决一部分", {"resolved": 0.2, "partial": 0.7, "unresolved": 0.1}, "partial"),
]


@pytest.mark.parametrize(("probabilities", "status"), [r[1:] for r in STATUSES], ids=[r[0] for r in STATUSES])
def test_resolution_status(probabilities, status):
    found = ResolutionDetector().detect(*with_dialogue(resolution=probabilities))
    assert found.status == status
    assert sum(found.probabilities.values()) == pytest.approx(1)


def test_resolution_names_its_turns_in_order_and_no_more_than_five():
    reading, prediction = play(CALL + "客户 平静：谢谢\n坐席：再见\n客户 平静：嗯")
    whole = replace(prediction.dialogue, resolution_turns=(3, 0, 7, 2, 1, 5, 6))
    found = ResolutionDetector().detect(reading, replace(prediction, dialogue=whole))
    assert found.turns == (0, 1, 2, 3, 7)


@given(st.tuples(*[st.floats(0.01, 1)] * 3), st.sampled_from(RESOLUTIONS))
def test_more_probability_never_takes_a_status_away(raw, status):
    before = dict(zip(RESOLUTIONS, raw, strict=True))
    if resolution_label(before) == status:
        assert resolution_label(before | {status: before[status] * 2}) == status


def test_expected_satisfaction_is_the_mean_of_the_distribution():
    found = SatisfactionDetector().detect(*with_dialogue(satisfaction=(0.5, 0.0, 0.0, 0.0, 0.5)))
    assert found.expected == pytest.approx(3)
    assert found.distribution == (0.5, 0.0, 0.0, 0.0, 0.5)


TYPES = [
    (
        "阈值以上都报，概率高者在前",
        {"money.refund": 0.6, "logistics.delay": 0.9},
        ["logistics.delay", "money.refund"],
    ),
    ("都不到阈值也报最像的一个", {"money.refund": 0.2, "logistics.delay": 0.3}, ["logistics.delay"]),
    ("最多三个", dict.fromkeys(sorted(COMPLAINT_TYPES)[:5], 0.9), sorted(COMPLAINT_TYPES)[:3]),
]


@pytest.mark.parametrize(("types", "keys"), [r[1:] for r in TYPES], ids=[r[0] for r in TYPES])
def test_contact_types(types, keys):
    found = ComplaintDetector().detect(*with_dialogue(types=types))
    assert [named.key for named in found.types] == keys
    assert [named.name for named in found.types] == [COMPLAINT_TYPES[key] for key in keys]


@pytest.mark.parametrize(("probability", "is_complaint"), [(0.49, False), (0.5, True), (1.0, True)])
def test_a_complaint_starts_at_the_models_threshold(probability, is_complaint):
    found = ComplaintDetector().detect(*with_dialogue(complaint=probability))
    assert (found.is_complaint, found.probability) == (is_complaint, probability)


CANNOT = [
    ("没有发言", "", "given", {"attitude", "resolution", "satisfaction", "complaint"}),
    ("只有坐席", "坐席 问候：您好", "given", {"resolution", "satisfaction", "complaint"}),
    ("只有客户", "客户 平静 询问：在吗", "given", {"attitude", "resolution"}),
    ("只有系统提示", "系统：排队中", "given", {"attitude", "resolution", "satisfaction", "complaint"}),
    ("分不清角色", CALL, "unknown", {"attitude", "resolution", "satisfaction", "complaint"}),
    ("齐全", CALL, "given", set()),
]


@pytest.mark.parametrize(("script", "roles", "refused"), [c[1:] for c in CANNOT], ids=[c[0] for c in CANNOT])
def test_what_cannot_be_judged_says_so(script, roles, refused):
    reading, prediction = play(script, role_source=roles)
    found = {detector.name: detector.detect(reading, prediction) for detector in DETECTORS}
    missing = {name: section for name, section in found.items() if isinstance(section, NotEvaluable)}
    assert set(missing) == refused
    assert all(NAMES[name] in reason.reason for name, reason in missing.items())


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_an_empty_prediction_is_not_read_as_fine(detector):
    reading, prediction = play(CALL)
    nothing = DialoguePrediction({}, (0.0,) * 5, (0.0,) * 5, 0.0, {}, 0.0)
    rows = tuple(TurnPrediction({}, {}, {}) for _ in prediction.turns)
    found = detector.detect(reading, Prediction(MODEL, rows, nothing, THRESHOLDS))
    assert isinstance(found, NotEvaluable)
    assert found.code == "no_prediction"


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.name)
def test_ten_thousand_turns(detector):
    reading, prediction = play("客户 不满 催促：好了没\n坐席 告知 敷衍冷漠：等着\n" * 5_000, whole=dialogue())
    assert not isinstance(detector.detect(reading, prediction), NotEvaluable)


@pytest.mark.parametrize("detector", [*DETECTORS, EmotionDetector()], ids=lambda one: one.name)
@pytest.mark.parametrize(
    "spoken", ["客户 平静：\n坐席 问候：您好，请讲", "客户 不满 抱怨：断了三天了\n坐席 问候："]
)
def test_a_turn_without_words_is_no_party_speaking(detector, spoken):
    silent = "客户" if spoken.startswith("客户 平静：\n") else "坐席"
    without = "\n".join(line for line in spoken.splitlines() if not line.startswith(silent))
    blank, absent = detector.detect(*play(spoken)), detector.detect(*play(without))
    assert isinstance(blank, NotEvaluable) == isinstance(absent, NotEvaluable)
    if isinstance(absent, NotEvaluable):
        assert blank == absent
