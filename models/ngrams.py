"""Characters to sparse TF-IDF rows, hashed and vectorised: no Python loop over characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

LONGEST = 4
START, END, STOP = "\ue010", "\ue011", "\0"
_TABLE_BITS = 20
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)

UIntArray = NDArray[np.uint64]
IntArray = NDArray[np.int64]


def hashed_ngrams(texts: Sequence[str]) -> tuple[IntArray, UIntArray]:
    """Hash every character n-gram (n = 1..4, with start and end marks) of every text.

    Returns:
        (owner, code): parallel arrays; ``owner[i]`` is the index of the text that holds the n-gram
        whose 64-bit hash is ``code[i]``. An n-gram that occurs twice is listed twice.
    """
    # A NUL inside a text would end it here and shift the rows of every text after it.
    joined = "".join(f"{START}{text.replace(STOP, ' ')}{END}{STOP}" for text in texts)
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    stops = points == 0
    owner = np.cumsum(stops) - stops
    owners, codes = [], []
    code = np.zeros(len(points), dtype=np.uint64)
    alive = np.ones(len(points), dtype=bool)
    for length in range(1, LONGEST + 1):
        size = len(points) - length + 1
        if size <= 0:
            break
        code = code[:size] * _MULTIPLIER + points[length - 1 :]
        alive = alive[:size] & ~stops[length - 1 :]
        mixed = (code[alive] + np.uint64(length)) * _MIX
        codes.append(mixed ^ (mixed >> np.uint64(29)))
        owners.append(owner[:size][alive])
    if not codes:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.uint64)
    return np.concatenate(owners).astype(np.int64), np.concatenate(codes)


def _slot(codes: UIntArray) -> IntArray:
    return (codes >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams a model knows: ``codes`` (V,) unique hashes and ``idf`` (V,) float32.

    Two known n-grams never share a slot of the lookup table (``build_vocabulary`` sees to it).
    """

    codes: UIntArray
    idf: NDArray[np.float32]

    def __post_init__(self) -> None:
        table = np.full(1 << _TABLE_BITS, -1, dtype=np.int32)
        table[_slot(self.codes)] = np.arange(len(self.codes), dtype=np.int32)
        object.__setattr__(self, "_table", table)

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """Return the (len(texts), V) float32 matrix of sub-linear TF-IDF, each row of length one."""
        size = len(self.codes)
        owner, code = hashed_ngrams(texts)
        table: NDArray[np.int32] = self._table  # type: ignore[attr-defined]
        column = table[_slot(code)]
        known = column >= 0
        owner, code, column = owner[known], code[known], column[known]
        known = self.codes[column] == code
        keys, counts = np.unique(owner[known] * size + column[known], return_counts=True)
        rows, columns = np.divmod(keys, max(size, 1))
        values = (1.0 + np.log(counts)) * self.idf[columns]
        pointers = np.searchsorted(rows, np.arange(len(texts) + 1))
        squares = np.zeros(len(texts))
        np.add.at(squares, rows, values * values)
        values /= np.sqrt(squares)[rows]
        return sparse.csr_matrix(
            (values.astype(np.float32), columns.astype(np.int32), pointers.astype(np.int32)),
            shape=(len(texts), size),
        )


def build_vocabulary(documents: Sequence[Sequence[str]], min_documents: int, limit: int) -> Vocabulary:
    """Choose the n-grams found in at least ``min_documents`` documents, the most frequent ``limit``.

    ``documents`` are conversations (lists of folded texts); counting by conversation keeps one
    talkative call from filling the vocabulary. Inverse document frequency is over texts.
    """
    texts = [text for document in documents for text in document]
    conversation = np.repeat(np.arange(len(documents)), [len(document) for document in documents])
    owner, code = hashed_ngrams(texts)
    pairs = np.stack([conversation[owner].astype(np.uint64), code], axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    codes, frequency = np.unique(code[first], return_counts=True)
    order = np.lexsort((codes, -frequency))
    order = order[frequency[order] >= min_documents]
    _, keep = np.unique(_slot(codes[order]), return_index=True)  # first in order wins the slot
    chosen = np.sort(codes[order][np.sort(keep)][:limit])
    at = np.minimum(np.searchsorted(chosen, code), len(chosen) - 1)
    hit = chosen[at] == code
    once = np.unique(owner[hit] * len(chosen) + at[hit])
    found = np.bincount(once % len(chosen), minlength=len(chosen))
    idf = np.log((1 + len(texts)) / (1 + found)) + 1.0
    return Vocabulary(chosen, idf.astype(np.float16).astype(np.float32))
