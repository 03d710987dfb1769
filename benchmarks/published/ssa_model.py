"""The SSA model: word and sentiment models out of fold → trees and networks → class weights for macro-F1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.svm import LinearSVC

from published.intervals import deal_folds
from published.small_net import NetSettings, SmallNet, class_gradient, softmax
from published.ssa_data import CLASSES, Service
from published.ssa_features import (
    customer_utterances,
    dialogue_counts,
    mood_row,
    split_by_dialogue,
    utterance_counts,
)
from published.stc3_data import Floats

Labels = NDArray[np.int64]
CLIP = 5.0
TIE = 1e-6


@dataclass(frozen=True, slots=True)
class SsaSettings:
    """Strengths and sizes; chosen on the training file's folds and the dev file."""

    word_strength: float = 1.0
    sentiment_strength: float = 0.2
    directions: int = 60
    trees: int = 300
    leaf: int = 4
    bag: int = 4
    net_share: float = 0.5
    folds: int = 5
    net: NetSettings = field(default_factory=lambda: NetSettings(hidden=32, dropout=0.5, epochs=20))


@dataclass(frozen=True)
class Features:
    """Second-level inputs of training dialogues (out of fold) and of the asked ones."""

    train: Floats
    asked: Floats


def linear_decisions(
    train: sp.csr_matrix, labels: Labels, asked: sp.csr_matrix, strength: float, seed: int
) -> Floats:
    """Decision values (asked, classes) of a linear SVM over TF-IDF with balanced class weights."""
    weighing = TfidfTransformer(sublinear_tf=True).fit(train)
    model = LinearSVC(C=strength, class_weight="balanced", max_iter=400, random_state=seed)
    model.fit(weighing.transform(train), labels)
    found: Floats = model.decision_function(weighing.transform(asked))
    out = np.zeros((found.shape[0], len(CLASSES)))
    # Two classes give one column, a missing class none: put what there is where it belongs.
    columns = np.searchsorted(CLASSES, model.classes_)
    out[:, columns] = found if found.ndim == 2 else np.stack([-found, found], axis=1)
    return out


def build_features(
    train: Sequence[Service], asked: Sequence[Service], chosen: SsaSettings, seed: int
) -> Features:
    """Train the word and sentiment models; labels of ``asked`` dialogues are not read."""
    labels = np.array([service.satisfaction for service in train])
    fold_of = deal_folds(len(train), min(chosen.folds, len(train)), seed)
    words, asked_words = dialogue_counts(train), dialogue_counts(asked)
    word_values = _stack(words, labels, asked_words, chosen.word_strength, fold_of, seed)

    places, asked_places = customer_utterances(train), customer_utterances(asked)
    moods = np.array([train[i].utterances[j].sentiment for i, j in places])
    mood_fold = fold_of[[i for i, _ in places]]
    told, asked_told = utterance_counts(train, places), utterance_counts(asked, asked_places)
    mood_values = _stack(told, moods, asked_told, chosen.sentiment_strength, mood_fold, seed)

    weighing = TfidfTransformer(sublinear_tf=True).fit(words)
    size = min(chosen.directions, len(train) - 1)
    directions = TruncatedSVD(size, n_iter=2, random_state=seed).fit(weighing.transform(words))
    out = []
    for side, services, at, counts in ((0, train, places, words), (1, asked, asked_places, asked_words)):
        by_dialogue = split_by_dialogue(mood_values[side], at, len(services))
        rows = [mood_row(service, part) for service, part in zip(services, by_dialogue, strict=True)]
        out.append(np.hstack([rows, word_values[side], directions.transform(weighing.transform(counts))]))
    mean, deviation = out[0].mean(axis=0), out[0].std(axis=0) + 1e-6
    return Features(*(((matrix - mean) / deviation).clip(-CLIP, CLIP) for matrix in out))


def _stack(
    train: sp.csr_matrix, labels: Labels, asked: sp.csr_matrix, strength: float, fold_of: Labels, seed: int
) -> tuple[Floats, Floats]:
    """Decisions for the training rows out of fold, and for the asked rows from all training rows."""
    own = np.zeros((len(labels), len(CLASSES)))
    for fold in range(int(fold_of.max()) + 1):
        seen, held = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        if len(held):
            own[held] = linear_decisions(train[seen], labels[seen], train[held], strength, seed)
    return own, linear_decisions(train, labels, asked, strength, seed)


def predict_shares(train: Floats, labels: Labels, asked: Floats, chosen: SsaSettings, seed: int) -> Floats:
    """Class shares (asked, 3): extremely randomised trees blended with a bag of networks."""
    trees = ExtraTreesClassifier(
        chosen.trees, min_samples_leaf=chosen.leaf, max_features=0.3, random_state=seed
    ).fit(train, labels)
    out = np.zeros((len(asked), len(CLASSES)))
    out[:, np.searchsorted(CLASSES, trees.classes_)] = trees.predict_proba(asked)
    hot = (labels[:, None] == np.array(CLASSES)).astype(np.float32)
    net_out = np.zeros_like(out)
    for member in range(chosen.bag):
        net = SmallNet(len(CLASSES), class_gradient, chosen.net, seed * 1000 + member)
        net.fit(train.astype(np.float32), hot)
        net_out += softmax(net.logits(asked.astype(np.float32))) / chosen.bag
    return (1 - chosen.net_share) * out + chosen.net_share * net_out


def out_of_fold(
    features: Floats,
    labels: Labels,
    folds: int,
    seed: int,
    predict: Callable[[Floats, Labels, Floats], Floats],
) -> Floats:
    """Second-level shares of the training dialogues, each from the other folds."""
    fold_of = deal_folds(len(labels), min(folds, len(labels)), seed)
    out = np.zeros((len(labels), len(CLASSES)))
    for fold in range(int(fold_of.max()) + 1):
        seen, held = fold_of != fold, fold_of == fold
        out[held] = predict(features[seen], labels[seen], features[held])
    return out


def macro_f1(gold: Labels, predicted: Labels) -> float:
    """Macro-F1 over the three classes; a class that is neither given nor predicted counts zero."""
    size = len(CLASSES)
    table = np.bincount((gold - 1) * size + predicted - 1, minlength=size * size).reshape(size, size)
    return float((2 * table.diagonal() / np.maximum(table.sum(0) + table.sum(1), 1)).mean())


def choose_weights(shares: Floats, labels: Labels) -> Floats:
    """Multipliers of classes 1 and 3 against class 2 that give the best macro-F1 on out-of-fold shares.

    Neighbouring grid points are averaged, so that one lucky point does not decide; of equals the one
    nearest to no weighting at all is taken.
    """
    logs = np.linspace(-0.8, 1.6, 13)
    grid = np.exp(logs)
    found = np.array(
        [macro_f1(labels, decide(shares, np.array([a, 1.0, b]))) for a, b in product(grid, grid)]
    ).reshape(len(grid), len(grid))
    padded = np.pad(found, 1, mode="edge")
    size = len(grid)
    smooth = sum(padded[i : i + size, j : j + size] for i in range(3) for j in range(3))
    distance = np.abs(logs)[:, None] + np.abs(logs)[None, :]
    a, b = np.unravel_index(int(np.argmax(smooth - TIE * distance)), found.shape)
    return np.array([grid[a], 1.0, grid[b]])


def decide(shares: Floats, weights: Floats) -> Labels:
    """The class with the largest weighted share."""
    return np.array(CLASSES)[(shares * weights).argmax(axis=1)]
