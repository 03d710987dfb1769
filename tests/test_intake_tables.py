"""CSV 与 XLSX：一行一句，中英文表头，时间单位，散落的行，坏行。"""

from __future__ import annotations

from datetime import datetime

import pytest
import xlsxwriter

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Channel
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs


def read(path, **options):
    items = list(read_inputs([str(path)], IntakeOptions(**options)))
    errors = [item for item in items if isinstance(item, IntakeError)]
    return [item for item in items if not isinstance(item, IntakeError)], errors


def spoken(transcript):
    return [(turn.speaker.value, turn.text) for turn in transcript.turns]


def codes(transcript):
    return {flag.code for flag in transcript.flags}


BODY = "k1{d}客服{d}您好请讲\nk1{d}客户{d}我要查话费\nk2{d}客户{d}在吗\n"
HEADERS = [
    "会话ID{d}角色{d}内容", "通话ID{d}说话人{d}文本", "call_id{d}speaker{d}text", "Call ID{d}Role{d}Content",
    "录音编号{d}发送方{d}消息内容", "流水号{d}说话人角色{d}转写文本", "session_id{d}sender{d}message",
]  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("codec", ["utf-8-sig", "gb18030"])
def test_headers_delimiters_and_encodings(tmp_path, header, delimiter, codec):
    path = tmp_path / "t.csv"
    path.write_bytes((header + "\n" + BODY).replace("{d}", delimiter).encode(codec))
    transcripts, errors = read(path)
    assert not errors
    assert [one.id for one in transcripts] == ["k1", "k2"]
    assert spoken(transcripts[0]) == [("agent", "您好请讲"), ("customer", "我要查话费")]
    assert transcripts[1].role_source == "given"


# 表头, 单元格(起, 止), 选项, 期望毫秒, 单位来源, 标记
TIMES = [
    ("开始时间(ms)", "结束时间(ms)", "1200", "3200", None, (1200, 3200), "declared", set()),
    ("begin_ms", "end_ms", "1200", "3200", None, (1200, 3200), "declared", set()),
    ("开始时间（秒）", "结束时间（秒）", "1.2", "3.2", None, (1200, 3200), "declared", set()),
    ("start_sec", "end_sec", "1.2", "3.2", None, (1200, 3200), "declared", set()),
    ("开始时间", "结束时间", "00:00:01.200", "00:00:03.200", None, (1200, 3200), "format", set()),
    ("开始时间", "结束时间", "0:01", "0:03", None, (1000, 3000), "format", set()),
    ("开始时间", "结束时间", "1200", "3200", "ms", (1200, 3200), "declared", set()),
    ("开始时间", "结束时间", "1.2", "3.2", "s", (1200, 3200), "declared", set()),
    ("开始时间", "结束时间", "1200", "3200", None, (1200, 3200), "format", {"unit_detected"}),
    ("开始时间", "结束时间", "1.2", "3.2", None, (1200, 3200), "format", {"unit_detected"}),
    ("开始时间", "结束时间", "1.2", "1.200001", None, (None, None), "none", {"unit_unknown"}),
    ("开始时间", "结束时间", "", "", None, (None, None), "none", set()),
    ("开始时间", "结束时间", "2024-05-01 10:00:01", "2024-05-01 10:00:03", None, (0, 2000), "format", set()),
    ("开始时间", "结束时间", "2024/5/1 9:00:01", "2024/5/1 9:00:03", None, (0, 2000), "format", set()),
    ("开始时间", "结束时间", "1714557601000", "1714557603000", None, (0, 2000), "format", set()),
]


@pytest.mark.parametrize(("begin", "stop", "a", "b", "unit", "span", "source", "flags"), TIMES)
def test_time_units(tmp_path, begin, stop, a, b, unit, span, source, flags):
    path = tmp_path / "t.csv"
    path.write_text(
        f"id,角色,内容,{begin},{stop}\nk1,客服,您好请问有什么可以帮您,{a},{b}\n", encoding="utf-8"
    )
    transcripts, errors = read(path, time_unit=unit)
    assert not errors
    turn = transcripts[0].turns[0]
    assert (turn.start_ms, turn.end_ms) == span
    assert transcripts[0].unit_source == source
    assert codes(transcripts[0]) == flags | {"one_sided"}


def test_people_channel_and_leftover_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "会话ID,角色,内容,坐席,工号,班组,技能组,客户,客户等级,渠道,业务,备注\n"
        "k1,客服,您好,演示员,301,一班,宽带,c9,金卡,电话,装机,甲\n"
        "k1,客户,在,演示员,301,一班,宽带,c9,金卡,电话,装机,乙\n",
        encoding="utf-8",
    )
    (call,), errors = read(path)
    assert not errors
    assert (call.agent.id, call.agent.name, call.agent.team) == ("301", "演示员", "一班")
    assert (call.agent.skill_group, call.customer.id, call.customer.tier) == ("宽带", "c9", "金卡")
    assert call.channel is Channel.VOICE
    # 逐句不同的列不属于整通会话
    assert dict(call.attributes) == {"业务": "装机"}


def test_scattered_rows_are_brought_together_in_file_order(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"k{i % 3},{('客服', '客户')[i % 2]},第{i}句" for i in range(12)]
    path.write_text("会话ID,角色,内容\n" + "\n".join(rows), encoding="utf-8")
    transcripts, errors = read(path)
    assert not errors
    assert [one.id for one in transcripts] == ["k0", "k1", "k2"]
    assert [text for _, text in spoken(transcripts[1])] == ["第1句", "第4句", "第7句", "第10句"]
    assert all(codes(one) == {"rows_scattered"} for one in transcripts)


