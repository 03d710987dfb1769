"""质检报告: the frozen result of one inspection. Field names follow schema inspection-report/1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qa_engine.domain.finding import Evidence, LookedAt, Nearest
from qa_engine.domain.scorecard import Outcome, Scoring
from qa_engine.domain.transcript import TranscriptFlag

SCHEMA = "inspection-report/1"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One graded criterion.

    ``earned``/``max`` are after sharing out not-applicable weight, ``weight`` is before it.
    ``deducted_in`` names the criterion that already paid for the same event. ``code`` says in
    machine-readable form why an item was not evaluated. ``occurrences``: how often a failed item was
    counted (0 for every other outcome), which ``per_hit`` multiplies.
    """

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
    scoring: Scoring = "deduct"
    weight: float = 0.0
    code: str = ""
    occurrences: int = 0


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
    """An act the agent did at a turn."""

    turn: int
    act: str
    confidence: float


@dataclass(frozen=True, slots=True)
class FaultMark:
    """A fault of the agent at a turn; ``kind`` is a key of ``taxonomy.AGENT_FAULTS``.

    ``because``: earlier turns it rests on beside its own, in order: the question left unanswered, the
    upset customer not soothed. Empty when the turn speaks for itself.
    """

    turn: int
    kind: str
    confidence: float
    because: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Attitude:
    """``level`` 1–5 (None when not judged); ``score`` the expected level as a float 1–5."""

    level: int | None
    score: float | None
    acts: tuple[ActMark, ...] = ()
    faults: tuple[FaultMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """``status`` resolved | partial | unresolved (None when not judged) and the turns it rests on."""

    status: str | None
    probabilities: Mapping[str, float]
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """Expected satisfaction 1–5 with the distribution over 1..5."""

    expected: float | None
    distribution: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class ComplaintType:
    """A complaint type ``group.leaf`` with its Chinese name."""

    key: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Complaint:
    """Whether a grievance was voiced, and what the contact is about.

    ``evidence``: the turns a complaint rests on, quoted whole and in order.
    """

    is_complaint: bool | None
    probability: float | None
    types: tuple[ComplaintType, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class EmotionPoint:
    """One customer turn on the curve; ``index`` 0–100, higher is better."""

    turn: int
    emotion: int
    index: float
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class DropCause:
    """What made the emotion fall: the turn, who spoke, and what kind of thing it was."""

    turn: int
    speaker: str
    kind: str


@dataclass(frozen=True, slots=True)
class EmotionDrop:
    """A fall of the customer's emotion at ``turn``; ``recovered_turn`` None = never recovered.

    ``from_index`` is the level it fell from, ``to_index`` the lowest level of the fall.
    ``recovered_by_agent``: the agent soothed or offered something in between (None = not recovered).
    """

    turn: int
    from_index: float
    to_index: float
    cause: DropCause | None
    recovered_turn: int | None
    recovered_by_agent: bool | None = None


@dataclass(frozen=True, slots=True)
class Emotion:
    """The customer's emotion over the call; ``index`` 0–100 overall."""

    index: float | None
    curve: tuple[EmotionPoint, ...] = ()
    drops: tuple[EmotionDrop, ...] = ()


@dataclass(frozen=True, slots=True)
class ReviewAdvice:
    """Should a QA lead look. ``priority`` 0–1; ``reasons`` Chinese sentences, weightiest first.

    ``evidence``: the turns the model's own opinion rests on, quoted whole and in order; what other reasons
    rest on is named in them and shown where it belongs.
    """

    needed: bool | None
    priority: float | None
    reasons: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """Something that was not judged, with a Chinese reason and a stable code."""

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
    """Everything the engine says about one transcript."""

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
