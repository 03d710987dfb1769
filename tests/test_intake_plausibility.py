"""时间不合理时打标记，指出是哪几句；数值本身不改。"""

from __future__ import annotations

import pytest

from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.intake.plausibility import time_doubts

LONG = "这一句话正好有十二个字呀"
# 名称, [(起, 止)], 录音时长, {标记: 涉及的句子}
CASES = [
    ("正常", [(0, 3000), (3200, 6000)], 7000, {}),
    ("没有时间", [(None, None), (None, None)], None, {}),
    ("轻微抢话", [(0, 3000), (2500, 5000)], None, {}),
    ("部分没有时间", [(0, 3000), (None, None)], None, {"times_missing": (1,)}),
    ("止早于起", [(0, 3000), (6000, 3200)], None, {"end_before_start": (1,)}),
    ("顺序颠倒", [(5000, 8000), (0, 3000)], None, {"out_of_order": (1,)}),
    ("超出录音", [(0, 3000), (9000, 12000)], 10000, {"beyond_duration": (1,)}),
    ("误差之内", [(0, 3000), (7000, 10300)], 10000, {}),
    ("太快", [(0, 500), (3000, 6000), (7000, 10000)], None, {"implausible_rate": (0,)}),
    ("太慢", [(0, 3000), (4000, 7000), (8000, 38000)], None, {"implausible_rate": (2,)}),
    ("零时长", [(0, 0), (3000, 6000)], None, {"implausible_rate": (0,)}),
    ("秒当成毫秒", [(0, 3), (4, 7)], None, {"unit_suspect": (0, 1), "implausible_rate": (0, 1)}),
    ("毫秒当成秒", [(0, 3_000_000), (4_000_000, 7_000_000)], None,
     {"unit_suspect": (0, 1), "implausible_rate": (0, 1)}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("spans", "duration", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_doubts(spans, duration, expected):
    turns = tuple(Turn(Speaker.AGENT, LONG, start, end) for start, end in spans)
    flags = list(time_doubts(Transcript("x", turns, duration_ms=duration)))
    assert {flag.code: flag.turns for flag in flags} == expected
    assert all(LONG not in flag.message for flag in flags)


def test_short_turns_say_nothing_about_rate():
    turns = (Turn(Speaker.AGENT, "嗯", 0, 20), Turn(Speaker.CUSTOMER, "好", 1000, 9000))
    assert not list(time_doubts(Transcript("x", turns)))
