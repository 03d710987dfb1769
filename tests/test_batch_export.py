"""Exports are read back with other software than wrote them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import orjson
import pyarrow.parquet as pq
import pytest
from batch_samples import small_reports
from python_calamine import CalamineWorkbook

from qa_engine.batch.errors import UnknownOutputFormat
from qa_engine.batch.export import check_format, start_export
from qa_engine.batch.export_csv import inert
from qa_engine.batch.export_parquet import ParquetExport
from qa_engine.batch.export_xlsx import XlsxExport
from qa_engine.batch.flat import call_row, criterion_cells
from qa_engine.batch.record import Failure, Scored
from qa_engine.domain.finding import Evidence
from qa_engine.domain.report import (
    Attitude,
    Complaint,
    ComplaintType,
    DropCause,
    Emotion,
    EmotionDrop,
    EmotionPoint,
    FaultMark,
    Resolution,
    ReviewAdvice,
)
from qa_engine.domain.report_json import report_to_json

FAILURES = [Failure("bad_json", "不是合法的 JSON", "检查这一行", "in.jsonl", line=3)]


@pytest.fixture
def reports(tmp_path):
    plain = small_reports(tmp_path, 5)
    probabilities = {"-2": 0.7, "-1": 0.2, "0": 0.1, "1": 0.0}
    rich = replace(
        plain[0],
        transcript_id="=cmd|' /C calc'!A0",
        criteria=tuple(
            replace(item, name="=1+1", evidence=(Evidence(0, 0, 2, "@SUM(A1)"),)) if i == 0 else item
            for i, item in enumerate(plain[0].criteria)
        ),
        resolution=Resolution("partial", {"resolved": 0.2, "partial": 0.5, "unresolved": 0.3}, (1,)),
        attitude=Attitude(2, 2.1, (), (FaultMark(4, "shirk", 0.8, (1, 3)),)),
        complaint=Complaint(
            True, 0.9, (ComplaintType("money.refund", "资金/退款", 0.8),), (Evidence(1, 0, 2, "退款"),)
        ),
        emotion=Emotion(
            41.0,
            (EmotionPoint(1, -2, 30.0, probabilities),),
            (EmotionDrop(1, 75.0, 30.0, DropCause(0, "agent", "shirk"), None),),
        ),
        review=ReviewAdvice(True, 0.91, ("+理由一", "理由二"), (Evidence(1, 0, 2, "退款"),)),
    )
    return [rich, *plain[1:]]


def scored(reports):
    return [
        Scored(seq, report.transcript_id, orjson.dumps(report_to_json(report)))
        for seq, report in enumerate(reports)
    ]


def exported(tmp_path, ending, reports):
    path = tmp_path / f"r{ending}"
    with path.open("wb") as file:
        export = start_export(path, file)
        for item in scored(reports):
            export.add(item)
        export.finish(FAILURES)
    return path, export


def test_jsonl_is_the_report_byte_for_byte(tmp_path, reports):
    path, _ = exported(tmp_path, ".jsonl", reports)
    assert path.read_bytes() == b"".join(item.report + b"\n" for item in scored(reports))


def test_parquet_holds_the_whole_report(tmp_path, reports):
    path, _ = exported(tmp_path, ".parquet", reports)
    table = pq.read_table(path)
    for row, report in zip(table.to_pylist(maps_as_pydicts="strict"), reports, strict=True):
        assert row == json.loads(json.dumps(report_to_json(report)))


def test_parquet_has_a_column_for_every_field_of_the_report(reports):
    from qa_engine.batch.export_parquet import SCHEMA

    assert SCHEMA.names == list(report_to_json(reports[0]))


def test_parquet_memory_is_bounded_by_row_groups(tmp_path, reports):
    path = tmp_path / "r.parquet"
    with path.open("wb") as file:
        export = ParquetExport(file, group_size=2)
        for item in scored(reports):
            export.add(item)
        export.finish([])
    assert pq.ParquetFile(path).metadata.num_row_groups == 3


def test_csv_has_one_row_a_call_with_a_column_a_criterion(tmp_path, reports):
    path, _ = exported(tmp_path, ".csv", reports)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert len(rows) == len(reports)
    first, second = rows[0], rows[1]
    assert first["会话编号"] == "'=cmd|' /C calc'!A0"
    assert first["问题解决"] == "部分解决"
    assert first["来电事由"] == "资金/退款"
    assert first["复核理由"] == "'+理由一；理由二"
    assert first["未恢复次数"] == "1"
    assert second["致歉"] in {"合格", "不合格"}
    assert float(second["致歉·得分"]) in {0.0, 30.0}
    assert second["问题解决"] == "未判定"
    assert second["情绪指数"] == ""


def test_csv_of_a_run_without_reports_has_headers(tmp_path):
    path, _ = exported(tmp_path, ".csv", [])
    assert path.read_text(encoding="utf-8-sig").startswith("会话编号,")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"), ("+86", "'+86"), ("-1", "'-1"), ("@x", "'@x"), ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"), ("正常", "正常"), (-3.5, -3.5), (None, None), ("", ""), ("'=1", "'=1"),
    ],
)  # fmt: skip
def test_no_cell_can_run_in_a_spreadsheet(cell, written):
    assert inert(cell) == written


def test_workbook_sheets(tmp_path, reports):
    path, export = exported(tmp_path, ".xlsx", reports)
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["汇总", "质检项明细", "证据", "情绪下跌", "未判定项", "错误"]
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert len(sheets["汇总"]) == 1 + len(reports)
    assert sheets["汇总"][1][0] == "=cmd|' /C calc'!A0"
    assert sheets["汇总"][1][3] == reports[0].total.percent
    assert len(sheets["质检项明细"]) == 1 + 3 * len(reports)
    assert sheets["质检项明细"][1][3] == "=1+1"
    assert sheets["证据"][1] == [
        "=cmd|' /C calc'!A0",
        "greeting",
        "=1+1",
        sheets["证据"][1][3],
        1,
        0,
        2,
        "@SUM(A1)",
    ]
    assert sheets["情绪下跌"][1] == ["=cmd|' /C calc'!A0", 2, 75, 30, "推诿", 1, "坐席", "未恢复"]
    assert len(sheets["未判定项"]) == 1 + sum(len(report.not_evaluated) for report in reports)
    assert sheets["错误"][1][:2] == ["JSON 有误", "in.jsonl 第 3 行"]
    assert export.remarks == []


def test_workbook_holds_no_formula(tmp_path, reports):
    path, _ = exported(tmp_path, ".xlsx", reports)
    book = CalamineWorkbook.from_path(str(path))
    # A formula cell would read back as its value, not as the text.
    assert book.get_sheet_by_name("质检项明细").to_python()[1][3] == "=1+1"


def test_full_sheet_goes_on_in_the_next_and_says_so(tmp_path, reports):
    path = tmp_path / "r.xlsx"
    with path.open("wb") as file:
        export = XlsxExport(file, max_rows=4)
        for item in scored(reports):
            export.add(item)
        export.finish([])
    book = CalamineWorkbook.from_path(str(path))
    names = [name for name in book.sheet_names if name.startswith("汇总")]
    assert names == ["汇总", "汇总(2)"]
    rows = [row[0] for name in names for row in book.get_sheet_by_name(name).to_python()[1:]]
    assert rows == [report.transcript_id for report in reports]
    assert any("“汇总”超过 4 行" in remark and "没有丢行" in remark for remark in export.remarks)


def test_text_too_long_for_a_cell_is_cut_visibly(tmp_path, reports):
    long = replace(reports[1], review=ReviewAdvice(True, 0.5, ("长" * 40_000,)))
    path, export = exported(tmp_path, ".xlsx", [long])
    row = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("汇总").to_python()[1]
    cell = next(cell for cell in row if isinstance(cell, str) and cell.startswith("长"))
    assert len(cell) == 32_767
    assert cell.endswith("全文见 JSONL 结果）")
    assert any("1 个单元格" in remark for remark in export.remarks)


def test_rows_fit_their_headers(reports):
    from qa_engine.batch import flat

    fields = report_to_json(reports[0])
    assert len(call_row(fields)) == len(flat.CALL_HEADERS)
    assert len(criterion_cells(fields)) == len(flat.criterion_headers(fields))
    for rows, headers in (
        (flat.criterion_rows, flat.CRITERION_HEADERS),
        (flat.evidence_rows, flat.EVIDENCE_HEADERS),
        (flat.drop_rows, flat.DROP_HEADERS),
        (flat.missing_rows, flat.MISSING_HEADERS),
    ):
        found = list(rows(fields))
        assert found
        assert {len(row) for row in found} == {len(headers)}


def test_criteria_of_one_name_keep_apart(reports):
    from qa_engine.batch.flat import criterion_headers

    twice = replace(
        reports[1], criteria=(reports[1].criteria[0], replace(reports[1].criteria[0], key="again"))
    )
    assert criterion_headers(report_to_json(twice))[::2] == ("开场问候（greeting）", "开场问候（again）")


def test_unknown_ending_is_told_before_anything_runs(tmp_path):
    with pytest.raises(UnknownOutputFormat, match=r"\.jsonl、\.parquet、\.csv、\.xlsx"):
        check_format(tmp_path / "r.docx")
