"""Calls and laws for tests of the turns that verdicts rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.base import Conversation
from models.explain import MOST

# Everything is calm but for one turn.
GRIEVANCE = Conversation(
    ["agent", "customer", "agent", "customer", "agent", "customer", "agent", "customer"],
    [
        "您好，请问有什么可以帮您", "你好，帮我查一下订单", "好的，请稍等",
        "你们骗人，承诺今天到的又没到，我要去12315投诉你们", "已经帮您催促物流了，预计明天送到",
        "嗯，收货地址没变",
        "好的，地址已经核对过了", "知道了",
    ],
    "chat",
)  # fmt: skip
UPSET_AND_COLD = Conversation(
    ["customer", "agent", "customer", "agent", "customer", "agent"],
    [
        "我买的奶粉过敏，孩子进医院了，气死我了", "亲，请您提供一下订单号", "都说了三遍了！你们到底管不管",
        "亲，请您提供一下订单号", "什么破服务，太气人了", "哦",
    ],
    "chat",
)  # fmt: skip


def may_be_named(conversation, turn):
    return conversation.roles[turn] in ("agent", "customer") and bool(conversation.texts[turn].strip())


def every(grounds):
    yield from grounds.resolution.values()
    yield grounds.complaint
    yield grounds.review
    yield from grounds.faults.values()


def check_laws(model, conversation, output):
    grounds = output.grounds
    for found in every(grounds):
        assert len(found) <= MOST
        assert len({ground.turn for ground in found}) == len(found)
        assert [ground.weight for ground in found] == sorted((g.weight for g in found), reverse=True)
        for ground in found:
            assert ground.weight > 0
            assert may_be_named(conversation, ground.turn)
    for (turn, kind), found in grounds.faults.items():
        column = model.labels.faults.index(kind)
        assert output.faults[turn, column] >= model.thresholds[f"fault:{kind}"]
        assert all(ground.turn < turn for ground in found)
    if output.complaint < model.thresholds["complaint"]:
        assert grounds.complaint == ()
    if output.review < model.thresholds["review"]:
        assert grounds.review == ()
    likeliest = model.labels.resolution[int(np.argmax(output.resolution))]
    named = tuple(ground.turn for ground in grounds.resolution.get(likeliest, ()))
    assert output.resolution_turns == named


def log_odds(probability):
    return np.log(probability / (1 - probability))


def without_words(conversation, turn):
    texts = list(conversation.texts)
    texts[turn] = ""
    return replace(conversation, texts=texts)
