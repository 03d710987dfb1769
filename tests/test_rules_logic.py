"""The algebra of verdicts, expressions as text, what is refused, explanations, live sessions, the schema."""

from __future__ import annotations

from itertools import product
from typing import Any

import jsonschema
import pytest
from rules_tables import NO_MODEL, call, problems_of, rules

from qa_engine.domain.finding import Verdict
from qa_engine.rules import CriterionRule, Facts, explain, language_schema
from qa_engine.rules.judged import all_verdict, any_verdict, negated
from qa_engine.rules.numerals import chinese_number
from qa_engine.text.reading import read_transcript

H, M, P = Verdict.HIT, Verdict.MISS, Verdict.PENDING
A, U = Verdict.NOT_APPLICABLE, Verdict.NOT_EVALUABLE


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        (H, H, H, H),
        (H, M, M, H),
        (M, M, M, M),
        (H, U, U, H),
        (M, U, M, U),
        (U, U, U, U),
        (H, P, P, H),
        (M, P, M, P),
        (U, P, P, P),
        (A, H, H, H),
        (A, M, M, M),
        (A, U, U, U),
        (A, P, P, P),
        (A, A, A, A),
        (P, P, P, P),
    ],
)
def test_algebra(one: Verdict, other: Verdict, both: Verdict, either: Verdict) -> None:
    assert all_verdict([one, other]) is all_verdict([other, one]) is both
    assert any_verdict([one, other]) is any_verdict([other, one]) is either


@pytest.mark.parametrize(("one", "other"), list(product(Verdict, Verdict)))
def test_de_morgan(one: Verdict, other: Verdict) -> None:
    assert negated(all_verdict([one, other])) is any_verdict([negated(one), negated(other)])
    assert negated(negated(one)) is one


WORDS: dict[str, object] = {
    name: {"test": {"keywords": {"of": [word]}}} for name, word in (("a", "甲"), ("b", "乙"), ("c", "丙"))
}


@pytest.mark.parametrize(
    ("expression", "said", "verdict"),
    [
        ("a and b", "甲乙", H),
        ("a and b", "甲", M),
        ("a or b and c", "甲", H),
        ("(a or b) and c", "甲", M),
        ("not a or b", "丙", H),
        ("not (a or b)", "丙", H),
        ("not not a", "甲", H),
        ("a 且 非 b", "甲", H),
        ("a且非(b或c)", "甲丙", M),
        ("a && !b || c", "甲乙丙", H),
        ("a AND NOT b", "甲", H),
        ({"all": ["a", {"not": {"ref": "b"}}]}, "甲", H),
        ({"any": ["a", {"test": {"keywords": {"of": ["丁"]}}}]}, "丁", H),
    ],
)
def test_expressions(expression: Any, said: str, verdict: Verdict) -> None:
    compiled = rules(WORDS, it=expression)
    facts = Facts(read_transcript(call(f"客服:{said}")), NO_MODEL)
    assert compiled.evaluate(facts)["it"].result.verdict is verdict


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("a and", "少了一个条件名"),
        ("a b", "前面少了 and 或 or"),
        ("(a or b", "括号没有配对"),
        ("a + b", "看不懂"),
        ("", "表达式是空的"),
        ("a and bb", "没有名为“bb”的条件"),
        ({"al": ["a"]}, "表达式里没有“al”"),
        ({"all": []}, "不为空的列表"),
        (["a"], "这里应写条件或表达式"),
    ],
)
def test_bad_expressions_are_told_apart(expression: Any, says: str) -> None:
    problems = problems_of(WORDS, it=expression)
    assert len(problems) == 1
    path, why, remedy = problems[0]
    assert path[:2] == ("criteria", "it")
    assert says in why
    assert remedy


def test_all_problems_are_reported_with_near_names() -> None:
    problems = problems_of(
        {
            "greeted": {"role": "agent", "test": {"keyword": {"of": ["您好"]}}},
            "late": {"test": {"silence": {"longer_than": 3}}},
            "loop": "again",
            "again": "not loop",
            "mixed": {"test": {"all": [{"keywords": {"of": ["您好"]}}, {"turn_count": {"at_least": 2}}]}},
            "whole": {"role": "agent", "test": {"attribute": {"field": "vip", "is": "null"}}},
            "rude": {"test": {"fault": {"of": ["rood"]}}},
            "split": {"match": "clause", "test": {"silence": {"longer_than_ms": 3}}},
            "empty": {"test": {"keywords": {"of": ["@none", " "]}}},
        },
        it="greted",
        neither=CriterionRule(),
    )
    told = {".".join(map(str, path)): why + remedy for path, why, remedy in problems}
    for key, part in {
        "conditions.greeted.test.keyword": "您是不是想写“keywords”",
        "conditions.late.test.silence.longer_than": "您是不是想写“longer_than_ms”",
        "conditions.loop": "loop → again → loop",
        "conditions.mixed.test": "请拆成两个条件",
        "conditions.whole.role": "请删去 role",
        "conditions.rude.test.fault.of": "没有名为“rood”的标签",
        "conditions.split.test": "只能按整句判断",
        "conditions.empty.test.keywords.of.0": "没有名为“none”的词表",
        "conditions.empty.test.keywords.of.1": "词语是空的",
        "criteria.it.fail_when": "您是不是想写“greeted”",
        "criteria.neither": "必须且只能写一个",
    }.items():
        assert part in told[key], key


