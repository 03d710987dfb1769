"""What each text operator hits: one line of talk, what it quotes (nothing = it misses)."""

from __future__ import annotations

from typing import Any

import pytest
from rules_tables import NO_MODEL, call, judge, problems_of, quotes, rules

from qa_engine.domain.finding import Verdict
from qa_engine.rules import Facts
from qa_engine.text.reading import read_transcript

TABLE: list[tuple[str, dict[str, Any], str, list[str]]] = [
    # 关键词
    ("keywords", {"of": ["您好", "你好"]}, "您好，请讲", ["您好"]),
    ("keywords", {"of": ["您好"]}, "喂，请讲", []),
    ("keywords", {"of": ["ok"]}, "ＯＫ，马上", ["ＯＫ"]),
    ("keywords", {"of": ["OK"], "case_sensitive": True}, "ok，马上", []),
    ("keywords", {"of": ["OK"], "case_sensitive": True}, "OK，马上", ["OK"]),
    ("keywords", {"of": ["抱歉", "久等"], "need": "all"}, "抱歉让您久等了", ["抱歉", "久等"]),
    ("keywords", {"of": ["抱歉", "久等"], "need": "all"}, "抱歉抱歉", []),
    ("keywords", {"of": ["抱歉", "久等", "谢谢"], "need": 2}, "谢谢，久等", ["谢谢", "久等"]),
    ("keywords", {"of": ["稍等"], "at_least_hits": 2}, "稍等", []),
    ("keywords", {"of": ["稍等"], "at_least_hits": 2}, "稍等稍等", ["稍等", "稍等"]),
    ("keywords", {"of": ["您好"], "need": "none"}, "喂", ["喂"]),
    ("keywords", {"of": ["您好"], "need": "none"}, "您好", []),
    ("keywords", {"of": ["你好", "你好啊"]}, "你好啊", ["你好啊"]),
    ("keywords", {"of": ["投诉"], "unless": ["不投诉"]}, "我不投诉", []),
    ("keywords", {"of": ["投诉"], "unless": ["不投诉"]}, "我要投诉，不投诉不行", ["投诉"]),
    ("keywords", {"of": ["问题"], "unless": ["没有"]}, "没有问题", []),
    ("keywords", {"of": ["退款"], "synonyms": {"退款": ["退钱"]}}, "把钱退了，退钱", ["退钱"]),
    ("keywords", {"of": ["退款", "到账"], "need": "all", "synonyms": {"退款": ["退钱"]}}, "退款退钱", []),
    ("keywords", {"of": ["投诉"], "sound_alike": True}, "我要头诉你", ["头诉"]),
    ("keywords", {"of": ["投诉"]}, "我要头诉你", []),
    # 正则
    ("regex", {"pattern": "不归.{0,4}管"}, "这不归我们管", ["不归我们管"]),
    ("regex", {"pattern": "不归.{0,4}管", "unless": "转接"}, "这不归我们管，给您转接", []),
    ("regex", {"pattern": "好，请"}, "您好，请讲", ["好，请"]),
    ("regex", {"pattern": r"\d{4}"}, "尾号１２３４", ["１２３４"]),
    ("regex", {"pattern": "为什么？"}, "为什么?", ["为什么?"]),
    # 相似
    ("similar", {"to": ["请问有什么可以帮您"]}, "您好请问有什么可以帮到您", ["请问有什么可以帮到"]),
    ("similar", {"to": ["请问有什么可以帮您"]}, "什么", []),
    ("similar", {"to": ["您好"], "at_least": 0.6}, "好", ["好"]),
    ("similar", {"to": ["您好"]}, "好", []),
    # 邻近与顺序
    (
        "proximity",
        {"first": ["退款"], "second": ["到账"], "distance": 4},
        "退款三天内到账",
        ["退款三天内到账"],
    ),
    ("proximity", {"first": ["退款"], "second": ["到账"], "distance": 2}, "退款三天内到账", []),
    ("proximity", {"first": ["到账"], "second": ["退款"], "ordered": True}, "退款到账", []),
    ("proximity", {"first": ["到账"], "second": ["退款"]}, "退款到账", ["退款到账"]),
    (
        "proximity",
        {"first": ["退款"], "second": ["到账"], "distance": 2, "is_within": False},
        "退款三天内到账",
        ["退款三天内到账"],
    ),
    ("proximity", {"first": ["退款"], "second": ["到账"], "is_within": False}, "退款", []),
    (
        "proximity",
        {"first": ["退款"], "second": ["到账"], "distance": 1, "unit": "word"},
        "退款马上到账",
        ["退款马上到账"],
    ),
    ("order", {"steps": [["您好"], ["工号"], ["帮您"]]}, "您好，工号八号，帮您", ["您好", "工号", "帮您"]),
    ("order", {"steps": [["您好"], ["工号"], ["帮您"]]}, "工号八号，您好，帮您", []),
    (
        "order",
        {"steps": [["您好"], ["工号"], ["帮您"]], "at_least": 2},
        "工号八号，您好，帮您",
        ["工号", "帮您"],
    ),
    ("order", {"steps": [["您好"], ["工号"]], "max_gap": 2}, "您好欢迎来电，工号八号", []),
    # 数值
    ("number", {"min": 300, "max": 400, "unit": ["元", "块"]}, "一共350元", ["350元"]),
    ("number", {"min": 300, "max": 400, "unit": ["元", "块"]}, "一共三百五十块", ["三百五十块"]),
    ("number", {"min": 300, "max": 400, "unit": ["元", "块"]}, "三百五块", ["三百五块"]),
    ("number", {"min": 300, "max": 400, "unit": ["元", "块"]}, "350天", []),
    ("number", {"min": 300, "chinese": False}, "三百五十块", []),
    ("number", {"min": 20, "max": 20, "unit": ["%"]}, "优惠百分之二十", ["百分之二十"]),
    ("number", {"min": 20, "max": 20, "unit": ["%"]}, "优惠20%", ["20%"]),
    ("number", {"decimals": 2}, "12.50元和3元", ["12.50"]),
    ("number", {"min": 1200, "max": 1200}, "1,200", ["1,200"]),
    # 字数
    ("length", {"max_chars": 2}, "嗯 嗯", ["嗯 嗯"]),
    ("length", {"min_chars": 4}, "嗯嗯", []),
    # 敏感信息
    ("entity", {"of": ["mobile"]}, "我的手机13800138000", ["13800138000"]),
    ("entity", {"of": ["email"]}, "我的手机13800138000", []),
]


