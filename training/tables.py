"""Labels beside what a model says of them, laid out by dialogue so that dialogues can be resampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.base import FloatArray
from models.decode import level_probabilities, outcome_slices, shares
from models.past import logistic
from training.answers import HEADS, LABELS, Mask, outcome_answers, topic_answers, turn_answers
from training.labelled import LabelledDialogue
from training.logistic import DoubleArray
from training.metrics import f1, macro_f1, weighted_kappa
from training.stages import Logits
from training.thresholds import emotion_guess

Ints = NDArray[np.int64]
_GRADES = np.arange(1, 6)
_ACTS = len(LABELS.agent_acts)


@dataclass(frozen=True)
class Said:
    """Probabilities of the questions behind the heads; rows as in the labels.

    customer (m, heads), agent (m, heads): rows are the turns of that role. types (n, types), resolution
    (n, 3), attitude (n, 5), satisfaction (n, 5), complaint (n,), review (n,).
    """

    customer: FloatArray
    agent: FloatArray
    types: FloatArray
    resolution: FloatArray
    attitude: FloatArray
    satisfaction: FloatArray
    complaint: FloatArray
    review: FloatArray


def said_of(logits: Logits) -> Said:
    """Log-odds as probabilities; each status of the resolution is a question of its own."""
    at = outcome_slices(HEADS, LABELS)
    outcomes = logistic(logits.outcomes)
    return Said(
        logistic(logits.turns["customer"]),
        logistic(logits.turns["agent"]),
        logistic(logits.topics),
        outcomes[:, at["resolution"]],
        level_probabilities(logits.outcomes[:, at["attitude"]]),
        level_probabilities(logits.outcomes[:, at["satisfaction"]]),
        outcomes[:, -2],
        outcomes[:, -1],
    )


@dataclass(frozen=True)
class Figure:
    """``value`` of a sample of dialogues (indexes, repetitions allowed) out of ``labelled`` (n,)."""

    labelled: Mask
    value: Callable[[Ints], float]


class Tables:
    """Truth and guess of every head. Figures are computed as the house scores inspection reports.

    Attributes:
        figures: by name; only what is labelled at all.
        certainties: by name, (dialogues) → answers and probabilities of a head, for calibration.
    """

    def __init__(
        self, dialogues: Sequence[LabelledDialogue], said: Said, thresholds: Mapping[str, float]
    ) -> None:
        self._spans = {role: _spans(dialogues, role) for role in ("customer", "agent")}
        found = {**self._turn_figures(dialogues, said, thresholds)}
        found.update(_dialogue_figures(dialogues, said, thresholds))
        self.figures = {name: figure for name, figure in found.items() if figure.labelled.any()}
        self.certainties = self._certainties(dialogues, said)

    def _turn_figures(
        self, dialogues: Sequence[LabelledDialogue], said: Said, thresholds: Mapping[str, float]
    ) -> dict[str, Figure]:
        answers = turn_answers(dialogues)
        own, agent = answers["customer"], answers["agent"]
        moods = _moods(own.values)
        guess = emotion_guess(said.customer, dict(thresholds))
        negative, angry = np.asarray(moods < 0), np.asarray(moods == -2)
        negative_guess, angry_guess = np.asarray(guess < 0), np.asarray(guess == -2)
        own_acts = own.values[:, 3:] > 0
        own_act_guess = said.customer[:, 3:] >= _marks(thresholds, "act", LABELS.customer_acts)
        acts = agent.values[:, :_ACTS] > 0
        act_guess = said.agent[:, :_ACTS] >= _marks(thresholds, "act", LABELS.agent_acts)
        faulty = np.asarray(agent.values[:, _ACTS:].any(axis=1))
        fault_marks = _marks(thresholds, "fault", LABELS.faults)
        fault_guess = np.asarray((said.agent[:, _ACTS:] >= fault_marks).any(axis=1))

        def over(role: str, head: int, value: Callable[[Ints], float]) -> Figure:
            known = answers[role].known[:, head]
            rows = [np.flatnonzero(known[a:b]) + a for a, b in self._spans[role]]
            labelled = np.array(
                [len(r) > 0 or a == b for r, (a, b) in zip(rows, self._spans[role], strict=True)]
            )
            if not known.any():
                labelled[:] = False
            return Figure(labelled, lambda d: value(np.concatenate([rows[i] for i in d])))

        return {
            "emotion_negative_turn_f1": over("customer", 0, lambda r: f1(negative[r], negative_guess[r])),
            "emotion_angry_turn_f1": over("customer", 0, lambda r: f1(angry[r], angry_guess[r])),
            "emotion_weighted_kappa": over("customer", 0, lambda r: weighted_kappa(moods[r], guess[r])),
            "customer_acts_micro_f1": over("customer", 3, lambda r: f1(own_acts[r], own_act_guess[r])),
            "agent_acts_micro_f1": over("agent", 0, lambda r: f1(acts[r], act_guess[r])),
            "agent_fault_turn_f1": over("agent", _ACTS, lambda r: f1(faulty[r], fault_guess[r])),
        }

    def _certainties(
        self, dialogues: Sequence[LabelledDialogue], said: Said
    ) -> dict[str, Callable[[Ints], tuple[DoubleArray, DoubleArray]]]:
        turns, topics, outcomes = (
            turn_answers(dialogues),
            topic_answers(dialogues),
            outcome_answers(dialogues),
        )
        at = outcome_slices(HEADS, LABELS)
        sides = {"customer": said.customer, "agent": said.agent}

        def of_turns(role: str, heads: slice) -> Callable[[Ints], tuple[DoubleArray, DoubleArray]]:
            def pick(d: Ints) -> tuple[DoubleArray, DoubleArray]:
                rows = np.concatenate([np.arange(*self._spans[role][i]) for i in d])
                known = turns[role].known[rows, heads]
                return turns[role].values[rows, heads][known], _double(sides[role][rows, heads][known])

            return pick

        def of_dialogues(
            values: DoubleArray, known: Mask, sure: FloatArray
        ) -> Callable[[Ints], tuple[DoubleArray, DoubleArray]]:
            return lambda d: (values[d][known[d]], _double(sure[d][known[d]]))

        def outcome(name: str, sure: FloatArray) -> Callable[[Ints], tuple[DoubleArray, DoubleArray]]:
            return of_dialogues(outcomes.values[:, at[name]], outcomes.known[:, at[name]], sure)

        return {
            "emotion_negative": of_turns("customer", slice(0, 1)),
            "customer_acts": of_turns("customer", slice(3, None)),
            "agent_acts": of_turns("agent", slice(0, _ACTS)),
            "faults": of_turns("agent", slice(_ACTS, None)),
            "resolution": outcome("resolution", said.resolution),
            "complaint": outcome("complaint", said.complaint[:, None]),
            "review": outcome("review", said.review[:, None]),
            "types": of_dialogues(topics.values, topics.known, said.types),
        }


def _dialogue_figures(
    dialogues: Sequence[LabelledDialogue], said: Said, thresholds: Mapping[str, float]
) -> dict[str, Figure]:
    statuses = np.array([LABELS.resolution.index(d.resolution) if d.resolution else -1 for d in dialogues])
    status = shares(said.resolution).argmax(axis=1)
    attitude = np.array([d.attitude or 0 for d in dialogues])
    satisfaction = np.array([d.satisfaction or 0 for d in dialogues])
    complaint = np.array([bool(d.complaint) for d in dialogues])
    review = np.array([bool(d.review) for d in dialogues])
    complained = np.asarray(said.complaint >= thresholds["complaint"])
    reviewed = np.asarray(said.review >= thresholds["review"])
    types, type_guess = _types(dialogues, said, thresholds)

    def over(name: str, value: Callable[[Ints], float]) -> Figure:
        return Figure(np.array([getattr(d, name) is not None for d in dialogues], dtype=bool), value)

    return {
        "resolution_macro_f1": over("resolution", lambda d: macro_f1(statuses[d], status[d])),
        "attitude_weighted_kappa": over(
            "attitude",
            lambda d: weighted_kappa(attitude[d], np.rint(said.attitude[d] @ _GRADES).astype(int)),
        ),
        "satisfaction_mae": over(
            "satisfaction", lambda d: float(np.abs(satisfaction[d] - said.satisfaction[d] @ _GRADES).mean())
        ),
        "complaint_f1": over("complaint", lambda d: f1(complaint[d], complained[d])),
        "types_micro_f1": over("types", lambda d: f1(types[d], type_guess[d])),
        "review_f1": over("review", lambda d: f1(review[d], reviewed[d])),
    }


def _types(
    dialogues: Sequence[LabelledDialogue], said: Said, thresholds: Mapping[str, float]
) -> tuple[Mask, Mask]:
    """Truth and guess (n, labels); where a file labels coarser, the guess is compared in its labels."""
    guess = said.types >= _marks(thresholds, "type", LABELS.types)
    guess |= (said.types == said.types.max(axis=1, keepdims=True)) & ~guess.any(axis=1, keepdims=True)
    names = list(dict.fromkeys([*LABELS.types, *(label for d in dialogues for _, label in d.type_groups)]))
    column = {name: i for i, name in enumerate(names)}
    tables = np.zeros((2, len(dialogues), len(names)), dtype=bool)
    for i, dialogue in enumerate(dialogues):
        groups = dict(dialogue.type_groups)
        labelled = (*(dialogue.types or ()), *dialogue.types_unknown)
        guessed = [LABELS.types[k] for k in np.flatnonzero(guess[i])]
        for table, keys in zip(tables, (labelled, guessed), strict=True):
            table[i, [column[groups.get(key, key)] for key in keys]] = True
    return tables[0], tables[1]


def _moods(values: DoubleArray) -> Ints:
    moods: Ints = np.where(
        values[:, 1] > 0, -2, np.where(values[:, 0] > 0, -1, np.where(values[:, 2] > 0, 1, 0))
    )
    return moods


def _marks(thresholds: Mapping[str, float], kind: str, names: Sequence[str]) -> DoubleArray:
    return np.array([thresholds[f"{kind}:{name}"] for name in names])


def _double(values: FloatArray) -> DoubleArray:
    return values.astype(np.float64)


def _spans(dialogues: Sequence[LabelledDialogue], role: str) -> list[tuple[int, int]]:
    ends = np.cumsum([sum(turn.speaker == role for turn in d.turns) for d in dialogues]).tolist()
    return list(zip([0, *ends[:-1]], ends, strict=True))
