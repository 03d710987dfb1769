"""The verdict of a condition or expression with all that explains it, while it is being worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from qa_engine.domain.finding import ConditionResult, Finding, LookedAt, Nearest, NotEvaluable, Verdict
from qa_engine.rules.judged import all_verdict, any_verdict, negated
from qa_engine.rules.window import Window

if TYPE_CHECKING:
    from qa_engine.rules.condition import Condition


class Mark(NamedTuple):
    """A turn at which a condition hit, may have hit (NOT_EVALUABLE) or may yet hit (PENDING).

    ``turn`` −1: anywhere.
    """

    turn: int
    verdict: Verdict
    missing: NotEvaluable | None = None


class Absence(NamedTuple):
    """A condition that missed in a window: the evidence for absence is worked out from it on demand."""

    condition: Condition
    window: Window


@dataclass(slots=True)
class Outcome:
    """As `ConditionResult`, plus what other conditions may hang on.

    Attributes:
        marks: where it hit, for conditions anchored to this one; ascending.
        settled: no further marks will come.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    looked_at: tuple[LookedAt, ...] = ()
    absent: tuple[Absence, ...] = ()
    missing: NotEvaluable | None = None
    occurrences: int = 0
    confidence: float = 1.0
    marks: tuple[Mark, ...] = ()
    settled: bool = True

    def result(self, nearest: Nearest | None = None) -> ConditionResult:
        """The public form; the same finding is named once."""
        findings = self.findings if len(self.findings) < 2 else tuple(dict.fromkeys(self.findings))
        looked_at = self.looked_at if len(self.looked_at) < 2 else tuple(dict.fromkeys(self.looked_at))
        return ConditionResult(
            self.verdict, findings, looked_at, nearest, self.missing, self.occurrences, self.confidence
        )


def combine_all(parts: Sequence[Outcome]) -> Outcome:
    """Conjunction. Only the deciding operands explain the result.

    Occurrences: a hit counts as often as its most frequent operand, a miss as often as all missing
    operands together; `combine_any` mirrors this.
    """
    verdict = all_verdict(part.verdict for part in parts)
    return _combined(verdict, parts, add_up=verdict is Verdict.MISS, cautious=verdict is Verdict.HIT)


def combine_any(parts: Sequence[Outcome]) -> Outcome:
    """Disjunction."""
    verdict = any_verdict(part.verdict for part in parts)
    return _combined(verdict, parts, add_up=verdict is Verdict.HIT, cautious=verdict is Verdict.MISS)


def opposite(part: Outcome) -> Outcome:
    """Negation: HIT and MISS change places, everything that explains them stays."""
    return replace(part, verdict=negated(part.verdict), marks=(), settled=True)


def _combined(verdict: Verdict, parts: Sequence[Outcome], add_up: bool, cautious: bool) -> Outcome:
    deciding = [part for part in parts if part.verdict is verdict]
    if len(deciding) == 1:
        return deciding[0]
    counts = [part.occurrences for part in deciding]
    sureness = [part.confidence for part in deciding]
    return Outcome(
        verdict,
        tuple(finding for part in deciding for finding in part.findings),
        tuple(place for part in deciding for place in part.looked_at),
        tuple(absence for part in deciding for absence in part.absent),
        next((part.missing for part in deciding if part.missing is not None), None),
        sum(counts) if add_up else max(counts, default=0),
        (min if cautious else max)(sureness, default=1.0),
    )
