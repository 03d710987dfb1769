"""坏记录逐条报错（错误码、行号、字段），旁边的好记录一条不少。"""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs

SECRET = "我姓欧阳住青石巷"


def good(name: str) -> str:
    turns = [{"speaker": "agent", "text": "您好，请讲"}, {"speaker": "customer", "text": "我要查话费"}]
    return json.dumps({"id": name, "turns": turns}, ensure_ascii=False)


def read(*paths: Path, options: IntakeOptions | None = None) -> tuple[list[Transcript], list[IntakeError]]:
    items = list(read_inputs([str(path) for path in paths], options))
    transcripts = [item for item in items if isinstance(item, Transcript)]
    return transcripts, [item for item in items if isinstance(item, IntakeError)]


def turn(**fields: object) -> str:
    return json.dumps(
        {"id": "bad", "turns": [{"speaker": "agent", "text": SECRET} | fields]}, ensure_ascii=False
    )


# 名称, 坏行, 错误码, 字段
BAD_LINES = [
    ("截断的 JSON", good("bad")[:40], "truncated_json", ""),
    ("不是 JSON", "{'id': 1}", "bad_json", ""),
    ("行尾多了内容", good("bad") + "}", "bad_json", ""),
    ("NaN", '{"id":"bad","turns":[],"x":NaN}', "not_finite", ""),
    ("Infinity", '{"id":"bad","turns":[],"x":-Infinity}', "not_finite", ""),
    ("溢出的数字", '{"id":"bad","turns":[],"x":1e999}', "not_finite", ""),
    ("不成对的代理字符", '{"id":"bad","turns":[{"speaker":"agent","text":"\\ud83d"}]}', "lone_surrogate", ""),
    (
        "转义的 NUL",
        '{"id":"bad","turns":[{"speaker":"agent","text":"好\\u0000"}]}',
        "nul_character",
        "turns[0].text",
    ),
    ("裸 NUL", '{"id":"bad\x00","turns":[]}', "nul_character", ""),
    ("嵌套过深", '{"id":"bad","turns":' + "[" * 3000 + "]" * 3000 + "}", "too_deep", ""),
    (
        "随路数据嵌套过深",
        '{"id":"bad","attributes":{"a":' + "[" * 99 + "]" * 99 + '},"turns":[]}',
        "too_deep",
        None,
    ),
    ("不是对象", '"文本"', "unknown_format", ""),
    ("空值", "null", "unknown_format", ""),
    ("认不得的对象", '{"谁":"知道"}', "unknown_format", ""),
    ("turns 为 null", '{"id":"bad","turns":null}', "missing_field", "turns"),
    ("turns 是文本", '{"id":"bad","turns":"x"}', "wrong_type", "turns"),
    ("turn 是数字", '{"id":"bad","turns":[3]}', "wrong_type", "turns[0]"),
    ("缺少文本", '{"id":"bad","turns":[{"speaker":"agent"}]}', "missing_field", "turns[0].text"),
    ("文本为 null", turn(text=None), "missing_field", "turns[0].text"),
    ("文本是数字", turn(text=5), "wrong_type", "turns[0].text"),
    ("缺少角色", '{"id":"bad","turns":[{"text":"您好"}]}', "missing_field", "turns[0].speaker"),
    ("角色拼错", turn(speaker="agnet"), "bad_value", "turns[0].speaker"),
    ("角色是布尔值", turn(speaker=True), "wrong_type", "turns[0].speaker"),
    ("时间是对象", turn(start_ms={}), "wrong_type", "turns[0].start_ms"),
    ("时间是布尔值", turn(start_ms=True), "wrong_type", "turns[0].start_ms"),
    ("时间是乱写的文本", turn(start_ms="一点半"), "wrong_type", "turns[0].start_ms"),
    ("时间为负", turn(end_ms=-1), "bad_time", "turns[0].end_ms"),
    ("时间是天文数字", turn(start_ms=10**17), "bad_time", "turns[0].start_ms"),
    ("时间是指数炸弹", turn(start_ms="1e999999"), "bad_value", "turns[0].start_ms"),
    ("渠道不认识", '{"id":"bad","channel":"鸽子","turns":[]}', "bad_value", "channel"),
    ("坐席是文本", '{"id":"bad","agent":"张三","turns":[]}', "wrong_type", "agent"),
    ("班组是数组", '{"id":"bad","agent":{"team":[]},"turns":[]}', "wrong_type", "agent.team"),
    ("编号是数组", '{"id":[],"turns":[]}', "wrong_type", "id"),
    (
        "编号太长",
        json.dumps({"id": "长" * 600, "turns": [{"speaker": "agent", "text": "好"}]}),
        "bad_value",
        "id",
    ),
    ("没有一句话", '{"id":"bad","turns":[]}', "empty_call", ""),
    ("全是空白", turn(text="  \n"), "empty_call", ""),
]


