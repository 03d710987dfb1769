"""From what the user typed to transcripts: the one way into the engine.

Whatever stands in the input comes out as a ``Transcript`` or as an ``IntakeError``; nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Channel, Origin, Transcript, TranscriptFlag
from qa_engine.intake import kinds
from qa_engine.intake.base import TextFormatReader
from qa_engine.intake.documents import JsonSource, parse_document, read_json_lines, read_json_values
from qa_engine.intake.encoding import RawStream, TextStream, utf8_stream
from qa_engine.intake.header_refusal import DOCUMENT, looks_like_table, no_header
from qa_engine.intake.identity import SeenIds, derived_id
from qa_engine.intake.lines import bad_encoding, split_lines, too_long
from qa_engine.intake.opening import (
    MOST_GAIN,
    Source,
    UnpacksToTooMuch,
    cannot_open,
    find_sources,
    open_bytes,
)
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.plain_text import looks_like_dialogue, read_text
from qa_engine.intake.plausibility import time_doubts
from qa_engine.intake.producers import TEXT_READERS
from qa_engine.intake.roles import settle_roles
from qa_engine.intake.tables import WORKBOOK_BYTES, read_csv, read_workbook

Items = Iterator[Transcript | IntakeError]
# (bytes taken from the inputs so far, bytes in all; 0 in all when standard input is among them)
Progress = Callable[[int, int], None]
_TEXT_HEAD = 1 << 16


def read_inputs(
    inputs: Sequence[str | Source], options: IntakeOptions | None = None, progress: Progress | None = None
) -> Items:
    """Read every transcript of the inputs, streaming, in a stable order.

    Args:
        inputs: files, folders (read recursively, sorted), globs, ``-`` for standard input, or sources;
            each may be gzipped and in any format the intake knows.
        options: see ``IntakeOptions``.
        progress: called now and then with (raw bytes read, raw bytes in all).

    Yields:
        A ``Transcript`` with an id unique in this run, or an ``IntakeError`` for what cannot be used.
    """
    options = options or IntakeOptions()
    counter = _Counter(total_bytes(inputs) if progress else 0, progress)
    with SeenIds() as seen:
        for source in find_sources(inputs):
            if isinstance(source, IntakeError):
                yield source
                continue
            for record, item in enumerate(read_source(source, options, counter.add)):
                yield _finished(item, record, options, seen)


def read_document(document: object, options: IntakeOptions | None = None, file: str = "<document>") -> Items:
    """Read one decoded JSON value (what an HTTP request or a queue delivers), as ``read_inputs`` would.

    Ids are checked within the document only.
    """
    options = options or IntakeOptions()
    with SeenIds() as seen:
        for record, item in enumerate(parse_document(document, Origin(file, ""))):
            yield _finished(item, record, options, seen)


def total_bytes(inputs: Sequence[str | Source]) -> int:
    """Return the size of all inputs as stored, for a progress bar; 0 when it cannot be known."""
    sizes = [source.bytes_total for source in find_sources(inputs) if isinstance(source, Source)]
    return sum(sizes) if all(sizes) else 0


class _Counter:
    """Adds up bytes over all files."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self.done = 0
        self.total = total
        self.progress = progress

    def add(self, size: int) -> None:
        self.done += size
        if self.progress is not None:
            self.progress(self.done, self.total)


def read_source(source: Source, options: IntakeOptions, taken: Callable[[int], None]) -> Items:
    """Yield what one file holds, as its readers deliver it (roles, ids and doubts not yet settled)."""
    try:
        opened = open_bytes(source, taken)
    except OSError:
        yield cannot_open(source.name)
        return
    with closing(opened):
        raw = RawStream(opened)
        empty = True
        for item in _read_raw(raw, source.name, options):
            empty = False
            yield item
        if any(isinstance(one, UnpacksToTooMuch) for one in raw.breaks):
            why = f"解压后是压缩文件的 {MOST_GAIN} 倍以上，不像会话，后面的内容没有读"
            yield IntakeError(source.name, why, "检查文件的来源；内容无误时解压后再送", "too_long")
        elif raw.breaks:
            why = "文件在中途断掉或损坏，后面的内容没有读到"
            yield IntakeError(source.name, why, "重新传输或解压该文件", "truncated_file")
        elif empty:
            yield IntakeError(source.name, "文件里没有任何会话", "检查导出是否成功", "empty_file")


def _read_raw(raw: RawStream, name: str, options: IntakeOptions) -> Items:
    if kinds.is_workbook(raw.head):
        yield from _read_excel(raw, name, options)
    elif (refused := None if raw.breaks and not raw.head else kinds.refusal(raw.head, name)) is not None:
        yield refused
    else:
        try:
            stream = utf8_stream(raw, options.encoding)
        except LookupError:
            yield IntakeError(name, "指定的编码不存在", "写成 utf-8、gb18030 等编码名", "unknown_encoding")
            return
        yield from _read_stream(stream, name, options)


