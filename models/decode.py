"""From log-odds of yes/no questions to the probabilities a ``ConversationOutput`` promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.base import ConversationOutput, FloatArray, Labels
from models.heads import EMOTION_HEADS, LEVELS, Heads, heads_of
from models.past import logistic


def decode(
    labels: Labels,
    sizes: Sequence[int],
    rows: Mapping[str, NDArray[np.int64]],
    odds: Mapping[str, FloatArray],
    topics: FloatArray,
    outcomes: FloatArray,
) -> Iterator[ConversationOutput]:
    """Outputs, without grounds, of conversations laid out one after the other.

    Args:
        labels: of the model.
        sizes: turns of each of the n conversations.
        rows: by role, (m,) where its turns stand among all turns.
        odds: by role, (m, heads) log-odds of its turn heads.
        topics: (n, types) log-odds.
        outcomes: (n, outcomes) log-odds.
    """
    customer, agent, total = odds["customer"], logistic(odds["agent"]), sum(sizes)
    acts = len(labels.agent_acts)
    emotion = _spread(emotion_probabilities(customer, labels), rows["customer"], total)
    customer_acts = _spread(logistic(customer[:, len(EMOTION_HEADS) :]), rows["customer"], total)
    agent_acts = _spread(agent[:, :acts], rows["agent"], total)
    faults = _spread(agent[:, acts:], rows["agent"], total)
    at, types = outcome_slices(heads_of(labels), labels), logistic(topics)
    resolution = resolution_probabilities(outcomes[:, at["resolution"]])
    satisfaction = level_probabilities(outcomes[:, at["satisfaction"]])
    attitude = level_probabilities(outcomes[:, at["attitude"]])
    complaint, review = logistic(outcomes[:, at["complaint"]]), logistic(outcomes[:, at["review"]])
    for row, (start, end) in enumerate(pairwise(np.cumsum([0, *sizes]).tolist())):
        yield ConversationOutput(
            emotion=emotion[start:end],
            customer_acts=customer_acts[start:end],
            agent_acts=agent_acts[start:end],
            faults=faults[start:end],
            resolution=resolution[row],
            satisfaction=satisfaction[row],
            attitude=attitude[row],
            types=types[row],
            complaint=float(complaint[row, 0]),
            review=float(review[row, 0]),
        )


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
    return shares(edges[:, :-1] - edges[:, 1:])


def resolution_probabilities(logits: FloatArray) -> FloatArray:
    """(n, 3) distribution from one log-odds column a status."""
    return shares(logistic(logits))


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


def shares(masses: FloatArray) -> FloatArray:
    """Rows brought to sum one; nothing is quite impossible."""
    safe = np.maximum(masses, 1e-6)
    brought: FloatArray = (safe / safe.sum(axis=1, keepdims=True)).astype(np.float32)
    return brought


def _spread(values: FloatArray, at: NDArray[np.int64], total: int) -> FloatArray:
    result = np.zeros((total, values.shape[1]), dtype=np.float32)
    result[at] = values
    return result
