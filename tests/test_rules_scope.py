"""Where a condition looks: positions, time, anchors. Each row: scope → turns it may hit."""

from __future__ import annotations

from typing import Any

import pytest
from rules_tables import NO_MODEL, call, judge, problems_of, rules, turns

from qa_engine.domain.finding import LookedAt, Verdict
from qa_engine.rules import Facts
from qa_engine.text.reading import read_transcript

HIT, MISS, NOT_APPLICABLE = Verdict.HIT, Verdict.MISS, Verdict.NOT_APPLICABLE
ANY_WORD: dict[str, Any] = {"length": {"min_chars": 1}}
#        0     1     2     3     4     5     6     7
TALK = call(
    """
    客服@0-1: 一
    客户@2-3: 二
    客服@4-5: 锚
    客户@6-7: 四
    客服@8-9: 五
    客户@10-11: 六
    客服@12-13: 锚
    客户@14-16: 八
""",
    duration_ms=20_000,
)
ANCHOR = {"role": "agent", "test": {"keywords": {"of": ["锚"]}}}


def found(scope: dict[str, Any], role: str = "any") -> list[int]:
    result = judge({"role": role, "scope": scope, "test": ANY_WORD}, TALK, anchor=ANCHOR)
    return turns(result)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1, 2, [0, 2]),
        (2, 1, [0, 2]),
        (-1, -2, [4, 6]),
        (2, -2, [2, 4]),
        (1, -1, [0, 2, 4, 6]),
        (-1, 1, [0, 2, 4, 6]),
        (3, 9, [4, 6]),
        (-9, -4, [0]),
        (5, 9, []),
        (4, -4, []),
    ],
)
def test_positions_count_the_role_only(first: int, last: int, expected: list[int]) -> None:
    assert found({"from": first, "to": last}, "agent") == expected


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({"from": 0, "to": 4}, [0, 1]),
        ({"from": 0, "to": 4.5}, [0, 1, 2]),
        ({"from": 15}, [7]),
        ({"from": -6, "to": -1}, [7]),
        ({"from": -8}, [6, 7]),
    ],
)
def test_seconds(scope: dict[str, Any], expected: list[int]) -> None:
    assert found({"unit": "seconds", **scope}) == expected


def test_percent_is_of_the_duration() -> None:
    assert found({"unit": "percent", "from": 0, "to": 25}) == [0, 1, 2]
    assert found({"unit": "percent", "from": 60}) == [6, 7]


def test_clauses_are_counted_over_the_role() -> None:
    spoken = call("客服: 您好，请讲\n客户: 喂\n客服: 好的。再见")
    result = judge(
        {"role": "agent", "scope": {"unit": "clause", "from": 2, "to": 3}, "test": ANY_WORD}, spoken
    )
    assert [quote.quote for finding in result.findings for quote in finding.evidence] == ["请讲", "好的"]


# The anchor hits at turns 2 and 6 (agent).
@pytest.mark.parametrize(
    ("where", "first", "last", "hit", "role", "expected"),
    [
        ("before", 1, 1, "first", "customer", [1]),
        ("before", 1, 1, "last", "customer", [5]),
        ("before", -1, -1, "last", "customer", [1]),
        ("before", 1, -1, "last", "customer", [1, 3, 5]),
        ("before", 2, 3, "last", "any", [3, 4]),
        ("before", 0, 1, 2, "agent", [4, 6]),
        ("after", 1, 1, "first", "customer", [3]),
        ("after", 1, 2, "first", "any", [3, 4]),
        ("after", -1, -1, "first", "customer", [7]),
        ("after", 1, -1, "first", "agent", [4, 6]),
        ("after", 0, 0, "first", "agent", [2]),
        ("after", 1, 1, "any", "customer", [3, 7]),
        ("after", 1, 1, "every", "customer", [3, 7]),
        ("around", -2, 1, "first", "any", [0, 1, 2, 3]),
        ("around", -4, -2, "last", "any", [2, 3, 4]),
        ("around", 0, 0, "last", "agent", [6]),
        ("around", 1, 3, "first", "any", [3, 4, 5]),
        ("after", 1, 1, 3, "customer", []),
    ],
)
def test_anchored(where: str, first: int, last: int, hit: Any, role: str, expected: list[int]) -> None:
    scope = {"anchor": "anchor", "where": where, "from": first, "to": last, "hit": hit}
    assert found(scope, role) == expected


def test_current_is_the_anchor_turn() -> None:
    assert found({"anchor": "anchor", "where": "current", "hit": "any"}, "agent") == [2, 6]


@pytest.mark.parametrize(
    ("where", "first", "last", "expected"),
    [("after", 0, 4, [3, 4]), ("before", 0, 4, [0, 1]), ("around", -2, 2, [1, 2, 3])],
)
def test_anchored_seconds(where: str, first: int, last: int, expected: list[int]) -> None:
    scope = {"anchor": "anchor", "where": where, "unit": "seconds", "from": first, "to": last}
    assert found(scope) == expected


SOOTHED = {"role": "agent", "test": {"keywords": {"of": ["抱歉"]}}}
ANGRY = {"role": "customer", "test": {"keywords": {"of": ["生气"]}}}


