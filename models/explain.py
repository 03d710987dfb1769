"""From "what would be said without this turn" to the turns that a verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.base import Conversation, ConversationOutput, FloatArray, Ground, Grounds, Labels
from models.decode import outcome_slices, resolution_probabilities
from models.heads import heads_of
from models.past import log_odds

MOST = 3  # turns named a verdict
LEAST = 0.1  # log-odds below which a turn says nothing worth naming
SHARE = 0.15  # of the strongest turn's weight, below which others are not named
# Faults explained a call, surest first. A call with more has other worries than their grounds.
MOST_FAULTS = 8
NEAR = 4  # turns just before a fault that it may rest on, whoever said them
HEARD = 2  # turns of the customer's last words, however far before
_FLOOR = 1e-6  # keeps log-odds of a share within ±13.8


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that reaches its threshold: the turn, the column among the faults, the earlier candidates."""

    turn: int
    column: int
    kind: str
    candidates: tuple[int, ...]


def resolution_odds(logits: FloatArray) -> FloatArray:
    """(n, statuses) log-odds of the shares from one log-odds column a status."""
    return log_odds(resolution_probabilities(logits), _FLOOR)


class Explainer:
    """Names the turns that outcomes rest on."""

    def __init__(self, labels: Labels, thresholds: Mapping[str, float]) -> None:
        self.labels, self._thresholds = labels, thresholds
        self._at = outcome_slices(heads_of(labels), labels)

    def explain(
        self,
        output: ConversationOutput,
        turns: Sequence[int] | NDArray[np.int64],
        drops: FloatArray,
        faults: Mapping[tuple[int, str], tuple[Ground, ...]],
    ) -> Grounds:
        """Grounds from what hiding did.

        Args:
            output: what was said of the whole conversation.
            turns: (k,) the turns that were hidden, one at a time.
            drops: (k, statuses + 2), see ``drops``.
            faults: grounds of faults, taken over.
        """
        return Grounds(
            {
                status: strongest(turns, drops[:, column])
                for column, status in enumerate(self.labels.resolution)
            },
            strongest(turns, drops[:, -2]) if self.is_complaint(output) else (),
            strongest(turns, drops[:, -1]) if self.needs_review(output) else (),
            faults,
        )

    def drops(self, whole: FloatArray, hidden: FloatArray) -> FloatArray:
        """Fall of the log-odds of every status, complaint and review.

        Args:
            whole: (outcomes,) or (k, outcomes) log-odds of the outcome heads with every turn in place.
            hidden: (k, outcomes) the same with a turn hidden.

        Returns:
            (k, statuses + 2).
        """
        falls: FloatArray = self._verdicts(np.atleast_2d(whole)) - self._verdicts(hidden)
        return falls

    def _verdicts(self, logits: FloatArray) -> FloatArray:
        others = [logits[:, self._at[name]] for name in ("complaint", "review")]
        return np.hstack([resolution_odds(logits[:, self._at["resolution"]]), *others])

    def is_complaint(self, output: ConversationOutput) -> bool:
        """Whether the probability reaches its threshold, so that there is something to explain."""
        return 0.0 < output.complaint >= self._thresholds["complaint"]

    def needs_review(self, output: ConversationOutput) -> bool:
        """As ``is_complaint``."""
        return 0.0 < output.review >= self._thresholds["review"]

    def faults(self, conversation: Conversation, output: ConversationOutput) -> list[Fault]:
        """Faults that reach their thresholds, surest first, at most ``MOST_FAULTS``.

        The candidates of a fault are the ``NEAR`` turns before it and the customer's last words, up to
        ``HEARD`` turns, likely ones first.
        """
        kinds = self.labels.faults
        # A kind without a threshold is never told, so there is nothing to explain.
        least = np.array([self._thresholds.get(f"fault:{kind}", np.inf) for kind in kinds])
        turns, columns = np.nonzero((output.faults >= least) & (output.faults > 0))
        order = np.argsort(-output.faults[turns, columns], kind="stable")[:MOST_FAULTS]
        return [
            Fault(int(turns[i]), int(columns[i]), kinds[columns[i]], tuple(_before(conversation, turns[i])))
            for i in order
        ]


def with_grounds(output: ConversationOutput, grounds: Grounds, labels: Labels) -> ConversationOutput:
    """The output with its grounds, and with ``resolution_turns`` by those of the likeliest status."""
    likeliest = labels.resolution[int(np.argmax(output.resolution))]
    turns = tuple(ground.turn for ground in grounds.resolution.get(likeliest, ()))
    return replace(output, resolution_turns=turns, grounds=grounds)


def worded(conversation: Conversation) -> NDArray[np.int64]:
    """Turns that may be named as grounds: of agent or customer, and not blank."""
    told = [
        turn
        for turn, (role, text) in enumerate(zip(conversation.roles, conversation.texts, strict=True))
        if role in ("agent", "customer") and text.strip()
    ]
    return np.array(told, dtype=np.int64)


def strongest(turns: Sequence[int] | NDArray[np.int64], drops: np.ndarray) -> tuple[Ground, ...]:
    """The turns that are worth naming, strongest first, of equals the earlier; ``drops`` is parallel."""
    order = np.argsort(-drops, kind="stable")[:MOST]
    if not len(order):
        return ()
    least = max(LEAST, SHARE * float(drops[order[0]]))
    return tuple(Ground(int(turns[i]), float(drops[i])) for i in order if drops[i] >= least)


def _before(conversation: Conversation, turn: int) -> list[int]:
    """The turns just before and what the customer last said; likely ones first."""
    found: list[int] = []
    heard: list[int] = []
    for back, earlier in enumerate(range(turn - 1, -1, -1)):
        role = conversation.roles[earlier]
        if back >= NEAR and (len(heard) >= HEARD or (heard and role == "agent")):
            break
        near = back < NEAR and role in ("agent", "customer")
        if (near or role == "customer") and conversation.texts[earlier].strip():
            found.append(earlier)
            if role == "customer":
                heard.append(earlier)
    # The turn before, then the customer's last words, then the others backwards.
    return list(dict.fromkeys([*found[:1], *heard[:1], *found]))


def explain_faults(
    faults: Sequence[Fault], drops: Mapping[tuple[int, int], FloatArray]
) -> Iterator[tuple[tuple[int, str], tuple[Ground, ...]]]:
    """Grounds of every fault that has any.

    Args:
        faults: from ``Explainer.faults``.
        drops: (turn of the fault, hidden turn) → fall of the log-odds of all faults of that turn;
            candidates that were not hidden are not there.
    """
    for fault in faults:
        hidden = [turn for turn in fault.candidates if (fault.turn, turn) in drops]
        fallen = [float(drops[fault.turn, turn][fault.column]) for turn in hidden]
        grounds = strongest(hidden, np.array(fallen, dtype=np.float32))
        if grounds:
            yield (fault.turn, fault.kind), grounds
