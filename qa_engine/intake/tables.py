"""Turn tables (CSV, XLSX): one turn a row, rows of one call brought together by its id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import (
    Channel,
    Origin,
    RoleSource,
    Speaker,
    Transcript,
    TranscriptFlag,
    Turn,
    UnitSource,
)
from qa_engine.intake.encoding import TextStream
from qa_engine.intake.fields import FieldProblem, TimeUnit, checked_text
from qa_engine.intake.header_refusal import no_header, no_sheet
from qa_engine.intake.headers import columns_of, missing_columns, names_a_turn_table, unit_of
from qa_engine.intake.kinds import header_delimiter
from qa_engine.intake.lines import split_lines
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.row_groups import Row, RowGroup, gather
from qa_engine.intake.speakers import assign_speakers, channel_of
from qa_engine.intake.table_rows import csv_rows, sheet_rows
from qa_engine.intake.times import Spans, offsets, read_time

Items = Iterator[Transcript | IntakeError]
# A workbook cannot be streamed; an unpacked sheet needs about ten times its file in memory.
WORKBOOK_BYTES = 256 * 1024 * 1024
_HEADER_ROWS = 10


def read_csv(stream: TextStream, file: str, options: IntakeOptions) -> Items:
    """Yield the calls of a CSV (or tab, semicolon, bar separated) table."""
    lines = split_lines(stream.pieces, options.max_line_bytes)
    named = frozenset(options.columns.values())
    header_line = next((line for line in lines if line.data.strip() or line.too_long), None)
    text = header_line.data.decode("utf-8", "replace") if header_line else ""
    delimiter = header_delimiter(text, named)
    if header_line is None or delimiter is None:
        line = header_line.number if header_line else None
        yield no_header([text], options.columns).at(Origin(file, "csv", line))
        return
    rows = csv_rows(chain([header_line], lines), delimiter, stream.codec, options.max_line_bytes)
    # The reader counts from the header; lines above it were blank.
    yield from _read_rows(_renumbered(rows, header_line.number - 1, stream), Origin(file, "csv"), options)


def read_workbook(data: bytes, file: str, options: IntakeOptions) -> Items:
    """Yield the calls of every sheet of an Excel workbook that starts with a known header."""
    origin = Origin(file, "xlsx")
    found = False
    tops: list[list[str]] = []
    sheets = 0
    try:
        for name, rows in sheet_rows(data):
            if options.sheet is not None and name != options.sheet:
                continue
            sheets += 1
            table = _from_header(rows, frozenset(options.columns.values()), tops)
            if table is not None:
                found = True
                yield from _read_rows(table, origin, options)
    except FieldProblem as problem:
        yield problem.at(origin)
        return
    if not sheets and options.sheet is not None:
        yield no_sheet(options.sheet).at(origin)
    elif not found:
        yield no_header(tops, options.columns).at(origin)


def _renumbered(rows: Iterator[Row], above: int, stream: TextStream) -> Iterator[Row]:
    last = 0
    for row in rows:
        last = row.line + above
        yield Row(last, row.cells, row.problem, row.loses_rows)
    if stream.breaks:
        why, remedy = "文件在中途断掉，最后一通会话可能不完整", "重新传输或导出该文件"
        yield Row(last + 1, [], FieldProblem("", why, remedy, "incomplete_call"), loses_rows=True)


def _from_header(rows: Iterator[Row], named: frozenset[str], tops: list[list[str]]) -> Iterator[Row] | None:
    """Skip titles above the header; None when the first rows, put into ``tops``, hold no header."""
    for _ in range(_HEADER_ROWS):
        row = next(rows, None)
        if row is None:
            return None
        if names_a_turn_table(row.cells, named):
            return chain([row], rows)
        tops.append(row.cells)
    return None


def _read_rows(rows: Iterator[Row], origin: Origin, options: IntakeOptions) -> Items:
    header = next(rows)
    if header.problem is not None:
        yield header.problem.at(_placed(origin, header.line))
        return
    layout = _Layout.of(header.cells, options)
    if missing_columns(layout.columns):
        yield no_header([header.cells], options.columns).at(_placed(origin, header.line))
        return
    lost: list[IntakeError] = []

    def told() -> Iterator[Row]:
        for row in rows:
            if row.loses_rows and row.problem is not None:
                lost.append(row.problem.at(_placed(origin, row.line)))
            yield row

    empty = True
    for group in gather(told(), layout.columns.get("id")):
        empty = False
        yield _call(group, layout, origin)
    yield from lost
    if empty and not lost:
        yield FieldProblem("", "只有表头，没有数据行", "检查导出条件", "empty_file").at(origin)


def _placed(origin: Origin, line: int) -> Origin:
    return Origin(origin.file, origin.producer, line, origin.record)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where each of our columns stands, the unit of times, and the headers we do not know."""

    columns: Mapping[str, int]
    headers: list[str]
    unit: TimeUnit | None
    extra: Mapping[str, int]
    absent: tuple[str, ...]

    @classmethod
    def of(cls, header: list[str], options: IntakeOptions) -> _Layout:
        columns = columns_of(header, options.columns)
        stated = [unit_of(header[columns[key]]) for key in ("start", "end") if key in columns]
        unit = options.time_unit or next((unit for unit in stated if unit is not None), None)
        used = set(columns.values())
        extra = {cell.strip(): i for i, cell in enumerate(header) if i not in used and cell.strip()}
        written = {cell.strip() for cell in header}
        absent = tuple(theirs for theirs in options.columns.values() if theirs.strip() not in written)
        return cls(columns, header, unit, extra, absent)

    def cell(self, row: Row, column: str) -> str:
        position = self.columns.get(column, -1)
        return row.cells[position] if 0 <= position < len(row.cells) else ""

    def first(self, group: RowGroup, column: str) -> str | None:
        """Return the first written cell of a column within a call."""
        if column not in self.columns:
            return None
        return next((text for row in group.rows if (text := self.cell(row, column).strip())), None)


