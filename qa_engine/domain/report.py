"""质检报告: the frozen result of one inspection. Field names follow schema inspection-report/1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_engine.domain.finding import Evidence, LookedAt, Nearest
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import TranscriptFlag

SCHEMA = "inspection-report/1"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One graded criterion. ``earned``/``max`` are after sharing out not-applicable weight."""

    key: str
    name: str
    section: str
    outcome: Outcome
    earned: float
    max: float
    confidence: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    looked_at: tuple[LookedAt, ...] = ()
    nearest: Nearest | None = None
    critical: bool = False
    deducted_in: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """The score as an interval.

    ``percent`` is what is proven: a criterion that was not evaluated earns nothing. ``upper_percent``
    is what the call would have if every such criterion had passed. ``passed`` is None while the
    interval straddles the pass mark or a critical criterion was not evaluated. ``coverage`` is judged
    weight ÷ applicable weight (0–1).
    """

    points: float
    max: float
    percent: float
    upper_percent: float
    passed: bool | None
    critical_failure: bool
    coverage: float


@dataclass(frozen=True, slots=True)
class ActMark:
    turn: int
    act: str
    confidence: float


@dataclass(frozen=True, slots=True)
class FaultMark:
    turn: int
    kind: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Attitude:
    """``level`` 1–5 (None when not judged); ``score`` the expected level as a float 1–5."""

    level: int | None
    score: float | None
    acts: tuple[ActMark, ...] = ()
    faults: tuple[FaultMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    status: str | None
    probabilities: Mapping[str, float]
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Satisfaction:
    expected: float | None
    distribution: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ComplaintType:
    key: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Complaint:
    is_complaint: bool | None
    probability: float | None
    types: tuple[ComplaintType, ...] = ()


@dataclass(frozen=True, slots=True)
class EmotionPoint:
    """One customer turn on the curve; ``index`` 0–100, higher is better."""

    turn: int
    emotion: int
    index: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DropCause:
    turn: int
    speaker: str
    kind: str


@dataclass(frozen=True, slots=True)
class EmotionDrop:
    """A fall of the customer's emotion at ``turn``; ``recovered_turn`` None = never recovered."""

    turn: int
    from_index: float
    to_index: float
    cause: DropCause | None
    recovered_turn: int | None


@dataclass(frozen=True, slots=True)
class Emotion:
    index: float | None
    curve: tuple[EmotionPoint, ...] = ()
    drops: tuple[EmotionDrop, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewAdvice:
    """Should a QA lead look. ``priority`` 0–1; ``reasons`` Chinese sentences, weightiest first."""

    needed: bool | None
    priority: float | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    what: str
    reason: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Who judged: engine version, model ``name@digest`` (None = no model), detector versions."""

    version: str
    model: str | None
    detectors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InspectionReport:
    transcript_id: str
    scorecard_key: str
    scorecard_revision: int
    scorecard_digest: str
    engine: EngineInfo
    total: Total
    criteria: tuple[CriterionResult, ...]
    attitude: Attitude
    resolution: Resolution
    satisfaction: Satisfaction
    complaint: Complaint
    emotion: Emotion
    review: ReviewAdvice
    not_evaluated: tuple[NotEvaluated, ...] = ()
    flags: tuple[TranscriptFlag, ...] = ()
