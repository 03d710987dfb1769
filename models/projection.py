"""Each distinct utterance is projected to all heads once and remembered for a while."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.base import FloatArray
from models.cues import CueReader
from models.ngrams import Vocabulary


class UtteranceProjector:
    """Maps utterances of one role to (wording log-odds, cues).

    At most ``capacity`` utterances are remembered; when the store is full it is emptied, which
    costs a little repeated work and keeps memory flat. Not safe to share between threads.
    """

    def __init__(self, role: str, vocabulary: Vocabulary, wording: FloatArray, capacity: int = 16384) -> None:
        self.cues = CueReader(role)
        self._vocabulary = vocabulary
        self._wording = wording
        self._capacity = capacity
        self._slots: dict[str, int] = {}
        self._store = np.zeros((0, wording.shape[1] + self.cues.width), dtype=np.float32)

    def project(self, texts: Sequence[str], folded: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Return ((n, columns) wording log-odds, (n, cue width) cues), parallel to ``texts``."""
        width = self._wording.shape[1]
        if len(texts) > self._capacity:  # too much to remember: no lasting memory for a giant
            rows = self._compute(list(texts), list(folded))
            return rows[:, :width], rows[:, width:]
        fresh = {text: form for text, form in zip(texts, folded, strict=True) if text not in self._slots}
        if len(self._slots) + len(fresh) > self._capacity:
            self._slots.clear()
            fresh = dict(zip(texts, folded, strict=True))
        if fresh:
            start = len(self._slots)
            self._reserve(start + len(fresh))
            self._store[start : start + len(fresh)] = self._compute(list(fresh), list(fresh.values()))
            self._slots.update(zip(fresh, range(start, start + len(fresh)), strict=True))
        rows = self._store[np.array([self._slots[text] for text in texts], dtype=np.int64)]
        return rows[:, :width], rows[:, width:]

    def _reserve(self, size: int) -> None:
        if size > len(self._store) or len(self._store) > 2 * max(size, self._capacity):
            target = max(size, min(self._capacity, 2 * len(self._store)))
            grown = np.zeros((target, self._store.shape[1]), dtype=np.float32)
            kept = min(len(self._store), target)
            grown[:kept] = self._store[:kept]
            self._store = grown

    def _compute(self, texts: list[str], folded: list[str]) -> FloatArray:
        wording = self._vocabulary.rows(folded) @ self._wording
        return np.hstack([wording, self.cues.read(texts, folded)])
