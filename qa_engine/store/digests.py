"""What the ``scores`` chain remembers of a record: a digest over every column that must never change.

Three kinds of links: ``report`` (subject ``report:ID``, when it is recorded), ``decision`` (subject
``decision:ID``, one for every row of human decisions) and ``final`` (subject ``report:ID``, whenever the
score with human decisions counted in is set; the last one counts). The wording of a reason is left out of
the digest of a decision: erasing a customer's data blanks it, and the chain stays whole. So are the two
columns of a report that tell of other calls of the customer: they follow later calls and score nothing.
"""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Boolean, Float

from qa_engine.store.columns import canonical_json, to_ms
from qa_engine.store.tables import DecisionRow, ReportRow

REPORT = "report"
DECISION = "decision"
FINAL = "final"
# The body is covered by its own digest.
REPORT_COLUMNS = (
    "id", "transcript_id", "external_ref", "happened_at", "recorded_at", "business_line", "channel",
    "agent_id", "team", "skill_group", "batch_id", "scorecard_key", "scorecard_revision",
    "scorecard_digest", "fingerprint", "engine_version", "model", "schema_version", "body_digest",
    "outcomes", "percent", "upper_percent", "passed", "critical_failure", "coverage", "attitude_level",
    "resolution", "expected_satisfaction", "is_complaint", "emotion_index", "drops", "open_drops",
    "needs_review", "priority", "handle_ms", "silence_ms", "response_ms", "responses",
)  # fmt: skip
DECISION_COLUMNS = (
    "id", "report_id", "review_id", "appeal_id", "stage", "target", "verdict", "machine", "human",
    "turns", "decided_by", "decided_at",
)  # fmt: skip


def report_digest(row: ReportRow) -> str:
    """Digest of a report's machine columns (64 hex digits); the row must have its id."""
    return _digest(REPORT, row, REPORT_COLUMNS)


def decision_digest(row: DecisionRow) -> str:
    """Digest of one human decision; the row must have its id."""
    return _digest(DECISION, row, DECISION_COLUMNS)


def final_digest(row: ReportRow) -> str:
    """Digest of a report's score with human decisions counted in."""
    return _digest(FINAL, row, ("id", "final_percent", "final_passed"))


def _digest(kind: str, row: ReportRow | DecisionRow, names: tuple[str, ...]) -> str:
    columns = row.__table__.columns
    said = [kind, 1, *(_plain(columns[name].type, getattr(row, name)) for name in names)]
    return hashlib.sha256(canonical_json(said)).hexdigest()


def _plain(kind: Any, value: Any) -> Any:
    # As it is read back: a column of reals gives 80.0 where 80 was put in.
    if value is None:
        return None
    if isinstance(kind, Float):
        return float(value)
    if isinstance(kind, Boolean):
        return bool(value)
    return to_ms(value) if hasattr(value, "timestamp") else value
