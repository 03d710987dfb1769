"""改判与确认: what reviewers say of a report, kept beside the machine's word, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select

from qa_engine.domain import decision
from qa_engine.domain.access import Permission
from qa_engine.domain.decision import Decision, Said, changes
from qa_engine.domain.refusal import Invalid
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.review import ReviewState
from qa_engine.domain.transcript import Speaker
from qa_engine.services.events import emit
from qa_engine.services.final_scores import count_in, latest_decisions, machine_report, standing_of
from qa_engine.services.review_rows import locked_review, me, put, review_of
from qa_engine.services.work import Work
from qa_engine.store.chain import Link, link
from qa_engine.store.digests import DECISION, decision_digest
from qa_engine.store.tables import (
    AppealRow,
    BusinessLineRow,
    DecisionRow,
    ReportRow,
    ReviewRow,
    TranscriptRow,
)
from qa_engine.store.transcripts import masked_transcript
from qa_engine.text.redact import redact

Stage = Literal["first", "second", "settle", "appeal"]
LEAST_REASON = decision.LEAST_REASON


def decide_review(
    work: Work, review_id: int, said: Sequence[Said], *, confirm_rest: bool = False
) -> ReviewRow:
    """Say what is true of a claimed review's report; the score follows at once.

    Args:
        work: a writing unit of work.
        review_id: which one.
        said: one entry a target.
        confirm_rest: all other criteria that were judged are right as they stand.

    Raises:
        Forbidden: the caller may not review.
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: not held by this person, or the lease has run out.
        Invalid: a target or value the report cannot have, or a reason is missing.
    """
    work.require(Permission.REVIEW)
    row = locked_review(work, review_id)
    review = review_of(row)
    second_needed = _second_needed(work, row.business_line)
    # Whether the step is legal is told before what is wrong with the decisions.
    review.decide(me(work), work.now, second_needed=second_needed, agrees=True)
    stage: Stage = "first" if review.state is ReviewState.CLAIMED else "second"
    report_row = locked_report(work, row.report_id)
    report = machine_report(report_row)
    made, agrees = _judge(work, report_row, report, said, confirm_rest=confirm_rest)
    put(work, row, review.decide(me(work), work.now, second_needed=second_needed, agrees=agrees))
    return _conclude(work, row, report_row, report, made, stage)


def settle_review(work: Work, review_id: int, said: Sequence[Said]) -> ReviewRow:
    """Settle the disagreement of two reviewers; what stands is the second one's word until then.

    Raises:
        Forbidden, NotFound, Invalid: as ``decide_review``, for QA leads.
        IllegalStep: nothing is disputed, or by one of the two.
    """
    work.require(Permission.REVIEW_AGAIN)
    row = locked_review(work, review_id)
    settled = review_of(row).settle(me(work), work.now)
    report_row = locked_report(work, row.report_id)
    report = machine_report(report_row)
    made, _ = _judge(work, report_row, report, said)
    put(work, row, settled)
    return _conclude(work, row, report_row, report, made, "settle")


def locked_report(work: Work, report_id: int) -> ReportRow:
    """A report, held against everybody else until the transaction ends."""
    wanted = select(ReportRow).where(ReportRow.id == report_id).with_for_update()
    return work.session.scalars(wanted.execution_options(populate_existing=True)).one()


def speakers_of(work: Work, report: ReportRow) -> tuple[Speaker, ...]:
    """Who said each turn of a report's conversation; unknown once its text is gone."""
    row = work.session.get_one(TranscriptRow, report.transcript_id)
    masked = masked_transcript(row)
    if masked is None:
        return (Speaker.UNKNOWN,) * row.turn_count
    return tuple(turn.speaker for turn in masked.turns)


def settled_targets(work: Work, report_id: int) -> frozenset[str]:
    """What appeals have settled: nobody judges it again."""
    wanted = select(AppealRow.targets).where(
        AppealRow.report_id == report_id, AppealRow.state.in_(("granted", "denied", "final"))
    )
    return frozenset(target for targets in work.session.scalars(wanted) for target in targets)


def keep_decisions(
    work: Work,
    review: ReviewRow,
    made: Sequence[Decision],
    stage: Stage,
    appeal_id: int | None = None,
) -> list[DecisionRow]:
    """Add decisions beside the machine's results; chained, their reasons masked."""
    rows = [
        DecisionRow(
            report_id=review.report_id,
            review_id=review.id,
            appeal_id=appeal_id,
            stage=stage,
            target=one.target,
            verdict=one.verdict,
            machine=one.machine,
            human=one.human,
            turns=list(one.turns) or None,
            reason=redact(one.reason),
            decided_by=work.actor,
            decided_at=work.now,
        )
        for one in made
    ]
    work.session.add_all(rows)
    work.session.flush()
    links = [Link(DECISION, f"decision:{row.id}", decision_digest(row), row.decided_at) for row in rows]
    link(work.session, work.keyring, "scores", links)
    return rows


def _judge(
    work: Work,
    row: ReportRow,
    report: InspectionReport,
    said: Sequence[Said],
    *,
    confirm_rest: bool = False,
) -> tuple[tuple[Decision, ...], bool]:
    standing = standing_of(latest_decisions(work, row.id))
    closed = settled_targets(work, row.id)
    speakers = speakers_of(work, row)
    made = decision.decide(report, said, standing, speakers, closed=closed, confirm_rest=confirm_rest)
    return made, not changes(made, standing)


def _conclude(
    work: Work,
    row: ReviewRow,
    report_row: ReportRow,
    report: InspectionReport,
    made: Sequence[Decision],
    stage: Stage,
) -> ReviewRow:
    keep_decisions(work, row, made, stage)
    before = report_row.final_percent, report_row.final_passed
    changed = count_in(work, report_row, report)
    overridden = sum(one.verdict == "overridden" for one in made)
    payload = {
        "review_id": row.id,
        "report_id": row.report_id,
        "transcript_id": report_row.transcript_id,
        "business_line": row.business_line,
        "stage": stage,
        "state": row.state,
        "confirmed": len(made) - overridden,
        "overridden": overridden,
        "percent_before": before[0],
        "passed_before": before[1],
        "percent": report_row.final_percent,
        "passed": report_row.final_passed,
    }
    emit(work, "review.decided", payload, row.business_line)
    work.audit(
        "review.decided" if stage != "settle" else "review.settled",
        f"review:{row.id}",
        stage=stage,
        state=row.state,
        confirmed=len(made) - overridden,
        overridden=overridden,
        score_changed=changed,
    )
    return row


def _second_needed(work: Work, line: str) -> bool:
    wanted = select(BusinessLineRow.second_review).where(BusinessLineRow.key == line)
    return bool(work.session.scalar(wanted))


def insist_on_reason(text: str, field: str) -> str:
    """A reason people will read, stripped and masked.

    Raises:
        Invalid: fewer than four characters.
    """
    if len("".join(text.split())) < LEAST_REASON:
        raise Invalid(
            f"请写明理由，至少 {LEAST_REASON} 个字。",
            f"Give a reason of at least {LEAST_REASON} characters.",
            field,
        )
    return redact(text.strip())
