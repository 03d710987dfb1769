"""复核: taking reviews, giving them back, and the steps that need no judgement of the call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from qa_engine.domain.access import Permission
from qa_engine.domain.appeal import SETTLED, WAITING, AppealState, window_end
from qa_engine.domain.refusal import Conflict, IllegalStep, Refusal
from qa_engine.domain.review import Review, ReviewOrigin, ReviewState
from qa_engine.services.report_reading import find_report
from qa_engine.services.review_queue import QueueFilters, drawn, parts, queued
from qa_engine.services.review_rows import locked_review, me, new_review, put, review_of
from qa_engine.services.work import Work
from qa_engine.store.tables import AppealRow, BusinessLineRow, ReportRow, ReviewRow

APPEAL_DAYS = 7
MOST_AT_ONCE = 50
_AHEAD = 100


@dataclass(frozen=True, slots=True)
class Claimed:
    """What became of a claim of several reviews: the rows that are mine now, and why others are not."""

    rows: tuple[ReviewRow, ...]
    refused: tuple[tuple[int, Refusal], ...] = ()


def claim_review(work: Work, review_id: int, lease: timedelta) -> ReviewRow:
    """Reserve a review; of two who try at once exactly one succeeds.

    Raises:
        Forbidden: the caller may not review.
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: somebody else holds it, it waits for nobody, or the report that flagged it was
            superseded.
    """
    work.require(Permission.REVIEW)
    row = locked_review(work, review_id)
    review = review_of(row).claim(me(work), work.now, lease)
    _insist_on_current(work, row)
    put(work, row, review)
    work.audit("review.claimed", f"review:{row.id}", state=row.state)
    return row


def claim_reviews(work: Work, review_ids: Sequence[int], lease: timedelta) -> Claimed:
    """Reserve several reviews, as many of them as may be.

    Raises:
        Forbidden: the caller may not review.
    """
    work.require(Permission.REVIEW)
    rows, refused = [], []
    # In one order, whoever asks: two people who want the same ones never wait for each other.
    for review_id in sorted(set(review_ids)):
        try:
            rows.append(claim_review(work, review_id, lease))
        except Refusal as refusal:
            refused.append((review_id, refusal))
    return Claimed(tuple(rows), tuple(refused))


def claim_next(work: Work, filters: QueueFilters, count: int, lease: timedelta) -> Claimed:
    """Reserve the most urgent reviews that fit; fewer, or none, when the queue holds no more.

    What others are claiming at this very moment is passed over, and so is what this person skipped or
    decided first.

    Raises:
        Forbidden: the caller may not review.
    """
    work.require(Permission.REVIEW)
    taken: list[ReviewRow] = []
    filters = replace(filters, mine=False, state=filters.state or ReviewState.OPEN)
    wanted = queued(work, filters)
    for part in parts(work, filters):
        passed_over: list[int] = []
        while len(taken) < count:
            rows = wanted.where(*part, ReviewRow.id.not_in(passed_over)).limit(_AHEAD)
            found = work.session.scalars(rows).all()
            for seen in found:
                if len(taken) < count and (row := _taken(work, seen, lease)) is not None:
                    taken.append(row)
                else:
                    passed_over.append(seen.id)
            if len(found) < _AHEAD:
                break
    for row in taken:
        work.audit("review.claimed", f"review:{row.id}", state=row.state)
    return Claimed(tuple(taken))


def _taken(work: Work, seen: ReviewRow, lease: timedelta) -> ReviewRow | None:
    """Claim one of the queue; None when it is not offered to this person or somebody is at it already."""
    if not review_of(seen).offered_to(work.actor, work.now):
        return None
    # One at a time: whoever locks a whole page leaves nothing for those who ask at the same moment.
    wanted = select(ReviewRow).where(ReviewRow.id == seen.id).with_for_update(skip_locked=True)
    row = work.session.scalar(wanted.execution_options(populate_existing=True))
    if row is None or not review_of(row).offered_to(work.actor, work.now):
        return None
    put(work, row, review_of(row).claim(me(work), work.now, lease))
    return row


def extend_review(work: Work, review_id: int, lease: timedelta) -> ReviewRow:
    """Prolong one's lease.

    Raises:
        Forbidden, NotFound: as ``claim_review``.
        IllegalStep: not held by this person, or the lease has run out.
    """
    return _step(work, review_id, "review.extended", lambda r: r.extend(me(work), work.now, lease))


def release_review(work: Work, review_id: int) -> ReviewRow:
    """Give a review back.

    Raises:
        Forbidden, NotFound, IllegalStep: as ``extend_review``.
    """
    return _step(work, review_id, "review.released", lambda r: r.release(me(work), work.now))


def skip_review(work: Work, review_id: int) -> ReviewRow:
    """Lay a review aside for others.

    Raises:
        Forbidden, NotFound, IllegalStep: as ``extend_review``.
    """
    return _step(work, review_id, "review.skipped", lambda r: r.skip(me(work), work.now))


def order_second_review(work: Work, review_id: int) -> ReviewRow:
    """Have a decided review looked at by a second person.

    Raises:
        Forbidden, NotFound: as ``claim_review``, for QA leads.
        IllegalStep: not decided, or looked at twice already.
    """
    work.require(Permission.REVIEW_AGAIN)
    return _step(work, review_id, "review.second_ordered", lambda r: r.order_second(me(work)))


def open_review(work: Work, report_id: int) -> ReviewRow:
    """Have a report looked at although nothing flagged it.

    Raises:
        Forbidden: the caller may not review.
        NotFound: there is no such report, or it is not for these eyes.
        Conflict: it has a review already.
        IllegalStep: it was superseded.
    """
    work.require(Permission.REVIEW)
    find_report(work, report_id)
    report = work.session.scalars(
        select(ReportRow)
        .where(ReportRow.id == report_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if work.session.scalar(select(ReviewRow.id).where(ReviewRow.report_id == report.id)) is not None:
        raise Conflict("这份报告已经有复核。", "This report has a review already.", "report_id")
    if not report.current:
        raise _superseded()
    row = new_review(work, report, ReviewOrigin.MANUAL, Review())
    work.audit("review.opened", f"review:{row.id}", report=report.id, origin=row.origin)
    return row


def close_review(work: Work, review_id: int) -> ReviewRow:
    """Make a decided review final, and its settled appeals with it.

    Raises:
        Forbidden, NotFound: as ``claim_review``, for QA leads.
        IllegalStep: not decided, an appeal waits, or the window for appeals is open.
    """
    work.require(Permission.REVIEW_AGAIN)
    return close_locked(work, locked_review(work, review_id))


def close_locked(work: Work, row: ReviewRow) -> ReviewRow:
    """As ``close_review``, of a review that is locked already.

    Raises:
        IllegalStep: not decided, an appeal waits, or the window for appeals is open.
    """
    recorded = select(ReportRow.recorded_at).where(ReportRow.id == row.report_id)
    until = appeal_until(work, row, work.session.scalars(recorded).one(), row.business_line)
    # Whoever files an appeal locks the report: none can come in between.
    work.session.scalars(select(ReportRow.id).where(ReportRow.id == row.report_id).with_for_update()).one()
    appeals = work.session.scalars(
        select(AppealRow)
        .where(AppealRow.report_id == row.report_id)
        .execution_options(populate_existing=True)
    ).all()
    contested = any(appeal.state in WAITING for appeal in appeals)
    put(work, row, review_of(row).close(work.now, appeal_until=until, contested=contested))
    for appeal in appeals:
        if appeal.state in SETTLED:
            appeal.state = AppealState.FINAL.value
    work.session.flush()
    work.audit("review.closed", f"review:{row.id}")
    return row


def appeal_until(work: Work, row: ReviewRow | None, recorded_at: datetime, line: str) -> datetime:
    """Until when the agent may appeal: an appeal's own outcome never opens the window again."""
    days = work.session.scalar(select(BusinessLineRow.appeal_days).where(BusinessLineRow.key == line))
    decided_at = None if row is None or row.origin == ReviewOrigin.APPEALED else row.decided_at
    return window_end(recorded_at, decided_at, APPEAL_DAYS if days is None else days)


def _step(work: Work, review_id: int, action: str, step: Callable[[Review], Review]) -> ReviewRow:
    work.require(Permission.REVIEW)
    row = locked_review(work, review_id)
    put(work, row, step(review_of(row)))
    work.audit(action, f"review:{row.id}", state=row.state)
    return row


def _insist_on_current(work: Work, row: ReviewRow) -> None:
    # What was drawn or asked for is looked at all the same: leaving it out would bias the sample.
    if row.origin == ReviewOrigin.FLAGGED:
        asked = select(ReviewRow.id).join(ReportRow, ReportRow.id == ReviewRow.report_id)
        asked = asked.where(ReviewRow.id == row.id, or_(ReportRow.current, drawn()))
        if work.session.scalar(asked) is None:
            raise _superseded()


def _superseded() -> IllegalStep:
    return IllegalStep(
        "这通已经重新质检过，请看新的报告。", "This call was inspected again: look at the newer report."
    )
