"""Labels as tables of yes/no answers, and which of them were given at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import Labels
from models.frame import ROLES
from models.heads import Heads, heads_of
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.prediction import EMOTIONS, RESOLUTIONS
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS
from training.labelled import LabelledDialogue, LabelledTurn
from training.logistic import DoubleArray

Mask = NDArray[np.bool_]

LABELS = Labels(
    EMOTIONS,
    tuple(CUSTOMER_ACTS),
    tuple(AGENT_ACTS),
    tuple(AGENT_FAULTS),
    RESOLUTIONS,
    tuple(COMPLAINT_TYPES),
)
HEADS: Heads = heads_of(LABELS)
LEVELS = (2, 3, 4, 5)  # the questions "at least k"


class LabelsMissing(QAEngineError):
    """Something a model must say is labelled nowhere in the training data."""


@dataclass(frozen=True)
class Answers:
    """``values`` (rows, heads) in 0–1; ``known`` (rows, heads): the label was given. Unknown values are 0."""

    values: DoubleArray
    known: Mask


def turn_answers(dialogues: Sequence[LabelledDialogue]) -> dict[str, Answers]:
    """Answers of every customer and every agent turn, in order, by role."""
    rows: dict[str, list[list[float]]] = {role: [] for role in ROLES}
    known: dict[str, list[list[bool]]] = {role: [] for role in ROLES}
    for dialogue in dialogues:
        for turn in dialogue.turns:
            if turn.speaker == "customer":
                rows["customer"].append(_mood(turn) + _marks(LABELS.customer_acts, turn.acts))
                known["customer"].append(
                    [turn.emotion is not None] * 3 + [turn.acts is not None] * len(LABELS.customer_acts)
                )
            elif turn.speaker == "agent":
                rows["agent"].append(
                    _marks(LABELS.agent_acts, turn.acts) + _marks(LABELS.faults, turn.faults)
                )
                known["agent"].append(
                    [turn.acts is not None] * len(LABELS.agent_acts)
                    + [turn.faults is not None] * len(LABELS.faults)
                )
    return {role: _answers(rows[role], known[role], len(HEADS.of(role))) for role in ROLES}


def topic_answers(dialogues: Sequence[LabelledDialogue]) -> Answers:
    """Answers of every dialogue to every type."""
    values = [_marks(LABELS.types, d.types) for d in dialogues]
    known = [[d.types is not None and key not in d.types_unknown for key in LABELS.types] for d in dialogues]
    return _answers(values, known, len(LABELS.types))


def outcome_answers(dialogues: Sequence[LabelledDialogue]) -> Answers:
    """Answers of every dialogue to every outcome head."""
    values, known = [], []
    for d in dialogues:
        values.append(
            [float(d.resolution == key) for key in LABELS.resolution]
            + [float((d.attitude or 0) >= level) for level in LEVELS]
            + [float((d.satisfaction or 0) >= level) for level in LEVELS]
            + [float(d.complaint or False), float(d.review or False)]
        )
        known.append(
            [d.resolution is not None] * len(LABELS.resolution)
            + [d.attitude is not None] * len(LEVELS)
            + [d.satisfaction is not None] * len(LEVELS)
            + [d.complaint is not None, d.review is not None]
        )
    return _answers(values, known, len(HEADS.outcomes))


_WHAT = {
    "客户情绪（e）": ("customer", 0),
    "客户行为（c）": ("customer", 3),
    "坐席行为（a）": ("agent", 0),
    "坐席失误（a）": ("agent", len(LABELS.agent_acts)),
    "来电类型（types）": ("topics", 0),
    "问题解决（resolution）": ("outcomes", 0),
    "服务态度（attitude）": ("outcomes", 3),
    "满意度（satisfaction）": ("outcomes", 7),
    "是否投诉（complaint）": ("outcomes", 11),
    "是否复核（review）": ("outcomes", 12),
}


def check_labelled(turns: dict[str, Answers], topics: Answers, outcomes: Answers) -> None:
    """See that everything a model must say is labelled somewhere.

    Raises:
        LabelsMissing: names what is not; a model taught nothing about it would always say no.
    """
    tables = {**turns, "topics": topics, "outcomes": outcomes}
    missing = [what for what, (name, head) in _WHAT.items() if not tables[name].known[:, head].any()]
    if missing:
        raise LabelsMissing(
            f"训练数据里完全没有这些标注：{'、'.join(missing)}。"
            "处理办法：补上标注，或与自带语料 data/corpus 一起训练（--data data/corpus）。"
        )


def _mood(turn: LabelledTurn) -> list[float]:
    emotion = turn.emotion or 0
    return [float(emotion < 0), float(emotion == -2), float(emotion > 0)]


def _marks(names: Sequence[str], given: Sequence[str] | None) -> list[float]:
    return [float(name in (given or ())) for name in names]


def _answers(values: Sequence[Sequence[float]], known: Sequence[Sequence[bool]], heads: int) -> Answers:
    return Answers(
        np.array(values, dtype=np.float64).reshape(-1, heads),
        np.array(known, dtype=np.bool_).reshape(-1, heads),
    )