def test_applies_when_comes_first() -> None:
    compiled = rules(WORDS, it=CriterionRule(applies_when="a", pass_when="b"))

    def verdict(said: str) -> Verdict:
        return compiled.evaluate(Facts(read_transcript(call(f"客服:{said}")), NO_MODEL))["it"].result.verdict

    assert [verdict(said) for said in ("丙", "甲", "甲乙")] == [A, M, H]


def test_live_verdicts_come_as_soon_as_they_are_certain() -> None:
    compiled = rules(
        {
            "greeted": {"role": "agent", "scope": {"to": 2}, "test": {"keywords": {"of": ["您好"]}}},
            "rude": {"role": "agent", "test": {"keywords": {"of": ["滚"]}}},
            "closed": {"role": "agent", "scope": {"from": -1}, "test": {"keywords": {"of": ["再见"]}}},
        },
        greeting="not greeted",
        rudeness="rude",
        closing="not closed",
    )
    spoken = call("客服: 喂\n客户: 你好\n客服: 讲\n客服: 滚\n客服: 再见")
    session = compiled.session(spoken, NO_MODEL)
    seen = [
        {k: v.result.verdict for k, v in session.hear(turn).items()} for turn in read_transcript(spoken).turns
    ]
    assert [step["greeting"] for step in seen] == [P, P, H, H, H]
    assert [step["rudeness"] for step in seen] == [P, P, P, H, H]
    assert [step["closing"] for step in seen] == [P, P, P, P, P]
    assert session.finish()["closing"].result.verdict is M
    with pytest.raises(ValueError, match="已经结束"):
        session.hear(read_transcript(spoken).turns[0])


def test_live_needs_are_declared() -> None:
    compiled = rules(
        {
            "greeted": {"role": "agent", "scope": {"to": 2}, "test": {"keywords": {"of": ["您好"]}}},
            "long": {"test": {"duration": {"longer_than_ms": 1000}}},
        },
        one="greeted",
        two="greeted and long",
    )
    assert (compiled.live("one"), compiled.live("two")) == ("now", "end")
    assert {need.value for need in compiled.needs("two")} == {"roles", "duration", "whole_call"}


def test_explanation_shows_conditions_scopes_and_evidence() -> None:
    compiled = rules(
        {
            "angry": {"role": "customer", "test": {"keywords": {"of": ["生气"]}}},
            "soothed": {
                "role": "agent",
                "scope": {"anchor": "angry", "where": "after", "from": 1, "to": 2, "hit": "every"},
                "test": {"keywords": {"of": ["给您添麻烦了"]}},
            },
        },
        soothing="not soothed",
    )
    tree = explain(
        compiled, "soothing", Facts(read_transcript(call("客户: 我生气\n客服: 谁给您添麻烦，您说")), NO_MODEL)
    )
    assert (tree.kind, tree.verdict) == ("criterion", H)
    (negation,) = tree.children
    (soothed,) = negation.children
    assert (soothed.label, soothed.verdict) == ("soothed", M)
    assert soothed.detail == "坐席，“angry”每一次命中之后第 1 到 2 句"
    assert soothed.nearest is not None
    assert (soothed.nearest.turn, soothed.nearest.quote) == (1, "谁给您添麻烦")
    angry, test = soothed.children
    assert [quote.quote for quote in angry.evidence] == ["生气"]
    assert (test.label, test.detail) == ("关键词", "给您添麻烦了")


def test_schema_accepts_what_compiles_and_refuses_the_rest() -> None:
    schema = language_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid("a and b")
    assert validator.is_valid({"all": ["a", {"role": "agent", "test": {"keywords": {"of": ["您好"]}}}]})
    assert not validator.is_valid({"role": "agent", "test": {"keyword": {"of": ["您好"]}}})
    assert not validator.is_valid({"role": "agent", "test": {"keywords": {"off": ["您好"]}}})
    assert not validator.is_valid({"rolle": "agent", "test": {"keywords": {"of": ["您好"]}}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("一百零五", 105),
        ("一百五", 150),
        ("两千三", 2300),
        ("三万五", 35000),
        ("一百二十万", 1200000),
        ("一亿零三万", 100030000),
        ("一三八零", 1380),
        ("零", 0),
        ("两万零五十", 20050),
        ("万", None),
        ("百", None),
        ("十十", None),
        ("一百百", None),
    ],
)
def test_chinese_numerals(text: str, value: int | None) -> None:
    assert chinese_number(text) == value
