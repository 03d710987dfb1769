"""Bytes of any usual Chinese encoding become UTF-8, strictly: doubtful bytes stay visible as invalid.

Everything downstream reads UTF-8 pieces. A byte that does not belong to the file's encoding is passed on
as an invalid UTF-8 sequence, so that exactly the line or JSON value holding it is refused and the
records beside it are still read.
"""

from __future__ import annotations

import codecs
import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from qa_engine.intake.opening import Bytes

_PIECE_BYTES = 1 << 18
HEAD_BYTES = 1 << 20
# Chance makes short GBK text valid UTF-8 (the word 联通 is the famous case), but hardly ever four times.
_SURE_CHARACTERS = 4


class RawStream:
    """The bytes of a file (gzip already undone), its beginning set apart.

    Attributes:
        head: the first bytes, about 1 MiB at most; all of a small file.
        breaks: filled while reading: the exception that ended the stream before its end, if any. It is
            not raised, because what was read before the break still holds good records.
    """

    def __init__(self, stream: Bytes) -> None:
        self.breaks: list[Exception] = []
        self._rest = self._read(stream)
        self.head = b""
        for piece in self._rest:
            self.head += piece
            if len(self.head) >= HEAD_BYTES:
                break

    def pieces(self) -> Iterator[bytes]:
        """Yield everything from the first byte on; once only."""
        return _chain(self.head, self._rest)

    def rest(self) -> Iterator[bytes]:
        """Yield what stands behind the head; once only."""
        return self._rest

    def _read(self, stream: Bytes) -> Iterator[bytes]:
        try:
            while piece := stream.read1(_PIECE_BYTES):
                yield piece
        except (OSError, EOFError, zlib.error) as error:
            self.breaks.append(error)


@dataclass(frozen=True, slots=True)
class TextStream:
    """A file as UTF-8: the codec it came in, its beginning, all pieces (with the beginning), breaks."""

    codec: str
    head: bytes
    pieces: Iterator[bytes]
    breaks: list[Exception]


def utf8_stream(raw: RawStream, encoding: str | None) -> TextStream:
    """Decide the encoding of a file and turn it into UTF-8 pieces.

    Order: the caller's word, a byte order mark, UTF-8 if lines of the head speak for it, GB18030 if
    they speak for that. While only ASCII has been seen the question stays open.

    Raises:
        LookupError: ``encoding`` names no text encoding.
    """
    head = raw.head
    codec = codec_named(encoding) if encoding else _by_mark(head) or guess(head)
    if codec in ("utf-8", "utf-8-sig", "ascii"):
        open_question = encoding is None and head.isascii()
        head = head.removeprefix(codecs.BOM_UTF8)
        pieces = _open_question(head, raw.rest()) if open_question else _chain(head, raw.rest())
        return TextStream("utf-8", head, pieces, raw.breaks)
    decoded = _transcode(raw.pieces(), codec)
    first = next(decoded, b"")
    return TextStream(codec, first, _chain(first, decoded), raw.breaks)


def guess(sample: bytes) -> str:
    """Name the encoding most lines of a sample speak for: ``utf-8`` (also for ASCII) or ``gb18030``."""
    if _decodes_nearly(sample, "utf-8"):
        return "utf-8"
    utf8 = gb18030 = 0
    for line in sample.split(b"\n"):
        if line.isascii():
            continue
        if characters := _multibyte_utf8(line):
            utf8 += 1 if characters >= _SURE_CHARACTERS else 0
        elif _decodes_nearly(line, "gb18030"):
            gb18030 += 1
    return "gb18030" if gb18030 > utf8 else "utf-8"


def foreign_utf8(line: str) -> bool:
    """Tell whether a line read as GB18030 was really UTF-8 (mixed encodings in one file)."""
    if line.isascii():
        return False
    return _multibyte_utf8(line.encode("gb18030", "surrogateescape")) >= _SURE_CHARACTERS


def codec_named(encoding: str) -> str:
    """Return Python's name of a text encoding.

    Raises:
        LookupError: no such text encoding.
    """
    "".encode(encoding)  # LookupError for codecs that do not make text, such as base64
    return codecs.lookup(encoding).name


def _by_mark(head: bytes) -> str | None:
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return None


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def _open_question(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Pass ASCII on; at the first piece with other bytes decide between UTF-8 and GB18030."""
    yield head
    for piece in rest:
        if piece.isascii():
            yield piece
        elif guess(piece) == "gb18030":
            yield from _transcode(_chain(piece, rest), "gb18030")
        else:
            yield piece
            yield from rest


def _transcode(pieces: Iterator[bytes], codec: str) -> Iterator[bytes]:
    # surrogateescape keeps a wrong byte as a lone surrogate, which is invalid once written as UTF-8.
    # The wide encodings cannot escape a byte; there a broken pair is passed on as it is.
    wide = codec.startswith(("utf-16", "utf-32"))
    decoder = codecs.getincrementaldecoder(codec)("surrogatepass" if wide else "surrogateescape")
    for piece in itertools.chain(pieces, (b"",)):
        try:
            yield decoder.decode(piece, final=not piece).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            decoder.reset()
            yield b"\xff"


def _multibyte_utf8(line: bytes) -> int:
    """Count the non-ASCII characters of a line that is valid UTF-8; 0 when it is not."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return 0
    return sum(character > "\x7f" for character in text)


def _decodes_nearly(sample: bytes, codec: str) -> bool:
    """True when a sample decodes except for a character cut off at its very end."""
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(sample)
    except UnicodeDecodeError:
        return False
    return True