@pytest.mark.parametrize(("name", "config", "said", "expected"), TABLE)
def test_text_operator(name: str, config: dict[str, Any], said: str, expected: list[str]) -> None:
    result = judge({"test": {name: config}}, call(f"客服:{said}"))
    assert quotes(result) == expected
    assert result.verdict is (Verdict.HIT if expected else Verdict.MISS)


@pytest.mark.parametrize(
    ("config", "hits"),
    [({}, [0, 2]), ({"min_chars": 20}, []), ({"excludes": ["马上"]}, []), ({"occurrence": 2}, [])],
)
def test_repeat_quotes_both_sayings(config: dict[str, Any], hits: list[int]) -> None:
    spoken = call("客服: 我马上给您查一下\n客户: 我马上给您查一下\n客服: 我马上给您查一下啊")
    result = judge({"test": {"repeat": config}}, spoken)
    assert sorted({quote.turn for finding in result.findings for quote in finding.evidence}) == hits


def test_repeat_forgets_what_is_too_far_back() -> None:
    spoken = call("客服: 请您稍等一下\n客服: 好的\n客服: 查到了\n客服: 请您稍等一下")
    assert judge({"test": {"repeat": {"within": 2}}}, spoken).verdict is Verdict.MISS
    assert judge({"test": {"repeat": {"within": 3}}}, spoken).verdict is Verdict.HIT
    assert judge({"test": {"repeat": {"within": 0}}}, spoken).verdict is Verdict.HIT


def test_a_hit_by_sound_is_less_sure() -> None:
    condition = {"test": {"keywords": {"of": ["投诉"], "sound_alike": True}}}
    assert judge(condition, call("客户: 我要投诉")).confidence == 1.0
    assert judge(condition, call("客户: 我要头诉")).confidence < 0.7


def test_match_decides_what_one_test_sees() -> None:
    spoken = call("客服: 您好，请讲\n客户: 嗯\n客服: 抱歉")
    both = {"all": [{"keywords": {"of": ["您好"]}}, {"keywords": {"of": ["抱歉"]}}]}
    assert judge({"role": "agent", "test": both}, spoken).verdict is Verdict.MISS
    joined = judge({"role": "agent", "match": "joined", "test": both}, spoken)
    assert (joined.verdict, quotes(joined)) == (Verdict.HIT, ["您好", "抱歉"])
    apart = {"all": [{"keywords": {"of": ["您好"]}}, {"keywords": {"of": ["请讲"]}}]}
    assert judge({"role": "agent", "test": apart}, spoken).verdict is Verdict.HIT
    assert judge({"role": "agent", "match": "clause", "test": apart}, spoken).verdict is Verdict.MISS


def test_phrase_lists_are_inserted_and_nested() -> None:
    lists = {"hello": ["您好", "@evening"], "evening": ["晚上好"]}
    compiled = rules({"it": {"test": {"keywords": {"of": ["@hello"]}}}}, lists)
    facts = Facts(read_transcript(call("客服: 晚上好")), NO_MODEL)
    assert quotes(compiled.evaluate_condition("it", facts)) == ["晚上好"]


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(?:.*,)*x", ".*a.*b.*c", "(", "a*", "[一"])
def test_dangerous_or_broken_patterns_are_refused(pattern: str) -> None:
    problems = problems_of({"it": {"test": {"regex": {"pattern": pattern}}}})
    assert [path for path, _, _ in problems] == [("conditions", "it", "test", "regex", "pattern")]
