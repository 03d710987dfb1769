"""Samples of every operator, and the scopes they are tried in, for the laws of rules.

A new operator without samples fails `test_every_operator_has_samples`.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from qa_engine.domain.prediction import (
    DialoguePrediction,
    ModelInfo,
    Prediction,
    Thresholds,
    TurnPrediction,
)
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn

SAMPLES: dict[str, list[dict[str, Any]]] = {
    "keywords": [
        {"of": ["您好", "抱歉"]},
        {"of": ["您好", "抱歉"], "need": "all"},
        {"of": ["投诉"], "unless": ["不投诉"]},
        {"of": ["您好", "退款"], "need": "none"},
        {"of": ["退款"], "sound_alike": True, "at_least_hits": 2},
        {"of": ["OK"], "case_sensitive": True},
        {"of": ["退款"], "synonyms": {"退款": ["退钱"]}},
    ],
    "regex": [
        {"pattern": "退(款|钱).{0,4}[到了]"},
        {"pattern": r"\d{2,}", "unless": "元"},
        {"pattern": "(您好|抱歉),"},
        {"pattern": "^您好$"},
    ],
    "similar": [{"to": ["非常抱歉给您添麻烦了"], "at_least": 0.6}, {"to": ["您好"]}],
    "repeat": [{}, {"within": 0, "occurrence": 2, "min_chars": 2}, {"at_least": 0.5, "excludes": ["您好"]}],
    "proximity": [
        {"first": ["退款"], "second": ["三天", "到账"], "distance": 4},
        {"first": ["退款"], "second": ["到账"], "distance": 1, "unit": "word", "ordered": True},
        {"first": ["退款"], "second": ["到账"], "distance": 2, "is_within": False},
    ],
    "order": [
        {"steps": [["您好"], ["抱歉"], ["退款"]]},
        {"steps": [["您好"], ["抱歉"], ["退款"]], "at_least": 2, "max_gap": 6},
    ],
    "number": [
        {},
        {"min": 100, "max": 400},
        {"unit": ["元", "天", "%"]},
        {"decimals": 2},
        {"chinese": False},
    ],
    "entity": [{"of": ["mobile"]}, {"of": ["mobile", "email", "name"], "at_least": 0.1}],
    "length": [{"min_chars": 5}, {"max_chars": 3}, {"min_chars": 2, "max_chars": 9}],
    "silence": [
        {"longer_than_ms": 2000},
        {"shorter_than_ms": 1000, "between": "different_role"},
        {"longer_than_ms": 500, "before": "agent", "between": "same_role"},
    ],
    "silence_count": [{"longer_than_ms": 1000, "at_least": 1}, {"longer_than_ms": 500, "at_least": 2}],
    "non_talk": [{"more_than_percent": 10}, {"more_than_percent": 60}],
    "response_time": [
        {"longer_than_ms": 1500},
        {"shorter_than_ms": 3000, "first_only": True},
        {"longer_than_ms": 1000, "measured_from": "first_turn"},
    ],
    "speech_rate": [
        {"faster_than_cpm": 200, "min_chars": 2},
        {"slower_than_cpm": 300},
        {"faster_than_cpm": 150, "average": True, "min_chars": 1},
    ],
    "talk_over": [{}, {"overlap_ms": 1, "min_chars": 2, "delay_ms": 300}],
    "speaks": [{"role": "agent"}, {"role": "customer"}],
    "duration": [{"longer_than_ms": 8000}, {"shorter_than_ms": 8000}],
    "hang_up": [
        {"party": "agent"},
        {"gap_longer_than_ms": 1000},
        {"party": "customer", "gap_shorter_than_ms": 900},
    ],
    "turn_count": [{"at_least": 2}, {"at_most": 2}, {"at_least": 1, "at_most": 3}],
    "loudness": [
        {"more_than": 5},
        {"check": "jump", "more_than": 2},
        {"check": "span", "more_than": 3},
        {"less_than": 4},
    ],
    "emotion": [{"at_most": -1}, {"at_most": -1, "probability": 0.6}, {"at_least": 1}],
    "emotion_index": [{"below": 60}, {"below": 40}],
    "act": [{"of": ["apology", "complain"]}, {"of": ["greeting"], "probability": 0.9}],
    "fault": [{"of": ["rude", "shirk"]}],
    "resolution": [{"of": ["unresolved"]}, {"of": ["unresolved", "partial"], "probability": 0.8}],
    "complaint": [{}, {"types": ["money.refund"]}, {"probability": 0.9}],
    "attribute": [
        {"field": "vip", "is": "eq", "value": "gold"},
        {"field": "order.amount", "is": "between", "value": [10, 200]},
        {"field": "vip", "is": "not_null"},
        {"field": "hangup_party", "is": "eq", "value": "agent"},
    ],
    "channel": [{"of": ["voice"]}, {"of": ["chat"]}],
}

ANCHORS: dict[str, dict[str, Any]] = {
    "sorry": {"role": "agent", "test": {"keywords": {"of": ["抱歉", "退款"]}}},
    "asked": {"role": "any", "scope": {"from": -3, "to": -1}, "test": {"keywords": {"of": ["退款", "投诉"]}}},
    "chained": {
        "role": "customer",
        "scope": {"anchor": "sorry", "where": "after", "from": 1, "to": 2, "hit": "any"},
        "test": {"length": {"min_chars": 3}},
    },
}

WHOLE: list[dict[str, Any]] = [{}]
SCOPES: list[dict[str, Any]] = [
    {},
    {"role": "agent"},
    {"role": "customer", "scope": {"from": 1, "to": 2}},
    {"role": "agent", "scope": {"from": -2, "to": -1}},
    {"scope": {"from": 2, "to": -2}},
    {"role": "customer", "scope": {"from": 3, "to": 1}},
    {"scope": {"unit": "seconds", "from": 0, "to": 4}},
    {"role": "agent", "scope": {"unit": "seconds", "from": -5}},
    {"role": "customer", "scope": {"unit": "percent", "from": 0, "to": 50}},
    {"role": "any", "include_system": True},
    {"role": "agent", "scope": {"anchor": "sorry", "where": "before", "from": 1, "to": 2}},
    {
        "role": "customer",
        "scope": {"anchor": "sorry", "where": "before", "from": -1, "to": -2, "hit": "last"},
    },
    {"role": "customer", "scope": {"anchor": "sorry", "where": "after", "from": 1, "to": 1, "hit": "every"}},
    {"role": "agent", "scope": {"anchor": "sorry", "where": "after", "from": 0, "to": -1, "hit": 2}},
    {"role": "any", "scope": {"anchor": "asked", "where": "around", "from": -2, "to": 1, "hit": "any"}},
    {"role": "any", "scope": {"anchor": "asked", "where": "current", "hit": "every"}},
    {
        "role": "customer",
        "scope": {"anchor": "sorry", "where": "after", "unit": "seconds", "from": 0, "to": 3},
    },
    {"role": "any", "scope": {"anchor": "sorry", "where": "around", "unit": "seconds", "from": -2, "to": 2}},
    {"role": "agent", "scope": {"anchor": "chained", "where": "after", "from": 1, "to": 2, "hit": "first"}},
    {"role": "any", "scope": {"anchor": "chained", "where": "before", "from": 1, "to": 1, "hit": "any"}},
]
EVERY_UNIT: list[dict[str, Any]] = [
    {"role": "agent", "quantifier": "all"},
    {"role": "customer", "quantifier": "all", "scope": {"from": -2, "to": -1}},
    {"role": "customer", "quantifier": "all", "scope": {"anchor": "sorry", "where": "after", "hit": "any"}},
]
TEXTUAL: list[dict[str, Any]] = [
    {"role": "agent", "match": "joined"},
    {"role": "customer", "match": "joined", "scope": {"from": 1, "to": 2}},
    {"role": "any", "match": "clause"},
    {"role": "agent", "scope": {"unit": "clause", "from": 2, "to": 4}},
    {"role": "customer", "scope": {"unit": "clause", "from": -2, "to": -1}, "match": "joined"},
]

TEXTS = [
    "您好",
    "您好，抱歉让您久等",
    "我要退款",
    "退款三天到账",
    "不投诉",
    "我要投诉",
    "非常抱歉给您添麻烦了",
    "嗯",
    "ＯＫ，好的",
    "一共350元",
    "三百五十块",
    "12.50元",
    "电话13800138000",
    "推款推款",
    "退钱，退款",
    "您好，非常抱歉，退款明天到账",
    "好的。谢谢",
    "",
]
ACTS = ["apology", "complain", "greeting"]


@st.composite
def calls(draw: st.DrawFn) -> tuple[Transcript, Prediction]:
    """A small call with times (nobody talks over himself), loudness, attributes, and a model's opinion."""
    turns: list[Turn] = []
    free = dict.fromkeys(Speaker, 0)
    start = 0
    for _ in range(draw(st.integers(0, 8))):
        speaker = draw(
            st.sampled_from(
                [Speaker.AGENT, Speaker.CUSTOMER, Speaker.AGENT, Speaker.CUSTOMER, Speaker.SYSTEM]
            )
        )
        start = max(start + draw(st.sampled_from([0, 400, 1500, 4000])), free[speaker])
        end = start + draw(st.sampled_from([300, 1000, 2500]))
        free[speaker] = end
        loudness = draw(st.sampled_from([2.0, 4.5, 8.0]))
        turns.append(Turn(speaker, draw(st.sampled_from(TEXTS)), start, end, signals={"loudness": loudness}))
    length = max([turn.end_ms or 0 for turn in turns], default=0) + draw(st.sampled_from([0, 2000]))
    transcript = Transcript(
        "x",
        tuple(turns),
        draw(st.sampled_from([Channel.VOICE, Channel.CHAT])),
        attributes=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "vip": st.sampled_from(["gold", "none"]),
                    "order": st.just({"amount": 99}),
                    "hangup_party": st.sampled_from(["agent", "customer"]),
                },
            )
        ),
        duration_ms=length,
        role_source="given",
    )
    return transcript, _prediction(draw, transcript)


