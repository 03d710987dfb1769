"""Thresholds that make the figures best on held-back dialogues, without chasing single cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.base import FloatArray
from models.heads import EMOTION_HEADS
from models.past import logistic
from training.dataset import LABELS, Dataset
from training.logistic import DoubleArray
from training.metrics import f1, weighted_kappa
from training.stages import Logits

GRID = np.round(np.arange(0.08, 0.93, 0.02), 2)
_SMOOTHING = 3.0  # imaginary misses: a rare label needs real evidence to get an extreme threshold
_FEW = 8  # with fewer cases than this the grid is not consulted
_CAUTIOUS = 0.5


def best_threshold(truth: DoubleArray, sure: FloatArray) -> float:
    """The grid value with the best smoothed F1; 0.5 with very few cases; ties go to the middle."""
    if truth.sum() < _FEW:
        return _CAUTIOUS
    marks = []
    for mark in GRID:
        guess = sure >= mark
        hit = float((truth * guess).sum())
        marks.append(2 * hit / (float(truth.sum()) + float(guess.sum()) + _SMOOTHING))
    near = np.flatnonzero(np.array(marks) >= max(marks) - 0.002)
    return float(GRID[near[len(near) // 2]])


def choose_thresholds(data: Dataset, held_back: Logits) -> dict[str, float]:
    """Choose every threshold a predictor publishes, on the dialogues that may calibrate."""
    customer, agent = (logistic(held_back.turns[role]) for role in ("customer", "agent"))
    truth, judged = data.turn_answers, data.turn_judged
    rows = judged["customer"][:, 0]
    chosen = _emotion(truth["customer"][rows], customer[rows])
    acts = len(LABELS.agent_acts)
    for offset, role, names, sure in (
        (len(EMOTION_HEADS), "customer", LABELS.customer_acts, customer),
        (0, "agent", LABELS.agent_acts, agent),
    ):
        for i, act in enumerate(names, start=offset):
            rows = judged[role][:, i]
            mark = best_threshold(truth[role][rows, i], sure[rows, i])
            chosen[f"act:{act}"] = max(mark, chosen.get(f"act:{act}", 0.0))
    rows = judged["agent"][:, acts]
    chosen.update(_faults(truth["agent"][rows, acts:], agent[rows, acts:]))
    outcomes = logistic(held_back.outcomes)
    for back, name in ((2, "complaint"), (1, "review")):
        rows = data.outcome_judged[:, -back]
        chosen[name] = best_threshold(data.outcomes[rows, -back], outcomes[rows, -back])
    types = logistic(held_back.topics)
    common = best_threshold(data.topics[data.topic_judged], types[data.topic_judged])
    chosen.update({f"type:{key}": common for key in LABELS.types})
    return chosen


def emotion_guess(sure: FloatArray, thresholds: dict[str, float]) -> NDArray[np.int64]:
    """Labels -2..1 from the probabilities of the three emotion heads."""
    negative = sure[:, 0] >= thresholds["emotion_negative"]
    angry = sure[:, 1] >= thresholds["emotion_angry"]
    positive = (1 - sure[:, 0]) * sure[:, 2] >= thresholds["emotion_positive"]
    return np.where(negative, np.where(angry, -2, -1), np.where(positive, 1, 0)).astype(np.int64)


def _emotion(truth: DoubleArray, sure: FloatArray) -> dict[str, float]:
    gold = np.where(truth[:, 1] > 0, -2, np.where(truth[:, 0] > 0, -1, np.where(truth[:, 2] > 0, 1, 0)))
    chosen = {"emotion_negative": best_threshold(truth[:, 0], sure[:, 0]), "emotion_angry": _CAUTIOUS}
    chosen["emotion_positive"] = best_threshold(truth[:, 2], (1 - sure[:, 0]) * sure[:, 2])
    if not (gold == -2).any():
        return chosen
    marks = []
    for mark in GRID:  # the angry mark serves both the angry F1 and the ordinal agreement
        guess = emotion_guess(sure, {**chosen, "emotion_angry": float(mark)})
        marks.append(f1(gold == -2, guess == -2) + weighted_kappa(gold, guess))
    chosen["emotion_angry"] = float(GRID[int(np.argmax(marks))])
    return chosen


def _faults(truth: DoubleArray, sure: FloatArray) -> dict[str, float]:
    """Start from each kind's own best mark, then move marks while "turn has a fault" gains F1."""
    marks = [best_threshold(truth[:, k], sure[:, k]) for k in range(truth.shape[1])]
    any_fault = truth.any(axis=1)
    best = f1(any_fault, (sure >= marks).any(axis=1))
    for _ in range(2):
        for kind in np.argsort(-truth.sum(axis=0), kind="stable"):
            for mark in GRID:
                if mark < 0.14:
                    continue
                tried = [*marks[:kind], float(mark), *marks[kind + 1 :]]
                value = f1(any_fault, (sure >= tried).any(axis=1))
                if value > best + 0.001:
                    best, marks = value, tried
    return {f"fault:{key}": marks[k] for k, key in enumerate(LABELS.faults)}
