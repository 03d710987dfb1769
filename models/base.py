"""What goes into a conversation model and what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation as parallel sequences of length n.

    ``roles``: "agent" | "customer" | other (other turns get no prediction, zeros);
    ``texts``: normalised text; ``start_ms``/``end_ms``: ms or None; ``channel``:
    "voice" | "chat" | "unknown".
    """

    roles: Sequence[str]
    texts: Sequence[str]
    channel: str = "unknown"
    start_ms: Sequence[int | None] = ()
    end_ms: Sequence[int | None] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """Column names of every head, in the order of the arrays."""

    emotion: tuple[int, ...]
    customer_acts: tuple[str, ...]
    agent_acts: tuple[str, ...]
    faults: tuple[str, ...]
    resolution: tuple[str, ...]
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ground:
    """A turn that a verdict rests on: its index, and by how much (> 0) the log-odds of the verdict fall
    when the turn is hidden from the model."""

    turn: int
    weight: float


@dataclass(frozen=True, slots=True)
class Grounds:
    """The turns that verdicts rest on, strongest first; only agent and customer turns that hold text.

    Attributes:
        resolution: for every status the turns that speak for it.
        complaint: empty while the complaint stays below its threshold; ``review`` likewise.
        faults: (turn, kind) of every fault that reaches its threshold and rests on *earlier* turns too.
    """

    resolution: Mapping[str, tuple[Ground, ...]] = field(default_factory=dict)
    complaint: tuple[Ground, ...] = ()
    review: tuple[Ground, ...] = ()
    faults: Mapping[tuple[int, str], tuple[Ground, ...]] = field(default_factory=dict)


NO_GROUNDS = Grounds()


@dataclass(frozen=True, slots=True)
class ConversationOutput:
    """Calibrated probabilities for one conversation of n turns.

    emotion (n, 4), customer_acts (n, 10), agent_acts (n, 13), faults (n, 11): rows of the other role
    are zeros. resolution (3,), satisfaction (5,), attitude (5,): sum to one. types (30,). complaint,
    review: scalars. resolution_turns: turn indexes that weighed most in the likeliest resolution, strongest
    first. grounds: the turns that resolution, complaint, review and faults rest on.
    """

    emotion: FloatArray
    customer_acts: FloatArray
    agent_acts: FloatArray
    faults: FloatArray
    resolution: FloatArray
    satisfaction: FloatArray
    attitude: FloatArray
    types: FloatArray
    complaint: float
    review: float
    resolution_turns: tuple[int, ...] = ()
    grounds: Grounds = NO_GROUNDS


class ConversationPredictor(Protocol):
    """A loaded model.

    ``thresholds``: {"emotion_negative", "emotion_angry", "emotion_positive", "complaint", "review",
    "act:<label>", "fault:<kind>", "type:<group.leaf>"} → float, chosen on held-back dialogues.
    ``causal``: a turn's probabilities depend on it and earlier turns only.
    """

    name: str
    version: str
    digest: str
    labels: Labels
    thresholds: Mapping[str, float]
    causal: bool

    def predict(self, conversations: Sequence[Conversation]) -> list[ConversationOutput]:
        """Predict a chunk; the result is parallel to ``conversations``."""
        ...
