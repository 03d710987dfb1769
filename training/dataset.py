"""Labelled dialogues as arrays: inputs of every layer and the answers to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.base import Conversation, FloatArray, Labels
from models.cues import CueReader
from models.dialogue_features import pool
from models.frame import ROLES, Frame, build_frame
from models.heads import Heads, heads_of
from models.layers import POOLS
from models.ngrams import Vocabulary, build_vocabulary
from models.turn_features import plain_features
from qa_engine.domain.prediction import EMOTIONS, RESOLUTIONS
from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS
from qa_engine.text.normalize import normalize
from training.corpus import LabelledDialogue
from training.logistic import DoubleArray
from training.settings import BaselineSettings

LABELS = Labels(
    EMOTIONS,
    tuple(CUSTOMER_ACTS),
    tuple(AGENT_ACTS),
    tuple(AGENT_FAULTS),
    RESOLUTIONS,
    tuple(COMPLAINT_TYPES),
)


@dataclass(frozen=True)
class Dataset:
    """Everything fitting needs.

    Attributes:
        turn_rows: first-layer inputs of the turn heads by role: wording blocks (own, previous,
            heard) then plain features; ``context``/``feature`` scales are already applied.
        topic_rows, outcome_rows: first-layer inputs of the pooled heads.
        turn_answers, turn_weight: (m, heads) by role; weight 0 where a head has no answer.
        topics, outcomes: (dialogues, heads) answers.
        dialogue_weight: (dialogues,); ``calibrates``: (dialogues,) may calibrate and choose thresholds.
        sources: file stem of each dialogue.
    """

    dialogues: Sequence[LabelledDialogue]
    frame: Frame
    heads: Heads
    vocabulary: dict[str, Vocabulary]
    cues: dict[str, FloatArray]
    kinds: dict[str, FloatArray]
    plain: dict[str, FloatArray]
    turn_rows: dict[str, sparse.csr_matrix]
    topic_rows: sparse.csr_matrix
    outcome_rows: sparse.csr_matrix
    turn_answers: dict[str, DoubleArray]
    turn_weight: dict[str, DoubleArray]
    topics: DoubleArray
    outcomes: DoubleArray
    dialogue_weight: DoubleArray
    calibrates: NDArray[np.bool_]
    sources: Sequence[str]


def conversation_of(dialogue: LabelledDialogue) -> Conversation:
    """The dialogue as a model sees it: normalised texts, no labels."""
    return Conversation(
        [turn.speaker for turn in dialogue.turns],
        [normalize(turn.text).text for turn in dialogue.turns],
        dialogue.channel,
    )


def build_dataset(dialogues: Sequence[LabelledDialogue], settings: BaselineSettings) -> Dataset:
    """Turn dialogues into arrays. The vocabulary is chosen by frequency alone, labels play no part."""
    frame = build_frame([conversation_of(dialogue) for dialogue in dialogues])
    heads = heads_of(LABELS)
    vocabulary, words, cues, kinds = {}, {}, {}, {}
    for role in ROLES:
        turns, reader = frame.of(role), CueReader(role)
        documents = [turns.folded[a:b] for a, b in zip(turns.spans[:-1], turns.spans[1:], strict=True)]
        limit = settings.vocabulary_limit[role]
        vocabulary[role] = build_vocabulary(documents, settings.min_documents, limit)
        words[role] = vocabulary[role].rows(turns.folded)
        read = reader.read(turns.texts, turns.folded)
        cues[role], kinds[role] = read[:, : reader.turn_columns], read[:, reader.turn_columns :]
    plain, rows = {}, {}
    for role, other in (ROLES, ROLES[::-1]):
        turns = frame.of(role)
        plain[role] = plain_features(frame, role, cues[role], cues[other])
        back = _previous_matrix(turns.previous)
        blocks = [
            words[role],
            settings.context_scale * (back @ words[role]),
            settings.context_scale * (turns.heard @ words[other]),
            settings.feature_scale * sparse.csr_matrix(plain[role]),
        ]
        rows[role] = sparse.hstack(blocks, format="csr", dtype=np.float32)
    sources = [dialogue.source for dialogue in dialogues]
    chosen = np.array([source.startswith(settings.calibration_sources) for source in sources])
    calibrates = chosen if chosen.any() else np.ones(len(dialogues), dtype=bool)
    weight = np.where(calibrates, 1.0, settings.other_source_weight)
    answers, turn_weight = _turn_answers(dialogues, frame, heads, weight)
    topics, outcomes = _dialogue_answers(dialogues)
    return Dataset(
        dialogues, frame, heads, vocabulary, cues, kinds, plain, rows,
        _pooled_rows(frame, words, "topics"), _pooled_rows(frame, words, "outcomes"),
        answers, turn_weight, topics, outcomes, weight, calibrates, sources,
    )  # fmt: skip


def pooled_blocks(target: str) -> list[tuple[str, str, str]]:
    """(role, column group, part) of each wording block behind the pooled heads, in column order."""
    blocks = [(role, name, part) for role in ROLES for name, part, kind in POOLS if kind == target]
    return [block for block in blocks if block[:2] != ("agent", "topics_opening")]


def _pooled_rows(frame: Frame, words: dict[str, sparse.csr_matrix], target: str) -> sparse.csr_matrix:
    blocks = [pool(frame.of(role), part, "root") @ words[role] for role, _, part in pooled_blocks(target)]
    return sparse.hstack(blocks, format="csr", dtype=np.float32)


def _previous_matrix(previous: NDArray[np.int64]) -> sparse.csr_matrix:
    rows = np.flatnonzero(previous >= 0)
    ones = np.ones(len(rows), dtype=np.float32)
    return sparse.csr_matrix((ones, (rows, previous[rows])), shape=(len(previous), len(previous)))


def _turn_answers(
    dialogues: Sequence[LabelledDialogue], frame: Frame, heads: Heads, weight: DoubleArray
) -> tuple[dict[str, DoubleArray], dict[str, DoubleArray]]:
    customer, agent = [], []
    for dialogue in dialogues:
        for turn in dialogue.turns:
            if turn.emotion is None:
                acts = [float(act in turn.acts) for act in LABELS.agent_acts]
                agent.append(acts + [float(fault in turn.faults) for fault in LABELS.faults])
            else:
                mood = [float(turn.emotion < 0), float(turn.emotion == -2), float(turn.emotion > 0)]
                customer.append(mood + [float(act in turn.acts) for act in LABELS.customer_acts])
    answers = {
        "customer": np.array(customer, dtype=float).reshape(-1, len(heads.customer)),
        "agent": np.array(agent, dtype=float).reshape(-1, len(heads.agent)),
    }
    weights = {
        role: np.repeat(weight[frame.of(role).conversation][:, None], len(heads.of(role)), axis=1)
        for role in ROLES
    }
    negative = answers["customer"][:, 0]
    weights["customer"][:, 1] *= negative  # "angry" is asked of negative turns only,
    weights["customer"][:, 2] *= 1 - negative  # "positive" of all others
    return answers, weights


def _dialogue_answers(dialogues: Sequence[LabelledDialogue]) -> tuple[DoubleArray, DoubleArray]:
    topics = [[float(key in d.types) for key in LABELS.types] for d in dialogues]
    outcomes = [
        [float(d.resolution == key) for key in LABELS.resolution]
        + [float(d.attitude >= level) for level in (2, 3, 4, 5)]
        + [float(d.satisfaction >= level) for level in (2, 3, 4, 5)]
        + [float(d.complaint), float(d.review)]
        for d in dialogues
    ]
    return np.array(topics), np.array(outcomes)
