"""Reviews as rows: found within one's scope, locked for a step, and written back after it."""

from __future__ import annotations

from sqlalchemy import Select, select, update

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import NotFound
from qa_engine.domain.review import ON_REPORT, Review, Reviewer, ReviewOrigin, ReviewState
from qa_engine.services.blindness import insist_on_sight
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow, ReviewRow


def visible_reviews(work: Work) -> Select[ReviewRow]:
    """All reviews this principal may see."""
    r = ReviewRow
    return select(r).where(*visible(work.rows, r.business_line, r.team, r.agent_id))


def find_review(work: Work, review_id: int) -> ReviewRow:
    """A visible review.

    Raises:
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: the caller judges the call blind in an open calibration.
    """
    row = work.session.scalar(visible_reviews(work).where(ReviewRow.id == review_id))
    if row is None:
        raise NotFound("复核", "review", "review_id")
    insist_on_sight(work, row.report_id)
    return row


def locked_review(work: Work, review_id: int) -> ReviewRow:
    """A visible review, held against everybody else until the transaction ends.

    Locks are always taken in the order appeal, review, report.

    Raises:
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: the caller judges the call blind in an open calibration.
    """
    wanted = visible_reviews(work).where(ReviewRow.id == review_id).with_for_update()
    row = work.session.scalar(wanted.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("复核", "review", "review_id")
    insist_on_sight(work, row.report_id)
    return row


def review_of(row: ReviewRow) -> Review:
    """What the domain knows of a row."""
    return Review(
        state=ReviewState(row.state),
        claimed_by=row.claimed_by,
        lease_until=row.lease_until,
        first_by=row.first_by,
        second_by=row.second_by,
        decided_at=row.decided_at,
        skipped_by=tuple(row.skipped_by or ()),
    )


def put(work: Work, row: ReviewRow, review: Review) -> None:
    """Write a step back, and let the report tell of it."""
    before = ON_REPORT[ReviewState(row.state)]
    row.state = review.state.value
    row.claimed_by = review.claimed_by
    row.lease_until = review.lease_until
    row.first_by = review.first_by
    row.second_by = review.second_by
    row.decided_at = review.decided_at
    row.skipped_by = list(review.skipped_by) or None
    work.session.flush()
    if ON_REPORT[review.state] != before:
        tell_report(work, row.report_id, review.state)


def tell_report(work: Work, report_id: int, state: ReviewState) -> None:
    """Let a report tell how far its review has come."""
    work.session.execute(
        update(ReportRow).where(ReportRow.id == report_id).values(review_state=ON_REPORT[state])
    )


def new_review(work: Work, report: ReportRow, origin: ReviewOrigin, review: Review) -> ReviewRow:
    """Add the review of a report that has none."""
    row = ReviewRow(
        report_id=report.id,
        state=review.state.value,
        origin=origin.value,
        priority=report.priority or 0.0,
        first_by=review.first_by,
        opened_at=work.now,
        decided_at=review.decided_at,
        business_line=report.business_line,
        team=report.team,
        agent_id=report.agent_id,
        happened_at=report.happened_at,
    )
    work.session.add(row)
    work.session.flush()
    tell_report(work, report.id, review.state)
    return row


def me(work: Work) -> Reviewer:
    """Who acts, as the domain sees them."""
    return Reviewer(work.actor, leads=work.principal.may(Permission.REVIEW_AGAIN))
