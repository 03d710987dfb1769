"""The noteworthy facts of a report by which rare calls are found among millions (``ReportMark``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qa_engine.domain.report import InspectionReport
from qa_engine.domain.scorecard import Outcome

LONGEST = 200
# Lowest emotions worth a mark; a call that sank to -2 also sank to -1, so one mark answers "at most".
_SUNK = (-1, -2)


def failed_mark(criterion: str) -> str:
    """A criterion the machine failed."""
    return f"failed:{criterion}"[:LONGEST]


def unjudged_mark(criterion: str) -> str:
    """A criterion that was not evaluated."""
    return f"unjudged:{criterion}"[:LONGEST]


def type_mark(key: str) -> str:
    """What a contact is about."""
    return f"type:{key}"[:LONGEST]


def fault_mark(kind: str) -> str:
    """A fault of the agent."""
    return f"fault:{kind}"[:LONGEST]


def cause_mark(kind: str) -> str:
    """What made the customer's emotion fall."""
    return f"cause:{kind}"[:LONGEST]


def sunk_mark(emotion: int) -> str:
    """The customer's emotion reached ``emotion`` (-1 or -2) or lower."""
    return f"emotion:{emotion}"


def attribute_mark(key: str, value: str | float | bool) -> str:
    """An attribute (随路数据) with its value, as ``TranscriptRow.attributes`` holds it (masked)."""
    return f"attr:{key}={attribute_text(value)}"[:LONGEST]


def attribute_text(value: str | float | bool) -> str:
    """How a value is written by those who filter: ``true``, ``3``, ``2.5``, or the text itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def marks_of(report: InspectionReport, attributes: Mapping[str, str | float | bool]) -> frozenset[str]:
    """All marks of a report; ``attributes`` are those of its ``TranscriptRow``."""
    return frozenset((*_judged(report), *(attribute_mark(key, value) for key, value in attributes.items())))


def _judged(report: InspectionReport) -> Iterator[str]:
    for item in report.criteria:
        if item.outcome is Outcome.FAILED:
            yield failed_mark(item.key)
        elif item.outcome is Outcome.NOT_EVALUATED:
            yield unjudged_mark(item.key)
    yield from (type_mark(kind.key) for kind in report.complaint.types)
    yield from (fault_mark(fault.kind) for fault in report.attitude.faults)
    yield from (cause_mark(drop.cause.kind) for drop in report.emotion.drops if drop.cause)
    lowest = min((point.emotion for point in report.emotion.curve), default=0)
    yield from (sunk_mark(level) for level in _SUNK if lowest <= level)
