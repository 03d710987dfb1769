"""Labelled dialogues as arrays: inputs of every layer and the answers to learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.base import Conversation, FloatArray
from models.cues import CueReader
from models.dialogue_features import pool
from models.frame import ROLES, Frame, build_frame
from models.heads import Heads
from models.layers import POOLS
from models.ngrams import Vocabulary, build_vocabulary
from models.turn_features import plain_features
from qa_engine.text.normalize import normalize
from training.answers import (
    HEADS,
    LABELS,
    Answers,
    Mask,
    check_labelled,
    outcome_answers,
    topic_answers,
    turn_answers,
)
from training.labelled import LabelledDialogue
from training.logistic import DoubleArray
from training.settings import BaselineSettings

__all__ = ["LABELS", "Dataset", "build_dataset", "conversation_of", "pooled_blocks"]


@dataclass(frozen=True)
class Dataset:
    """Everything fitting needs.

    Attributes:
        turn_rows: first-layer inputs of the turn heads by role: wording blocks (own, previous,
            heard) then plain features; ``context``/``feature`` scales are already applied.
        topic_rows, outcome_rows: first-layer inputs of the pooled heads.
        turn_answers, turn_weight, turn_judged: (m, heads) by role; weight 0 where a head has no answer;
            judged: has one, in a dialogue that may calibrate this head and choose its threshold.
        topics, topic_weight, topic_judged and outcomes, …: (dialogues, heads), likewise.
        calibrates: (dialogues,) figures are told for these.
        own: (dialogues,) the user's own, folded by dialogue.
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
    turn_judged: dict[str, Mask]
    topics: DoubleArray
    topic_weight: DoubleArray
    topic_judged: Mask
    outcomes: DoubleArray
    outcome_weight: DoubleArray
    outcome_judged: Mask
    calibrates: Mask
    own: Mask
    sources: Sequence[str]


def conversation_of(dialogue: LabelledDialogue) -> Conversation:
    """The dialogue as a model sees it: normalised texts, no labels."""
    return Conversation(
        [turn.speaker for turn in dialogue.turns],
        [normalize(turn.text).text for turn in dialogue.turns],
        dialogue.channel,
    )


def build_dataset(
    dialogues: Sequence[LabelledDialogue],
    settings: BaselineSettings,
    own: Sequence[LabelledDialogue] = (),
) -> Dataset:
    """Turn dialogues into arrays. The vocabulary is chosen by frequency alone, labels play no part.

    Args:
        dialogues: the corpus.
        settings: of the baseline; decides what each dialogue weighs and which may calibrate.
        own: the user's own, put after the corpus.

    Raises:
        LabelsMissing: something a model must say is labelled nowhere.
    """
    everything = [*dialogues, *own]
    mine = np.arange(len(everything)) >= len(dialogues)
    labels = turn_answers(everything), topic_answers(everything), outcome_answers(everything)
    check_labelled(*labels)
    frame = build_frame([conversation_of(dialogue) for dialogue in everything])
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
    sources = [dialogue.source for dialogue in everything]
    plan = _Plan(sources, mine, settings)
    said, topics, outcomes = labels
    spoken = {role: frame.of(role).conversation for role in ROLES}
    weights = {role: plan.weight(said[role], spoken[role]) for role in ROLES}
    negative = said["customer"].values[:, 0]
    weights["customer"][:, 1] *= negative  # "angry" is asked of negative turns only,
    weights["customer"][:, 2] *= 1 - negative  # "positive" of all others
    each = np.arange(len(everything))
    return Dataset(
        everything, frame, HEADS, vocabulary, cues, kinds, plain, rows,
        _pooled_rows(frame, words, "topics"), _pooled_rows(frame, words, "outcomes"),
        {role: said[role].values for role in ROLES}, weights,
        {role: plan.judged(said[role], spoken[role]) for role in ROLES},
        topics.values, plan.weight(topics, each), plan.judged(topics, each),
        outcomes.values, plan.weight(outcomes, each), plan.judged(outcomes, each),
        plan.calibrates, mine, sources,
    )  # fmt: skip


class _Plan:
    """What each dialogue weighs, and on which dialogues a head is calibrated.

    With enough own dialogues that carry a head's label, those alone: they are what the model will meet.
    """

    def __init__(self, sources: Sequence[str], own: Mask, settings: BaselineSettings) -> None:
        named = [source.startswith(settings.calibration_sources) for source in sources]
        chosen = np.array(named, dtype=bool) & ~own
        everyday = chosen if chosen.any() else ~own
        self._own, self._least = own, settings.own_least
        self._general = everyday | own
        self._weights = np.where(
            own, settings.own_weight, np.where(everyday, 1.0, settings.other_source_weight)
        )
        self.calibrates: Mask = own if own.sum() >= self._least else self._general

    def weight(self, answers: Answers, dialogue: NDArray[np.int64]) -> DoubleArray:
        """(rows, heads): the weight of the row's dialogue, 0 where a head has no answer."""
        weight: DoubleArray = self._weights[dialogue][:, None] * answers.known
        return weight

    def judged(self, answers: Answers, dialogue: NDArray[np.int64]) -> Mask:
        """(rows, heads): may calibrate this head."""
        judged: Mask = np.zeros(answers.known.shape, dtype=bool)
        for head in range(answers.known.shape[1]):
            known = answers.known[:, head]
            carriers = np.unique(dialogue[known & self._own[dialogue]])
            where = self._own if len(carriers) >= self._least else self._general
            judged[:, head] = known & where[dialogue]
        return judged


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
