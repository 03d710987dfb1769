"""From log-odds of yes/no questions to the probabilities a ``ConversationOutput`` promises."""

from __future__ import annotations

import numpy as np

from models.base import FloatArray, Labels
from models.heads import EMOTION_HEADS, LEVELS, Heads
from models.past import logistic


def emotion_probabilities(logits: FloatArray, labels: Labels) -> FloatArray:
    """(m, 4) probabilities in the order of ``labels.emotion`` from the three emotion heads."""
    sure = logistic(logits[:, : len(EMOTION_HEADS)])
    negative, angry, positive = sure[:, 0], sure[:, 1], sure[:, 2]
    by_label = {
        -2: negative * angry,
        -1: negative * (1 - angry),
        0: (1 - negative) * (1 - positive),
        1: (1 - negative) * positive,
    }
    return np.stack([by_label[label] for label in labels.emotion], axis=1).astype(np.float32)


def level_probabilities(reach: FloatArray) -> FloatArray:
    """(n, 5) distribution over levels 1..5 from (n, 4) log-odds of "at least 2, 3, 4, 5"."""
    at_least = np.minimum.accumulate(logistic(reach), axis=1)
    edges = np.hstack([np.ones((len(reach), 1)), at_least, np.zeros((len(reach), 1))])
    return _shares(edges[:, :-1] - edges[:, 1:])


def resolution_probabilities(logits: FloatArray) -> FloatArray:
    """(n, 3) distribution from one log-odds column a status."""
    return _shares(logistic(logits))


def outcome_slices(heads: Heads, labels: Labels) -> dict[str, slice]:
    """Where each outcome sits among ``heads.outcomes``."""
    size, steps = len(labels.resolution), LEVELS - 1
    return {
        "resolution": slice(0, size),
        "attitude": slice(size, size + steps),
        "satisfaction": slice(size + steps, size + 2 * steps),
        "complaint": slice(size + 2 * steps, size + 2 * steps + 1),
        "review": slice(len(heads.outcomes) - 1, len(heads.outcomes)),
    }


def _shares(masses: FloatArray) -> FloatArray:
    safe = np.maximum(masses, 1e-6)
    shares: FloatArray = (safe / safe.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
