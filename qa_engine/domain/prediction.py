"""What learned models say, in our words. Filled by `wiring` from any model of the right shape.

Probabilities are calibrated floats in 0–1. Keys are the labels of the annotation guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EMOTIONS = (-2, -1, 0, 1)
RESOLUTIONS = ("resolved", "partial", "unresolved")


@dataclass(frozen=True, slots=True)
class Ground:
    """A turn that a verdict rests on, and by how much (> 0) the log-odds of the verdict fall without it."""

    turn: int
    weight: float


@dataclass(frozen=True, slots=True)
class TurnPrediction:
    """One turn. ``emotion`` has the keys -2, -1, 0, 1 (customer turns only, else empty);
    ``acts`` the customer or agent acts; ``faults`` the agent faults (agent turns only).
    ``fault_grounds``: the earlier turns a fault rests on beside this one, strongest first."""

    emotion: Mapping[int, float]
    acts: Mapping[str, float]
    faults: Mapping[str, float]
    fault_grounds: Mapping[str, tuple[Ground, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DialoguePrediction:
    """A whole conversation.

    Attributes:
        resolution: probabilities over ``RESOLUTIONS``.
        satisfaction: five probabilities for 1..5.
        attitude: five probabilities for levels 1..5.
        complaint: probability that a grievance was voiced.
        types: probability of each ``group.leaf``.
        review: probability that a QA lead must look.
        resolution_turns: indexes of the turns that weighed most, strongest first.
        complaint_grounds: the turns a complaint rests on, strongest first; empty where none was found
            or the model does not explain itself. ``review_grounds`` likewise.
    """

    resolution: Mapping[str, float]
    satisfaction: tuple[float, float, float, float, float]
    attitude: tuple[float, float, float, float, float]
    complaint: float
    types: Mapping[str, float]
    review: float
    resolution_turns: tuple[int, ...] = ()
    complaint_grounds: tuple[Ground, ...] = ()
    review_grounds: tuple[Ground, ...] = ()


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Decision thresholds chosen on held-back dialogues and stored with the model."""

    acts: Mapping[str, float]
    faults: Mapping[str, float]
    types: Mapping[str, float]
    emotion_negative: float
    emotion_angry: float
    emotion_positive: float
    complaint: float
    review: float


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model spoke. ``fallback_reason`` is set when it stands in for a better one."""

    name: str
    version: str
    digest: str
    fallback_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Everything one model said about one transcript; ``turns`` is parallel to its turns.

    ``causal``: True when a turn's prediction depends on that turn and earlier ones only, so
    that a live verdict on it is final at once.
    """

    model: ModelInfo
    turns: tuple[TurnPrediction, ...]
    dialogue: DialoguePrediction
    thresholds: Thresholds
    causal: bool = True
