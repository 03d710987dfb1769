"""Utterance vectors: computed once for each distinct text and remembered over transcripts."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from models.base import FloatArray
from models.neural.plain import plain
from models.neural.runtime import Graph, Pieces

CAPACITY = 20_000
_TOKENS = 512  # read at once; more leave the cache and are slower, fewer pay for every call
_WINDOW = 254  # tokens read at once; a longer utterance is read window by window and averaged
_OPEN_CLOSE = 1  # special tokens on each side


class UtteranceEncoder:
    """Texts in, vectors out. Keeps the ``capacity`` most recently used. Not safe to share between threads."""

    def __init__(self, graph: Graph, pieces: Pieces, prefix: str, capacity: int = CAPACITY) -> None:
        self._graph, self._pieces, self._prefix = graph, pieces, prefix
        self._capacity = capacity
        self._known: OrderedDict[str, FloatArray] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> FloatArray:
        """(n, width) vectors of normalised texts, parallel to them (n ≥ 1)."""
        texts = [plain(text) for text in texts]
        wanted = dict.fromkeys(texts)
        fresh = [text for text in wanted if text not in self._known]
        found = {text: self._known[text] for text in wanted if text in self._known}
        for text in found:
            self._known.move_to_end(text)
        if fresh:
            found.update(zip(fresh, self._compute(fresh), strict=True))
            self._known.update((text, found[text]) for text in fresh)
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        return np.stack([found[text] for text in texts])

    def _compute(self, texts: Sequence[str]) -> list[FloatArray]:
        windows: list[tuple[int, list[int]]] = []
        for number, ids in enumerate(self._pieces.ids([self._prefix + text for text in texts])):
            windows.extend((number, window) for window in _windows(ids))
        # Only windows of one length are read together: without padding, every vector is the same to the
        # last bit whatever stands beside it.
        windows.sort(key=lambda one: len(one[1]))
        parts: list[list[tuple[int, FloatArray]]] = [[] for _ in texts]
        for length, alike in groupby(windows, key=lambda one: len(one[1])):
            same, step = list(alike), max(1, _TOKENS // length)
            for start in range(0, len(same), step):
                batch = same[start : start + step]
                for (number, _), vector in zip(batch, self._run([ids for _, ids in batch]), strict=True):
                    parts[number].append((length, vector))
        return [_average(part) for part in parts]

    def _run(self, batch: list[list[int]]) -> FloatArray:
        ids = np.array(batch, dtype=np.int64)
        (vectors,) = self._graph({"ids": ids, "mask": np.ones_like(ids)})
        return vectors


def _windows(ids: list[int]) -> list[list[int]]:
    inner = ids[_OPEN_CLOSE:-_OPEN_CLOSE]
    if len(inner) <= _WINDOW:
        return [ids]
    head, tail = ids[:_OPEN_CLOSE], ids[-_OPEN_CLOSE:]
    return [head + inner[start : start + _WINDOW] + tail for start in range(0, len(inner), _WINDOW)]


def _average(parts: list[tuple[int, FloatArray]]) -> FloatArray:
    if len(parts) == 1:
        return parts[0][1].copy()
    total = sum(size for size, _ in parts)
    mean: FloatArray = np.sum([vector * np.float32(size / total) for size, vector in parts], axis=0)
    return mean
