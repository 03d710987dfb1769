"""What rules and detectors say about a transcript: findings with evidence, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quotation: ``quote == transcript.turns[turn].text[start:end]`` holds always."""

    turn: int
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found (命中).

    Attributes:
        key: what was found (operator name, condition name or detector label).
        evidence: where; may be empty only for facts about the whole call (duration, attribute).
        confidence: 0–1; 1.0 for exact operators.
        detail: a Chinese half-sentence with the measured fact, e.g. "静音 12.4 秒"; no customer text.
    """

    key: str
    evidence: tuple[Evidence, ...] = ()
    confidence: float = 1.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NotEvaluable:
    """A judgement that could not be made; never treated as "no hit".

    ``code`` is stable (``no_timestamps``, ``no_roles``, ``no_words``, ``no_model``, ``no_attribute``,
    ``call_not_finished``, ``shaky_evidence``, ``operator_failed`` …); ``reason`` is a Chinese sentence.
    """

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class DetectorFailure:
    """A detector that crashed, kept as a value beside the results of the others."""

    detector: str
    version: str
    error: str
    reason: str


@dataclass(frozen=True, slots=True)
class LookedAt:
    """An inclusive range of turns in which something was looked for."""

    from_turn: int
    to_turn: int


@dataclass(frozen=True, slots=True)
class Nearest:
    """The phrase that came nearest to what was missing; similarity 0–1."""

    turn: int
    quote: str
    similarity: float


class Verdict(StrEnum):
    """What a condition says. ``PENDING`` exists only while a call is still running."""

    HIT = "hit"
    MISS = "miss"
    NOT_APPLICABLE = "not_applicable"
    NOT_EVALUABLE = "not_evaluable"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ConditionResult:
    """The verdict of one condition (or of a whole expression) with everything that explains it.

    ``confidence`` (0–1) is that of the verdict itself; unlike the findings it also covers absence.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    looked_at: tuple[LookedAt, ...] = ()
    nearest: Nearest | None = None
    missing: NotEvaluable | None = None
    occurrences: int = 0
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class CriterionVerdict:
    """What the rule of one criterion said, before any points.

    ``applies`` is the result of ``applies_when`` (None when the criterion has no such condition);
    ``fails_on_hit`` tells whether ``result`` came from ``fail_when`` (True) or ``pass_when`` (False).
    """

    criterion: str
    result: ConditionResult
    fails_on_hit: bool
    applies: ConditionResult | None = None
