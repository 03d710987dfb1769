"""Uploads waiting on disk: written and read as streams, encrypted, so that no raw text lies about in clear.

A file is a row of segments of at most 1 MiB, each AES-256-GCM under a key that belongs to this one batch and
is derived from the installation's root key. The number of a segment is its nonce and whether it is the last
is authenticated: a file that was cut off, reordered or changed does not read to its end.
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qa_engine.domain.errors import QAEngineError
from qa_engine.store.sealing import Keyring

MAGIC = b"QASP1\n"
SEGMENT = 1 << 20
# Kept free for the database: an upload must never fill the disk the reports are written to.
RESERVE = 256 * 1024 * 1024
_TAG = 16
_FULL_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT})


class SpoolFull(QAEngineError):
    """There is no room on disk for an upload."""

    def __init__(self) -> None:
        super().__init__("磁盘空间不足，上传的内容没有保存。")


class SpoolTooLarge(QAEngineError):
    """An upload is larger than allowed."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"上传内容超过上限 {limit} 字节，没有保存。")
        self.limit = limit


class Spool:
    """The folder of uploads, one file a batch, readable by its owner only."""

    def __init__(self, folder: Path, keyring: Keyring, reserve: int = RESERVE) -> None:
        self._folder = folder
        self._keyring = keyring
        self._reserve = reserve

    def path(self, name: str) -> Path:
        """Where the upload of a batch lies."""
        return self._folder / f"{name}.spool"

    def begin(self, name: str, limit: int) -> SpoolWriter:
        """Begin to write an upload of at most ``limit`` bytes.

        Raises:
            SpoolFull: the disk is full already.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return SpoolWriter(self.path(name), self._cipher(name), limit, self._reserve)

    def write(self, name: str, pieces: Iterable[bytes], limit: int) -> int:
        """Write a stream in constant memory; returns its size in bytes. Nothing is left when it fails.

        Raises:
            SpoolTooLarge, SpoolFull: see ``SpoolWriter``.
        """
        with self.begin(name, limit) as writer:
            for piece in pieces:
                writer.add(piece)
            writer.finish()
        return writer.size

    def open(self, name: str) -> BinaryIO:
        """Open an upload for reading.

        Raises:
            OSError: there is none, or it is no spool file.
        """
        file = self.path(name).open("rb")
        if file.read(len(MAGIC)) != MAGIC:
            file.close()
            raise OSError(errno.EINVAL, "not a spool file")
        return io.BufferedReader(_Segments(file, self._cipher(name)), SEGMENT)

    def remove(self, name: str) -> None:
        """Remove an upload; nothing happens when it is gone already."""
        self.path(name).unlink(missing_ok=True)

    def names(self) -> list[str]:
        """The names of all uploads, and of those that broke off while they were written."""
        if not self._folder.is_dir():
            return []
        return sorted(path.stem for path in self._folder.iterdir() if path.suffix in (".spool", ".part"))

    def discard_broken(self, name: str, older_than_s: float, now_s: float) -> bool:
        """Remove an upload that broke off long ago; True when one was removed."""
        beside = self.path(name).with_suffix(".part")
        try:
            if now_s - beside.stat().st_mtime < older_than_s:
                return False
            beside.unlink()
        except FileNotFoundError:
            return False
        return True

    def age_s(self, name: str, now_s: float) -> float:
        """How many seconds ago an upload was written; 0 when there is none."""
        try:
            return now_s - self.path(name).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def _cipher(self, name: str) -> AESGCM:
        return AESGCM(bytes.fromhex(self._keyring.ref("spool", name)))


class SpoolWriter:
    """One upload being written. Used as a context: what is not finished by its end is removed.

    Attributes:
        size: bytes taken so far.
    """

    def __init__(self, path: Path, cipher: AESGCM, limit: int, reserve: int) -> None:
        self._path = path
        self._beside = path.with_suffix(".part")
        self._cipher = cipher
        self._limit = limit
        self._reserve = reserve
        self._held = bytearray()
        self._number = 0
        self._finished = False
        self.size = 0
        with _told_when_full():
            self._file = os.fdopen(os.open(self._beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            self._file.write(MAGIC)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            # Closing writes what is buffered, which fails again on a full disk.
            with suppress(OSError):
                self._file.close()
            self._beside.unlink(missing_ok=True)

    def add(self, piece: bytes) -> None:
        """Take the next bytes.

        Raises:
            SpoolTooLarge: that is more than the limit.
            SpoolFull: the disk is full, or would leave too little for the database.
        """
        self.size += len(piece)
        if self.size > self._limit:
            raise SpoolTooLarge(self._limit)
        self._held += piece
        while len(self._held) > SEGMENT:
            self._put(bytes(self._held[:SEGMENT]), last=False)
            del self._held[:SEGMENT]

    def finish(self) -> None:
        """All is there: make it durable and visible.

        Raises:
            SpoolFull: the disk is full.
        """
        self._put(bytes(self._held), last=True)
        with _told_when_full():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._beside.replace(self._path)
        self._finished = True

    def _put(self, plain: bytes, *, last: bool) -> None:
        if shutil.disk_usage(self._path.parent).free < self._reserve + SEGMENT:
            raise SpoolFull
        with _told_when_full():
            self._file.write(_sealed(self._cipher, self._number, plain, last=last))
        self._number += 1


@contextmanager
def _told_when_full() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL_ERRNO:
            raise SpoolFull from error
        raise


def _sealed(cipher: AESGCM, number: int, plain: bytes, *, last: bool) -> bytes:
    sealed = cipher.encrypt(_nonce(number), plain, b"last" if last else b"more")
    return struct.pack(">I?", len(sealed), last) + sealed


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


class _Segments(io.RawIOBase):
    """The plain bytes of a spool file; a damaged or cut file raises OSError at the damage."""

    def __init__(self, file: BinaryIO, cipher: AESGCM) -> None:
        self._file = file
        self._cipher = cipher
        self._number = 0
        self._plain = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._plain and not self._ended:
            self._plain = memoryview(self._next())
        taken = self._plain[: len(buffer)]
        buffer[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _next(self) -> bytes:
        head = self._file.read(5)
        if len(head) < 5:
            raise OSError(errno.EIO, "spool file broken off")
        length, last = struct.unpack(">I?", head)
        sealed = self._file.read(length) if length <= SEGMENT + _TAG else b""
        try:
            plain = self._cipher.decrypt(_nonce(self._number), sealed, b"last" if last else b"more")
        except (InvalidTag, ValueError):
            raise OSError(errno.EIO, "spool file damaged") from None
        self._number += 1
        self._ended = last
        return plain
