"""The shipped scorecards: they load, they are clean, and every test inside them is green."""

from pathlib import Path

import pytest

from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.scorecard import Outcome
from qa_engine.inspector import Inspector
from qa_engine.scorecards import builtin_scorecards, load_scorecard, read_scorecard
from qa_engine.scorecards.lint import lint
from qa_engine.scorecards.testing import run_test, run_tests
from qa_engine.text.reading import read_transcript

LOADED = {key: load_scorecard(key) for key in builtin_scorecards()}
CASES = [(key, test) for key, loaded in LOADED.items() for test in loaded.tests]


def judge(loaded, transcript, prediction):
    model = NotEvaluable("no_model", "用例自带模型判断")
    return Inspector(loaded.scorecard, loaded.rules, model).judge(read_transcript(transcript), prediction)


def test_the_four_house_scorecards_are_shipped():
    assert builtin_scorecards() == (
        "bank_consumer_finance",
        "ecommerce_after_sales",
        "general_service",
        "telecom_hotline",
    )


@pytest.mark.parametrize(("key", "test"), CASES, ids=[f"{key}:{test.name}" for key, test in CASES])
def test_every_test_in_the_file_is_green(key, test):
    result = run_test(LOADED[key], test, judge)
    assert result.passed, f"\n{result}"


@pytest.mark.parametrize("key", LOADED)
def test_shipped_scorecards_have_no_warnings(key):
    assert [str(warning) for warning in lint(LOADED[key])] == []


@pytest.mark.parametrize("key", LOADED)
def test_shape_agreed_with_the_qa_leads(key):
    scorecard = LOADED[key].scorecard
    assert scorecard.key == key
    assert 18 <= len(scorecard.criteria) <= 35
    assert 4 <= len(scorecard.sections) <= 7
    weights = {section.key: section.weight for section in scorecard.sections}
    deducted = [c for c in scorecard.criteria if c.scoring == "deduct"]
    assert sum(c.points * weights[c.section] for c in deducted) == 100
    assert all(c.description and c.advice for c in scorecard.criteria)


@pytest.mark.parametrize("key", LOADED)
def test_each_criterion_is_shown_to_pass_and_to_fail(key):
    loaded = LOADED[key]
    for criterion in loaded.scorecard.criteria:
        seen = {test.outcomes[criterion.key] for test in loaded.tests if criterion.key in test.outcomes}
        bad = Outcome.NOT_APPLICABLE if criterion.scoring == "add" else Outcome.FAILED
        assert {Outcome.PASSED, bad} <= seen, criterion.key


SMALL = """\
schema: scorecard/1
key: small
name: 小表
revision: 1
pass_mark: 60
conditions:
  greeted: {role: agent, scope: {unit: turn, from: 1, to: 1}, test: {keywords: {of: [您好]}}}
  swore: {role: agent, test: {keywords: {of: [闭嘴]}}}
sections:
  - key: all
    name: 全部
    criteria:
      - {key: greeting, name: 问候, points: 40, pass_when: greeted}
      - {key: polite, name: 文明, points: 60, critical: true, description: 骂人, fail_when: swore}
tests:
  - name: 写反了
    dialogue: |
      客服: 闭嘴
      客户: 什么
    expect: {greeting: PASSED, polite: PASSED}
    evidence: {greeting: {looked_at: [[1, 1]]}, polite: {turns: [1], quotes: [住嘴]}}
    total: {passed: true, critical_failure: false, percent: 100}
"""


def test_a_wrong_expectation_is_told_in_chinese(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL, encoding="utf-8")
    loaded = load_scorecard(path)
    [result] = run_tests(loaded, judge)
    assert not result.passed
    assert result.line == 16
    text = str(result)
    for piece in (
        "不符  第 16 行 写反了",
        "「问候」（greeting）期望合格，实际不合格",
        "「文明」（polite）期望合格，实际不合格",
        "期望检查第 2–2 句，实际检查了第 1–1 句（looked_at 从 0 数起，实际写作 [[0, 0]]）",
        "证据期望在第 2 句，实际在第 1 句（turns 从 0 数起，实际写作 [0]）",
        "证据里没有“住嘴”，实际是：“闭嘴”",
        "是否及格期望是，实际否",
        "是否一票否决期望否，实际是",
        "得分率期望 100，实际 0.0",
    ):
        assert piece in text


def test_a_right_expectation_is_green(tmp_path):
    right = SMALL[: SMALL.index("tests:")] + (
        "tests:\n  - name: 对的\n    dialogue: |\n      客服: 您好\n      客户: 嗯\n"
        "    expect: {greeting: 合格, polite: PASSED}\n"
        "    evidence: {greeting: {turns: [0], quotes: [您好]}}\n"
        "    total: {passed: true, percent: 100}\n"
    )
    path = tmp_path / "small.yaml"
    path.write_text(right, encoding="utf-8")
    [result] = run_tests(load_scorecard(path), judge)
    assert result.passed, str(result)
    assert str(result) == "通过  第 16 行 对的"


def test_the_example_of_the_guide_works_as_written():
    guide = (Path(__file__).parents[1] / "docs" / "scorecards.zh-CN.md").read_text(encoding="utf-8")
    example = guide.partition("```yaml\n")[2].partition("```")[0]
    loaded = read_scorecard(example, "docs/scorecards.zh-CN.md")
    assert lint(loaded) == ()
    assert [str(result) for result in run_tests(loaded, judge) if not result.passed] == []
    for key, scorecard in LOADED.items():
        row = f"| `{key}` | {scorecard.scorecard.name} |"
        assert row in guide
        assert f"| {scorecard.scorecard.pass_mark:g} |" in guide.partition(row)[2].partition("\n")[0] + "|"
