"""Occlusion on the dialogue model: what would it say if one turn were hidden.

Hidden of a turn: its utterance vector becomes the average of training, its cues and marks of repetition
become nothing, what the baseline thinks of it becomes what the baseline thinks of a turn without words, and
it is left out of the outcomes the baseline gathers from the whole call (``models.leave_out``). Not hidden:
that somebody of this role spoke here and when; what the baseline's heads made of it in *later* turns and
in the types; marks of repetition on later turns.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from models.base import Conversation, ConversationOutput, FloatArray, Grounds
from models.baseline import BaselinePredictor
from models.baseline_explain import Unexplained
from models.decode import outcome_slices, resolution_probabilities
from models.explain import Explainer, explain_faults, worded
from models.frame import PLACE
from models.heads import heads_of
from models.neural.runtime import Graph
from models.neural.signals import SignalReader, Signals, outcome_odds
from models.past import logistic

# Turn heads that bear on a verdict.
_TELLING = {
    "resolution": {
        "act:confirm_resolved", "act:accept", "act:reject", "act:thank",
        "act:solution", "act:follow_up_commit", "act:escalate",
    },
    "complaint": {"negative", "act:complain", "act:threaten", "act:urge"},
    "review": {
        "negative", "act:threaten", "act:complain",
        "fault:rude", "fault:shirk", "fault:impatient", "fault:blame",
    },
}  # fmt: skip
NEARLY = 0.75  # of the likeliest status; less likely ones are not what a report can settle on
MOST_HIDDEN = 10  # turns hidden a call for its verdicts, so that the longest costs no more readings
BY_BASELINE, BY_TURN = 4, 1  # candidates a verdict: by the baseline's own occlusion, by the turn heads
# What a fault rests on is nearby, so turns far apart are hidden in one and the same copy.
FAR, FAULT_COPIES = 8, 8
_COPIED_TURNS = 8192  # run at once; bounds memory on calls of any length
_CONTENT_OF_PLACE = ("said_before", "said_often", "alike")


@dataclass(frozen=True, slots=True)
class Said:
    """Log-odds of n copies of a conversation: turns (n, length, heads), topics (n, types), outcomes."""

    turns: FloatArray
    topics: FloatArray
    outcomes: FloatArray


class Occlusion:
    """Runs the dialogue model with turns hidden, one in each copy."""

    def __init__(self, dialogue: Graph, baseline: BaselinePredictor, signals: SignalReader) -> None:
        self._dialogue = dialogue
        self._centre = dialogue.numbers("centre")
        self._at = outcome_slices(heads_of(baseline.labels), baseline.labels)
        self._silent = _silent_turns(baseline, signals)
        kept = [place for place, name in enumerate(PLACE) if name not in _CONTENT_OF_PLACE]
        self._kept = np.array([signals.width - len(PLACE) + place for place in kept])

    def run(
        self, signals: Signals, vectors: FloatArray, without: FloatArray, groups: Sequence[Sequence[int]]
    ) -> Said:
        """Hide the turns of each group in a copy of its own.

        Args:
            signals: of the conversation (m turns).
            vectors: (m, width).
            without: (m, outcomes) what the baseline says without each of these turns.
            groups: of numbers among the m turns; the outcomes of a copy are told without the first of them.
        """
        step = max(1, _COPIED_TURNS // len(vectors))
        parts = [
            self._run(signals, vectors, without, groups[start : start + step])
            for start in range(0, len(groups), step)
        ]
        return Said(*(np.concatenate(values) for values in zip(*parts, strict=True)))

    def _run(
        self, signals: Signals, vectors: FloatArray, without: FloatArray, groups: Sequence[Sequence[int]]
    ) -> list[FloatArray]:
        copies: dict[str, np.ndarray] = {
            "vectors": vectors,
            "signals": signals.signals,
            "roles": signals.roles,
            "wide_turns": signals.wide_turns,
            "wide_topics": signals.wide_topics,
        }
        inputs = {name: np.repeat(values[None], len(groups), axis=0) for name, values in copies.items()}
        places = np.array([place for group in groups for place in group], dtype=np.int64)
        rows = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        kept = signals.signals[places][:, self._kept]
        # A graph of before this release does not tell the average of training: the call's own has to do.
        inputs["vectors"][rows, places] = vectors.mean(axis=0) if self._centre is None else self._centre
        inputs["signals"][rows, places] = 0.0
        inputs["signals"][rows[:, None], places[:, None], self._kept] = kept
        inputs["wide_turns"][rows, places] = self._silent[signals.roles[places]]
        inputs["wide_outcomes"] = wide_outcomes(without[[group[0] for group in groups]], self._at)
        if self._dialogue.batched:
            return self._dialogue(inputs)
        said = [
            self._dialogue({name: values[copy : copy + 1] for name, values in inputs.items()})
            for copy in range(len(groups))
        ]
        return [np.concatenate(values) for values in zip(*said, strict=True)]


class NeuralExplainer:
    """Names the turns that the dialogue model's verdicts rest on.

    A verdict's candidates are proposed cheaply, and hiding decides among them: the turns without which
    the baseline changes its mind most, and those whose own heads say what bears on the verdict. A fault's
    candidates are the turns just before it; those of several faults share copies where they are far apart.
    ``benchmarks/explain.py`` tells how often the strongest of all turns is among them.
    """

    def __init__(self, explainer: Explainer, occlusion: Occlusion, thorough: bool = False) -> None:
        """Args: ``thorough``: hide every turn instead; many times slower, the yardstick of the benchmark."""
        self._explainer, self._occlusion, self._thorough = explainer, occlusion, thorough
        heads = heads_of(explainer.labels)
        self._first_fault = len(heads.customer) + len(explainer.labels.agent_acts)
        self._telling = {
            (verdict, role): np.array([head in names for head in (*heads.customer, *heads.agent)])
            & np.repeat([role == 0, role == 1], [len(heads.customer), len(heads.agent)])
            for verdict, names in _TELLING.items()
            for role in (0, 1)
        }

    def explain(
        self,
        conversation: Conversation,
        output: ConversationOutput,
        signals: Signals,
        vectors: FloatArray,
        wide: Unexplained,
        said: Said,
    ) -> Grounds:
        """Grounds of one conversation of m spoken turns.

        Args:
            conversation: as it was read.
            output: what was said of it.
            signals: see ``Signals``.
            vectors: (m, width).
            wide: what the baseline said.
            said: log-odds of the one whole copy.
        """
        without = wide.without[signals.turns]
        place = {int(turn): at for at, turn in enumerate(signals.turns)}
        faults = self._explainer.faults(conversation, output)
        spoken = np.array([place[turn] for turn in worded(conversation).tolist()], dtype=np.int64)
        if self._thorough:
            turns = signals.turns[spoken].tolist()
            faults = [replace(one, candidates=tuple(t for t in turns if t < one.turn)) for one in faults]
            alone: list[int] = spoken.tolist()
        else:
            verdicts = self._candidates(output, signals, wide, without, said, spoken)
            alone = _in_turn(verdicts)[:MOST_HIDDEN]
        if not alone:
            return Grounds()
        asked = [[place[turn] for turn in fault.candidates] for fault in faults]
        groups = [[at] for at in alone] + _apart([at for at in _in_turn(asked) if at not in alone], asked)
        found = self._occlusion.run(signals, vectors, without, groups)
        sure = said.turns[0, :, self._first_fault :]
        drops: dict[tuple[int, int], FloatArray] = {}
        for copy, group in enumerate(groups):
            for at in group:
                for fault in faults:
                    here = place[fault.turn]
                    drops[fault.turn, int(signals.turns[at])] = (
                        sure[here] - found.turns[copy, here, self._first_fault :]
                    )
        falls = self._explainer.drops(said.outcomes[0], found.outcomes[: len(alone)])
        grounds = dict(explain_faults(faults, drops))
        return self._explainer.explain(output, signals.turns[alone], falls, grounds)

    def _candidates(
        self,
        output: ConversationOutput,
        signals: Signals,
        wide: Unexplained,
        without: FloatArray,
        said: Said,
        spoken: NDArray[np.int64],
    ) -> Iterator[list[int]]:
        falls = self._explainer.drops(wide.outcomes, without[spoken])
        statuses = len(self._explainer.labels.resolution)
        nearly = output.resolution >= NEARLY * output.resolution.max()
        columns = [("resolution", int(column)) for column in np.flatnonzero(nearly)]
        if self._explainer.is_complaint(output):
            columns.append(("complaint", statuses))
        if self._explainer.needs_review(output):
            columns.append(("review", statuses + 1))
        sure = logistic(said.turns[0][spoken])
        for verdict, column in columns:
            by_baseline = spoken[np.argsort(-falls[:, column], kind="stable")[:BY_BASELINE]]
            telling = np.stack([self._telling[verdict, role] for role in (0, 1)])[signals.roles[spoken]]
            by_turn = spoken[np.argsort(-(sure * telling).max(axis=1), kind="stable")[:BY_TURN]]
            yield [*by_baseline.tolist(), *by_turn.tolist()]


def _in_turn(lists: Iterable[Sequence[int]]) -> list[int]:
    """Each once: the first of every list, then the second of every list, and so on."""
    rounds = zip_longest(*lists)
    return list(dict.fromkeys(one for several in rounds for one in several if one is not None))


def _apart(places: Sequence[int], rivals: Sequence[Sequence[int]]) -> list[list[int]]:
    """Share places out to at most ``FAULT_COPIES`` groups of places ``FAR`` apart; what fits none is left.

    Places of one and the same list of ``rivals`` never share a group: hidden together, neither could be
    told from the other.
    """
    against: dict[int, set[int]] = defaultdict(set)
    for several in rivals:
        for one in several:
            against[one].update(several)
    groups: list[list[int]] = []
    for place in places:
        for group in groups:
            if all(abs(place - other) >= FAR and other not in against[place] for other in group):
                group.append(place)
                break
        else:
            if len(groups) < FAULT_COPIES:
                groups.append([place])
    return groups


def wide_outcomes(logits: FloatArray, at: Mapping[str, slice]) -> FloatArray:
    """(n, outcomes) log-odds of the baseline as the dialogue model reads them (``Signals.wide_outcomes``)."""
    resolution = resolution_probabilities(logits[:, at["resolution"]])
    return outcome_odds(resolution, *(logistic(logits[:, at[name]]) for name in ("complaint", "review")))


def _silent_turns(baseline: BaselinePredictor, signals: SignalReader) -> FloatArray:
    """(2, heads) log-odds the baseline gives to a turn without words of customer and agent."""
    wordless = Conversation(["customer", "agent"] * 2, [""] * 4)
    (said,) = signals.read([wordless], [baseline.read([wordless])[0].output])
    return said.wide_turns[-2:]
