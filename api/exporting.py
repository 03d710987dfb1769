"""How exported reports are written: JSON lines and CSV as they come, Parquet and workbooks as whole files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import Any, BinaryIO, Literal, cast

import orjson

from qa_engine.batch.export import Export
from qa_engine.batch.export_csv import inert
from qa_engine.batch.export_parquet import ParquetExport
from qa_engine.batch.export_xlsx import XlsxExport
from qa_engine.batch.flat import CALL_HEADERS, Cell, call_row
from qa_engine.batch.labels import passed_name
from qa_engine.batch.record import Scored
from qa_engine.batch.telling import Telling
from qa_engine.services.export import Exported

Format = Literal["jsonl", "csv", "parquet", "xlsx"]
# Quotations come out of the service as the reader may see them.
_AS_IS = Telling(raw=True)
_IN_MEMORY = 8 * 1024 * 1024
_PIECE = 256 * 1024

_STORED_HEADERS = (
    "报告编号", "通话时间", "业务线", "渠道", "坐席工号", "坐席姓名", "班组", "技能组", "批次",
    "最终得分率", "最终结论", "复核状态", "不合格项", "未判定项", "处理时长（毫秒）", "静音（毫秒）", "游标",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Form:
    """One format: its media type, its ending, and how it is written."""

    media_type: str
    write: Callable[[Iterable[Exported]], Iterator[bytes]]


def _json_lines(exported: Iterable[Exported]) -> Iterator[bytes]:
    for one in exported:
        stored = {**asdict(one.line), "cursor": one.cursor}
        yield orjson.dumps({**one.report, "stored": stored}, option=orjson.OPT_APPEND_NEWLINE)


def _csv(exported: Iterable[Exported]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    # Without the mark Excel shows Chinese as noise.
    text.write("\ufeff")
    writer.writerow([*CALL_HEADERS, *_STORED_HEADERS])
    for one in exported:
        writer.writerow([inert(cell) for cell in (*call_row(one.report), *_stored_cells(one))])
        if text.tell() > _PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _stored_cells(one: Exported) -> tuple[Cell, ...]:
    line = one.line
    return (
        line.id, line.happened_at.isoformat(), line.business_line, line.channel, line.agent_id,
        line.agent_name, line.team, line.skill_group, line.batch_id, line.final_percent,
        passed_name(line.final_passed), line.review_state, _named(one.report, "FAILED"),
        _named(one.report, "NOT_EVALUATED"), line.handle_ms, line.silence_ms, one.cursor,
    )  # fmt: skip


def _named(report: dict[str, Any], outcome: str) -> str:
    return "；".join(item["name"] for item in report["criteria"] if item["outcome"] == outcome)


def _parquet(exported: Iterable[Exported]) -> Iterator[bytes]:
    return _whole_file(exported, lambda file: ParquetExport(file, telling=_AS_IS))


def _workbook(exported: Iterable[Exported]) -> Iterator[bytes]:
    # Rows wait in files of that folder, which goes with them however the export ends.
    with TemporaryDirectory(prefix="qa-engine-") as folder:
        yield from _whole_file(exported, lambda file: XlsxExport(file, telling=_AS_IS, folder=folder))


def _whole_file(exported: Iterable[Exported], begin: Callable[[BinaryIO], Export]) -> Iterator[bytes]:
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
        file = cast(BinaryIO, spooled)
        writer = begin(file)
        for one in exported:
            writer.add(Scored(one.line.id, one.report["transcript_id"], orjson.dumps(one.report)))
        writer.finish(())
        spooled.seek(0)
        while piece := spooled.read(_PIECE):
            yield piece


FORMS: dict[Format, Form] = {
    "jsonl": Form("application/x-ndjson", _json_lines),
    "csv": Form("text/csv; charset=utf-8", _csv),
    "parquet": Form("application/vnd.apache.parquet", _parquet),
    "xlsx": Form("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _workbook),
}
