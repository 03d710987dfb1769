"""What a run came to, counted while the results are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qa_engine.batch.record import Failure

_EXAMPLES = 3


@dataclass
class FailureKind:
    """Failures of one code: how many, and where the first few are."""

    count: int = 0
    why: str = ""
    remedy: str = ""
    places: list[str] = field(default_factory=list)


@dataclass
class RunTally:
    """Counts of a run. ``judged`` calls have a coverage above 0: only their percents say anything."""

    scored: int = 0
    passed: int = 0
    not_passed: int = 0
    undecided: int = 0
    critical: int = 0
    to_review: int = 0
    judged: int = 0
    percent_sum: float = 0.0
    coverage_sum: float = 0.0
    complete: int = 0
    not_evaluated: Counter[str] = field(default_factory=Counter)
    detector_failures: Counter[str] = field(default_factory=Counter)
    failures: dict[str, FailureKind] = field(default_factory=dict)

    def add(self, report: Mapping[str, Any]) -> None:
        """Count one report (JSON values)."""
        total = report["total"]
        self.scored += 1
        self.passed += total["passed"] is True
        self.not_passed += total["passed"] is False
        self.undecided += total["passed"] is None
        self.critical += total["critical_failure"]
        self.to_review += report["review"]["needed"] is True
        if total["coverage"] > 0:
            self.judged += 1
            self.percent_sum += total["percent"]
        self.coverage_sum += total["coverage"]
        self.complete += not report["not_evaluated"]
        for missing in report["not_evaluated"]:
            counter = self.detector_failures if missing["code"] == "detector_failed" else self.not_evaluated
            counter[missing["reason"] if counter is self.detector_failures else missing["code"]] += 1

    def add_failure(self, failure: Failure) -> None:
        """Count one record without a report."""
        kind = self.failures.setdefault(failure.code, FailureKind(why=failure.why, remedy=failure.remedy))
        kind.count += 1
        if len(kind.places) < _EXAMPLES:
            kind.places.append(failure.place)

    @property
    def mean_percent(self) -> float | None:
        """Mean percent of the judged calls; None without any."""
        return self.percent_sum / self.judged if self.judged else None

    @property
    def decided(self) -> int:
        """How many calls passed or did not; the others are pending."""
        return self.passed + self.not_passed

    @property
    def failed(self) -> int:
        """How many records have no report."""
        return sum(kind.count for kind in self.failures.values())
