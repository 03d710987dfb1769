"""读不进来的时候，话要说到点子上：缺什么、看见了什么、怎么办；绝不引用客户的话。"""

from __future__ import annotations

import json

import orjson
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.errors import ConfigError, IntakeError
from qa_engine.intake.duplicate_keys import refuse_duplicate_keys
from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs


def read(path, **options):
    items = list(read_inputs([str(path)], IntakeOptions(**options)))
    errors = [item for item in items if isinstance(item, IntakeError)]
    return [item for item in items if not isinstance(item, IntakeError)], errors


def written(tmp_path, text, name="t.jsonl"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


# 一句话的写法, 期望的 (角色, 标签, 文字)
ACCEPTED = [
    ({"speaker": "agent", "text": "您好"}, ("agent", None, "您好")),
    ({"role": "客服", "text": "您好"}, ("agent", None, "您好")),
    ({"role": "坐席", "content": "您好"}, ("agent", None, "您好")),
    ({"role": "customer", "words": "在吗"}, ("customer", None, "在吗")),
    ({"role": "客户", "text": "在吗", "words": [{"text": "在"}]}, ("customer", None, "在吗")),
    ({"speaker": "SPEAKER_01", "role": "客户", "text": "在吗"}, ("customer", "SPEAKER_01", "在吗")),
    ({"speaker": "客户", "role": "会员之友", "text": "在吗"}, ("customer", None, "在吗")),
    ({"s": "A", "t": "您好"}, ("agent", None, "您好")),
]


@pytest.mark.parametrize(("turn", "expected"), ACCEPTED)
def test_obvious_names_of_our_fields_are_read(tmp_path, turn, expected):
    (call,), errors = read(written(tmp_path, json.dumps({"id": "k", "turns": [turn]}, ensure_ascii=False)))
    assert not errors
    (said,) = call.turns
    assert (said.speaker.value, said.speaker_label, said.text) == expected


# 一句话的写法, 错误码, 字段, 说明里必须有的话
REFUSED = [
    ({"sender": "客服", "text": "您好"}, "missing_field", "speaker", "有 sender，是不是想写 speaker"),
    ({"speaker": "agent", "message": "您好"}, "missing_field", "text", "有 message，是不是想写 text"),
    ({"text": "您好"}, "missing_field", "speaker", "agent（坐席）、customer（客户）或 system（系统）"),
    ({"speaker": "agent", "role": "customer", "text": "您好"}, "bad_value", "role", "不一致"),
    ({"role": "路人", "text": "您好"}, "bad_value", "role", "agent、customer、system"),
    ({"speaker": None, "text": "您好"}, "missing_field", "speaker", "null"),
]


@pytest.mark.parametrize(("turn", "code", "field", "words"), REFUSED)
def test_other_names_are_told(tmp_path, turn, code, field, words):
    calls, (error,) = read(written(tmp_path, json.dumps({"id": "k", "turns": [turn]}, ensure_ascii=False)))
    assert not calls
    assert (error.code, error.field) == (code, f"turns[0].{field}")
    assert words in str(error)
    assert "您好" not in str(error)


def test_times_without_a_unit_are_not_taken_and_flagged(tmp_path):
    turns = [
        {"speaker": "agent", "text": "您好", "start": 1.5, "end": 2.5},
        {"speaker": "customer", "text": "在吗", "start_ms": 3000, "end_ms": 4000, "start": 3},
    ]
    (call,), _ = read(written(tmp_path, json.dumps({"id": "k", "turns": turns})))
    assert [turn.start_ms for turn in call.turns] == [None, 3000]
    (flag,) = (flag for flag in call.flags if flag.code == "unit_unknown")
    assert flag.turns == (0,)
    assert "start_ms" in flag.message


# 表的内容, --column, 说明里必须有的话, 绝不能有的话
TABLES = [
    ("会话ID,讲了啥\nk1,您好\n", {}, ["会话ID、讲了啥", "缺少：说了什么", "--column"], []),
    ("开始时间,内容\n1,您好\n", {}, ["开始时间、内容", "缺少：谁说的或属于哪一通"], []),
    ("k1,客服,您好张三\nk1,客户,电话13800138000\n", {}, ["没有一列是认得的表头", "可能没有表头行"], ["张三"]),
    ("客户,我叫李四,1\n客服,您好,2\n", {}, ["没有一列是认得的表头"], ["李四"]),
    ("会话ID,话\nk1,您好\n", {"text": "对话明细"}, ["指定的表头“对话明细”在表里没有"], []),
    ("线路,话\n0,您好\n", {"speaker_label": "线路"}, ["缺少：说了什么"], []),
]


@pytest.mark.parametrize(("text", "columns", "words", "silent"), TABLES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_without_a_usable_header_is_explained(tmp_path, text, columns, words, silent, kind):
    path = written(tmp_path, text, "t.csv")
    if kind == "xlsx":
        path = tmp_path / "t.xlsx"
        with xlsxwriter.Workbook(str(path)) as book:
            sheet = book.add_worksheet()
            for number, line in enumerate(text.splitlines()):
                sheet.write_row(number, 0, line.split(","))
    calls, (error,) = read(path, columns=columns)
    assert not calls
    assert error.code == "no_header"
    assert all(word in str(error) for word in [*words, "docs/transcripts.zh-CN.md"])
    assert not any(word in str(error) for word in silent)


def test_a_worksheet_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("甲").write_row(0, 0, ["会话ID", "角色", "内容"])
    _, (error,) = read(path, sheet="乙")
    assert "没有名为“乙”的工作表" in str(error)


def test_a_column_that_is_none_of_ours_is_refused():
    with pytest.raises(ConfigError) as caught:
        IntakeOptions(columns={"foo": "通道"})
    assert all(word in str(caught.value) for word in ("foo", "通道", "speaker_label", "text"))


def test_a_named_header_that_is_not_there_is_flagged(tmp_path):
    path = written(tmp_path, "会话ID,角色,内容\nk1,客服,您好\nk1,客户,在吗\n", "t.csv")
    (call,), errors = read(path, columns={"team": "班次"})
    assert not errors
    (flag,) = call.flags
    assert flag.code == "column_absent"
    assert "班次" in flag.message


def test_headers_of_recognition_exports(tmp_path):
    header = "录音流水号,通道,识别结果,起始时间(ms),结束时间(ms)"
    rows = "r1,0,您好请问有什么可以帮您,100,2100\nr1,1,我的快递怎么还没到,2500,4500\n"
    (call,), errors = read(written(tmp_path, f"{header}\n{rows}", "t.csv"), agent_channel="0")
    assert not errors
    assert (call.id, call.role_source, call.unit_source) == ("r1", "channel_map", "declared")
    assert [(turn.speaker.value, turn.start_ms, turn.end_ms) for turn in call.turns] == [
        ("agent", 100, 2100),
        ("customer", 2500, 4500),
    ]


def test_a_channel_column_with_role_words_names_roles(tmp_path):
    text = "录音编号,声道,内容\nr1,坐席,您好\nr1,客户,在吗\n"
    (call,), _ = read(written(tmp_path, text, "t.csv"))
    assert [turn.speaker.value for turn in call.turns] == ["agent", "customer"]
    assert call.role_source == "given"


def test_a_bad_row_of_one_line_names_one_line(tmp_path):
    path = written(tmp_path, '会话ID,角色,内容\nk1,客服,"您好"啊\nk2,客服,您好\n', "t.csv")
    error = next(error for error in read(path)[1] if error.code == "bad_csv")
    assert "第 2 行的引号" in error.why
    assert "到" not in error.why


TURNS = '"turns":[{"speaker":"agent","text":"您好"}]'
TWICE = [
    ("顶层", '{"id":"k","id":"j",' + TURNS + "}", "id"),
    ("句子里", '{"id":"k","turns":[{"speaker":"agent","speaker":"customer","text":"a:b"}]}', "speaker"),
    ("随路数据里", '{"id":"k","attributes":{"x":{"y":1,"y":1}},' + TURNS + "}", "y"),
    ("写成转义", r'{"id":"k","\u0069d":"j",' + TURNS + "}", "id"),
    ("转义的冒号凑数", r'{"id":"k\u003a","id":"k\u003A",' + TURNS + "}", "id"),
]


@pytest.mark.parametrize("layout", ["{}", "[{}]", "\n{}\n"])
@pytest.mark.parametrize(("text", "key"), [case[1:] for case in TWICE], ids=[case[0] for case in TWICE])
def test_a_key_written_twice_is_refused(tmp_path, text, key, layout):
    calls, (error,) = read(written(tmp_path, layout.replace("{}", text)))
    assert not calls
    assert error.code == "duplicate_key"
    assert f"字段“{key}”" in error.why


keys = st.text(alphabet='ab:"\\ 会', max_size=2)
objects = st.recursive(
    st.text(alphabet=':"\\a会', max_size=4) | st.integers(),
    lambda inner: (
        st.lists(st.tuples(keys, inner), max_size=4).map(lambda pairs: ("{", pairs))
        | st.lists(inner, max_size=3)
    ),
    max_leaves=12,
)


def rendered(value, escape):
    """写成 JSON；对象的键可以重复。"""
    if isinstance(value, tuple):
        pairs = value[1]
        inside = ",".join(f"{rendered(k, escape)}:{rendered(v, escape)}" for k, v in pairs)
        return f"{{ {inside} }}"
    if isinstance(value, list):
        return "[" + ",".join(rendered(one, escape) for one in value) + "]"
    text = json.dumps(value, ensure_ascii=escape)
    return text.replace(":", "\\u003a") if escape else text


def repeats(value):
    if isinstance(value, tuple):
        names = [key for key, _ in value[1]]
        return len(set(names)) < len(names) or any(repeats(inner) for _, inner in value[1])
    return isinstance(value, list) and any(map(repeats, value))


@given(objects, st.booleans())
def test_exactly_the_documents_with_a_repeated_key_are_refused(value, escape):
    data = rendered(value, escape).encode()
    if repeats(value):
        with pytest.raises(FieldProblem) as caught:
            refuse_duplicate_keys(data, orjson.loads(data))
        assert caught.value.code == "duplicate_key"
    else:
        refuse_duplicate_keys(data, orjson.loads(data))
