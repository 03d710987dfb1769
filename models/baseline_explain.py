"""The turns that the baseline's verdicts rest on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.base import Conversation, ConversationOutput, FloatArray, Grounds
from models.explain import Explainer, Fault, explain_faults, worded
from models.frame import Frame
from models.silence import OutcomeJudge, Reread, Silence, reread
from models.turn_judge import Heard, TurnJudge

COMPLAINT_CANDIDATES, REVIEW_CANDIDATES = 3, 4  # turns reread without
FAULT_CANDIDATES = 2  # turns reread without, for every fault
_ECHO = 0.3  # log-odds that a certainly upset or faulty turn is put ahead by: later turns echo it


@dataclass(frozen=True, slots=True)
class Unexplained:
    """What is said of one conversation of n turns.

    Attributes:
        output: without grounds.
        outcomes: (outcomes,) log-odds of the outcome heads.
        without: (n, outcomes) the same with one turn left out, see ``models.leave_out``.
    """

    output: ConversationOutput
    outcomes: FloatArray
    without: FloatArray


class BaselineExplainer:
    """Names the turns behind the verdicts of a chunk.

    Resolution: every turn is left out of what the outcomes are pooled from (``models.leave_out``).
    Complaint and review: the few turns that count most there, and upset ones, are silenced one by one and
    the call is judged anew, since later turns echo a grievance. Faults: likewise with the turns just before.
    """

    def __init__(self, explainer: Explainer, turns: TurnJudge, outcomes: OutcomeJudge) -> None:
        self._explainer, self._turns, self._outcomes = explainer, turns, outcomes
        self._first_fault = len(explainer.labels.agent_acts)

    def explain(
        self, chunk: Sequence[Conversation], frame: Frame, heard: Heard, said: Sequence[Unexplained]
    ) -> list[Grounds]:
        """Grounds of every conversation; ``frame``, ``heard`` and ``said`` are of the same chunk."""
        faults = [
            [
                replace(f, candidates=f.candidates[:FAULT_CANDIDATES])
                for f in self._explainer.faults(call, one.output)
            ]
            for call, one in zip(chunk, said, strict=True)
        ]
        whole = np.repeat(np.stack([one.outcomes for one in said]), frame.sizes, axis=0)
        falls = self._explainer.drops(whole, np.concatenate([one.without for one in said]))
        starts = np.cumsum([0, *frame.sizes])
        drops = [falls[start:end] for start, end in pairwise(starts.tolist())]
        turns = [worded(call) for call in chunk]
        candidates = [
            self._candidates(one.output, spoken, left)
            for one, spoken, left in zip(said, turns, drops, strict=True)
        ]
        copies = self._reread(chunk, frame, heard, candidates, faults)
        return [
            self._grounds(
                one, turns[i], drops[i], candidates[i], faults[i], copies[i],
                self._faulty(frame, heard, int(starts[i]), faults[i]),
            )
            for i, one in enumerate(said)
        ]  # fmt: skip

    def _reread(
        self,
        chunk: Sequence[Conversation],
        frame: Frame,
        heard: Heard,
        candidates: Sequence[Sequence[int]],
        faults: Sequence[Sequence[Fault]],
    ) -> list[dict[int, Reread]]:
        """For every conversation: silenced turn → what is said then."""
        verdicts = {
            (number, turn): len(chunk[number].texts) - 1
            for number, turns in enumerate(candidates)
            for turn in turns
        }
        others: dict[tuple[int, int], int] = defaultdict(int)
        for number, found in enumerate(faults):
            for fault in found:
                for turn in fault.candidates:
                    if (number, turn) not in verdicts:
                        others[number, turn] = max(others[number, turn], fault.turn)
        copies: list[dict[int, Reread]] = [{} for _ in chunk]
        for ends, outcomes in ((verdicts, self._outcomes), (others, None)):
            silences = [Silence(number, hidden, end) for (number, hidden), end in ends.items()]
            for one, found_anew in reread(self._turns, outcomes, frame, heard, silences):
                copies[one.conversation][one.hidden] = found_anew
        return copies

    def _candidates(
        self, output: ConversationOutput, turns: NDArray[np.int64], drops: FloatArray
    ) -> list[int]:
        """Turns worth silencing for complaint and review, where there is something to explain."""
        upset = _ECHO * output.emotion[turns, :2].sum(axis=1)
        wrong = _ECHO * output.faults[turns].max(axis=1) if len(turns) else upset
        wanted: list[int] = []
        if self._explainer.is_complaint(output):
            order = np.argsort(-(drops[turns, -2] + upset), kind="stable")
            wanted += turns[order[:COMPLAINT_CANDIDATES]].tolist()
        if self._explainer.needs_review(output):
            order = np.argsort(-(drops[turns, -1] + upset + wrong), kind="stable")
            wanted += turns[order[:REVIEW_CANDIDATES]].tolist()
        return list(dict.fromkeys(wanted))

    def _faulty(
        self, frame: Frame, heard: Heard, start: int, faults: Sequence[Fault]
    ) -> dict[int, FloatArray]:
        """Log-odds of the faults of every turn with a fault, nothing silenced."""
        rows = np.searchsorted(frame.agent.turn, [start + fault.turn for fault in faults])
        return {
            fault.turn: heard.odds["agent"][row, self._first_fault :]
            for fault, row in zip(faults, rows, strict=True)
        }

    def _grounds(
        self,
        said: Unexplained,
        turns: NDArray[np.int64],
        drops: FloatArray,
        candidates: Sequence[int],
        faults: Sequence[Fault],
        copies: Mapping[int, Reread],
        faulty: Mapping[int, FloatArray],
    ) -> Grounds:
        fallen = {
            (fault.turn, turn): faulty[fault.turn] - copies[turn].agent[fault.turn][self._first_fault :]
            for fault in faults
            for turn in fault.candidates
        }
        found = dict(explain_faults(faults, fallen))
        grounds = self._explainer.explain(said.output, turns, drops[turns], found)
        hidden = [own for own in (copies[turn].outcomes for turn in candidates) if own is not None]
        if not hidden:
            return grounds
        anew = self._explainer.drops(said.outcomes, np.stack(hidden))
        judged = self._explainer.explain(said.output, candidates, anew, {})
        return replace(grounds, complaint=judged.complaint, review=judged.review)
