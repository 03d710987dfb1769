"""What time does to reviews: leases run out, and what nobody can appeal against any more is final."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, select

from qa_engine.domain.access import Permission
from qa_engine.domain.appeal import WAITING
from qa_engine.domain.review import HELD, ReviewState
from qa_engine.services.review_rows import put, review_of
from qa_engine.services.reviews import APPEAL_DAYS, close_locked
from qa_engine.services.work import Work
from qa_engine.store.tables import AppealRow, BusinessLineRow, ReviewRow


def release_expired(work: Work, limit: int = 200) -> int:
    """Give back what is held beyond its lease; returns how many. Call again while it is ``limit``.

    Raises:
        Forbidden: the caller may not order reviews about.
    """
    work.require(Permission.REVIEW_AGAIN)
    v = ReviewRow
    lapsed = select(v).where(v.lease_until <= work.now, v.state.in_([state.value for state in HELD]))
    rows = _locked(work, lapsed.order_by(v.lease_until).limit(limit))
    for row in rows:
        holder = row.claimed_by
        put(work, row, review_of(row).expire(work.now))
        work.audit("review.lease_expired", f"review:{row.id}", held_by=holder)
    return len(rows)


def close_due(work: Work, limit: int = 200) -> int:
    """Make final what is decided and beyond appeal; returns how many. Call again while it is ``limit``.

    Raises:
        Forbidden: the caller may not order reviews about.
    """
    work.require(Permission.REVIEW_AGAIN)
    v, a = ReviewRow, AppealRow
    lines = work.session.execute(select(BusinessLineRow.key, BusinessLineRow.appeal_days)).all()
    contested = select(a.id).where(a.report_id == v.report_id, a.state.in_([s.value for s in WAITING]))
    decided = select(v).where(v.state == ReviewState.DECIDED.value, ~contested.exists())
    closed = 0
    for key, days in lines:
        closed += _close(work, decided.where(v.business_line == key), days, limit - closed)
    others = decided.where(v.business_line.not_in([key for key, _ in lines]))
    return closed + _close(work, others, APPEAL_DAYS, limit - closed)


def _close(work: Work, decided: Select[ReviewRow], days: int, limit: int) -> int:
    if limit <= 0:
        return 0
    v = ReviewRow
    due = decided.where(v.decided_at <= work.now - timedelta(days=days))
    rows = _locked(work, due.order_by(v.decided_at).limit(limit))
    for row in rows:
        close_locked(work, row)
    return len(rows)


def _locked(work: Work, wanted: Select[ReviewRow]) -> list[ReviewRow]:
    # Whoever works on one at this moment keeps it; it is looked at again next time.
    wanted = wanted.with_for_update(skip_locked=True, of=ReviewRow)
    return list(work.session.scalars(wanted.execution_options(populate_existing=True)))
