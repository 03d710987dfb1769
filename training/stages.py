"""Fitting the two layers. The second learns from what the first says about dialogues it never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import FloatArray
from models.dialogue_features import outcome_features, topic_features
from models.frame import ROLES
from models.layers import Layer
from models.turn_features import agent_features, customer_features
from training.dataset import Dataset
from training.logistic import DoubleArray, fit_heads, fit_scaled_heads, fit_wide_heads, platt
from training.settings import BaselineSettings

Mask = NDArray[np.bool_]
Step = Callable[[str], None]


@dataclass(frozen=True)
class FirstLayer:
    """Fitted first layer; inputs are the rows of a ``Dataset``."""

    turns: dict[str, Layer]
    topics: Layer
    outcomes: Layer


@dataclass(frozen=True)
class Logits:
    """Log-odds of every row of a dataset: turn heads by role, topics, outcomes."""

    turns: dict[str, FloatArray]
    topics: FloatArray
    outcomes: FloatArray


@dataclass(frozen=True)
class SecondLayer:
    """Fitted and calibrated second layer."""

    turns: dict[str, Layer]
    topic: Layer
    outcome: Layer


def fit_first(data: Dataset, chosen: Mask, settings: BaselineSettings) -> FirstLayer:
    """Fit the first layer on the chosen dialogues."""
    turns = {}
    for role in ROLES:
        rows = chosen[data.frame.of(role).conversation]
        turns[role] = fit_heads(
            data.turn_rows[role][rows],
            data.turn_answers[role][rows],
            data.turn_weight[role][rows],
            settings.turn_l2,
            settings.iterations,
        )
    return FirstLayer(
        turns,
        fit_wide_heads(
            data.topic_rows[chosen],
            data.topics[chosen],
            data.topic_weight[chosen],
            settings.topic_l2,
            settings.iterations,
        ),
        fit_wide_heads(
            data.outcome_rows[chosen],
            data.outcomes[chosen],
            data.outcome_weight[chosen],
            settings.outcome_l2,
            settings.iterations,
        ),
    )


def cross_first(data: Dataset, folds: NDArray[np.int64], settings: BaselineSettings, step: Step) -> Logits:
    """First-layer log-odds of every row by a model that did not see its fold."""
    turns = {role: np.zeros(data.turn_answers[role].shape, dtype=np.float32) for role in ROLES}
    topics = np.zeros(data.topics.shape, dtype=np.float32)
    outcomes = np.zeros(data.outcomes.shape, dtype=np.float32)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        layer = fit_first(data, ~held, settings)
        for role in ROLES:
            rows = held[data.frame.of(role).conversation]
            turns[role][rows] = layer.turns[role](data.turn_rows[role][rows])
        topics[held] = layer.topics(data.topic_rows[held])
        outcomes[held] = layer.outcomes(data.outcome_rows[held])
        step(f"交叉验证：第 {fold + 1} 折")
    return Logits(turns, topics, outcomes)


def fit_second(
    data: Dataset, first: Logits, folds: NDArray[np.int64], settings: BaselineSettings
) -> tuple[SecondLayer, Logits]:
    """Fit the second layer on out-of-fold first-layer output.

    Returns:
        The layer fitted on everything, and calibrated log-odds of every row out of fold.
    """
    layers: dict[str, Layer] = {}
    out: dict[str, FloatArray] = {}
    for role in ROLES:
        if role == "customer":
            rows = customer_features(data.frame, data.plain[role], first.turns[role], first.turns["agent"])
        else:
            rows = agent_features(
                data.frame, data.heads, data.plain[role], first.turns[role], out["customer"]
            )
        conversation = data.frame.of(role).conversation
        layers[role], out[role] = _crossed(
            rows, data.turn_answers[role], data.turn_weight[role], folds[conversation],
            data.turn_judged[role], settings.second_turn_l2, settings.iterations,
        )  # fmt: skip
    features = topic_features(data.frame, data.kinds["customer"], data.kinds["agent"], first.topics)
    count, types, width = features.shape
    topic, flat = _crossed(
        features.reshape(count * types, width),
        data.topics.reshape(-1, 1),
        data.topic_weight.reshape(-1, 1),
        np.repeat(folds, types),
        data.topic_judged.reshape(-1, 1),
        settings.second_topic_l2,
        settings.iterations,
    )
    cues = (data.cues["customer"], data.cues["agent"])
    outcome, outcomes = _crossed(
        outcome_features(data.frame, out["customer"], out["agent"], cues, first.outcomes),
        data.outcomes,
        data.outcome_weight,
        folds,
        data.outcome_judged,
        settings.second_outcome_l2,
        settings.iterations,
    )
    return SecondLayer(layers, topic, outcome), Logits(out, flat.reshape(count, types), outcomes)


def _crossed(
    rows: FloatArray,
    answers: DoubleArray,
    weight: DoubleArray,
    folds: NDArray[np.int64],
    judged: Mask,
    l2: float,
    iterations: int,
) -> tuple[Layer, FloatArray]:
    """Fit on everything, predict out of fold, calibrate both on the held-back rows allowed for it."""
    out = np.zeros(answers.shape, dtype=np.float32)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        out[held] = fit_scaled_heads(rows[~held], answers[~held], weight[~held], l2, iterations)(rows[held])
    layer = fit_scaled_heads(rows, answers, weight, l2, iterations)
    pairs = []
    for column in range(answers.shape[1]):
        asked = judged[:, column] & (weight[:, column] > 0)
        pairs.append(platt(out[asked, column].astype(np.float64), answers[asked, column]))
    slope, shift = np.array(pairs, dtype=np.float32).T
    return Layer(layer.weights * slope, layer.bias * slope + shift), out * slope + shift
