"""Looking back over earlier rows of the same speaker, vectorised over a whole chunk."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse

from models.base import FloatArray
from models.frame import IntArray

_FADE = 0.6  # share of the mood that is carried over to the next own turn


def earlier(values: FloatArray, previous: IntArray, back: int = 1) -> FloatArray:
    """Row i of the result is ``values`` at the ``back``-th own turn before i, zeros if none."""
    at = previous
    for _ in range(back - 1):
        at = np.where(at >= 0, previous[at], -1)
    found: FloatArray = np.where((at >= 0)[:, None], values[at], np.float32(0.0))
    return found


def running(values: FloatArray, previous: IntArray, rank: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return what preceded each turn: the highest value so far and a fading mean (both exclude it)."""
    highest, mood = np.zeros_like(values), np.zeros_like(values)
    order = np.argsort(rank, kind="stable")
    borders = np.searchsorted(rank[order], np.arange(1, (rank.max() if len(rank) else 0) + 2))
    for start, end in pairwise(borders):
        rows = order[start:end]
        before = previous[rows]
        highest[rows] = np.maximum(highest[before], values[before])
        mood[rows] = _FADE * mood[before] + (1 - _FADE) * values[before]
    return highest, mood


def highest_heard(values: FloatArray, heard: sparse.csr_matrix) -> FloatArray:
    """Row i is the column-wise maximum of ``values`` over the turns heard by i, zeros if none.

    ``values`` must not be negative.
    """
    result = np.zeros((heard.shape[0], values.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(np.diff(heard.indptr))
    if len(filled):
        result[filled] = np.maximum.reduceat(values[heard.indices], heard.indptr[filled], axis=0)
    return result


def logistic(logits: FloatArray) -> FloatArray:
    """Turn log-odds into probabilities."""
    clipped = np.clip(logits, -30.0, 30.0)
    probabilities: FloatArray = (1.0 / (1.0 + np.exp(-clipped))).astype(np.float32)
    return probabilities


def log_odds(probabilities: FloatArray, floor: float) -> FloatArray:
    """Log-odds of probabilities kept at least ``floor`` from 0 and 1."""
    sure = np.clip(probabilities.astype(np.float32), floor, 1 - floor)
    odds: FloatArray = np.log(sure / (1 - sure))
    return odds
