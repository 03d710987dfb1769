"""What kind of file this is, decided by its content alone."""

from __future__ import annotations

import csv
from enum import StrEnum

import orjson

from qa_engine.domain.errors import IntakeError
from qa_engine.intake.headers import names_a_turn_table

# Magic numbers of what people drop into a folder of transcripts by mistake, and what to do about it.
_RECORDING = ("录音文件", "先做语音转写，再读转写结果")
_PICTURE = ("图片", "只放转写文件")
_FOREIGN: tuple[tuple[bytes, tuple[str, str]], ...] = (
    (b"RIFF", _RECORDING),
    (b"ID3", _RECORDING),
    (b"\xff\xfb", _RECORDING),
    (b"\xff\xf3", _RECORDING),
    (b"OggS", _RECORDING),
    (b"fLaC", _RECORDING),
    (b"#!AMR", _RECORDING),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"BM", _PICTURE),
    (b"%PDF", ("PDF 文档", "导出为 JSON、CSV、XLSX 或纯文本")),
    (b"PAR1", ("Parquet 文件", "导出为 JSONL 或 CSV")),
    (b"7z\xbc\xaf", ("7z 压缩包", "先解压")),
    (b"Rar!", ("RAR 压缩包", "先解压")),
    (b"BZh", ("bzip2 压缩文件", "先解压，或改用 gzip")),
    (b"\xfd7zXZ", ("xz 压缩文件", "先解压，或改用 gzip")),
    (b"\x28\xb5\x2f\xfd", ("zstd 压缩文件", "先解压，或改用 gzip")),
    (b"\x1f\x8b", ("压缩了两次的 gzip 文件", "先解压一次")),
    (b"\x7fELF", ("可执行文件", "只放转写文件")),
)
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f\x1b"))
_HEAD_LINES = 40
_LONG_LINE = 1 << 19
DELIMITERS = (",", "\t", ";", "|", "，")


class Kind(StrEnum):
    """The readers a file can go to."""

    WORKBOOK = "workbook"
    JSON_LINES = "json_lines"
    JSON_VALUES = "json_values"
    TABLE = "table"
    TEXT = "text"


def is_workbook(raw_head: bytes) -> bool:
    """Tell whether undecoded bytes start like an Excel file (xlsx is a zip, xls an OLE file)."""
    return raw_head.startswith((_ZIP, _OLE))


def refusal(raw_head: bytes, name: str) -> IntakeError | None:
    """Return why a file cannot hold transcripts at all (empty, media, archive, binary), or None."""
    if not raw_head:
        return IntakeError(name, "文件是空的", "检查导出是否成功", "empty_file")
    for magic, (what, remedy) in _FOREIGN:
        # "BM" alone also starts ordinary text; a bitmap has zero bytes right behind it.
        if raw_head.startswith(magic) and (magic != b"BM" or b"\x00\x00\x00\x00" in raw_head[2:14]):
            return IntakeError(name, f"这是{what}，不是转写文本", remedy, "not_a_transcript")
    if not raw_head.startswith((b"\xff\xfe", b"\xfe\xff")):
        sample = raw_head[:65536]
        strange = len(sample) - len(sample.translate(None, _CONTROL))
        if strange > 0.1 * len(sample):
            why = "这是二进制文件，不是转写文本"
            return IntakeError(name, why, "导出为 JSON、CSV、XLSX 或纯文本", "not_a_transcript")
    return None


def text_kind(head: bytes, columns: frozenset[str] = frozenset()) -> Kind:
    """Tell how to read a text whose beginning (UTF-8) is ``head``; ``columns``: headers the user named."""
    start = head.lstrip()[:1]
    lines = [line.strip(b"\r") for line in head.split(b"\n") if line.strip()]
    cut = len(lines) == 1 and len(head) >= _LONG_LINE
    seen = lines[:_HEAD_LINES]
    whole = sum(_is_whole_json(line) for line in seen)
    # "[客服]:" and "[00:01]" also start with a bracket.
    if start == b"[" and head.lstrip()[1:].lstrip()[:1] in (b"{", b"[", b"]", b'"', b""):
        return Kind.JSON_LINES if whole >= 2 else Kind.JSON_VALUES
    if start == b"{":
        # One long line is one value either way, but as a line it cannot swallow its neighbours.
        one_a_line = _is_whole_json(lines[0]) or (whole and whole * 3 >= len(seen))
        return Kind.JSON_LINES if one_a_line or cut else Kind.JSON_VALUES
    if whole and whole * 3 >= len(seen):
        return Kind.JSON_LINES
    if lines and header_delimiter(lines[0].decode("utf-8", "replace"), columns) is not None:
        return Kind.TABLE
    return Kind.TEXT


def header_delimiter(line: str, columns: frozenset[str] = frozenset()) -> str | None:
    """Return the delimiter under which a line is the header of a turn table, or None.

    ``columns`` are headers the user named beside those we know.
    """
    for delimiter in DELIMITERS:
        if delimiter in line:
            try:
                cells = next(csv.reader([line], delimiter=delimiter), [])
            except csv.Error:
                continue
            if names_a_turn_table(cells, columns):
                return delimiter
    return None


def _is_whole_json(line: bytes) -> bool:
    if not line.startswith((b"{", b"[")) or not line.rstrip().endswith((b"}", b"]")):
        return False
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True
