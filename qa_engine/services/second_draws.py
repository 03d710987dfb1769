"""抽二次复核: a share of what was decided once is looked at by a second person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import literal, select, tuple_

from qa_engine.domain.access import Permission
from qa_engine.domain.drawing import permanent_number
from qa_engine.domain.review import ReviewOrigin, ReviewState
from qa_engine.services.cursors import decode_cursor, encode_cursor
from qa_engine.services.review_rows import me, put, review_of, visible_reviews
from qa_engine.services.work import Work
from qa_engine.store.columns import Instant, from_ms, to_ms
from qa_engine.store.tables import ReviewRow

MOST_AT_ONCE = 500
# A plan that drew the first reviews with the same seed must not decide which are drawn again.
_OWN = 0x5EC0_4D00
_LATEST_MS = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class SecondDraw:
    """Of what a second look is drawn.

    Attributes:
        percent: how many of a hundred, 0–100.
        seed: the same seed draws the same reviews again.
        since, until: when they were decided; ``until`` itself is excluded.
    """

    percent: float
    seed: int
    since: datetime
    until: datetime
    business_line: str | None = None
    team: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one run looked at and drew; it goes on at ``next_cursor`` (None = that was all)."""

    considered: int
    review_ids: tuple[int, ...]
    next_cursor: str | None


def draw_second_reviews(work: Work, draw: SecondDraw, cursor: str | None = None) -> Drawn:
    """Draw second reviews among those decided once, up to ``MOST_AT_ONCE`` looked at a run.

    What an appeal settled is left out: nobody judges it again.

    Raises:
        Forbidden: the caller may not order second reviews.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.REVIEW_AGAIN)
    v = ReviewRow
    wanted = visible_reviews(work).where(
        v.state == ReviewState.DECIDED.value,
        v.origin != ReviewOrigin.APPEALED.value,
        v.second_by.is_(None),
        v.decided_at >= draw.since,
        v.decided_at < draw.until,
    )
    if draw.business_line is not None:
        wanted = wanted.where(v.business_line == draw.business_line)
    if draw.team is not None:
        wanted = wanted.where(v.team == draw.team)
    if cursor:
        ms, row_id = decode_cursor(cursor, (int, int))
        place = literal(from_ms(min(max(int(ms), 0), _LATEST_MS)), Instant()), literal(row_id)
        wanted = wanted.where(tuple_(v.decided_at, v.id) > tuple_(*place))
    rows = work.session.scalars(wanted.order_by(v.decided_at, v.id).limit(MOST_AT_ONCE + 1)).all()
    shown = rows[:MOST_AT_ONCE]
    seed = draw.seed ^ _OWN
    ids = [row.id for row in shown if 100.0 * permanent_number(seed, row.id) < draw.percent]
    # In one order, as every step on several reviews: nobody waits for each other.
    drawn = [review_id for review_id in sorted(ids) if _ordered(work, review_id)]
    work.audit(
        "review.second_drawn",
        "reviews",
        percent=draw.percent,
        seed=draw.seed,
        considered=len(shown),
        drawn=len(drawn),
    )
    last = shown[-1] if len(rows) > MOST_AT_ONCE else None
    more = encode_cursor(to_ms(last.decided_at), last.id) if last and last.decided_at else None
    return Drawn(len(shown), tuple(drawn), more)


def _ordered(work: Work, review_id: int) -> bool:
    """Order one; False when somebody has just taken it elsewhere."""
    locked = select(ReviewRow).where(ReviewRow.id == review_id).with_for_update()
    row = work.session.scalars(locked.execution_options(populate_existing=True)).one()
    if row.state != ReviewState.DECIDED or row.second_by is not None:
        return False
    put(work, row, review_of(row).order_second(me(work)))
    work.audit("review.second_ordered", f"review:{row.id}", state=row.state)
    return True
