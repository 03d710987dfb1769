"""The figures a model is judged by, computed as the house measures inspection reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.logistic import DoubleArray

Bools = NDArray[np.bool_]


def f1(truth: Any, guess: Any) -> float:
    """F1 of two boolean arrays of one shape; 1.0 when both are empty of hits."""
    t, g = np.asarray(truth, dtype=bool), np.asarray(guess, dtype=bool)
    total = int(t.sum()) + int(g.sum())
    return 2.0 * int((t & g).sum()) / total if total else 1.0


def macro_f1(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """Mean F1 over the labels that occur in ``truth``."""
    return float(np.mean([f1(truth == label, guess == label) for label in np.unique(truth)]))


def weighted_kappa(truth: NDArray[np.int64], guess: NDArray[np.int64]) -> float:
    """Quadratic weighted kappa over the levels seen; 0.0 when there is only one."""
    levels = np.union1d(truth, guess)
    if len(levels) < 2:
        return 0.0
    span = float(levels[-1] - levels[0])
    agreed = 1.0 - ((truth - guess) / span) ** 2
    weight = 1.0 - ((levels[:, None] - levels[None, :]) / span) ** 2
    shares = [np.array([(values == level).mean() for level in levels]) for values in (truth, guess)]
    expected = float(shares[0] @ weight @ shares[1])
    return (float(agreed.mean()) - expected) / (1.0 - expected)


def binned(truth: DoubleArray, sure: DoubleArray, bins: int = 10) -> Iterator[tuple[int, float, float]]:
    """Equal-width bins that hold anything: (cases, mean of ``sure``, mean of ``truth``), lowest first."""
    at = np.minimum((sure * bins).astype(int), bins - 1)
    for one in range(bins):
        inside = at == one
        if inside.any():
            yield int(inside.sum()), float(sure[inside].mean()), float(truth[inside].mean())


def calibration_error(truth: DoubleArray, sure: DoubleArray, bins: int = 10) -> float:
    """Expected calibration error: mean gap between said and seen, over equal-width bins."""
    return sum(cases / len(sure) * abs(said - seen) for cases, said, seen in binned(truth, sure, bins))


def resampled(
    measure: Callable[[NDArray[np.int64]], float], dialogues: NDArray[np.int64], rounds: int, seed: int
) -> NDArray[np.float64]:
    """(rounds,) values of ``measure`` on bootstrap samples of the dialogues; equal seeds draw alike."""
    random, count = np.random.default_rng(seed), len(dialogues)
    return np.array([measure(dialogues[random.integers(0, count, count)]) for _ in range(rounds)])


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of resampled values."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def average_precision(truth: Bools, sure: NDArray[np.floating[Any]]) -> float:
    """Mean precision at every hit, surest first (of equals in the given order); 0.0 without any hit."""
    order = np.argsort(-sure, kind="stable")
    hits = truth[order]
    if not hits.any():
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())
