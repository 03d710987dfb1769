"""谁是坐席：给定、声道映射、推断；说话人分离失效时绝不假装知道。"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_document
from qa_engine.intake.roles import SHAKY_BELOW, settle_roles

CALLS = [
    json.loads(line)
    for line in (Path(__file__).parent / "fixtures/intake/two_sided_calls.jsonl")
    .read_text("utf-8")
    .splitlines()
]


def hidden(call, labels=("SPEAKER_00", "SPEAKER_01")):
    """同一通会话，角色换成标签；先开口的是第一个标签。"""
    order = list(dict.fromkeys(turn["s"] for turn in call["turns"]))
    label_of = dict(zip(order, labels, strict=False))
    turns = tuple(
        Turn(Speaker.UNKNOWN, turn["t"], speaker_label=label_of[turn["s"]]) for turn in call["turns"]
    )
    return Transcript(call["id"], turns, Channel(call["channel"]), role_source="unknown")


def truth(call):
    return [{"A": "agent", "C": "customer"}[turn["s"]] for turn in call["turns"]]


def codes(transcript):
    return {flag.code for flag in transcript.flags}


@pytest.mark.parametrize("call", CALLS, ids=[call["id"] for call in CALLS])
def test_hidden_roles_are_found_again(call):
    settled = settle_roles(hidden(call), None)
    assert [turn.speaker.value for turn in settled.turns] == truth(call)
    assert settled.role_source == "inferred"
    assert 0.5 <= settled.role_confidence <= 1
    assert "roles_inferred" in codes(settled)
    assert ("roles_shaky" in codes(settled)) == (settled.role_confidence < SHAKY_BELOW)
    # 标签叫什么、谁排在前面，都不影响结论
    swapped = settle_roles(hidden(call, ("9", "3")), None)
    assert [turn.speaker for turn in swapped.turns] == [turn.speaker for turn in settled.turns]
    assert swapped.role_confidence == settled.role_confidence


def test_confidence_means_what_it_says_on_fragments():
    """把每通切成五句的片段：越线的几乎全对，不越线的明说把握不足。"""
    sure = right = shaky = total = 0
    for call in CALLS:
        for start in range(0, len(call["turns"]) - 4, 5):
            part = call | {"turns": call["turns"][start : start + 5]}
            if {turn["s"] for turn in part["turns"]} != {"A", "C"}:
                continue
            settled = settle_roles(hidden(part), None)
            total += 1
            if settled.role_confidence < SHAKY_BELOW:
                shaky += 1
                assert "roles_shaky" in codes(settled)
                continue
            sure += 1
            right += [turn.speaker.value for turn in settled.turns] == truth(part)
    assert total > 80
    assert right / sure >= 0.95
    assert shaky / total <= 0.15


def test_channel_map_beats_inference():
    call = hidden(CALLS[0], ("0", "1"))
    for agent, other in (("0", "1"), ("1", "0")):
        settled = settle_roles(call, agent)
        assert settled.role_source == "channel_map"
        assert not settled.flags
        expected = {agent: Speaker.AGENT, other: Speaker.CUSTOMER}
        assert all(turn.speaker is expected[turn.speaker_label] for turn in settled.turns)


def test_a_channel_that_is_not_there_is_told():
    settled = settle_roles(hidden(CALLS[0]), "7")
    assert settled.role_source == "inferred"
    (told,) = (flag for flag in settled.flags if flag.code == "agent_channel_absent")
    seen = "SPEAKER_00、SPEAKER_01"
    assert told.message == f"指定的坐席声道“7”在这通会话里不存在（有的是 {seen}），改为按说话内容推断角色"
    collapsed = settle_roles(hidden(CALLS[0], ("0", "0")), "7")
    assert collapsed.role_source == "unknown"
    assert codes(collapsed) == {"single_speaker", "agent_channel_absent"}
    bare = tuple(Turn(Speaker.UNKNOWN, turn["t"]) for turn in CALLS[0]["turns"])
    unlabelled = settle_roles(Transcript("x", bare, role_source="unknown"), "7")
    assert unlabelled.role_source == "unknown"
    assert codes(unlabelled) == {"roles_missing", "agent_channel_absent"}


def test_names_used_as_labels_are_not_told():
    said = {"测试员甲": "您好请问有什么可以帮您", "测试员乙": "我的快递怎么还没到"}
    turns = tuple(Turn(Speaker.UNKNOWN, text, speaker_label=label) for label, text in said.items())
    flags = settle_roles(Transcript("x", turns, role_source="unknown"), "7").flags
    assert "测试员" not in "".join(flag.message for flag in flags)


def test_collapsed_diarization_stays_unknown():
    call = hidden(CALLS[0], ("0", "0"))
    for agent_channel in (None, "0"):
        settled = settle_roles(call, agent_channel)
        assert {turn.speaker for turn in settled.turns} == {Speaker.UNKNOWN}
        assert (settled.role_source, settled.role_confidence) == ("unknown", 0.0)
        assert codes(settled) == {"single_speaker"}
        assert not settled.has_roles


def test_no_labels_at_all():
    settled = settle_roles(
        Transcript("x", (Turn(Speaker.UNKNOWN, "您好"), Turn(Speaker.UNKNOWN, "在"))), None
    )
    assert codes(settled) == {"roles_missing"}
    assert settled.role_source == "unknown"


def test_given_roles_are_left_alone():
    chat = Transcript("x", (Turn(Speaker.CUSTOMER, "在吗"), Turn(Speaker.CUSTOMER, "有人吗")), Channel.CHAT)
    for settled in (settle_roles(chat, None), settle_roles(chat, "0")):
        assert settled.turns == chat.turns
        assert settled.role_source == "given"


def test_a_voice_call_under_one_given_role_is_unmasked():
    texts = [
        "您好请问有什么可以帮您",
        "你们怎么回事，我要投诉",
        "麻烦您提供一下手机号",
        "你们太慢了",
        "为您服务请稍等",
    ]
    turns = tuple(Turn(Speaker.AGENT, text) for text in texts)
    settled = settle_roles(Transcript("x", turns, Channel.VOICE), None)
    assert codes(settled) == {"single_speaker"}
    assert settled.role_source == "unknown"
    as_chat = settle_roles(Transcript("x", turns, Channel.CHAT), None)
    assert codes(as_chat) == {"one_sided"}
    voicemail = Transcript(
        "x", tuple(Turn(Speaker.AGENT, "您好，祝您生活愉快") for _ in range(6)), Channel.VOICE
    )
    assert codes(settle_roles(voicemail, None)) == {"one_sided"}


ONE_SIDED = [
    (("agent", "agent"), True, "没有客户的话"),
    (("customer",), True, "没有坐席的话"),
    (("system", "customer"), True, "没有坐席的话"),
    (("system",), True, "坐席和客户都没有说话"),
    (("agent", "customer"), False, ""),
    (("system", "agent", "customer"), False, ""),
]


@pytest.mark.parametrize(("speakers", "flagged", "words"), ONE_SIDED)
def test_a_call_with_one_side_only_is_flagged(speakers, flagged, words):
    turns = tuple(Turn(Speaker(speaker), "好的，麻烦了") for speaker in speakers)
    settled = settle_roles(Transcript("x", turns, Channel.CHAT), None)
    assert codes(settled) == ({"one_sided"} if flagged else set())
    assert all(words in flag.message for flag in settled.flags)
    assert settled.one_sided is flagged


def test_an_empty_turn_is_no_side():
    turns = (Turn(Speaker.AGENT, "您好"), Turn(Speaker.CUSTOMER, "  "))
    assert codes(settle_roles(Transcript("x", turns, Channel.CHAT), None)) == {"one_sided"}


def test_transfer_to_a_second_agent():
    said = [
        ("0", "您好，工号三零一，请问有什么可以帮您"), ("1", "我的快递三天了还没到，你们怎么回事"),
        ("0", "非常抱歉，这边为您转接专员，请您稍等"), ("2", "您好，我是专员，请问您的订单号，我帮您查一下"),
        ("1", "你们到底什么时候给我送"), ("2", "我看到系统显示已到网点，我帮您登记加急，您看可以吗"),
    ]  # fmt: skip
    turns = tuple(Turn(Speaker.UNKNOWN, text, speaker_label=label) for label, text in said)
    settled = settle_roles(Transcript("x", turns, role_source="unknown"), None)
    assert [turn.speaker.value for turn in settled.turns] == [
        "agent", "customer", "agent", "agent", "customer", "agent",
    ]  # fmt: skip


def test_a_bystander_without_cues_stays_unknown():
    call = hidden(CALLS[0])
    extra = Turn(Speaker.UNKNOWN, "三点开会，记得带材料来，别忘了再打印一份", speaker_label="x")
    settled = settle_roles(Transcript("x", (*call.turns, extra), role_source="unknown"), None)
    roles = {turn.speaker_label: turn.speaker for turn in settled.turns}
    assert set(roles.values()) >= {Speaker.AGENT, Speaker.CUSTOMER}
    if roles["x"] is Speaker.UNKNOWN:
        assert "roles_shaky" in codes(settled)


def test_through_the_front_door():
    document = {"id": "k", "turns": [{"speaker": f"SPEAKER_0{'AC'.index(t['s'])}", "text": t["t"]}
                                     for t in CALLS[1]["turns"]]}  # fmt: skip
    (inferred,) = read_document(document)
    assert not isinstance(inferred, IntakeError)
    assert [turn.speaker.value for turn in inferred.turns] == truth(CALLS[1])
    (mapped,) = read_document(
        document, IntakeOptions(agent_channel="SPEAKER_00", default_channel=Channel.VOICE)
    )
    assert not isinstance(mapped, IntakeError)
    assert (mapped.role_source, mapped.channel) == ("channel_map", Channel.VOICE)
