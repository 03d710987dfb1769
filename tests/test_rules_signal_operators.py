"""Operators on times, roles, attributes and the model's opinion: what they hit, miss, or cannot judge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from rules_tables import NO_MODEL, call, judge, turns

from qa_engine.domain.finding import Verdict
from qa_engine.domain.prediction import (
    DialoguePrediction,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.domain.staff import Agent
from qa_engine.domain.transcript import Channel, Turn

HIT, MISS, UNKNOWN = Verdict.HIT, Verdict.MISS, Verdict.NOT_EVALUABLE
#  0 agent 0–2 · 1 customer 5–8 (after 3 s) · 2 agent 7–10 (talks over for 1 s) · 3 agent 16–17 (after 6 s)
TIMED = call(
    """
    客服@0-2: 您好请问有什么可以帮您
    客户@5-8: 我想查一下上个月的话费
    客服@7-10: 您先听我说完好不好
    客服@16-17: 查到了您的话费一共是八十八元没有其他的扣费
""",
    duration_ms=20_000,
)


@pytest.mark.parametrize(
    ("name", "config", "expected"),
    [
        ("silence", {"longer_than_ms": 2000}, [1, 3]),
        ("silence", {"longer_than_ms": 4000}, [3]),
        ("silence", {"longer_than_ms": 2000, "before": "customer"}, [1]),
        ("silence", {"longer_than_ms": 2000, "between": "same_role"}, [3]),
        ("silence", {"longer_than_ms": 2000, "between": "different_role"}, [1]),
        ("silence", {"longer_than_ms": 2000, "shorter_than_ms": 4000}, [1]),
        ("silence", {"longer_than_ms": 6000}, []),
        ("response_time", {"longer_than_ms": 2000}, [1]),
        ("response_time", {"shorter_than_ms": 1000}, [2]),
        ("response_time", {"shorter_than_ms": 1000, "first_only": True}, [2]),
        ("talk_over", {}, [1, 2]),
        ("talk_over", {"overlap_ms": 1500}, []),
        ("talk_over", {"delay_ms": 2000}, [1, 2]),
        ("talk_over", {"delay_ms": 2500}, []),
        ("talk_over", {"min_chars": 20}, []),
        ("speech_rate", {"faster_than_cpm": 600}, [3]),
        ("speech_rate", {"slower_than_cpm": 200}, [2]),
        ("speech_rate", {"slower_than_cpm": 200, "min_chars": 10}, []),
        ("speaks", {"role": "customer"}, [1]),
    ],
)
def test_times(name: str, config: dict[str, Any], expected: list[int]) -> None:
    result = judge({"test": {name: config}}, TIMED)
    assert turns(result) == expected
    assert result.verdict is (HIT if expected else MISS)
    untimed = replace(TIMED, turns=tuple(Turn(turn.speaker, turn.text) for turn in TIMED.turns))
    if expected and name != "speaks":
        assert judge({"test": {name: config}}, untimed).missing is not None


@pytest.mark.parametrize(
    ("name", "config", "verdict"),
    [
        ("silence_count", {"longer_than_ms": 2000, "at_least": 2}, HIT),
        ("silence_count", {"longer_than_ms": 2000, "at_least": 3}, MISS),
        ("turn_count", {"at_least": 4}, HIT),
        ("turn_count", {"at_least": 5}, MISS),
        ("turn_count", {"at_most": 4}, HIT),
        ("turn_count", {"at_most": 3}, MISS),
        ("speech_rate", {"faster_than_cpm": 340, "average": True}, HIT),
        ("speech_rate", {"faster_than_cpm": 350, "average": True}, MISS),
        ("non_talk", {"more_than_percent": 59}, HIT),
        ("non_talk", {"more_than_percent": 61}, MISS),
        ("duration", {"longer_than_ms": 19_999}, HIT),
        ("duration", {"longer_than_ms": 20_000}, MISS),
        ("duration", {"shorter_than_ms": 30_000}, HIT),
        ("hang_up", {"gap_longer_than_ms": 2999}, HIT),
        ("hang_up", {"gap_shorter_than_ms": 3000}, MISS),
        ("hang_up", {"party": "agent"}, UNKNOWN),
        ("channel", {"of": ["voice"]}, UNKNOWN),
    ],
)
def test_totals(name: str, config: dict[str, Any], verdict: Verdict) -> None:
    assert judge({"test": {name: config}}, TIMED).verdict is verdict


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ({"longer_than_ms": 16_000}, HIT),
        ({"longer_than_ms": 18_000}, UNKNOWN),
        ({"shorter_than_ms": 17_000}, MISS),
        ({"shorter_than_ms": 18_000}, UNKNOWN),
    ],
)
def test_a_recording_of_unknown_length_is_at_least_as_long_as_its_last_turn(
    config: dict[str, Any], verdict: Verdict
) -> None:
    assert judge({"test": {"duration": config}}, replace(TIMED, duration_ms=None)).verdict is verdict


def test_response_is_measured_from_the_last_or_the_first_thing_asked() -> None:
    spoken = call("客户@0-1: 在吗\n客户@10-11: 在吗\n客服@13-14: 在的")
    last = {"response_time": {"longer_than_ms": 5000}}
    first = {"response_time": {"longer_than_ms": 5000, "measured_from": "first_turn"}}
    assert judge({"role": "agent", "test": last}, spoken).verdict is MISS
    assert judge({"role": "agent", "test": first}, spoken).verdict is HIT


def loud(*levels: float | None) -> Any:
    spoken = call("\n".join("客户: 喂" for _ in levels))
    signals = [{} if level is None else {"loudness": level} for level in levels]
    return replace(
        spoken, turns=tuple(replace(t, signals=s) for t, s in zip(spoken.turns, signals, strict=True))
    )


@pytest.mark.parametrize(
    ("config", "levels", "verdict"),
    [
        ({"more_than": 6}, (3, 7), HIT),
        ({"more_than": 7}, (3, 7), MISS),
        ({"less_than": 3}, (3, 7), MISS),
        ({"check": "jump", "more_than": 3}, (3, 7), HIT),
        ({"check": "jump", "more_than": 3}, (7, 3), MISS),
        ({"check": "span", "more_than": 3}, (7, 5, 3), HIT),
        ({"check": "span", "more_than": 3}, (7, 5), MISS),
        ({"more_than": 6}, (3, None), UNKNOWN),
        ({"check": "span", "more_than": 3}, (7, None), UNKNOWN),
        ({"more_than": 6}, (7, None), HIT),
    ],
)
def test_loudness(config: dict[str, Any], levels: tuple[float | None, ...], verdict: Verdict) -> None:
    assert judge({"test": {"loudness": config}}, loud(*levels)).verdict is verdict


CARRIED = call(
    "客服: 您好",
    attributes={
        "vip": "gold",
        "amount": "120.5",
        "tags": ["退款", "加急"],
        "order": {"city": "杭州"},
        "day": "2024-05-06",
        "new": True,
        "empty": None,
    },
    agent=Agent(team="一组"),
)


@pytest.mark.parametrize(
    ("field", "relation", "value", "verdict"),
    [
        ("vip", "eq", "gold", HIT),
        ("vip", "ne", "gold", MISS),
        ("amount", "gt", 100, HIT),
        ("amount", "le", 100, MISS),
        ("amount", "between", [120.5, 200], HIT),
        ("amount", "eq", 120.5, HIT),
        ("vip", "gt", 3, UNKNOWN),
        ("tags", "contains", "加急", HIT),
        ("tags", "not_contains", "加急", MISS),
        ("vip", "contains", "old", HIT),
        ("vip", "in", ["gold", "silver"], HIT),
        ("vip", "matches", "^go", HIT),
        ("order.city", "eq", "杭州", HIT),
        ("agent.team", "eq", "一组", HIT),
        ("day", "ge", "2024-05-01", HIT),
        ("day", "lt", "2024-05-01", MISS),
        ("new", "eq", True, HIT),
        ("new", "eq", 1, MISS),
        ("empty", "null", None, HIT),
        ("vip", "not_null", None, HIT),
        ("nothing", "null", None, HIT),
        ("nothing", "eq", 1, UNKNOWN),
        ("order.street", "ne", "x", UNKNOWN),
    ],
)
def test_attribute(field: str, relation: str, value: object, verdict: Verdict) -> None:
    config = {"field": field, "is": relation, **({} if value is None else {"value": value})}
    assert judge({"test": {"attribute": config}}, CARRIED).verdict is verdict


def test_a_bare_null_in_yaml_means_null() -> None:
    assert judge({"test": {"attribute": {"field": "nothing", "is": None}}}, CARRIED).verdict is HIT


def test_hang_up_and_channel_are_read_from_the_call() -> None:
    hung = replace(TIMED, attributes={"hangup_party": "agent"}, channel=Channel.VOICE)
    assert judge({"test": {"hang_up": {"party": "agent"}}}, hung).verdict is HIT
    assert judge({"test": {"hang_up": {"party": "customer"}}}, hung).verdict is MISS
    assert judge({"test": {"channel": {"of": ["voice"]}}}, hung).verdict is HIT


HEARD = call("客户: 你们太过分了\n客服: 那是你自己的问题\n客户: 谢谢")
SAID = Prediction(
    ModelInfo("t", "1", "0"),
    (
        TurnPrediction({-2: 0.6, -1: 0.2, 0: 0.2, 1: 0.0}, {"complain": 0.8}, {}),
        TurnPrediction({}, {"inform": 0.9}, {"blame": 0.7, "rude": 0.3}),
        TurnPrediction({-2: 0.0, -1: 0.1, 0: 0.3, 1: 0.6}, {"thank": 0.9}, {}),
    ),
    DialoguePrediction(
        {"resolved": 0.1, "partial": 0.3, "unresolved": 0.6},
        (0.2,) * 5,
        (0.2,) * 5,
        0.8,
        {"service.attitude": 0.9},
        0.9,
        (1,),
    ),
    Thresholds({"complain": 0.85}, {}, {}, 0.5, 0.5, 0.5, 0.5, 0.5),
)


@pytest.mark.parametrize(
    ("name", "config", "expected", "confidence"),
    [
        ("emotion", {"at_most": -1}, [0], 0.8),
        ("emotion", {"at_most": -2}, [0], 0.6),
        ("emotion", {"at_most": -2, "probability": 0.7}, [], None),
        ("emotion", {"at_least": 1}, [2], 0.6),
        ("emotion_index", {"below": 50}, [0], 0.6),
        ("act", {"of": ["complain"]}, [], None),
        ("act", {"of": ["complain"], "probability": 0.5}, [0], 0.8),
        ("act", {"of": ["thank", "inform"]}, [1, 2], 0.9),
        ("fault", {"of": ["rude", "blame"]}, [1], 0.7),
        ("fault", {"of": ["rude"]}, [], None),
        ("resolution", {"of": ["unresolved"]}, [1], 0.6),
        ("resolution", {"of": ["unresolved", "partial"], "probability": 0.9}, [1], 0.9),
        ("resolution", {"of": ["resolved"]}, [], None),
    ],
)
def test_model(name: str, config: dict[str, Any], expected: list[int], confidence: float | None) -> None:
    result = judge({"test": {name: config}}, HEARD, SAID)
    assert turns(result) == expected
    if confidence is not None:
        assert result.confidence == pytest.approx(confidence)
    without = judge({"test": {name: config}}, HEARD)
    assert (without.verdict, without.missing) == (UNKNOWN, NO_MODEL)


def test_a_miss_by_the_model_is_as_sure_as_the_model() -> None:
    result = judge({"test": {"act": {"of": ["complain"]}}}, HEARD, SAID)
    assert (result.verdict, result.confidence) == (MISS, pytest.approx(0.2))


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ({}, HIT),
        ({"probability": 0.9}, MISS),
        ({"types": ["service.attitude"]}, HIT),
        ({"types": ["other"]}, MISS),
    ],
)
def test_complaint(config: dict[str, Any], verdict: Verdict) -> None:
    assert judge({"test": {"complaint": config}}, HEARD, SAID).verdict is verdict
    assert judge({"test": {"complaint": config}}, HEARD).verdict is UNKNOWN


def test_words_still_decide_where_the_model_is_missing() -> None:
    either = {"any": [{"keywords": {"of": ["自己的问题"]}}, {"fault": {"of": ["blame"]}}]}
    assert judge({"role": "agent", "test": either}, HEARD).verdict is HIT
    neither = {"any": [{"keywords": {"of": ["不归我管"]}}, {"fault": {"of": ["blame"]}}]}
    assert judge({"role": "agent", "test": neither}, HEARD).verdict is UNKNOWN