@pytest.mark.parametrize(
    ("hit", "dialogue", "verdict"),
    [
        ("every", "客户: 我生气\n客服: 抱歉\n客户: 还是生气\n客服: 抱歉", HIT),
        ("every", "客户: 我生气\n客服: 抱歉\n客户: 还是生气\n客服: 哦", MISS),
        ("any", "客户: 我生气\n客服: 哦\n客户: 还是生气\n客服: 抱歉", HIT),
        ("any", "客户: 我生气\n客服: 哦", MISS),
        ("first", "客户: 我生气\n客服: 哦\n客户: 还是生气\n客服: 抱歉", MISS),
        ("last", "客户: 我生气\n客服: 哦\n客户: 还是生气\n客服: 抱歉", HIT),
        (2, "客户: 我生气\n客服: 哦\n客户: 还是生气\n客服: 抱歉", HIT),
        (2, "客户: 我生气\n客服: 抱歉", NOT_APPLICABLE),
        ("every", "客户: 好\n客服: 好", NOT_APPLICABLE),
    ],
)
def test_which_hit_of_the_anchor(hit: Any, dialogue: str, verdict: Verdict) -> None:
    scope = {"anchor": "angry", "where": "after", "from": 1, "to": 1, "hit": hit}
    assert judge({**SOOTHED, "scope": scope}, call(dialogue), angry=ANGRY).verdict is verdict


def test_unmet_windows_are_named_and_counted() -> None:
    scope = {"anchor": "angry", "where": "after", "from": 1, "to": 1, "hit": "every"}
    spoken = call(
        "客户: 我生气\n客服: 哦\n客户: 生气\n客服: 抱歉\n客户: 生气\n客服: 抱歉个啥\n客户: 生气\n客服: 嗯"
    )
    result = judge({**SOOTHED, "scope": scope}, spoken, angry=ANGRY)
    assert result.looked_at == (LookedAt(1, 1), LookedAt(7, 7))
    assert result.occurrences == 2


def test_quantifier_all_names_those_that_fail() -> None:
    spoken = call("客服: 您好\n客户: 嗯\n客服: 喂\n客服: 您好")
    condition = {"role": "agent", "quantifier": "all", "test": {"keywords": {"of": ["您好"]}}}
    result = judge(condition, spoken)
    assert (result.verdict, result.looked_at) == (MISS, (LookedAt(2, 2),))
    assert judge(condition, call("客户: 嗯")).verdict is NOT_APPLICABLE
    assert judge({**condition, "quantifier": "some"}, call("客户: 嗯")).verdict is MISS


def test_system_turns_are_units_only_when_asked_for() -> None:
    spoken = call("系统: 您好\n客服: 喂")
    condition = {"test": {"keywords": {"of": ["您好"]}}}
    assert judge(condition, spoken).verdict is MISS
    assert judge({**condition, "include_system": True}, spoken).verdict is HIT


@pytest.mark.parametrize(
    ("dialogue", "verdict"),
    [
        ("未知: 您好\n客服: 喂", Verdict.NOT_EVALUABLE),
        ("未知: 喂\n客服: 您好", HIT),
        ("未知: 喂\n客服: 嗯\n客服: 您好", Verdict.NOT_EVALUABLE),
        ("未知: 喂\n客服: 嗯", MISS),
    ],
)
def test_one_turn_of_unknown_speaker_blurs_only_what_hangs_on_it(dialogue: str, verdict: Verdict) -> None:
    """First two agent turns: a greeting that may be the third is neither found nor missing."""
    condition = {"role": "agent", "scope": {"from": 1, "to": 2}, "test": {"keywords": {"of": ["您好"]}}}
    assert judge(condition, call(dialogue)).verdict is verdict


def test_absence_shows_where_it_looked_and_what_came_nearest() -> None:
    spoken = call("客服: 请讲\n客户: 请问有什么可以帮您\n客服: 有什么能帮你")
    compiled = rules(
        {"asked": {"role": "agent", "test": {"similar": {"to": ["请问有什么可以帮您"], "at_least": 0.9}}}},
        asked="not asked",
    )
    result = compiled.evaluate(Facts(read_transcript(spoken), NO_MODEL))["asked"].result
    assert result.verdict is HIT
    assert result.looked_at == (LookedAt(0, 2),)
    assert result.nearest is not None
    assert (result.nearest.turn, result.nearest.quote) == (2, "有什么能帮你")


@pytest.mark.parametrize(
    ("condition", "at"),
    [
        ({"role": "customer", "scope": {"anchor": "anchor", "where": "current"}}, "scope"),
        ({"role": "customer", "scope": {"anchor": "anchor", "where": "after", "from": 0}}, "scope"),
        ({"scope": {"anchor": "nobody", "where": "after"}}, "anchor"),
        ({"scope": {"from": 0, "to": 2}}, "scope"),
        ({"scope": {"where": "after"}}, "scope"),
        ({"scope": {"unit": "percent", "from": 0, "to": 120}}, "scope"),
        ({"role": "坐席"}, "role"),
        ({"scope": {"anchor": "it", "where": "after"}}, "it"),
    ],
)
def test_scopes_that_cannot_be_meant_are_refused(condition: dict[str, Any], at: str) -> None:
    problems = problems_of({"anchor": ANCHOR, "it": {**condition, "test": ANY_WORD}})
    assert [path[-1] for path, _, _ in problems] == [at]
