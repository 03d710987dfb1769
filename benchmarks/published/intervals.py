"""Bootstrap intervals by dialogue, and folds dealt by dialogue."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

ROUNDS = 2000


def deal_folds(count: int, folds: int, seed: int) -> NDArray[np.int64]:
    """A fold 0..folds-1 for each of ``count`` dialogues; sizes differ by at most one."""
    if not 2 <= folds <= count:
        raise ValueError(f"{folds} folds cannot be made of {count} dialogues")
    return (np.random.default_rng(seed).permutation(count) % folds).astype(np.int64)


def bootstrap(
    count: int, measure: Callable[[NDArray[np.int64]], float], seed: int, rounds: int = ROUNDS
) -> tuple[float, float]:
    """95 % percentile interval of ``measure`` over resampled dialogue indices."""
    random = np.random.default_rng(seed)
    seen = [measure(random.integers(0, count, count)) for _ in range(rounds)]
    low, high = np.percentile(seen, [2.5, 97.5])
    return float(low), float(high)
