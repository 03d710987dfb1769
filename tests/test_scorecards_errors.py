"""What a QA lead reads when a scorecard file is wrong: the line, the key, what and how to mend it."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_engine.domain.errors import ConfigErrors
from qa_engine.rules.source import parse_yaml
from qa_engine.scorecards import builtin_scorecards, load_scorecard, read_scorecard

GOOD = """\
schema: scorecard/1
key: demo
name: 演示
revision: 1
pass_mark: 80
phrases:
  greeting: [您好, 你好]
conditions:
  greeted: {role: agent, test: {keywords: {of: ["@greeting"]}}}
sections:
  - key: opening
    name: 开场
    criteria:
      - key: greet
        name: 问候
        points: 100
        pass_when: greeted
tests:
  - name: 有问候
    dialogue: |
      客服: 您好
      客户: 嗯
    expect: {greet: PASSED}
"""


def errors_of(text):
    with pytest.raises(ConfigErrors) as raised:
        read_scorecard(text, "demo.yaml")
    return raised.value.errors


def test_the_good_file_loads():
    assert read_scorecard(GOOD, "demo.yaml").scorecard.name == "演示"


# what is replaced, by what, line, key, part of the message, part of the remedy
MISTAKES = [
    ("name: 演示", "name：演示", 3, "", "“name”后面用了中文冒号", "name: …"),
    ("    name: 开场", "    name：开场", 12, "", "“name”后面用了中文冒号", "英文冒号"),
    ("    name: 开场", "\tname: 开场", 12, "", "制表符", "空格"),
    ("    name: 开场", "   name: 开场", 12, "", "缩进没有对齐", "对齐"),
    ("[您好, 你好]", "[您好, 你好", 7, "", "方括号没有配对", "英文括号"),
    ('["@greeting"]', "[@greeting]", 9, "", "不能直接以 @ 开头", "引号"),
    ("name: 演示", "name: 演示\nname: 又一个", 4, "name", "写了两次，前一次在第 3 行", "只保留一处"),
    ("name: 演示", "name: &a 演示\ndescription: *a", 3, "description", "锚点", "phrases"),
    ("name: 演示", "name: !!python/name:os.system x", 3, "name", "自定义标签", "删去"),
    ("  - name: 有问候", '  - name: "有问候', 19, "", "引号没有配对", "补上"),
    ("name: 演示\n", "", 1, "name", "缺少必填的键 name（评分表名称）", "补上"),
    ("schema: scorecard/1", "schema: scorecard/2", 1, "schema", "不在允许的范围内", "scorecard/1"),
    ("key: demo", "key: 演示表", 2, "key", "不合格式", "小写英文字母"),
    ("revision: 1", "revision: 1.5", 4, "revision", "应该是整数", "整数"),
    ("revision: 1", "revision: 0", 4, "revision", "超出范围", "不小于 1"),
    ("pass_mark: 80", "pass_mark: 180", 5, "pass_mark", "超出范围", "不大于 100"),
    ("pass_mark: 80", 'pass_mark: "80"', 5, "pass_mark", "应该是数字，写成了文字", "不带引号"),
    ("pass_mark: 80", "pass_score: 80", 5, "pass_score", "不认识的键 pass_score", "您是不是想写 pass_mark"),
    ("points: 100", "point: 100", 16, "sections[0].criteria[0].point", "不认识的键", "您是不是想写 points"),
    ("points: 100", "points: 0", 16, "sections[0].criteria[0].points", "超出范围", "大于 0"),
    ("points: 100", "points: 满分", 16, "sections[0].criteria[0].points", "应该是数字", "数字"),
    ("points: 100", "points: 100\n        critical: yes", 17, "sections[0].criteria[0].critical",
     "不是布尔值",
     "true 或 false"),
    ("points: 100", "points: 100\n        critical: 是", 17, "sections[0].criteria[0].critical", "不是布尔值",
     "true"),
    ("points: 100", "points: 100\n        scoring: deducts", 17, "sections[0].criteria[0].scoring",
     "不在允许",
     "您是不是想写 deduct"),
    ("points: 100", "points: 2\n        per_hit: 5", 17, "sections[0].criteria[0].per_hit", "大于分值",
     "不大于分值"),
    ("points: 100", "points: 2\n        scoring: add\n        critical: true", 18,
     "sections[0].criteria[0].critical", "加分项不能是一票否决项", "删去 critical"),
    ("        pass_when: greeted\n", "", 14, "sections[0].criteria[0]", "没有写判定条件", "fail_when"),
    ("pass_when: greeted", "pass_when: greeted\n        fail_when: greeted", 17,
     "sections[0].criteria[0].pass_when", "只能写一个", "fail_when"),
    ("pass_when: greeted", "pass_when: greetd", 17, "sections[0].criteria[0].pass_when", "greetd",
     "greeted"),
    ('"@greeting"', '"@greetings"', 9, "conditions.greeted.test.keywords.of[0]", "greetings", "greeting"),
    ("{keywords: {of:", "{keyword: {of:", 9, "conditions.greeted.test", "keyword", "keywords"),
    ("role: agent", "role: 客服", 9, "conditions.greeted.role", "允许的范围", "agent"),
    ("sections:\n", "sections: []\nx:\n", 10, "sections", "不能为空", "至少写一项"),
    ("      客服: 您好", "      您好", 21, "tests[0].dialogue", "对话第 1 行没有写是谁说的", "客服:"),
    ("{greet: PASSED}", "{great: PASSED}", 23, "tests[0].expect.great", "没有质检项 great",
     "您是不是想写 greet"),
    ("{greet: PASSED}", "{greet: PASS}", 23, "tests[0].expect.greet", "不在允许的范围内",
     "您是不是想写 PASSED"),
    ("    expect:", "    signals: {turns: {9: {emotion: -2}}}\n    expect:", 23, "tests[0].signals.turns.9",
     "没有写作 9 的句子", "从 0 数起"),
    ("    expect:", "    signals: {turns: {0: {faults: [rud]}}}\n    expect:", 23,
     "tests[0].signals.turns.0.faults", "不能写 rud", "您是不是想写 rude"),
    ("    expect:", "    signals: {turns: {0: {emotion: -1}}}\n    expect:", 23,
     "tests[0].signals.turns.0.emotion", "不是客户说的", "客户的句子"),
    ("    expect:", "    evidence: {greet: {turns: [7]}}\n    expect:", 23, "tests[0].evidence.greet.turns",
     "没有第 8 句（写作 7）", "0 到 1"),
    ("    expect:", "    turns: [{speaker: agent, text: 您好}]\n    expect:", 19, "tests[0]", "只能写一个",
     "dialogue"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "why", "remedy"), MISTAKES, ids=[m[1][:40] for m in MISTAKES]
)
def test_each_mistake_is_told_with_line_key_and_remedy(old, new, line, key, why, remedy):
    assert old in GOOD
    errors = errors_of(GOOD.replace(old, new, 1))
    told = [(e.line, e.key, e.why, e.remedy) for e in errors]
    assert any(
        e.line == line and e.key.startswith(key) and why in e.why and remedy in e.remedy for e in errors
    ), told


def test_all_mistakes_are_told_at_once_in_file_order():
    text = GOOD.replace("pass_mark: 80", "pass_mark: 180").replace("points: 100", "point: 100")
    lines = [error.line for error in errors_of(text)]
    assert lines == sorted(lines)
    assert {5, 14, 16} <= set(lines)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("名称".encode("gbk"), "不是 UTF-8"),
        (b"", "文件是空的"),
        (b"- 1\n", "最外层"),
        (b"a: 1\n---\nb: 1\n", "---"),
    ],
)
def test_files_that_are_no_scorecard(tmp_path: Path, content: bytes, why: str):
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigErrors, match=why):
        load_scorecard(path)


def test_a_wrong_name_is_answered_with_what_exists():
    with pytest.raises(ConfigErrors) as raised:
        load_scorecard("telecom_hotlin")
    assert "您是不是想写 telecom_hotline" in str(raised.value)
    with pytest.raises(ConfigErrors) as raised:
        load_scorecard("没有的.yaml")
    assert all(key in str(raised.value) for key in builtin_scorecards())


def test_a_byte_order_mark_at_the_start_is_harmless_and_in_the_middle_is_not():
    assert read_scorecard("\ufeff" + GOOD, "demo.yaml").scorecard.key == "demo"
    assert "BOM" in errors_of(GOOD.replace("phrases:", "\ufeffphrases:"))[0].why


@pytest.mark.parametrize("monster", ["[" * 5000, "- " * 5000, "a: {" * 5000])
def test_monsters_are_refused_before_they_are_parsed(monster):
    assert "嵌套层数太多" in errors_of(monster)[0].why


def test_yaml_surprises_do_not_happen():
    data, source = parse_yaml("a: [no, on, yes, 12:30, 2026-01-01, 0571]\nb:\n  c: true\n", "x")
    assert data == {"a": ["no", "on", "yes", "12:30", "2026-01-01", 571], "b": {"c": True}}
    assert source.raw_of(("a", 5)) == "0571"
    assert source.line_of(("b", "c")) == 3
    assert source.line_of(("b", "没有", "的")) == 2


def test_numbers_in_word_lists_are_words():
    text = GOOD.replace("[您好, 你好]", "[12315, 0571, 您好]")
    assert read_scorecard(text, "demo.yaml").written.phrases["greeting"] == ["12315", "0571", "您好"]
    text = GOOD.replace('["@greeting"]', "[010, 您好]")
    loaded = read_scorecard(text, "demo.yaml")
    assert loaded.written.conditions["greeted"]["test"]["keywords"]["of"] == ["010", "您好"]


ENGLISH_OF_PYDANTIC = re.compile(r"(?i)input|should|valid|field|required|permitted|error|greater|string ")
VALUES = st.sampled_from(["null", "[]", "{}", "3", "3.5", "true", "词", '""', "[1]", "{a: 1}", "-1"])


@settings(max_examples=120, deadline=None)
@given(line=st.integers(0, 22), value=VALUES)
def test_no_english_leaks_whatever_value_is_put_anywhere(line, value):
    lines = GOOD.splitlines()
    match = re.match(r"^(\s*(?:- )?[a-z_]+:)\s", lines[line] + " ")
    if match is None:
        return
    lines[line] = f"{match.group(1)} {value}"
    try:
        read_scorecard("\n".join(lines), "demo.yaml")
    except ConfigErrors as errors:
        for error in errors.errors:
            assert not ENGLISH_OF_PYDANTIC.search(error.why + error.remedy), str(error)
            assert error.line is not None
            assert re.search(r"[\u4e00-\u9fff]", error.why)
            assert re.search(r"[\u4e00-\u9fff]", error.remedy)
