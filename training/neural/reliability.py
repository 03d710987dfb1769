"""What a reliability plot shows, as numbers for the card: said against seen, bin by bin."""

from __future__ import annotations

import numpy as np

from models.decode import outcome_slices
from models.past import logistic
from training.dataset import LABELS, Dataset
from training.logistic import DoubleArray
from training.stages import Logits

BINS = 10


def reliability(data: Dataset, held_back: Logits) -> dict[str, list[dict[str, float]]]:
    """Bins of complaint, review and resolution (an entry a status and dialogue) where it is calibrated."""
    rows = data.calibrates
    at = outcome_slices(data.heads, LABELS)
    tables = {}
    for name in ("complaint", "review", "resolution"):
        truth = data.outcomes[rows, at[name]].ravel()
        sure = logistic(held_back.outcomes[rows, at[name]]).ravel().astype(np.float64)
        tables[name] = _bins(truth, sure)
    return tables


def _bins(truth: DoubleArray, sure: DoubleArray) -> list[dict[str, float]]:
    at = np.minimum((sure * BINS).astype(int), BINS - 1)
    found = []
    for one in range(BINS):
        inside = at == one
        if inside.any():
            found.append(
                {
                    "cases": int(inside.sum()),
                    "said": round(float(sure[inside].mean()), 3),
                    "seen": round(float(truth[inside].mean()), 3),
                }
            )
    return found
