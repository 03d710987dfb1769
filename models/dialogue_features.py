"""Numbers about a whole conversation, gathered from the turn heads and cues."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.base import FloatArray
from models.frame import Frame, RoleTurns
from models.past import highest_heard, logistic

OPENING = 4  # customer turns that state the matter
ENDING = 3  # own turns that show how it ended


def pool(turns: RoleTurns, part: str, scale: str) -> sparse.csr_matrix:
    """Return the (conversations, m) matrix that adds up turns of each conversation.

    Args:
        turns: rows of one role.
        part: "all", "opening" or "ending".
        scale: "mean" divides by the number of turns taken, "root" by its square root, "one" by nothing.
    """
    starts, ends = turns.spans[:-1].copy(), turns.spans[1:].copy()
    if part == "opening":
        ends = np.minimum(ends, starts + OPENING)
    elif part == "ending":
        starts = np.maximum(starts, ends - ENDING)
    sizes = ends - starts
    pointers = np.concatenate([[0], np.cumsum(sizes)])
    within = np.arange(pointers[-1]) - np.repeat(pointers[:-1], sizes)
    columns = np.repeat(starts, sizes) + within
    power = {"one": 0.0, "root": 0.5, "mean": 1.0}[scale]
    weights: NDArray[np.float64] = np.repeat(np.maximum(sizes, 1) ** -power, sizes)
    shape = (len(sizes), len(turns.turn))
    return sparse.csr_matrix((weights.astype(np.float32), columns, pointers), shape=shape)


def gathered(turns: RoleTurns, sure: FloatArray, cues: FloatArray) -> list[FloatArray]:
    """Everything pooled from the turns of one role, blocks of one row a conversation.

    ``models.leave_out`` says the same without each turn; the two must change together.
    """
    whole, ending = pool(turns, "all", "one"), pool(turns, "ending", "one")
    spent = turns.spans[1:, None] - turns.spans[:-1, None]
    return [
        pool(turns, "all", "mean") @ sure,
        np.log1p(whole @ sure),
        highest_heard(sure, whole),
        highest_heard(sure, ending),
        np.log1p(whole @ cues),
        ending @ cues,
        last(turns, sure),
        last(turns, cues),
        np.log1p(spent).astype(np.float32) / 3,
    ]


def last(turns: RoleTurns, values: FloatArray) -> FloatArray:
    """Values of the last turn of each conversation, zeros where the role never spoke."""
    result = np.zeros((len(turns.spans) - 1, values.shape[1]), dtype=np.float32)
    filled = np.flatnonzero(np.diff(turns.spans))
    result[filled] = values[turns.spans[1:][filled] - 1]
    return result


def outcome_features(
    frame: Frame,
    customer: FloatArray,
    agent: FloatArray,
    cues: tuple[FloatArray, FloatArray],
    first_layer: FloatArray,
) -> FloatArray:
    """Features for resolution, attitude, satisfaction, complaint and review, one row a conversation.

    Args:
        frame: the chunk.
        customer: second-layer log-odds of the customer turns.
        agent: second-layer log-odds of the agent turns.
        cues: cues of customer and agent turns (without type columns).
        first_layer: (conversations, outcomes) log-odds from the pooled wording.
    """
    # Rows count from 1 here, so that the very first turn of a chunk differs from nobody's.
    spoken_last = [last(t, t.turn[:, None].astype(np.float32) + 1.0) for t in (frame.customer, frame.agent)]
    return np.hstack(
        [
            first_layer / 4,
            *gathered(frame.customer, logistic(customer), cues[0]),
            *gathered(frame.agent, logistic(agent), cues[1]),
            (spoken_last[0] > spoken_last[1]).astype(np.float32),
        ]
    )


def topic_features(
    frame: Frame, customer: FloatArray, agent: FloatArray, first_layer: FloatArray
) -> FloatArray:
    """Features of every (conversation, type) pair, shape (conversations, types, 8).

    The same weights serve all types, so a rare type profits from what common ones teach.

    Args:
        frame: the chunk.
        customer: (m, types) cues of the type word lists on customer turns.
        agent: the same on agent turns.
        first_layer: (conversations, types) log-odds from the pooled wording.
    """
    others = _best_of_others(first_layer)
    rank = np.argsort(np.argsort(-first_layer, axis=1, kind="stable"), axis=1, kind="stable")
    columns = [
        first_layer / 4,
        (first_layer - others) / 4,
        (rank == 0).astype(np.float32),
        (rank <= 1).astype(np.float32),
        np.log1p(pool(frame.customer, "all", "one") @ customer),
        np.log1p(pool(frame.customer, "opening", "one") @ customer),
        np.log1p(pool(frame.agent, "all", "one") @ agent),
        highest_heard(customer, pool(frame.customer, "all", "one")),
    ]
    return np.stack([column.astype(np.float32) for column in columns], axis=2)


def _best_of_others(values: FloatArray) -> FloatArray:
    if values.shape[1] < 2:
        return np.zeros_like(values)
    top = np.sort(values, axis=1)
    best, second = top[:, -1:], top[:, -2:-1]
    others: FloatArray = np.where(values == best, second, best)
    return others
