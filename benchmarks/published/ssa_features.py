"""What the SSA models read: words of dialogues, words of customer utterances, predicted sentiments."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction import FeatureHasher

from published.ssa_data import CLASSES, Service, Utterance
from published.stc3_data import Floats

HASHED = 2**18
LAST = 6
OPENING = 2
# Decision values of the sentiment model are turned into shares by a softmax of twice their size.
SHARPNESS = 2.0


def _grams(words: Sequence[str], prefix: str) -> list[str]:
    return [prefix + word for word in words] + [f"{prefix}{left}_{right}" for left, right in pairwise(words)]


def _dialogue_tokens(service: Service) -> list[str]:
    """Role-prefixed uni- and bigrams; the last six utterances again under their own prefix."""
    spoken = service.utterances
    tokens = [token for one in spoken for token in _grams(one.words, one.role)]
    tokens += [token for one in spoken[-LAST:] for token in _grams(one.words, "last" + one.role)]
    customer = [one for one in spoken if one.role == "c"]
    tokens += [token for one in customer[-4:] for token in _grams(one.words, "end")]
    # Whole utterances and how one answers another: shop templates and set replies.
    tokens += [f"={one.role}{' '.join(one.words)}" for one in spoken]
    tokens += [_hinge(left, right) for left, right in pairwise(spoken)]
    return tokens


def _hinge(left: Utterance, right: Utterance) -> str:
    return f"{left.role}{' '.join(left.words[-2:])}>{right.role}{' '.join(right.words[:2])}"


def _utterance_tokens(service: Service, at: int) -> list[str]:
    """Words of one customer utterance, its ends, length and place, and the words two turns around it."""
    spoken = service.utterances
    words = spoken[at].words
    tokens = [*_grams(words, "0"), "^" + " ".join(words[:3]), "$" + " ".join(words[-3:])]
    tokens += [f"size{min(len(words), 12)}", f"from{min(at, 5)}", f"to{min(len(spoken) - 1 - at, 5)}"]
    tokens.append("=" + " ".join(words))
    for step in (-2, -1, 1, 2):
        if 0 <= at + step < len(spoken):
            near = spoken[at + step]
            tokens += [f"{step}{near.role}{word}" for word in near.words]
    return tokens


def _hash(rows: list[list[str]], binary: bool) -> sp.csr_matrix:
    hasher = FeatureHasher(HASHED, input_type="string", alternate_sign=False)
    counts = hasher.transform(rows)
    if binary:
        counts.data[:] = 1
    return counts


def dialogue_counts(services: Sequence[Service]) -> sp.csr_matrix:
    """(dialogues, hashed tokens) counts."""
    return _hash([_dialogue_tokens(service) for service in services], binary=False)


def customer_utterances(services: Sequence[Service]) -> list[tuple[int, int]]:
    """(dialogue, utterance) of everything customers said."""
    return [
        (i, j)
        for i, service in enumerate(services)
        for j, one in enumerate(service.utterances)
        if one.role == "c"
    ]


def utterance_counts(services: Sequence[Service], places: Sequence[tuple[int, int]]) -> sp.csr_matrix:
    """(customer utterances, hashed tokens) presence."""
    return _hash([_utterance_tokens(services[i], j) for i, j in places], binary=True)


def mood_row(service: Service, decisions: Floats) -> Floats:
    """Statistics of predicted customer sentiments (utterances, 3) and the shape of the dialogue."""
    grown = np.exp(SHARPNESS * (decisions - decisions.max(axis=1, keepdims=True)))
    shares = grown / grown.sum(axis=1, keepdims=True)
    if not len(shares):
        shares = np.array([[0.0, 1.0, 0.0]])
    count, total = len(shares), len(service.utterances)
    ending, opening = np.zeros((LAST, len(CLASSES))), np.zeros((OPENING, len(CLASSES)))
    ending[-min(LAST, count) :] = shares[-LAST:]
    opening[: min(OPENING, count)] = shares[:OPENING]
    sizes = [len(one.words) for one in service.utterances]
    parts = [shares.mean(0), shares.max(0), shares.sum(0), (shares > 0.5).sum(0), ending.ravel()]
    shape = [np.log1p(count), np.log1p(total), total - count, count / total]
    shape += [float(service.utterances[-1].role == "c"), np.log1p(sum(sizes)), np.log1p(sizes[-1])]
    shape += [float(np.mean(sizes)), float((shares[:, 0] - shares[:, 2]) @ np.linspace(0, 1, count))]
    return np.concatenate([*parts, opening.ravel(), shape])


def split_by_dialogue(
    values: Floats, places: Sequence[tuple[int, int]], dialogues: int
) -> list[NDArray[np.float64]]:
    """Rows of ``values`` (customer utterances, k) gathered per dialogue, in order."""
    owners = np.array([i for i, _ in places], dtype=np.int64)
    return np.split(values, np.searchsorted(owners, np.arange(1, dialogues)))