@pytest.mark.parametrize(
    ("line", "code", "field"), [case[1:] for case in BAD_LINES], ids=[case[0] for case in BAD_LINES]
)
def test_a_bad_line_is_told_and_its_neighbours_are_read(tmp_path, line, code, field):
    path = tmp_path / "calls.jsonl"
    path.write_text(f"{good('a')}\n\n{line}\n{good('b')}\n", encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [(one.file, one.line, one.record, one.code) for one in errors] == [(str(path), 3, 1, code)]
    if field is not None:
        assert errors[0].field == field
    assert errors[0].why
    assert errors[0].remedy
    assert "。" not in errors[0].why
    assert SECRET not in str(errors[0])


@pytest.mark.parametrize("value", [1500, "1500", 1500.0, "1.5e3", 1499.6])
def test_numbers_may_be_strings(tmp_path, value):
    path = tmp_path / "calls.jsonl"
    path.write_text(turn(start_ms=value), encoding="utf-8")
    transcripts, errors = read(path)
    assert not errors
    assert transcripts[0].turns[0].start_ms == 1500


def test_the_first_line_may_be_the_bad_one(tmp_path):
    path = tmp_path / "calls.jsonl"
    for bad in ("{", "[", "x", good("z")[:30], "会话导出"):
        path.write_text(f"{bad}\n{good('a')}\n{good('b')}\n", encoding="utf-8")
        transcripts, errors = read(path)
        assert [one.id for one in transcripts] == ["a", "b"], bad
        assert [one.line for one in errors] == [1], bad


def test_a_huge_line_is_skipped_and_the_rest_is_read(tmp_path):
    path = tmp_path / "calls.jsonl"
    huge = json.dumps(
        {"id": "huge", "turns": [{"speaker": "agent", "text": "好" * 700_000}]}, ensure_ascii=False
    )
    path.write_text(f"{good('a')}\n{huge}\n{good('b')}\n", encoding="utf-8")
    transcripts, errors = read(path, options=IntakeOptions(max_line_bytes=1_000_000))
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [(one.code, one.line) for one in errors] == [("too_long", 2)]
    assert len(read(path)[0]) == 3


def test_ten_thousand_turns(tmp_path):
    path = tmp_path / "long.jsonl"
    turns = [{"speaker": ("agent", "customer")[i % 2], "text": f"第{i}句"} for i in range(10_000)]
    path.write_text(json.dumps({"id": "long", "turns": turns}), encoding="utf-8")
    transcripts, errors = read(path)
    assert not errors
    assert len(transcripts[0].turns) == 10_000
    assert transcripts[0].turns[9_999].text == "第9999句"


def test_unknown_keys_are_ignored_and_corpus_form_is_read(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text(
        '{"id":7,"gold":{"x":[1]},"turns":[{"s":"A","t":"您好","a":[]},{"s":"C","t":"在吗","e":0}]}'
    )
    transcripts, errors = read(path)
    assert not errors
    assert transcripts[0].id == "7"
    assert [turn.speaker for turn in transcripts[0].turns] == ["agent", "customer"]


def test_what_is_read_travels_to_worker_processes(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text(turn(signals={"emotion": "ANGRY"}) + "\n{\n", encoding="utf-8")
    items = list(read_inputs([str(path)]))
    assert pickle.loads(pickle.dumps(items)) == items
    assert pickle.loads(pickle.dumps(IntakeOptions())) == IntakeOptions()


def test_duplicate_ids_name_both_places(tmp_path):
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(f"{good('x')}\n{good('y')}\n", encoding="utf-8")
    second.write_text(f"{good('z')}\n{good('y')}\n", encoding="utf-8")
    transcripts, errors = read(first, second)
    assert [one.id for one in transcripts] == ["x", "y", "z"]
    assert [(one.code, one.file, one.line, one.field) for one in errors] == [
        ("duplicate_id", str(second), 2, "id")
    ]
    assert f"{first} 第 2 行" in errors[0].why


def test_missing_ids_are_derived_and_stable(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text('{"turns":[{"speaker":"agent","text":"您好"}]}\n' * 2, encoding="utf-8")
    ids = [one.id for one in read(path)[0]]
    assert ids == [f"{path}#1", f"{path}#2"]
    assert [one.id for one in read(path)[0]] == ids


# --- JSON over several lines ---------------------------------------------------------------------


def test_an_array_is_read_element_by_element(tmp_path):
    path = tmp_path / "calls.json"
    path.write_text(
        f'[\n {good("a")},\n {{"id":"bad","turns":[{{"speaker":1}}]}},\n {good("b")}\n]', encoding="utf-8"
    )
    transcripts, errors = read(path)
    assert [(one.id, one.origin.line) for one in transcripts] == [("a", 2), ("b", 4)]
    assert [(one.code, one.line, one.record) for one in errors] == [("missing_field", 3, 1)]


def test_a_pretty_printed_document_and_several_of_them(tmp_path):
    path = tmp_path / "calls.json"
    pretty = [json.dumps(json.loads(good(name)), indent=2, ensure_ascii=False) for name in "abc"]
    path.write_text("\n".join(pretty), encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b", "c"]
    assert not errors


def test_documents_run_together(tmp_path):
    path = tmp_path / "calls.json"
    path.write_text(good("a") + good("b") + " " + good("c"), encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b", "c"]
    assert not errors


def test_broken_brackets_cost_one_element(tmp_path):
    path = tmp_path / "calls.json"
    path.write_text(f'[\n{good("a")},\n{{"id":"x","turns":[{{]}},\n{good("b")}\n]', encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [(one.code, one.line) for one in errors] == [("broken_json", 3)]


def test_an_array_that_never_ends_is_told(tmp_path):
    path = tmp_path / "calls.json"
    path.write_text(f"[{good('a')},{good('b')},{good('c')[:50]}", encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [one.code for one in errors] == ["broken_json"]


def test_a_huge_element_is_skipped(tmp_path):
    path = tmp_path / "calls.json"
    huge = json.dumps({"id": "huge", "turns": [{"speaker": "agent", "text": "好" * 700_000}]})
    path.write_text(f"[{good('a')},{huge},{good('b')}]", encoding="utf-8")
    transcripts, errors = read(path, options=IntakeOptions(max_line_bytes=1_000_000))
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [one.code for one in errors] == ["too_long"]


# --- bytes ---------------------------------------------------------------------------------------

TWO = f"{good('a')}\n{good('b')}\n"


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "gb18030", "gbk"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_and_gzip_by_content(tmp_path, codec, packed):
    data = TWO.encode(codec)
    path = tmp_path / "calls.dat"
    path.write_bytes(gzip.compress(data) if packed else data)
    transcripts, errors = read(path)
    assert not errors
    assert [(one.id, one.turns[1].text) for one in transcripts] == [("a", "我要查话费"), ("b", "我要查话费")]


def test_gb18030_behind_a_long_ascii_start(tmp_path):
    ascii_line = '{"id":"%d","turns":[{"speaker":"agent","text":"ok"}]}\n'
    start = "".join(ascii_line % i for i in range(30_000))
    path = tmp_path / "calls.jsonl"
    path.write_bytes((start + TWO).encode("gb18030"))
    transcripts, errors = read(path)
    assert not errors
    assert transcripts[-1].turns[0].text == "您好，请讲"


@pytest.mark.parametrize(("most", "odd"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_mixed_encodings_cost_the_odd_line_only(tmp_path, most, odd):
    path = tmp_path / "calls.jsonl"
    lines = [good("a").encode(most), good("b").encode(most), good("x").encode(odd), good("c").encode(most)]
    path.write_bytes(b"\n".join(lines))
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["a", "b", "c"]
    assert all(one.turns[0].text == "您好，请讲" for one in transcripts)
    assert [(one.code, one.line) for one in errors] == [("bad_encoding", 3)]
    assert "个字节" in errors[0].why


def test_a_truncated_gzip_gives_what_is_there_and_says_so(tmp_path):
    path = tmp_path / "calls.jsonl.gz"
    data = gzip.compress("".join(f"{good(str(i))}\n" for i in range(2000)).encode(), compresslevel=0)
    path.write_bytes(data[: len(data) // 2])
    transcripts, errors = read(path)
    assert 900 < len(transcripts) < 1100
    assert [one.id for one in transcripts] == [str(i) for i in range(len(transcripts))]
    assert errors[-1].code == "truncated_file"


REFUSED = [
    ("空文件", b"", "empty_file"),
    ("只有空白", b" \n\n", "empty_file"),
    ("图片", b"\x89PNG\r\n\x1a\n" + bytes(60), "not_a_transcript"),
    ("录音", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60), "not_a_transcript"),
    ("二进制", bytes(range(256)) * 4, "not_a_transcript"),
    ("压缩包里不是工作簿", b"PK\x03\x04" + bytes(100), "bad_workbook"),
    ("压缩了两次", gzip.compress(gzip.compress(TWO.encode())), "not_a_transcript"),
    ("损坏的 gzip", b"\x1f\x8b\x08\x00garbage-garbage", "truncated_file"),
    ("散文", "今天天气很好。\n我们去爬山。\n".encode(), "unknown_format"),
    ("没有文本列的表", "姓名,年龄\n某人,3\n".encode(), "no_header"),
    ("空数组", b"[]", "empty_file"),
    ("设置文件", b"a: 1\n", "unknown_format"),
    ("多行的设置文件", b"a: 1\nb: 2\nlist:\n  - x\n", "unknown_format"),
    ("只有一行标签", "A：您好\n".encode(), "unknown_format"),
]


@pytest.mark.parametrize(("data", "code"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_files_that_hold_no_transcripts_are_told(tmp_path, data, code):
    bad, beside = tmp_path / "a.bin", tmp_path / "b.jsonl"
    bad.write_bytes(data)
    beside.write_text(TWO, encoding="utf-8")
    transcripts, errors = read(tmp_path)
    assert [one.id for one in transcripts] == ["a", "b"]
    assert [(one.file, one.code) for one in errors] == [(str(bad), code)]


def test_every_code_has_a_full_sentence_for_people(tmp_path):
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(line for _, line, _, _ in BAD_LINES), encoding="utf-8")
    _, errors = read(path)
    assert len(errors) == len(BAD_LINES)
    for error in errors:
        assert str(error).startswith(f"{path} 第 ")
        assert str(error).endswith("。")
