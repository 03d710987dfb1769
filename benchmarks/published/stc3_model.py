"""The STC-3 model: stacked nuggets → features → a bag of networks trained on NMD."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from published.small_net import NetSettings, SmallNet, cumulative, nmd_gradient
from published.stc3_data import BINS, QUALITIES, Dialogue, Floats, cumulative_shares
from published.stc3_features import compress, dense_row, rotate, text_views
from published.stc3_turns import TurnTable, stacked_shares

CLIP = 5.0


@dataclass(frozen=True, slots=True)
class Stc3Settings:
    """``widths``: SVD directions per view, one feature set each; ``bag``: networks per feature set."""

    widths: tuple[int, ...] = (30, 60)
    bag: int = 4
    net: NetSettings = field(default_factory=NetSettings)


@dataclass(frozen=True)
class Prepared:
    """Everything that needs no training: computed once for all dialogues, whatever the split."""

    dialogues: Sequence[Dialogue]
    turns: TurnTable
    views: list[sp.csr_matrix]
    target: Floats
    vectors: Sequence[Floats] = ()

    @classmethod
    def build(cls, dialogues: Sequence[Dialogue], vectors: Sequence[Floats] = ()) -> Prepared:
        """Count characters and read labels; ``vectors`` are optional matrices (dialogues, any width)."""
        table = TurnTable.build(dialogues)
        return cls(dialogues, table, text_views(dialogues), cumulative_shares(dialogues), vectors)


def feature_sets(
    prepared: Prepared, train: NDArray[np.int64], chosen: Stc3Settings, seed: int
) -> list[Floats]:
    """One standardised feature matrix over all dialogues per width; learnt on ``train`` alone."""
    shares = stacked_shares(prepared.turns, train, seed)
    cuts = np.cumsum([len(dialogue.texts) for dialogue in prepared.dialogues])[:-1]
    pairs = zip(prepared.dialogues, np.split(shares, cuts), strict=True)
    dense = np.stack([dense_row(dialogue, part) for dialogue, part in pairs])
    widest = [compress(view, train, max(chosen.widths), seed) for view in prepared.views]
    widest += [rotate(part, train, max(chosen.widths), seed) for part in prepared.vectors]
    sets = [np.hstack([dense, *(view[:, :width] for view in widest)]) for width in chosen.widths]
    return [_standardise(matrix, train) for matrix in sets]


def _standardise(matrix: Floats, train: NDArray[np.int64]) -> Floats:
    mean, deviation = matrix[train].mean(axis=0), matrix[train].std(axis=0) + 1e-6
    return ((matrix - mean) / deviation).clip(-CLIP, CLIP)


def predict_rest(prepared: Prepared, train: NDArray[np.int64], chosen: Stc3Settings, seed: int) -> Floats:
    """Train on the ``train`` dialogues; cumulative shares (m, 3, 4) of all the others, in their order."""
    rest = np.setdiff1d(np.arange(len(prepared.dialogues)), train)
    target = prepared.target[train].astype(np.float32)
    total = np.zeros((len(rest), *prepared.target.shape[1:]))
    sets = feature_sets(prepared, train, chosen, seed)
    outputs = len(QUALITIES) * BINS
    for number, matrix in enumerate(sets):
        inputs = matrix.astype(np.float32)
        for member in range(chosen.bag):
            net_seed = seed * 1000 + number * 100 + member
            net = SmallNet(outputs, nmd_gradient, chosen.net, net_seed).fit(inputs[train], target)
            total += cumulative(net.logits(inputs[rest]))
    return total / (len(sets) * chosen.bag)
