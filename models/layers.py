"""The weights of the baseline and the arithmetic that turns rows into log-odds.

Matrix products go through sparse rows on purpose: their sums run in a fixed order, so a
conversation gets bit for bit the same answer alone or in a batch (BLAS does not promise that).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.base import FloatArray
from models.dialogue_features import pool
from models.frame import Frame
from models.heads import Heads
from models.ngrams import Vocabulary


@dataclass(frozen=True)
class Layer:
    """A linear layer: ``weights`` (inputs, outputs) and ``bias`` (outputs,), float32."""

    weights: FloatArray
    bias: FloatArray

    def __call__(self, rows: FloatArray | sparse.csr_matrix) -> FloatArray:
        """Return (n, outputs) log-odds of (n, inputs) rows."""
        table = _as_sparse(rows) if isinstance(rows, np.ndarray) else rows
        product: FloatArray = table @ self.weights
        return product + self.bias


def _as_sparse(rows: FloatArray) -> sparse.csr_matrix:
    """The same rows as a sparse matrix; built by hand because scipy's own way is several times slower."""
    filled = rows != 0
    pointers = np.concatenate([[0], np.cumsum(filled.sum(axis=1))])
    flat = np.flatnonzero(filled)
    return sparse.csr_matrix((rows.ravel()[flat], flat % max(rows.shape[1], 1), pointers), shape=rows.shape)


def text_columns(heads: Heads, role: str) -> dict[str, slice]:
    """Columns of the wording matrix of a role, by what they are added to.

    ``own``/``previous``: this role's turn heads; ``heard``: the other role's turn heads;
    the rest: pooled over the conversation.
    """
    other = "agent" if role == "customer" else "customer"
    widths = {
        "own": len(heads.of(role)),
        "previous": len(heads.of(role)),
        "heard": len(heads.of(other)),
        "topics_all": len(heads.topics),
        "topics_opening": len(heads.topics) if role == "customer" else 0,
        "outcomes_all": len(heads.outcomes),
        "outcomes_ending": len(heads.outcomes),
    }
    columns, start = {}, 0
    for name, width in widths.items():
        columns[name] = slice(start, start + width)
        start += width
    return columns


@dataclass(frozen=True)
class Weights:
    """Everything learned, by role where roles differ.

    Attributes:
        vocabulary: known n-grams of each role.
        wording: (V, columns) of each role, see ``text_columns``.
        plain: first-layer weights of ``plain_features``; its bias is the bias of the turn heads.
        turns: second layer of the turn heads, calibrated.
        pooled_bias: (topics + outcomes,) bias of the pooled heads.
        topic: second layer shared by all types (8 inputs, 1 output), calibrated.
        outcome: second layer of the outcomes, calibrated.
    """

    vocabulary: Mapping[str, Vocabulary]
    wording: Mapping[str, FloatArray]
    plain: Mapping[str, Layer]
    turns: Mapping[str, Layer]
    pooled_bias: FloatArray
    topic: Layer
    outcome: Layer


def first_turn_layer(
    weights: Weights,
    heads: Heads,
    frame: Frame,
    role: str,
    wording: Mapping[str, FloatArray],
    plain: FloatArray,
) -> FloatArray:
    """First-layer log-odds of all turns of a role; ``wording`` maps role to (turns, columns)."""
    turns, other = frame.of(role), "agent" if role == "customer" else "customer"
    mine, theirs = text_columns(heads, role), text_columns(heads, other)
    logits: FloatArray = wording[role][:, mine["own"]] + weights.plain[role](plain)
    before = wording[role][:, mine["previous"]][np.maximum(turns.previous, 0)]
    logits = logits + np.where((turns.previous >= 0)[:, None], before, np.float32(0.0))
    heard: FloatArray = turns.heard @ np.ascontiguousarray(wording[other][:, theirs["heard"]])
    return logits + heard


def pooled_layer(
    weights: Weights, heads: Heads, frame: Frame, wording: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """First-layer log-odds of (topics, outcomes), one row a conversation."""
    topics = np.zeros((len(frame.sizes), len(heads.topics)), dtype=np.float32)
    outcomes = np.zeros((len(frame.sizes), len(heads.outcomes)), dtype=np.float32)
    for role in ("customer", "agent"):
        columns, turns = text_columns(heads, role), frame.of(role)
        for name, part, target in POOLS:
            piece = np.ascontiguousarray(wording[role][:, columns[name]])
            if piece.shape[1]:
                (topics if target == "topics" else outcomes)[:] += pool(turns, part, "root") @ piece
    return topics + weights.pooled_bias[: len(heads.topics)], outcomes + weights.pooled_bias[
        len(heads.topics) :
    ]


# column group of the wording matrix, which turns it is pooled over, what it is added to
POOLS = (
    ("topics_all", "all", "topics"),
    ("topics_opening", "opening", "topics"),
    ("outcomes_all", "all", "outcomes"),
    ("outcomes_ending", "ending", "outcomes"),
)
