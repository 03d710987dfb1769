"""What one report adds to the sums of its day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from qa_engine.store.envelope import unpack_body
from qa_engine.store.tables import ReportRow

# Sums of fractions are kept as whole ten-thousandths, which add up exactly in any order.
SCALE = 10_000
_LONGEST_NAME = 120

CellKey = tuple[str, str, str, str, str, str]
"""Day, business line, team, skill group, agent, scorecard key; "" where unknown."""


@dataclass(frozen=True, slots=True)
class DailyFacts:
    """The part of a report that is summed.

    Attributes:
        key: the cell it belongs to.
        sums: columns of ``DailyCell`` and what it adds to them; zeros are left out.
        names: names of ``DailyCount`` that occur in it.
    """

    key: CellKey
    sums: Mapping[str, int]
    names: tuple[str, ...]


def daily_facts(row: ReportRow, zone: ZoneInfo) -> DailyFacts:
    """What a report adds, as it stands now.

    Raises:
        ReportFormatError: its body cannot be read.
    """
    sums = {name: n for name, n in _sums(row).items() if n}
    key = (
        row.happened_at.astimezone(zone).date().isoformat(),
        row.business_line,
        row.team or "",
        row.skill_group or "",
        row.agent_id or "",
        row.scorecard_key,
    )
    return DailyFacts(key, sums, _names(row))


def outcome_name(letter: str, criterion: str) -> str:
    """How an outcome of a criterion is counted; ``letter`` as in ``ReportRow.outcomes``."""
    return f"{letter}:{criterion}"[:_LONGEST_NAME]


def type_name(key: str) -> str:
    """How a complaint type is counted."""
    return f"type:{key}"[:_LONGEST_NAME]


def _sums(row: ReportRow) -> dict[str, int]:
    first = row.first_contact is True and row.resolution is not None
    silence_known = row.silence_ms is not None and row.handle_ms is not None
    return {
        "calls": 1,
        "judged": int(row.final_passed is not None),
        "passed": int(row.final_passed is True),
        "critical": int(row.critical_failure),
        "percent_sum": _scaled(row.final_percent),
        "coverage_sum": _scaled(row.coverage),
        "resolution_judged": int(row.resolution is not None),
        "resolved": int(row.resolution == "resolved"),
        "first_judged": int(first),
        "first_resolved": int(first and row.resolution == "resolved" and not row.contacted_again),
        "satisfaction_n": int(row.expected_satisfaction is not None),
        "satisfaction_sum": _scaled(row.expected_satisfaction),
        "complaint_judged": int(row.is_complaint is not None),
        "complaints": int(row.is_complaint is True),
        "emotion_n": int(row.emotion_index is not None),
        "emotion_sum": _scaled(row.emotion_index),
        "drops": row.drops,
        "open_drops": row.open_drops,
        "flagged": int(row.needs_review is True),
        "handle_n": int(row.handle_ms is not None),
        "handle_ms": row.handle_ms or 0,
        "silence_n": int(silence_known),
        "silence_of_ms": (row.handle_ms or 0) if silence_known else 0,
        "silence_ms": (row.silence_ms or 0) if silence_known else 0,
        "response_n": row.responses or 0,
        "response_ms": row.response_ms or 0,
    }


def _names(row: ReportRow) -> tuple[str, ...]:
    # The body names its criteria itself: no revision has to be looked up.
    body = unpack_body(row.schema_version, row.body)
    outcomes = zip(row.outcomes, body["criteria"], strict=True)
    names = {outcome_name(letter, item["key"]) for letter, item in outcomes}
    return (*sorted(names), *sorted({type_name(item["key"]) for item in body["complaint"]["types"]}))


def _scaled(number: float | None) -> int:
    return 0 if number is None else round(number * SCALE)
