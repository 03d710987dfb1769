"""The digest names a revision: it changes with what judges and with nothing else."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.scorecards import builtin_scorecards, load_scorecard, read_scorecard

TEXT = """\
# 头部注释
schema: scorecard/1
key: demo
name: 演示
revision: 1
pass_mark: 80
phrases: {greeting: [您好, 你好]}
conditions:
  greeted: {role: agent, test: {keywords: {of: ["@greeting"]}}}
sections:
  - key: opening
    name: 开场
    criteria:
      - {key: greet, name: 问候, points: 100, pass_when: greeted}
"""


def digest(text):
    return read_scorecard(text, "demo.yaml").scorecard.digest


SAME = {
    "去掉注释": TEXT.replace("# 头部注释\n", ""),
    "加空行和注释": TEXT.replace("sections:", "\n# 各大项\nsections:  # 开始"),
    "五和五点零": TEXT.replace("points: 100", "points: 100.0"),
    "写出默认值": TEXT.replace("points: 100", "points: 100, critical: false, scoring: deduct"),
    "默认置信度": TEXT.replace("pass_mark: 80", "pass_mark: 80\nmin_confidence: 0.5"),
    "键换个先后": TEXT.replace("key: demo\nname: 演示", "name: 演示\nkey: demo"),
    "加用例": TEXT + "tests:\n  - {name: 甲, dialogue: '客服: 您好', expect: {greet: PASSED}}\n",
    "换引号": TEXT.replace("name: 演示", "name: '演示'"),
}

DIFFERENT = {
    "改分值": TEXT.replace("points: 100", "points: 99"),
    "改词": TEXT.replace("您好, 你好", "您好, 哈喽"),
    "改及格线": TEXT.replace("pass_mark: 80", "pass_mark: 81"),
    "改范围": TEXT.replace("role: agent, test", "role: agent, scope: {unit: turn, from: 1, to: 2}, test"),
    "改版本": TEXT.replace("revision: 1", "revision: 2"),
    "一票否决": TEXT.replace("points: 100", "points: 100, critical: true"),
    "改成出现扣分": TEXT.replace("pass_when", "fail_when"),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_what_does_not_judge_does_not_change_it(text):
    assert text != TEXT
    assert digest(text) == digest(TEXT)


@pytest.mark.parametrize("text", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_what_judges_changes_it(text):
    assert text != TEXT
    assert digest(text) != digest(TEXT)


@given(order=st.permutations(sorted(yaml.safe_load(TEXT))), indent=st.integers(1, 6))
def test_layout_and_order_of_keys_never_matter(order, indent):
    data = yaml.safe_load(TEXT)
    again = json.dumps({key: data[key] for key in order}, ensure_ascii=False, indent=indent)
    assert digest(again) == digest(TEXT)


def test_no_two_shipped_scorecards_share_a_digest():
    digests = [load_scorecard(key).scorecard.digest for key in builtin_scorecards()]
    assert len(set(digests)) == len(digests)
    assert all(len(value) == 64 for value in digests)
