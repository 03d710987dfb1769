"""Recording: from inspected conversations to stored reports, all of a chunk in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from qa_engine.domain.access import Permission
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.scorecard import Outcome
from qa_engine.domain.transcript import Transcript
from qa_engine.services import rollups
from qa_engine.services.call_times import call_times
from qa_engine.services.contacts import lock_name, settle_contacts
from qa_engine.services.events import emit
from qa_engine.services.marks import marks_of
from qa_engine.services.work import Work
from qa_engine.store.chain import Link, link
from qa_engine.store.digests import report_digest
from qa_engine.store.envelope import VERSION, cut_report, pack_body
from qa_engine.store.holding import hold
from qa_engine.store.tables import (
    DecisionRow,
    ReportMark,
    ReportRow,
    ReviewRow,
    SampleRow,
    TranscriptRow,
)

LETTERS = {
    Outcome.PASSED: "P",
    Outcome.FAILED: "F",
    Outcome.NOT_APPLICABLE: "N",
    Outcome.NOT_EVALUATED: "E",
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """A stored conversation, its original, and what the engine says of it."""

    row: TranscriptRow
    transcript: Transcript
    report: InspectionReport


def record(
    work: Work, inspected: Sequence[Inspected], *, fingerprint: str, batch_id: str | None = None
) -> list[ReportRow]:
    """Store the reports of one chunk; parallel to ``inspected``, flushed, so that every row has its id.

    An older current report of the same conversation by the same scorecard is superseded: it stays readable
    but leaves lists, marks and daily sums. Every report is chained; flagged ones open a review.

    Args:
        work: a writing unit of work.
        inspected: conversations kept in this very transaction or before.
        fingerprint: of the inspector that judged them all (``Inspector.fingerprint``).
        batch_id: the batch they belong to.

    Raises:
        Forbidden: the caller may not score.
    """
    work.require(Permission.SCORE)
    if not inspected:
        return []
    # Others who record the same conversations wait, so that one report of each stays current.
    names = [f"report {item.row.external_ref} {item.report.scorecard_key}" for item in inspected]
    customers = [lock_name(item.row.customer_ref) for item in inspected if item.row.customer_ref]
    hold(work.session, [*names, *customers])
    attributes = _attributes(work.session, inspected)
    older = _current_reports(work.session, inspected)
    rows = [_report_row(work, item, fingerprint, batch_id) for item in inspected]
    newest = {(row.external_ref, row.scorecard_key): i for i, row in enumerate(rows)}
    for i, row in enumerate(rows):
        # The same conversation twice in one chunk: the later one counts.
        row.current = newest[row.external_ref, row.scorecard_key] == i
        if not row.current:
            row.review_state = "none"
    _supersede(work, older)
    work.session.add_all(rows)
    work.session.flush()
    current = [(row, item) for row, item in zip(rows, inspected, strict=True) if row.current]
    _mark(work.session, current, attributes)
    was, now = settle_contacts(work, [row for row, _ in current])
    rollups.apply(work, minus=[*older, *was], plus=[*(row for row, _ in current), *now])
    _open_reviews(work, [row for row, _ in current])
    link(
        work.session,
        work.keyring,
        "scores",
        [Link("report", f"report:{row.id}", report_digest(row), row.recorded_at) for row in rows],
    )
    subject = f"batch:{batch_id}" if batch_id else f"report:{rows[0].id}"
    work.audit("report.recorded", subject, reports=len(rows), superseded=len(older))
    return rows


def _attributes(session: Session, inspected: Sequence[Inspected]) -> dict[int, dict[str, Any]]:
    """What stands with the conversations now: judging takes a while, and one may have been erased since."""
    t = TranscriptRow
    wanted = select(t.id, t.attributes).where(t.id.in_({item.row.id for item in inspected}))
    # Held, so that an erasure comes wholly before these reports or finds them.
    return dict(session.execute(wanted.order_by(t.id).with_for_update(read=True)).all())


def _current_reports(session: Session, inspected: Sequence[Inspected]) -> list[ReportRow]:
    keys = {item.report.scorecard_key for item in inspected}
    refs = {item.row.external_ref for item in inspected}
    wanted = select(ReportRow).where(
        ReportRow.external_ref.in_(refs), ReportRow.scorecard_key.in_(keys), ReportRow.current
    )
    pairs = {(item.row.external_ref, item.report.scorecard_key) for item in inspected}
    # In the order of everybody else: whoever claims or decides holds the review before its report.
    of_them = select(ReviewRow.id).where(ReviewRow.report_id.in_(wanted.with_only_columns(ReportRow.id)))
    session.execute(of_them.order_by(ReviewRow.id).with_for_update())
    # Locked: a decision made at this moment must be counted before its report is taken out of the sums.
    found = session.scalars(wanted.order_by(ReportRow.id).with_for_update()).all()
    return [row for row in found if (row.external_ref, row.scorecard_key) in pairs]


def _supersede(work: Work, older: Sequence[ReportRow]) -> None:
    if not older:
        return
    ids = [row.id for row in older]
    for row in older:
        row.current = False
    work.session.flush()
    work.session.execute(delete(ReportMark).where(ReportMark.report_id.in_(ids)))
    # Nobody has looked yet: the newer report speaks for itself. What somebody works on or drew stays, and
    # what an appeal was decided under.
    decided = select(DecisionRow.id).where(DecisionRow.review_id == ReviewRow.id)
    drawn = select(SampleRow.id).where(SampleRow.report_id == ReviewRow.report_id)
    untouched = delete(ReviewRow).where(
        ReviewRow.report_id.in_(ids),
        ReviewRow.state == "open",
        ReviewRow.origin == "flagged",
        ~decided.exists(),
        ~drawn.exists(),
    )
    closed = set(work.session.scalars(untouched.returning(ReviewRow.report_id)))
    for row in older:
        if row.id in closed:
            row.review_state = "none"


def _report_row(work: Work, item: Inspected, fingerprint: str, batch_id: str | None) -> ReportRow:
    report, kept = item.report, item.row
    fields = report_to_json(report)
    body, digest = pack_body(cut_report(fields, [turn.text for turn in item.transcript.turns]))
    times = call_times(item.transcript, kept.duration_ms)
    drops = report.emotion.drops
    return ReportRow(
        transcript_id=kept.id,
        external_ref=kept.external_ref,
        happened_at=kept.happened_at,
        recorded_at=work.now,
        business_line=kept.business_line,
        channel=kept.channel,
        agent_id=kept.agent_id,
        team=kept.team,
        skill_group=kept.skill_group,
        batch_id=batch_id,
        current=True,
        scorecard_key=report.scorecard_key,
        scorecard_revision=report.scorecard_revision,
        scorecard_digest=report.scorecard_digest,
        fingerprint=fingerprint,
        engine_version=report.engine.version,
        model=report.engine.model,
        schema_version=VERSION,
        body=body,
        body_digest=digest,
        outcomes="".join(LETTERS[result.outcome] for result in report.criteria),
        percent=fields["total"]["percent"],
        upper_percent=fields["total"]["upper_percent"],
        passed=report.total.passed,
        critical_failure=report.total.critical_failure,
        coverage=fields["total"]["coverage"],
        attitude_level=report.attitude.level,
        resolution=report.resolution.status,
        expected_satisfaction=fields["satisfaction"]["expected"],
        is_complaint=report.complaint.is_complaint,
        emotion_index=fields["emotion"]["index"],
        drops=len(drops),
        open_drops=sum(drop.recovered_turn is None for drop in drops),
        needs_review=report.review.needed,
        priority=fields["review"]["priority"],
        handle_ms=times.handle_ms,
        silence_ms=times.silence_ms,
        response_ms=times.response_ms,
        responses=times.responses,
        final_percent=fields["total"]["percent"],
        final_passed=report.total.passed,
        review_state="open" if report.review.needed else "none",
        first_contact=None,
        contacted_again=None,
    )


def _mark(
    session: Session,
    current: Sequence[tuple[ReportRow, Inspected]],
    attributes: Mapping[int, Mapping[str, Any]],
) -> None:
    marks = [
        {"name": name, "happened_at": row.happened_at, "report_id": row.id}
        for row, item in current
        for name in marks_of(item.report, attributes[item.row.id])
    ]
    if marks:
        session.execute(insert(ReportMark), marks)


def _open_reviews(work: Work, rows: Sequence[ReportRow]) -> None:
    flagged = [row for row in rows if row.needs_review]
    if not flagged:
        return
    work.session.add_all(
        ReviewRow(
            report_id=row.id,
            state="open",
            origin="flagged",
            priority=row.priority or 0.0,
            opened_at=work.now,
            business_line=row.business_line,
            team=row.team,
            agent_id=row.agent_id,
            happened_at=row.happened_at,
        )
        for row in flagged
    )
    for row in flagged:
        payload = {
            "report_id": row.id,
            "transcript_id": row.transcript_id,
            "business_line": row.business_line,
            "scorecard": {"key": row.scorecard_key, "revision": row.scorecard_revision},
            "percent": row.percent,
            "passed": row.passed,
            "critical_failure": row.critical_failure,
            "priority": row.priority,
        }
        emit(work, "report.flagged", payload, row.business_line)