def test_blank_ids_continue_the_call_above(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("会话ID,角色,内容\nk1,客服,您好\n,客户,在吗\nk2,客服,您好\n", encoding="utf-8")
    transcripts, _ = read(path)
    assert [(one.id, len(one.turns), codes(one)) for one in transcripts] == [
        ("k1", 2, {"id_filled_down"}),
        ("k2", 1, {"one_sided"}),
    ]


def test_a_table_without_ids_is_one_call(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("角色,内容\n客服,您好\n客户,在吗\n", encoding="utf-8")
    (call,), errors = read(path)
    assert not errors
    assert call.id == f"{path}#1"


def test_named_columns_win(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("编码,谁,话\nk1,客服,您好\n", encoding="utf-8")
    assert [error.code for error in read(path)[1]] == ["no_header"]
    (call,), errors = read(path, columns={"id": "编码", "speaker": "谁", "text": "话"})
    assert not errors
    assert (call.id, spoken(call)) == ("k1", [("agent", "您好")])


HEADER = "会话ID,角色,内容,开始时间(ms)\n"
GOOD_1 = "g1,客服,您好,0\ng1,客户,在吗,900\n"
GOOD_2 = "g2,客服,您好,0\n"
# 名称, 坏会话的行, 错误码, 行号, 字段
BAD_ROWS = [
    ("时间写错", "b,客服,您好,甲\n", "bad_time", 4, "turns[0].start"),
    ("时间为负", "b,客服,您好,-5\n", "bad_time", 4, ""),
    ("列多了", "b,客服,您好,请讲,0\n", "wrong_columns", 4, ""),
    ("第二行坏了整通都不要", "b,客服,您好,0\nb,客户,嗯,乙\n", "bad_time", 4, "turns[1].start"),
    ("NUL", "b,客服,您\x00好,0\n", "nul_character", 4, ""),
    ("没有文字", "b,客服,,0\n", "empty_call", 4, ""),
]


@pytest.mark.parametrize(
    ("rows", "code", "line", "field"), [case[1:] for case in BAD_ROWS], ids=[case[0] for case in BAD_ROWS]
)
def test_a_bad_row_refuses_its_call_only(tmp_path, rows, code, line, field):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + GOOD_1 + rows + GOOD_2, encoding="utf-8")
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["g1", "g2"]
    assert [(one.code, one.line) for one in errors] == [(code, line)]
    assert errors[0].field.startswith(field)


def test_an_open_quote_never_leaves_a_partial_call(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEADER + GOOD_1 + 'b,客服,"您好,0\n' + "g2,客户,嗯,5\n" + GOOD_2, encoding="utf-8")
    transcripts, errors = read(path)
    assert {one.id for one in transcripts} <= {"g1"}
    assert {"bad_csv"} <= {error.code for error in errors}
    assert any("3" in error.why or error.line in (4, 5) for error in errors)


def test_a_wrongly_encoded_row_refuses_its_call_only(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes((HEADER + GOOD_1).encode() + "b,客服,您好,0\n".encode("gb18030") + GOOD_2.encode())
    transcripts, errors = read(path)
    assert [one.id for one in transcripts] == ["g1", "g2"]
    assert [(one.code, one.line) for one in errors] == [("bad_encoding", 4)]


def test_line_breaks_and_commas_inside_quotes(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        '会话ID,角色,内容\r\nk1,客服,"您好，\n请, ""讲"""\r\nk1,客户,嗯\r\n', encoding="utf-8", newline=""
    )
    (call,), errors = read(path)
    assert not errors
    assert [text for _, text in spoken(call)] == ['您好，\n请, "讲"', "嗯"]


def test_workbooks(tmp_path):
    path = tmp_path / "导出.bin"
    workbook = xlsxwriter.Workbook(str(path))
    workbook.add_worksheet("说明").write(0, 0, "本表由系统导出")
    sheet = workbook.add_worksheet("明细")
    when = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write(0, 0, "某中心通话明细")
    for column, header in enumerate(["会话ID", "角色", "内容", "开始时间"]):
        sheet.write(2, column, header)
    for row, (call, role, text, second) in enumerate(
        [(1001, "坐席", "您好", 1), (1001, "客户", "在吗", 4), (1002, "客户", "喂", 9)], start=3
    ):
        sheet.write_number(row, 0, call)
        sheet.write(row, 1, role)
        sheet.write(row, 2, text)
        sheet.write_datetime(row, 3, datetime(2024, 5, 1, 10, 0, second), when)
    workbook.close()
    transcripts, errors = read(path)
    assert not errors
    assert [(one.id, one.origin.line, spoken(one)) for one in transcripts] == [
        ("1001", 4, [("agent", "您好"), ("customer", "在吗")]),
        ("1002", 6, [("customer", "喂")]),
    ]
    assert [turn.start_ms for turn in transcripts[0].turns] == [0, 3000]
    assert transcripts[0].started_at == "2024-05-01T10:00:01"
    assert [error.code for error in read(path, sheet="不存在")[1]] == ["no_header"]
    damaged = tmp_path / "坏.xlsx"
    damaged.write_bytes(path.read_bytes()[:900])
    assert [error.code for error in read(damaged)[1]] == ["bad_workbook"]
