"""What the held-back dialogues say about a model, for its card."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.decode import level_probabilities, outcome_slices, resolution_probabilities
from models.past import logistic
from training.dataset import LABELS, Dataset
from training.metrics import calibration_error, f1, interval, macro_f1, weighted_kappa
from training.stages import Logits
from training.thresholds import emotion_guess

LEVELS = np.arange(1, 6)


def measure(
    data: Dataset, held_back: Logits, thresholds: dict[str, float], rounds: int, seed: int
) -> dict[str, Any]:
    """Figures with 95 % intervals over the dialogues that may calibrate, and calibration errors.

    Each figure is computed as in the house's scoring of inspection reports.
    """
    chosen = np.flatnonzero(data.calibrates)
    tables = _Tables(data, held_back, thresholds)
    figures = {}
    for name, value in tables.figures.items():
        low, high = interval(partial(_resampled, value, chosen), len(chosen), rounds, seed)
        figures[name] = {"value": round(value(chosen), 4), "low": round(low, 4), "high": round(high, 4)}
    return {"dialogues": len(chosen), "figures": figures, "calibration_error": tables.calibration(chosen)}


def _resampled(
    value: Callable[[NDArray[np.int64]], float], chosen: NDArray[np.int64], at: NDArray[np.int64]
) -> float:
    return value(chosen[at])


class _Tables:
    """Truth and guess by dialogue, so that dialogues can be resampled."""

    def __init__(self, data: Dataset, held_back: Logits, thresholds: dict[str, float]) -> None:
        self._data = data
        customer, agent = (logistic(held_back.turns[role]) for role in ("customer", "agent"))
        self._customer, self._agent = customer, agent
        self._outcomes, self._types = logistic(held_back.outcomes), logistic(held_back.topics)
        gold = data.turn_answers["customer"]
        moods = np.where(gold[:, 1] > 0, -2, np.where(gold[:, 0] > 0, -1, np.where(gold[:, 2] > 0, 1, 0)))
        guess = emotion_guess(customer, thresholds)
        acts = len(LABELS.agent_acts)
        fault_marks = np.array([thresholds[f"fault:{key}"] for key in LABELS.faults])
        faulty = np.asarray(data.turn_answers["agent"][:, acts:].any(axis=1))
        fault_guess = np.asarray((agent[:, acts:] >= fault_marks).any(axis=1))
        type_guess = self._types >= np.array([thresholds[f"type:{key}"] for key in LABELS.types])
        type_guess |= (self._types == self._types.max(axis=1, keepdims=True)) & ~type_guess.any(
            axis=1, keepdims=True
        )
        at = outcome_slices(data.heads, LABELS)
        status = resolution_probabilities(held_back.outcomes[:, at["resolution"]]).argmax(axis=1)
        status_gold = data.outcomes[:, at["resolution"]].argmax(axis=1)
        levels = {k: level_probabilities(held_back.outcomes[:, at[k]]) for k in ("attitude", "satisfaction")}
        attitude = np.array([d.attitude for d in data.dialogues])
        satisfaction = np.array([d.satisfaction for d in data.dialogues])
        complaint = np.asarray(data.outcomes[:, -2] > 0)
        review = np.asarray(data.outcomes[:, -1] > 0)
        complained = np.asarray(self._outcomes[:, -2] >= thresholds["complaint"])
        reviewed = np.asarray(self._outcomes[:, -1] >= thresholds["review"])
        acts_gold = data.turn_answers["agent"][:, :acts] > 0
        act_marks = np.array([thresholds[f"act:{key}"] for key in LABELS.agent_acts])
        own_marks = np.array([thresholds[f"act:{key}"] for key in LABELS.customer_acts])
        negative, angry = np.asarray(moods < 0), np.asarray(moods == -2)
        negative_guess, angry_guess = np.asarray(guess < 0), np.asarray(guess == -2)
        act_guess = np.asarray(agent[:, :acts] >= act_marks)
        c, a = self._rows("customer"), self._rows("agent")
        self.figures: dict[str, Callable[[NDArray[np.int64]], float]] = {
            "emotion_negative_turn_f1": lambda d: f1(negative[c(d)], negative_guess[c(d)]),
            "emotion_angry_turn_f1": lambda d: f1(angry[c(d)], angry_guess[c(d)]),
            "emotion_weighted_kappa": lambda d: weighted_kappa(moods[c(d)], guess[c(d)]),
            "customer_acts_micro_f1": lambda d: f1(gold[c(d), 3:], customer[c(d), 3:] >= own_marks),
            "agent_acts_micro_f1": lambda d: f1(acts_gold[a(d)], act_guess[a(d)]),
            "agent_fault_turn_f1": lambda d: f1(faulty[a(d)], fault_guess[a(d)]),
            "resolution_macro_f1": lambda d: macro_f1(status_gold[d], status[d]),
            "attitude_weighted_kappa": lambda d: weighted_kappa(
                attitude[d], np.rint(levels["attitude"][d] @ LEVELS).astype(int)
            ),
            "satisfaction_mae": lambda d: float(
                np.abs(satisfaction[d] - levels["satisfaction"][d] @ LEVELS).mean()
            ),
            "complaint_f1": lambda d: f1(complaint[d], complained[d]),
            "types_micro_f1": lambda d: f1(data.topics[d], type_guess[d]),
            "review_f1": lambda d: f1(review[d], reviewed[d]),
        }

    def _rows(self, role: str) -> Any:
        spans = self._data.frame.of(role).spans

        def rows(dialogues: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.concatenate([np.arange(spans[d], spans[d + 1]) for d in dialogues])

        return rows

    def calibration(self, chosen: NDArray[np.int64]) -> dict[str, float]:
        """Expected calibration error of the main heads."""
        c, a = self._rows("customer")(chosen), self._rows("agent")(chosen)
        gold, acts = self._data.turn_answers, len(LABELS.agent_acts)
        pairs = {
            "emotion_negative": (gold["customer"][c, 0], self._customer[c, 0]),
            "customer_acts": (gold["customer"][c, 3:], self._customer[c, 3:]),
            "agent_acts": (gold["agent"][a, :acts], self._agent[a, :acts]),
            "faults": (gold["agent"][a, acts:], self._agent[a, acts:]),
            "resolution": (self._data.outcomes[chosen, :3], self._outcomes[chosen, :3]),
            "complaint": (self._data.outcomes[chosen, -2], self._outcomes[chosen, -2]),
            "review": (self._data.outcomes[chosen, -1], self._outcomes[chosen, -1]),
            "types": (self._data.topics[chosen], self._types[chosen]),
        }
        return {
            name: round(calibration_error(truth.ravel(), sure.ravel().astype(float)), 4)
            for name, (truth, sure) in pairs.items()
        }
