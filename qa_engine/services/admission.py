"""Back-pressure: how much may wait to be scored, and when to come back."""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy import case, func, select

from qa_engine.domain.refusal import TooManyRequests
from qa_engine.services.work import Work
from qa_engine.store.tables import BatchRow

ACTIVE = ("waiting", "importing", "scoring")
# What one worker does at the least, used until the running batches tell their own rate.
_USUAL_RATE = 50.0
_LONGEST_WAIT_S = 3600


def waiting_records(work: Work) -> int:
    """Records of unfinished batches without a result; a guess for inputs that are not read to the end."""
    coming = case(
        (BatchRow.complete, BatchRow.imported),
        (BatchRow.expected > BatchRow.imported, BatchRow.expected),
        else_=BatchRow.imported,
    )
    waiting = func.sum(coming - BatchRow.scored - BatchRow.failed)
    return int(work.session.scalar(select(waiting).where(BatchRow.state.in_(ACTIVE))) or 0)


def records_per_second(work: Work) -> float:
    """How fast records were done lately: of batches that run, or ended within the hour."""
    lately = work.now - timedelta(hours=1)
    rows = work.session.execute(
        select(BatchRow.scored, BatchRow.failed, BatchRow.started_at, BatchRow.finished_at).where(
            BatchRow.started_at.is_not(None),
            BatchRow.state.in_(("importing", "scoring"))
            | ((BatchRow.state == "done") & (BatchRow.created_at >= lately)),
        )
    ).all()
    done = sum(row.scored + row.failed for row in rows)
    seconds = sum(((row.finished_at or work.now) - row.started_at).total_seconds() for row in rows)
    return done / seconds if done and seconds > 1 else _USUAL_RATE


def insist_on_room(work: Work, most_waiting: int) -> None:
    """Refuse further batches while too many records wait.

    Raises:
        TooManyRequests: with the time it will probably take until there is room.
    """
    waiting = waiting_records(work)
    if waiting < most_waiting:
        return
    seconds = math.ceil((waiting - most_waiting + 1) / records_per_second(work))
    raise TooManyRequests(
        f"待评分的记录已有 {waiting} 条（上限 {most_waiting}），请稍后再提交。",
        f"{waiting} records are waiting to be scored (limit {most_waiting}); submit again later.",
        min(_LONGEST_WAIT_S, max(1, seconds)),
    )
