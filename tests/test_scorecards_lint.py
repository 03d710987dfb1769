"""Warnings about scorecards that load but do not say what their author meant."""

import pytest

from qa_engine.scorecards import read_scorecard
from qa_engine.scorecards.lint import lint

CLEAN = """\
schema: scorecard/1
key: demo
name: 演示
revision: 1
pass_mark: 80
phrases:
  greeting: [您好, 你好]
conditions:
  is_voice: {test: {channel: {of: [voice]}}}
  is_chat: {test: {channel: {of: [chat]}}}
  greeted: {role: agent, test: {keywords: {of: ["@greeting"]}}}
sections:
  - key: opening
    name: 开场
    criteria:
      - key: greet
        name: 问候
        points: 50
        applies_when: is_voice or is_chat
        pass_when: greeted
      - key: polite
        name: 文明
        points: 50
        fail_when: {role: agent, test: {keywords: {of: [闭嘴]}}}
tests:
  - name: 好
    channel: chat
    dialogue: "客服: 您好"
    expect: {greet: PASSED, polite: PASSED}
  - name: 坏
    channel: voice
    dialogue: "客服: 闭嘴"
    expect: {greet: FAILED, polite: FAILED}
"""


def warnings(text):
    return [(w.code, w.line) for w in lint(read_scorecard(text, "demo.yaml"))]


def test_a_clean_scorecard_has_no_warnings():
    assert warnings(CLEAN) == []


CASES = [
    ("没用到的词表", "greeting: [您好, 你好]", "greeting: [您好, 你好]\n  extra: [谢谢]",
     "unused_phrases", 8),
    ("没用到的条件", "conditions:\n", "conditions:\n  x: {test: {keywords: {of: [谢谢]}}}\n",
     "unused_condition", 9),
    ("没有用例", "{greet: FAILED, polite: FAILED}", "{greet: FAILED}", "no_failing_test", 21),
    ("没有合格用例", "{greet: PASSED, polite: PASSED}", "{greet: PASSED}", "no_passing_test", 21),
    ("一票否决没有标准", "points: 50\n        fail_when",
     "points: 50\n        critical: true\n        fail_when",
     "critical_without_description", 21),
    ("渠道互相矛盾", "is_voice or is_chat", "is_voice and is_chat", "unreachable", 19),
    ("又要又不要", "is_voice or is_chat", "is_voice and not is_voice", "unreachable", 19),
    ("又中又不中", "pass_when: greeted", "pass_when: greeted and not greeted", "never_hits", 20),
    ("范围写反", "greeted: {role: agent, test:",
     "greeted: {role: agent, scope: {unit: turn, from: 3, to: 2}, test:", "reversed_range", 11),
    ("倒数写反", "greeted: {role: agent, test:",
     "greeted: {role: agent, scope: {unit: turn, from: -1, to: -2}, test:", "reversed_range", 11),
    ("单字词", "[您好, 你好]", "[您好, 亲]", "one_char", 7),
    ("中文逗号", "[您好, 你好]", "[您好，你好, 早上好]", "chinese_comma", 7),
    ("重复的词", "[您好, 你好]", "[您好, 您好]", "double", 7),
    ("互相包含", '{of: ["@greeting"]}', "{of: [投诉, 投诉电话], need: all}", "swallowed", 11),
    ("坐席没有情绪", "test: {keywords: {of: [闭嘴]}}", "test: {emotion: {at_most: -1}}", "never_hits", 24),
    ("客户没有失误", "{role: agent, test: {keywords: {of: [闭嘴]}}}",
     "{role: customer, test: {fault: {of: [rude]}}}",
     "never_hits", 24),
    ("行为对不上人", "test: {keywords: {of: [闭嘴]}}", "test: {act: {of: [complain]}}", "never_hits", 24),
    ("及格线为零", "pass_mark: 80", "pass_mark: 0", "pass_mark", 5),
    ("合计不是一百", "points: 50\n        fail_when", "points: 20\n        fail_when", "not_hundred", 12),
    ("空的大项", "tests:\n", "  - {key: empty, name: 空, criteria: []}\ntests:\n", "empty_section", 25),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "line"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_each_doubt_is_told_with_its_line(old, new, code, line):
    assert old in CLEAN
    assert (code, line) in warnings(CLEAN.replace(old, new, 1))


def test_only_bonus_items_means_nobody_can_pass():
    text = CLEAN.replace("points: 50", "points: 50\n        scoring: add")
    assert "no_points" in [code for code, _ in warnings(text)]


def test_warnings_read_as_chinese_sentences():
    [warning] = lint(read_scorecard(CLEAN.replace("[您好, 你好]", "[您好, 亲]"), "demo.yaml"))
    assert str(warning) == (
        "demo.yaml 第 7 行 phrases.greeting[1]：“亲”只有一个字，容易误命中。"
        "建议：写成更长的词，或用 regex 限定前后文。"
    )