def _read_excel(raw: RawStream, name: str, options: IntakeOptions) -> Items:
    data = bytearray()
    for piece in raw.pieces():
        data += piece
        if len(data) > WORKBOOK_BYTES:
            why = f"工作簿超过 {WORKBOOK_BYTES} 字节，未读入"
            yield IntakeError(name, why, "拆分工作簿，或导出为 CSV（可流式读取）", "too_long")
            return
    yield from read_workbook(bytes(data), name, options)


def _read_stream(stream: TextStream, name: str, options: IntakeOptions) -> Items:
    limit = options.max_line_bytes
    head = stream.head[:_TEXT_HEAD].decode("utf-8", "ignore").lstrip("\ufeff")
    for reader in TEXT_READERS:
        if reader.matches_text(head):
            yield from _read_whole(stream, Origin(name, reader.name), reader, limit)
            return
    kind = kinds.text_kind(stream.head, frozenset(options.columns.values()))
    if kind is kinds.Kind.JSON_LINES:
        yield from read_json_lines(stream, JsonSource(name, stream.codec, limit))
    elif kind is kinds.Kind.JSON_VALUES:
        yield from read_json_values(stream, JsonSource(name, stream.codec, limit))
    elif kind is kinds.Kind.TABLE:
        yield from read_csv(stream, name, options)
    elif looks_like_dialogue(head):
        lines = split_lines(stream.pieces, limit)
        yield from read_text(lines, Origin(name, "text"), stream.codec, limit, stream.breaks)
    elif (first_row := looks_like_table(head)) is not None:
        yield no_header([first_row], options.columns).at(Origin(name, "csv"))
    elif head.strip():
        why = "没有写明每句话是谁说的，分不出坐席和客户，也不是认得的其他格式"
        remedy = (
            "每行写成“客服：…”“客户：…”，或至少两行 SPEAKER_00: …；"
            f"也可用 JSON、JSONL、CSV、XLSX、SRT、VTT，格式见 {DOCUMENT}"
        )
        yield IntakeError(name, why, remedy, "unknown_format")


def _read_whole(stream: TextStream, origin: Origin, reader: TextFormatReader, limit: int) -> Items:
    """Read a format whose calls span many lines: one file is one text."""
    data = bytearray()
    for piece in stream.pieces:
        data += piece
        if len(data) > limit:
            yield too_long(limit).at(origin)
            return
    if stream.breaks:
        return  # the caller tells that the file broke off; half a call must not pass for a whole one
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = error.start - data.rfind(b"\n", 0, error.start) - 1
        yield bad_encoding(stream.codec, byte).at(replace(origin, line=line))
        return
    yield from reader.parse_text(text.removeprefix("\ufeff"), origin)


def _finished(
    item: Transcript | IntakeError, record: int, options: IntakeOptions, seen: SeenIds
) -> Transcript | IntakeError:
    """Settle number, id, channel, roles and doubts of what a reader delivered."""
    if isinstance(item, IntakeError):
        # An error about a whole file has no record number.
        return item if item.record in (None, record) else replace(item, record=record)
    origin = item.origin or Origin("", "")
    if origin.record != record:
        origin = replace(origin, record=record)
    if not any(turn.text.strip() for turn in item.turns):
        why = "这通会话里没有任何文字"
        remedy = "检查转写是否成功；无人说话的通话不必送检"
        return IntakeError(origin.file, why, remedy, "empty_call", line=origin.line, record=record)
    transcript = replace(
        item,
        id=item.id if item.id.strip() else derived_id(origin),
        channel=options.default_channel if item.channel is Channel.UNKNOWN else item.channel,
        origin=origin,
    )
    if (clash := seen.clash(transcript, origin)) is not None:
        return clash
    transcript = settle_roles(transcript, options.agent_channel)
    doubts = (*_empty_turns(transcript), *time_doubts(transcript))
    known = {flag.code for flag in transcript.flags}
    fresh = tuple(doubt for doubt in doubts if doubt.code not in known)
    return replace(transcript, flags=(*transcript.flags, *fresh)) if fresh else transcript


def _empty_turns(transcript: Transcript) -> tuple[TranscriptFlag, ...]:
    empty = tuple(i for i, turn in enumerate(transcript.turns) if not turn.text.strip())
    return (TranscriptFlag("empty_turns", f"有 {len(empty)} 句没有文字，保留在原位", empty),) if empty else ()
