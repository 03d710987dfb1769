"""From what the user typed to open byte streams: files, folders, globs, standard input, gzip."""

from __future__ import annotations

import glob
import gzip
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol

from qa_engine.domain.errors import IntakeError

STDIN = "-"
STDIN_NAME = "<stdin>"
_GZIP_MAGIC = b"\x1f\x8b"
# Transcripts unpack to some ten times their size. So much is read of any file; of one that goes on to unpack
# to more than so many times what was read of it, nothing more.
FREE_UNPACKED = 1 << 30
MOST_GAIN = 200


class UnpacksToTooMuch(OSError):
    """A gzip file made to unpack to far more than transcripts do."""


class Bytes(Protocol):
    """An open byte stream; ``read1`` returns b"" at the end."""

    def read1(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, with one read of what lies beneath."""
        ...

    def close(self) -> None:
        """Close it and what lies beneath."""
        ...


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read; ``path`` None is standard input. ``bytes_total`` 0 when unknown.

    ``opener`` gives the bytes where they do not simply lie in ``path``; the reader closes what it opens.
    """

    name: str
    path: Path | None
    bytes_total: int = 0
    opener: Callable[[], BinaryIO] | None = None


def find_sources(inputs: Sequence[str | Source]) -> Iterator[Source | IntakeError]:
    """Expand files, folders (recursive), globs and ``-`` in the order given, sorted within each.

    A ``Source`` among the inputs stands for itself.

    Hidden files and folders (leading dot) inside a folder are left out, as shells do.
    """
    for text in inputs:
        if isinstance(text, Source):
            yield text
            continue
        if text == STDIN:
            yield Source(STDIN_NAME, None)
            continue
        path = Path(text)
        try:
            if path.is_dir():
                yield from _in_folder(text, path)
            elif path.exists():
                yield _source(path)
            elif glob.has_magic(text):
                yield from _in_glob(text)
            else:
                yield IntakeError(text, "文件不存在", "检查路径是否写对", "file_not_found")
        except (OSError, ValueError):
            yield cannot_open(text)


def cannot_open(name: str) -> IntakeError:
    """Build the error for a file the system will not let us read."""
    return IntakeError(name, "文件打不开或读取中断", "检查文件权限、磁盘和路径", "cannot_open")


def _source(path: Path) -> Source:
    return Source(str(path), path, path.stat().st_size if path.is_file() else 0)


def _in_folder(text: str, folder: Path) -> Iterator[Source | IntakeError]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )
    if not files:
        yield IntakeError(text, "文件夹里没有文件", "检查路径是否写对", "empty_folder")
    yield from map(_source, files)


def _in_glob(pattern: str) -> Iterator[Source | IntakeError]:
    # Path.glob takes no absolute pattern.
    paths = sorted(Path(match) for match in glob.glob(pattern, recursive=True))  # noqa: PTH207
    files = [path for path in paths if path.is_file()]
    if not files:
        yield IntakeError(pattern, "通配符没有匹配到文件", "检查通配符和路径", "file_not_found")
    yield from map(_source, files)


class _Counted(io.RawIOBase):
    """A raw stream that tells how many bytes have been taken from it."""

    def __init__(self, raw: BinaryIO, taken: Callable[[int], None], *, owned: bool) -> None:
        self._raw = raw
        self._owned = owned
        self._taken = taken

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self._taken(len(data))
        return len(data)

    def close(self) -> None:
        # Standard input belongs to the process and must stay open for others.
        if self._owned:
            self._raw.close()
        super().close()


def open_bytes(source: Source, taken: Callable[[int], None]) -> Bytes:
    """Open a source for reading, unpacking gzip by its magic bytes, whatever the name says.

    Read it with ``read1`` only: of a damaged gzip file that gives everything before the damage.
    ``taken`` is called with every number of raw (still compressed) bytes read.

    Raises:
        OSError: the file cannot be opened.
    """
    owned = True
    if source.opener is not None:
        raw: BinaryIO = source.opener()
    elif source.path is not None:
        raw = source.path.open("rb")
    else:
        raw, owned = sys.stdin.buffer, False
    read = 0

    def counted(size: int) -> None:
        nonlocal read
        read += size
        taken(size)

    stream: io.BufferedReader = io.BufferedReader(_Counted(raw, counted, owned=owned), buffer_size=1 << 17)
    if stream.peek(2)[:2] == _GZIP_MAGIC:
        return _OwningGzip(stream, lambda: read)
    return stream


class _OwningGzip(gzip.GzipFile):
    """A gzip reader that closes the stream beneath it, and does not unpack without end.

    ``packed``: how many bytes have been read beneath so far.
    """

    def __init__(self, beneath: IO[bytes], packed: Callable[[], int]) -> None:
        super().__init__(fileobj=beneath, mode="rb")
        self._beneath = beneath
        self._packed = packed
        self._unpacked = 0

    def read1(self, size: int = -1) -> bytes:
        """Return at most ``size`` unpacked bytes.

        Raises:
            UnpacksToTooMuch: it has unpacked to far more than transcripts do.
        """
        piece = super().read1(size)
        self._unpacked += len(piece)
        if self._unpacked > FREE_UNPACKED and self._unpacked > MOST_GAIN * self._packed():
            raise UnpacksToTooMuch
        return piece

    def close(self) -> None:
        super().close()
        self._beneath.close()
