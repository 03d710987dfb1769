"""What a reliability plot shows: how sure a model was against how often it was right, bin by bin."""

from __future__ import annotations

from typing import Any

from training.logistic import DoubleArray
from training.metrics import binned
from training.tables import Ints, Tables

SHOWN = ("complaint", "review", "resolution")


def reliability(tables: Tables, chosen: Ints) -> dict[str, list[dict[str, Any]]]:
    """Bins of complaint, review and resolution (an entry a status and dialogue) where they are labelled.

    A bin tells its number of ``cases``, the mean probability ``said`` and the share ``seen``.
    """
    pairs = {name: tables.certainties[name](chosen) for name in SHOWN}
    return {name: _bins(truth, sure) for name, (truth, sure) in pairs.items() if len(truth)}


def _bins(truth: DoubleArray, sure: DoubleArray) -> list[dict[str, Any]]:
    return [
        {"cases": cases, "said": round(said, 3), "seen": round(seen, 3)}
        for cases, said, seen in binned(truth, sure)
    ]
