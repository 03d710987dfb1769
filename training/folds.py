"""Splits by dialogue or by whole file."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def assign_folds(
    sources: Sequence[str], count: int, by: str, seed: int, own: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Give every dialogue a fold 0..count-1.

    ``by="source"`` keeps files whole (fewer files than folds: falls back to dialogues);
    ``by="dialogue"`` deals dialogues out at random. Dialogues marked in ``own`` are always dealt out at
    random, and change nothing for the others.
    """
    if own is not None and own.any():
        folds = np.zeros(len(sources), dtype=np.int64)
        folds[~own] = assign_folds(
            [s for s, mine in zip(sources, own, strict=True) if not mine], count, by, seed
        )
        folds[own] = np.random.default_rng([seed, 1]).permutation(int(own.sum())) % count
        return folds
    random = np.random.default_rng(seed)
    names = sorted(set(sources))
    if by == "source" and len(names) >= count:
        dealt = dict(zip((names[i] for i in random.permutation(len(names))), range(len(names)), strict=True))
        return np.array([dealt[source] % count for source in sources], dtype=np.int64)
    return (random.permutation(len(sources)) % count).astype(np.int64)