def _call(group: RowGroup, layout: _Layout, origin: Origin) -> Transcript | IntakeError:
    placed = _placed(origin, group.rows[0].line)
    try:
        for row in group.rows:
            if row.problem is not None:
                placed = _placed(origin, row.line)
                raise row.problem
            if len(row.cells) > len(layout.headers) and any(map(str.strip, row.cells[len(layout.headers) :])):
                placed = _placed(origin, row.line)
                why = f"这一行有 {len(row.cells)} 列，表头只有 {len(layout.headers)} 列"
                raise FieldProblem("", why, "给含分隔符的单元格加引号", "wrong_columns")
        return _transcript(group, layout, placed)
    except FieldProblem as problem:
        return problem.at(placed)


def _transcript(group: RowGroup, layout: _Layout, origin: Origin) -> Transcript:
    texts = [checked_text(layout.cell(row, "text"), f"turns[{i}].text") for i, row in enumerate(group.rows)]
    spans = _spans(group, layout, texts)
    speakers = _speakers(group, layout)
    turns = tuple(
        Turn(speaker, text, start, end, speaker_label=label, signals=_signals(layout.cell(row, "sent_at")))
        for row, text, (speaker, label), (start, end) in zip(
            group.rows, texts, speakers, spans.spans, strict=True
        )
    )
    flags: list[TranscriptFlag] = []
    if group.scattered:
        flags.append(TranscriptFlag("rows_scattered", "同一会话的行在表里不连续，已按会话号归并"))
    if group.filled_down:
        flags.append(TranscriptFlag("id_filled_down", "部分行没有会话号，沿用了上一行的会话号"))
    if layout.absent:
        absent = "、".join(f"“{name}”" for name in layout.absent)
        flags.append(TranscriptFlag("column_absent", f"--column 指定的表头{absent}在表里没有，未采用"))
    flags.extend(time_flags(spans))
    role_source: RoleSource = "unknown"
    if any(speaker is not Speaker.UNKNOWN for speaker, _ in speakers):
        role_source = "given"
    first = layout.first
    return Transcript(
        id=group.id,
        turns=turns,
        channel=channel_of(first(group, "channel") or "") or Channel.UNKNOWN,
        started_at=first(group, "started_at") or spans.started_at,
        agent=Agent(
            first(group, "agent_id"),
            first(group, "agent_name"),
            first(group, "team"),
            first(group, "skill_group"),
        ),
        customer=Customer(
            first(group, "customer_id"), first(group, "customer_tier"), first(group, "customer_region")
        ),
        attributes=_attributes(group, layout),
        role_source=role_source,
        unit_source=unit_source(spans),
        flags=tuple(flags),
        origin=origin,
    )


def _spans(group: RowGroup, layout: _Layout, texts: list[str]) -> Spans:
    paths = [f"turns[{i}]" for i in range(len(group.rows))]
    cells = [
        (
            read_time(layout.cell(row, "start"), f"{path}.start"),
            read_time(layout.cell(row, "end"), f"{path}.end"),
        )
        for row, path in zip(group.rows, paths, strict=True)
    ]
    return offsets(cells, texts, layout.unit, paths)


def unit_source(spans: Spans) -> UnitSource:
    """Tell the transcript's ``unit_source`` from how the unit became known."""
    if spans.unit in ("none", "undetected"):
        return "none"
    return "declared" if spans.unit == "declared" else "format"


def time_flags(spans: Spans) -> list[TranscriptFlag]:
    """Return the doubts about a unit nobody stated."""
    if spans.unit == "detected":
        return [TranscriptFlag("unit_detected", "时间没有注明单位，按语速推断为毫秒或秒，请核对")]
    if spans.unit == "undetected":
        return [TranscriptFlag("unit_unknown", "时间没有注明单位，也推断不出，时间未采用")]
    return []


def _speakers(group: RowGroup, layout: _Layout) -> list[tuple[Speaker, str | None]]:
    words = [layout.cell(row, "speaker").strip() for row in group.rows]
    if not any(words):
        # Some tables write roles into the channel column.
        words = [layout.cell(row, "speaker_label").strip() for row in group.rows]
    assigned = assign_speakers(words)
    agent_names = {layout.first(group, key) for key in ("agent_name", "agent_id")} - {None}
    customers = {layout.first(group, "customer_id")} - {None}
    named: list[tuple[Speaker, str | None]] = []
    for speaker, label in assigned:
        if speaker is Speaker.UNKNOWN and label in agent_names:
            speaker = Speaker.AGENT
        elif speaker is Speaker.UNKNOWN and label in customers:
            speaker = Speaker.CUSTOMER
        named.append((speaker, label))
    return named


def _signals(sent_at: str) -> Mapping[str, object]:
    return {"sent_at": sent_at.strip()} if sent_at.strip() else {}


def _attributes(group: RowGroup, layout: _Layout) -> dict[str, object]:
    """Keep unknown columns that say one thing about the whole call."""
    attributes: dict[str, object] = {}
    for name, position in layout.extra.items():
        values = {row.cells[position].strip() if position < len(row.cells) else "" for row in group.rows}
        if len(values - {""}) == 1:
            attributes[name] = (values - {""}).pop()
    if (duration := layout.first(group, "duration")) is not None:
        attributes[layout.headers[layout.columns["duration"]].strip()] = duration
    return attributes
