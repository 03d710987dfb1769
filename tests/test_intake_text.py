"""纯文本：谁说的、几点说的、几通会话、续行。"""

from __future__ import annotations

import pytest

from qa_engine.domain.errors import IntakeError
from qa_engine.intake.read import read_inputs


def read(tmp_path, text):
    path = tmp_path / "t.txt"
    path.write_text(text, encoding="utf-8")
    items = list(read_inputs([str(path)]))
    errors = [item for item in items if isinstance(item, IntakeError)]
    return [item for item in items if not isinstance(item, IntakeError)], errors


def said(transcript):
    return [(turn.speaker.value, turn.text, turn.start_ms) for turn in transcript.turns]


ONE = [("agent", "您好请讲", None), ("customer", "查话费", None)]
# 名称, 文本, 期望
FORMS = [
    ("中文冒号", "客服：您好请讲\n客户：查话费\n", ONE),
    ("英文冒号", "坐席: 您好请讲\n用户: 查话费\n", ONE),
    ("方括号", "[客服]: 您好请讲\n【客户】：查话费\n", ONE),
    ("编号", "客服1：您好请讲\n客户01：查话费\n", ONE),
    ("工号在括号里", "坐席(3021)：您好请讲\n客户：查话费\n", ONE),
    ("A 与 C", "A：您好请讲\nC：查话费\n", ONE),
    ("空行无妨", "客服：您好请讲\n\n客户：查话费\n\n", ONE),
    ("方括号时间", "[00:00:01] 客服：您好请讲\n[00:01:02.5] 客户：查话费\n",
     [("agent", "您好请讲", 1000), ("customer", "查话费", 62500)]),
    ("秒数", "12.5 客服：您好请讲\n14 客户：查话费\n",
     [("agent", "您好请讲", 12500), ("customer", "查话费", 14000)]),
    ("日期在前", "2024-05-01 10:00:00 客服：您好请讲\n2024-05-01 10:00:07 客户：查话费\n",
     [("agent", "您好请讲", 0), ("customer", "查话费", 7000)]),
    ("名字与时间单独一行", "客服小王 2024-05-01 10:00:00\n您好请讲\n客户 2024-05-01 10:00:07\n查话费\n",
     [("unknown", "您好请讲", 0), ("customer", "查话费", 7000)]),
    ("续行", "客服：您好请讲\n客户：查话费\n订单：123\n还有：流量\n",
     [("agent", "您好请讲", None), ("customer", "查话费\n订单：123\n还有：流量", None)]),
    ("冒号在话里", "客服：请看：第一条\n客户：好\n",
     [("agent", "请看：第一条", None), ("customer", "好", None)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
def test_forms(tmp_path, text, expected):
    (call,), errors = read(tmp_path, text)
    assert not errors
    if any(speaker == "unknown" for speaker, _, _ in expected):
        # 只认得一边时由内容推断另一边
        assert [turn.text for turn in call.turns] == [text for _, text, _ in expected]
        assert [turn.start_ms for turn in call.turns] == [start for _, _, start in expected]
        assert call.role_source == "inferred"
    else:
        assert said(call) == expected
        assert call.role_source == "given"


def test_several_calls_in_a_file(tmp_path):
    calls, errors = read(
        tmp_path,
        "会话ID：k1\n工号：301\n班组：一班\n客服：您好\n客户：在吗\n\n会话ID：k2\n客服：喂\n=====\n客户：没人吗\n",
    )
    assert not errors
    assert [(one.id.rsplit("#")[-1], one.agent.id, len(one.turns), one.origin.line) for one in calls] == [
        ("k1", "301", 2, 1),
        ("k2", None, 1, 7),
        ("3", None, 1, 9),
    ]


def test_a_section_without_speakers_is_told(tmp_path):
    calls, errors = read(tmp_path, "客服：您好\n====\n这里什么也没有\n====\n客户：在吗\n")
    assert len(calls) == 2
    assert [(one.code, one.line, one.record) for one in errors] == [("no_speaker_lines", 2, 1)]


def test_leading_lines_are_counted(tmp_path):
    (call,), _ = read(tmp_path, "某中心导出\n客服：您好\n客户：在\n")
    assert [flag.code for flag in call.flags] == ["leading_text_ignored"]


def test_a_wrongly_encoded_line_refuses_its_call_only(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes("客服：您好\n客户：在吗\n===\n客服：您好您好\n".encode() + "客户：坏\n".encode("gbk")
                     + "===\n客户：喂\n".encode())  # fmt: skip
    items = list(read_inputs([str(path)]))
    assert [getattr(item, "code", "ok") for item in items] == ["ok", "bad_encoding", "ok"]
    assert items[1].line == 5


def test_subtitles_go_to_their_reader(tmp_path):
    (call,), errors = read(tmp_path, "1\n00:00:00,500 --> 00:00:02,300\n[SPEAKER_00]: 您好\n\n"
                                     "2\n00:00:03,000 --> 00:00:04,000\n[SPEAKER_01]: 在吗\n")  # fmt: skip
    assert not errors
    assert [turn.start_ms for turn in call.turns] == [500, 3000]
