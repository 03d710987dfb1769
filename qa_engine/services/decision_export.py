"""People's decisions in bulk: one by one, as labels to train on, or as tests of a scorecard.

All text is masked. A call that gives no test is told in a line of its own, with the reason. The trainer takes
labelled calls only: calls that give no label have no line, and whoever asks is told how many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from sqlalchemy import ColumnElement, select

from qa_engine.domain.access import Permission
from qa_engine.domain.transcript import Transcript
from qa_engine.services.blindness import reports_judged_blind
from qa_engine.services.cursors import decode_cursor, encode_cursor
from qa_engine.services.decision_labels import gold_of, own_json, scorecard_test
from qa_engine.services.final_scores import machine_report
from qa_engine.services.people import people
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.tables import DecisionRow, ReportRow, ReviewRow, TranscriptRow
from qa_engine.store.transcripts import masked_transcript

DecisionFormat = Literal["decisions", "training", "rule_tests"]
MAX_PART = 10_000
# Labelled calls of a part are put together before the answer begins, to tell how many gave no label.
MOST_LABELLED = 1_000
CHUNK = 100
# Of these the last word has been spoken as far as reviewers are concerned.
_AGREED = ("decided", "final")


@dataclass(frozen=True, slots=True)
class DecisionFilters:
    """Which decisions, by when they were made, whose calls and what they say; None = all."""

    since: datetime | None = None
    until: datetime | None = None
    business_line: str | None = None
    scorecard_key: str | None = None
    verdict: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionPart:
    """What one request exports: ids of decisions, or of reports where a line is a call."""

    format: DecisionFormat
    ids: tuple[int, ...]
    next_cursor: str | None

    def chunks(self) -> Iterator[tuple[int, ...]]:
        """The ids in runs that are read in one transaction each."""
        for start in range(0, len(self.ids), CHUNK):
            yield self.ids[start : start + CHUNK]


def plan_decisions(
    work: Work, filters: DecisionFilters, form: DecisionFormat, after: str | None, limit: int
) -> DecisionPart:
    """Decide what one part of an export holds, and audit it.

    Raises:
        Forbidden: the caller may not export, or not read reviews.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.EXPORT)
    work.require(Permission.READ_REVIEWS)
    by_call = form != "decisions"
    place = int(decode_cursor(after, (int,))[0]) if after else 0
    d, r = DecisionRow, ReportRow
    key = d.report_id if by_call else d.id
    wanted = select(key).join(r, r.id == d.report_id).where(key > place, *_conditions(work, filters))
    if by_call:
        wanted = wanted.join(ReviewRow, ReviewRow.id == d.review_id).where(ReviewRow.state.in_(_AGREED))
        wanted = wanted.distinct()
    elif filters.verdict is not None:
        wanted = wanted.where(d.verdict == filters.verdict)
    limit = min(limit, MOST_LABELLED if form == "training" else MAX_PART)
    found = work.session.scalars(wanted.order_by(key).limit(limit + 1)).all()
    ids = tuple(found[:limit])
    work.audit("decision.exported", "decisions", format=form, lines=len(ids))
    return DecisionPart(form, ids, encode_cursor(ids[-1]) if len(found) > limit else None)


def read_decisions(work: Work, part: DecisionPart, ids: Sequence[int]) -> list[bytes]:
    """The lines of one chunk of a part.

    Raises:
        Forbidden: as ``plan_decisions``.
    """
    work.require(Permission.EXPORT)
    work.require(Permission.READ_REVIEWS)
    lines = _decisions(work, ids) if part.format == "decisions" else _calls(work, part.format, ids)
    return [orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines]


def _conditions(work: Work, filters: DecisionFilters) -> list[ColumnElement[bool]]:
    d, r = DecisionRow, ReportRow
    found = visible(work.rows, r.business_line, r.team, r.agent_id)
    if blind := reports_judged_blind(work):
        found.append(r.id.not_in(blind))
    if filters.since is not None:
        found.append(d.decided_at >= filters.since)
    if filters.until is not None:
        found.append(d.decided_at < filters.until)
    if filters.business_line is not None:
        found.append(r.business_line == filters.business_line)
    if filters.scorecard_key is not None:
        found.append(r.scorecard_key == filters.scorecard_key)
    return found


def _decisions(work: Work, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    d, r, t = DecisionRow, ReportRow, TranscriptRow
    scope = visible(work.rows, r.business_line, r.team, r.agent_id)
    wanted = (
        select(d, r.transcript_id, r.business_line, r.scorecard_key, r.scorecard_revision, t.external_id)
        .join(r, r.id == d.report_id)
        .join(t, t.id == r.transcript_id)
        .where(d.id.in_(ids), *scope)
        .order_by(d.id)
    )
    rows = work.session.execute(wanted).all()
    latest = _latest_ids(work, {row[0].report_id for row in rows})
    known = people(work, (row[0].decided_by for row in rows))
    for row, transcript_id, line, key, revision, external_id in rows:
        who = known.get(row.decided_by)
        yield {
            "kind": "decision",
            "id": row.id,
            "report_id": row.report_id,
            "transcript_id": transcript_id,
            "external_id": external_id,
            "business_line": line,
            "scorecard": {"key": key, "revision": revision},
            "stage": row.stage,
            "target": row.target,
            "verdict": row.verdict,
            "machine": row.machine,
            "human": row.human,
            "turns": row.turns or [],
            "reason": row.reason,
            "decided_by": who.actor if who else None,
            "decided_by_name": who.name if who else None,
            "decided_at": row.decided_at.isoformat(),
            "counts": row.id in latest,
        }


def _latest_ids(work: Work, report_ids: set[int]) -> set[int]:
    d = DecisionRow
    rows = work.session.execute(
        select(d.id, d.report_id, d.target).where(d.report_id.in_(report_ids)).order_by(d.id)
    )
    return set({(report_id, target): row_id for row_id, report_id, target in rows}.values())


def _calls(work: Work, form: DecisionFormat, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    r = ReportRow
    scope = visible(work.rows, r.business_line, r.team, r.agent_id)
    reports = work.session.scalars(select(r).where(r.id.in_(ids), *scope).order_by(r.id)).all()
    said: dict[int, dict[str, DecisionRow]] = defaultdict(dict)
    for row in work.session.scalars(
        select(DecisionRow).where(DecisionRow.report_id.in_(ids)).order_by(DecisionRow.id)
    ):
        said[row.report_id][row.target] = row
    for report_row in reports:
        transcript = masked_transcript(work.session.get_one(TranscriptRow, report_row.transcript_id))
        line = _labelled if form == "training" else _tested
        told = line(report_row, transcript, said[report_row.id])
        if told is not None:
            yield told


def _labelled(
    row: ReportRow, transcript: Transcript | None, decisions: Mapping[str, DecisionRow]
) -> dict[str, Any] | None:
    if transcript is None:
        return None
    gold = gold_of(machine_report(row), decisions)
    return {**own_json(transcript, f"report-{row.id}"), "gold": gold} if gold else None


def _tested(
    row: ReportRow, transcript: Transcript | None, decisions: Mapping[str, DecisionRow]
) -> dict[str, Any]:
    if transcript is None:
        return {"kind": "skipped", "report_id": row.id, "reason": "会话的文本已删除"}
    test = scorecard_test(transcript, machine_report(row), decisions, f"报告 {row.id} 的人工结论")
    if isinstance(test, str):
        return {"kind": "skipped", "report_id": row.id, "reason": test}
    card = {"key": row.scorecard_key, "revision": row.scorecard_revision}
    return {"kind": "rule_test", "report_id": row.id, "scorecard": card, "test": test}
