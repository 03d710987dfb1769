"""Nugget shares of turns, predicted from the turn, its neighbours and its place.

The votes on nuggets are labels of the training file only. The dialogue model therefore never sees them:
it reads what this model predicts, for its own training dialogues out of fold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import Ridge

from published.intervals import deal_folds
from published.stc3_data import NUGGET_KINDS, Dialogue, Floats, nugget_shares

LONGEST = 7
NEIGHBOUR_WEIGHT = 0.4
STRENGTH = 1.5
INNER_FOLDS = 5


def char_counts(texts: Sequence[str]) -> sp.csr_matrix:
    """Stateless counts of character uni- and bigrams; no vocabulary, so nothing leaks between folds."""
    hashed = HashingVectorizer(
        analyzer="char", ngram_range=(1, 2), n_features=2**16, norm=None, alternate_sign=False
    )
    return hashed.transform(texts)


@dataclass(frozen=True)
class TurnTable:
    """Turns: owner index, role, character counts (own, previous, next), place, nugget shares."""

    owner: NDArray[np.int64]
    customer: NDArray[np.bool_]
    counts: tuple[sp.csr_matrix, sp.csr_matrix, sp.csr_matrix]
    place: Floats
    shares: Floats

    @classmethod
    def build(cls, dialogues: Sequence[Dialogue]) -> TurnTable:
        """Read every turn of ``dialogues`` once."""
        owner = [i for i, dialogue in enumerate(dialogues) for _ in dialogue.texts]
        own = [text for dialogue in dialogues for text in dialogue.texts]
        before = [text for dialogue in dialogues for text in ("", *dialogue.texts[:-1])]
        after = [text for dialogue in dialogues for text in (*dialogue.texts[1:], "")]
        place = [row for dialogue in dialogues for row in _places(dialogue)]
        return cls(
            np.array(owner),
            np.array([mine for dialogue in dialogues for mine in dialogue.from_customer]),
            (char_counts(own), char_counts(before), char_counts(after)),
            np.array(place),
            np.vstack([nugget_shares(dialogue) for dialogue in dialogues]),
        )


def _places(dialogue: Dialogue) -> list[list[float]]:
    count = min(len(dialogue.texts), LONGEST)
    rows = []
    for position, text in enumerate(dialogue.texts):
        at = min(position, LONGEST - 1)
        cells = np.zeros((LONGEST + 1, LONGEST))
        cells[count, at] = 1
        size = np.log1p(len(text)) / 5
        final, asks = float(position == len(dialogue.texts) - 1), float("?" in text or "？" in text)
        rows.append([*cells.ravel(), final, size, size * size, asks])
    return rows


def predict_shares(table: TurnTable, train: NDArray[np.bool_], wanted: NDArray[np.bool_]) -> Floats:
    """Shares (turns, 4) for the ``wanted`` turns from the ``train`` turns; zero elsewhere."""
    out = np.zeros((len(table.owner), NUGGET_KINDS))
    for role in (True, False):
        mine = table.customer == role
        a, b = np.flatnonzero(mine & train), np.flatnonzero(mine & wanted)
        if not len(a) or not len(b):
            continue
        seen, asked = [sp.csr_matrix(table.place[a])], [sp.csr_matrix(table.place[b])]
        for counts, weight in zip(table.counts, (1.0, NEIGHBOUR_WEIGHT, NEIGHBOUR_WEIGHT), strict=True):
            weighing = TfidfTransformer(sublinear_tf=True).fit(counts[a])
            seen.append(weighing.transform(counts[a]) * weight)
            asked.append(weighing.transform(counts[b]) * weight)
        ridge = Ridge(alpha=STRENGTH, solver="sparse_cg", tol=1e-3)
        ridge.fit(sp.hstack(seen).tocsr(), table.shares[a])
        out[b] = ridge.predict(sp.hstack(asked).tocsr())
    return out.clip(0, 1)


def stacked_shares(table: TurnTable, train: NDArray[np.int64], seed: int) -> Floats:
    """Shares for all turns: out of fold for the ``train`` dialogues, from all of them for the others."""
    inner = np.full(int(table.owner.max()) + 1, -1)
    inner[train] = deal_folds(len(train), min(INNER_FOLDS, len(train)), seed)
    of_turn = inner[table.owner]
    out = predict_shares(table, of_turn >= 0, of_turn < 0)
    for fold in range(int(inner.max()) + 1):
        out += predict_shares(table, (of_turn >= 0) & (of_turn != fold), of_turn == fold)
    return out