def _prediction(draw: st.DrawFn, transcript: Transcript) -> Prediction:
    chance = st.sampled_from([0.1, 0.45, 0.7, 0.95])
    turns = []
    for turn in transcript.turns:
        negative = draw(chance) if turn.speaker is Speaker.CUSTOMER else 0.0
        emotion = {-2: negative / 2, -1: negative / 2, 0: (1 - negative) / 2, 1: (1 - negative) / 2}
        spoken = turn.speaker is not Speaker.SYSTEM
        turns.append(
            TurnPrediction(
                emotion if turn.speaker is Speaker.CUSTOMER else {},
                {act: draw(chance) for act in ACTS} if spoken else {},
                {"rude": draw(chance)} if turn.speaker is Speaker.AGENT else {},
            )
        )
    unresolved = draw(chance)
    dialogue = DialoguePrediction(
        {"resolved": 1 - unresolved, "partial": unresolved / 2, "unresolved": unresolved / 2},
        (0.2,) * 5,
        (0.2,) * 5,
        draw(chance),
        {"money.refund": draw(chance)},
        0.5,
        tuple(range(len(turns)))[:1],
    )
    return Prediction(
        ModelInfo("sampled", "1", "0"),
        tuple(turns),
        dialogue,
        Thresholds({}, {}, {}, 0.5, 0.5, 0.5, 0.5, 0.5),
        causal=draw(st.booleans()),
    )
