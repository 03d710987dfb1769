"""Lines of bounded length out of UTF-8 pieces; an over-long line is skipped, not read into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qa_engine.intake.encoding import foreign_utf8
from qa_engine.intake.fields import FieldProblem


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its line break; ``number`` is 1-based. ``too_long``: ``data`` was thrown away."""

    number: int
    data: bytes
    too_long: bool = False


def split_lines(pieces: Iterable[bytes], max_bytes: int) -> Iterator[Line]:
    """Split at line feeds (a carriage return before one is dropped).

    Memory use is bounded by ``max_bytes`` plus one piece, whatever the file holds.
    """
    number = 1
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for data in ended:
            size += len(data)
            yield _line(number, kept, data, size > max_bytes)
            number += 1
            kept, size = [], 0
        size += len(rest)
        if size > max_bytes:
            kept = []
        elif rest:
            kept.append(rest)
    if size:
        yield _line(number, kept, b"", size > max_bytes)


def _line(number: int, kept: list[bytes], data: bytes, too_long: bool) -> Line:
    if too_long:
        return Line(number, b"", too_long=True)
    whole = b"".join((*kept, data)) if kept else data
    return Line(number, whole.removesuffix(b"\r"))


def too_long(max_bytes: int) -> FieldProblem:
    """Build the problem of a line or value over the limit."""
    why = f"超过单条上限 {max_bytes} 字节，未读入"
    return FieldProblem("", why, "拆分该记录，或调大单条上限", "too_long")


def checked_line(line: Line, codec: str, max_bytes: int) -> str:
    """Return a line as text.

    Raises:
        FieldProblem: over-long, not in the file's encoding (byte named), or with NUL bytes.
    """
    if line.too_long:
        raise too_long(max_bytes)
    try:
        text = line.data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise bad_encoding(codec, error.start) from None
    if codec == "gb18030" and foreign_utf8(text):
        raise bad_encoding(codec, 0)
    if "\x00" in text:
        raise FieldProblem(
            "", f"第 {text.index(chr(0)) + 1} 个字符是 NUL", "重新导出，去掉 NUL 字符", "nul_character"
        )
    return text


def bad_encoding(codec: str, byte: int) -> FieldProblem:
    """Build the problem of bytes that are not in the file's encoding; ``byte`` is 0-based in the line."""
    why = f"编码与文件其余部分不一致：按 {codec} 解码到本条第 {byte + 1} 个字节时失败"
    return FieldProblem("", why, "把整个文件统一转成 UTF-8 再读", "bad_encoding")
