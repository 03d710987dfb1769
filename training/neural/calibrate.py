"""From two opinions to one calibrated one: log-odds of the dialogue model and of the baseline, held back.

Where the corpus is too small for the dialogue model to learn a head (types above all) the baseline keeps
its say; how much, the held-back dialogues that may calibrate decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from models.base import FloatArray
from models.neural.signals import Signals
from training.dataset import Dataset
from training.logistic import DoubleArray
from training.stages import Logits

_FEW = 5  # cases of either kind below which a head is left as it is
_STIFF, _LOOSE = 4.0, 0.1  # priors on the weights and on the shift, in nats


@dataclass(frozen=True)
class Blend:
    """``slope`` of the dialogue model, ``lean`` on the baseline, ``shift``; one value a head."""

    slope: FloatArray
    lean: FloatArray
    shift: FloatArray

    def __call__(self, own: FloatArray, wide: FloatArray) -> FloatArray:
        """Calibrated log-odds of (…, heads)."""
        blended: FloatArray = own * self.slope + wide * self.lean + self.shift
        return blended


@dataclass(frozen=True)
class Calibration:
    """``turns`` has customer heads then agent heads."""

    turns: Blend
    topics: Blend
    outcomes: Blend

    def apply(self, own: Logits, wide: Logits) -> Logits:
        """Calibrated log-odds of a dataset."""
        heads = own.turns["customer"].shape[1]
        parts = {"customer": slice(0, heads), "agent": slice(heads, None)}
        turns = {
            role: Blend(self.turns.slope[part], self.turns.lean[part], self.turns.shift[part])(
                own.turns[role], wide.turns[role]
            )
            for role, part in parts.items()
        }
        return Logits(turns, self.topics(own.topics, wide.topics), self.outcomes(own.outcomes, wide.outcomes))


def wide_logits(data: Dataset, signals: Sequence[Signals]) -> Logits:
    """The baseline's log-odds as the dialogue model sees them, laid out like a dataset."""
    heads = data.turn_answers["customer"].shape[1]
    roles = np.concatenate([one.roles for one in signals])
    turns = np.concatenate([one.wide_turns for one in signals])
    return Logits(
        {"customer": turns[roles == 0, :heads], "agent": turns[roles == 1, heads:]},
        np.stack([one.wide_topics for one in signals]),
        np.stack([one.wide_outcomes for one in signals]),
    )


def fit_calibration(data: Dataset, own: Logits, wide: Logits) -> Calibration:
    """Fit every head on its own; all types share one blend, since most are rare."""
    turns = []
    for role in ("customer", "agent"):
        answers = data.turn_answers[role]
        for head in range(answers.shape[1]):
            asked = data.turn_judged[role][:, head] & (data.turn_weight[role][:, head] > 0)
            turns.append(
                _fit(own.turns[role][asked, head], wide.turns[role][asked, head], answers[asked, head])
            )
    outcomes = []
    for head in range(own.outcomes.shape[1]):
        rows = data.outcome_judged[:, head]
        outcomes.append(_fit(own.outcomes[rows, head], wide.outcomes[rows, head], data.outcomes[rows, head]))
    cells = data.topic_judged
    topic = _fit(own.topics[cells], wide.topics[cells], data.topics[cells])
    return Calibration(_stack(turns), _stack([topic] * own.topics.shape[1]), _stack(outcomes))


def _fit(own: FloatArray, wide: FloatArray, answers: DoubleArray) -> DoubleArray:
    """(slope, lean, shift); (1, 0, 0) if it cannot be told."""
    start = np.array([1.0, 0.0, 0.0])
    if min(answers.sum(), (1 - answers).sum()) < _FEW:
        return start
    rows = np.stack([own, wide, np.ones_like(own)], axis=1).astype(np.float64)
    stiffness = np.array([_STIFF, _STIFF, _LOOSE])

    def objective(weights: DoubleArray) -> tuple[float, DoubleArray]:
        logits = rows @ weights
        residual = 1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))) - answers
        away = weights - start
        loss = float((np.logaddexp(0.0, logits) - answers * logits).sum() + (stiffness * away**2).sum())
        return loss, rows.T @ residual + 2 * stiffness * away

    best = optimize.minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=[(0.05, None), (0.0, None), (None, None)]
    )
    found: DoubleArray = best.x
    return found


def _stack(triples: Sequence[DoubleArray]) -> Blend:
    slope, lean, shift = (np.ascontiguousarray(column) for column in np.array(triples, dtype=np.float32).T)
    return Blend(slope, lean, shift)
