"""What the held-back dialogues say about a model, for its card."""

from __future__ import annotations

from typing import Any

import numpy as np

from training.dataset import Dataset
from training.metrics import calibration_error, interval, resampled
from training.stages import Logits
from training.tables import Ints, Tables, said_of


def measure(
    data: Dataset, held_back: Logits, thresholds: dict[str, float], rounds: int, seed: int
) -> dict[str, Any]:
    """Figures with 95 % intervals over the dialogues that may calibrate, and calibration errors.

    Only what is labelled there is told. Each figure is computed as in the house's scoring of inspection
    reports.
    """
    tables = Tables(data.dialogues, said_of(held_back), thresholds)
    figures = {}
    for name, figure in tables.figures.items():
        chosen = np.flatnonzero(data.calibrates & figure.labelled)
        if len(chosen):
            low, high = interval(resampled(figure.value, chosen, rounds, seed))
            value = figure.value(chosen)
            figures[name] = {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}
    told = np.flatnonzero(data.calibrates)
    return {"dialogues": len(told), "figures": figures, "calibration_error": calibration_errors(tables, told)}


def calibration_errors(tables: Tables, chosen: Ints) -> dict[str, float]:
    """Expected calibration error of every head that is labelled in the chosen dialogues."""
    pairs = {name: pick(chosen) for name, pick in tables.certainties.items()}
    return {
        name: round(calibration_error(truth, sure), 4) for name, (truth, sure) in pairs.items() if len(truth)
    }
