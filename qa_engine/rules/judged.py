"""What one test says about one piece of a conversation, and the algebra of verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qa_engine.domain.finding import Finding, NotEvaluable, Verdict

HIT, MISS, PENDING = Verdict.HIT, Verdict.MISS, Verdict.PENDING
NOT_APPLICABLE, NOT_EVALUABLE = Verdict.NOT_APPLICABLE, Verdict.NOT_EVALUABLE


@dataclass(slots=True)
class Judged:
    """The verdict of one test on one passage; ``confidence`` (0–1) is that of the verdict."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    missing: NotEvaluable | None = None
    confidence: float = 1.0


MISSED = Judged(MISS)
WAITING = Judged(PENDING)


def hit(*findings: Finding) -> Judged:
    """A hit is as sure as its surest finding."""
    return Judged(HIT, findings, None, max((finding.confidence for finding in findings), default=1.0))


def unjudged(missing: NotEvaluable) -> Judged:
    """A verdict that cannot be given, with the reason."""
    return Judged(NOT_EVALUABLE, (), missing)


def all_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """MISS decides; then PENDING (it may become a MISS), NOT_EVALUABLE, HIT; NOT_APPLICABLE is left out."""
    seen = set(verdicts)
    for decisive in (MISS, PENDING, NOT_EVALUABLE, HIT):
        if decisive in seen:
            return decisive
    return NOT_APPLICABLE


def any_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """HIT decides; then PENDING, NOT_EVALUABLE, MISS; NOT_APPLICABLE is left out."""
    seen = set(verdicts)
    for decisive in (HIT, PENDING, NOT_EVALUABLE, MISS):
        if decisive in seen:
            return decisive
    return NOT_APPLICABLE


def negated(verdict: Verdict) -> Verdict:
    """HIT and MISS change places; the other three stay."""
    return MISS if verdict is HIT else HIT if verdict is MISS else verdict


def join_all(parts: Sequence[Judged]) -> Judged:
    """Conjunction on one passage; the deciding operands hand on their findings and reasons."""
    if len(parts) == 1:
        return parts[0]
    verdict = all_verdict(part.verdict for part in parts)
    deciding = [part for part in parts if part.verdict is verdict]
    return Judged(
        verdict,
        tuple(finding for part in deciding for finding in part.findings),
        next((part.missing for part in deciding if part.missing), None),
        (min if verdict is HIT else max)((part.confidence for part in deciding), default=1.0),
    )


def join_any(parts: Sequence[Judged]) -> Judged:
    """Disjunction on one passage."""
    if all(part is MISSED for part in parts):
        return MISSED
    verdict = any_verdict(part.verdict for part in parts)
    deciding = [part for part in parts if part.verdict is verdict]
    return Judged(
        verdict,
        tuple(finding for part in deciding for finding in part.findings),
        next((part.missing for part in deciding if part.missing), None),
        (max if verdict is HIT else min)((part.confidence for part in deciding), default=1.0),
    )
