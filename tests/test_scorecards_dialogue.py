"""The dialogues and signals of tests become real transcripts and predictions."""

import pytest

from qa_engine.domain.emotion import emotion_label
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.transcript import Channel, Speaker
from qa_engine.scorecards import read_scorecard

HEAD = """\
schema: scorecard/1
key: demo
name: 演示
revision: 1
pass_mark: 80
sections:
  - key: a
    name: 甲
    criteria:
      - {key: b, name: 乙, points: 100, fail_when: {role: agent, test: {keywords: {of: [闭嘴]}}}}
tests:
  - name: 一
    expect: {b: PASSED}
"""


def case(text):
    [test] = read_scorecard(HEAD + text, "demo.yaml").tests
    return test


def test_lines_become_turns_with_speaker_text_and_times():
    test = case(
        "    channel: voice\n    attributes: {hangup_party: customer}\n    duration_ms: 9000\n"
        "    dialogue: |\n      客服[0-2.5]: 您好：请讲\n      客户[3 - 4]：好\n"
        "      系统: 转接\n      坐席[5-6]: 嗯\n"
    )
    turns = test.transcript.turns
    assert [(t.speaker, t.text, t.start_ms, t.end_ms) for t in turns] == [
        (Speaker.AGENT, "您好：请讲", 0, 2500),
        (Speaker.CUSTOMER, "好", 3000, 4000),
        (Speaker.SYSTEM, "转接", None, None),
        (Speaker.AGENT, "嗯", 5000, 6000),
    ]
    assert test.transcript.has_times
    assert test.transcript.channel is Channel.VOICE
    assert test.transcript.attributes == {"hangup_party": "customer"}
    assert test.transcript.duration_ms == 9000


def test_written_out_turns_are_taken_as_they_are():
    test = case("    turns: [{speaker: agent, text: 您好, start_ms: 10, end_ms: 20}]\n")
    assert [(t.text, t.start_ms, t.end_ms) for t in test.transcript.turns] == [("您好", 10, 20)]


def test_without_signals_there_is_no_model():
    prediction = case("    dialogue: '客服: 您好'\n").prediction
    assert isinstance(prediction, NotEvaluable)
    assert prediction.code == "no_model"


@pytest.mark.parametrize("emotion", [-2, -1, 0, 1])
def test_a_written_emotion_is_the_emotion_the_engine_sees(emotion):
    prediction = case(
        f"    dialogue: '客户: 喂'\n    signals: {{turns: {{0: {{emotion: {emotion}}}}}}}\n"
    ).prediction
    assert emotion_label(prediction.turns[0].emotion, prediction.thresholds) == emotion


def test_signals_fill_the_turns_and_the_dialogue():
    prediction = case(
        "    dialogue: |\n      客户: 喂\n      客服: 讲\n"
        "    signals:\n      turns: {0: {acts: [complain]}, 1: {faults: {rude: 0.7}, acts: [inform]}}\n"
        "      resolution: unresolved\n      types: [money.refund]\n"
    ).prediction
    customer, agent = prediction.turns
    assert customer.acts["complain"] == 1.0
    assert customer.faults == {}
    assert agent.faults["rude"] == 0.7
    assert agent.faults["shirk"] == 0.0
    assert agent.emotion == {}
    assert agent.acts["inform"] == 1.0
    assert prediction.dialogue.resolution == {"resolved": 0.0, "partial": 0.0, "unresolved": 1.0}
    assert prediction.dialogue.complaint == 1.0
    assert prediction.dialogue.types["money.refund"] == 1.0
