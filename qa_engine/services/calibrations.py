"""校准: sessions, and who may see them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import IllegalStep, Invalid, NotFound
from qa_engine.services.calibration_calls import Drawing, choose_calls, reviewers_of
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.revision_criteria import criteria_of
from qa_engine.services.work import Work
from qa_engine.store.tables import CalibrationMark, CalibrationRow

OPEN, CLOSED = "open", "closed"


@dataclass(frozen=True, slots=True)
class Calibration:
    """A session as one person sees it.

    Attributes:
        names: of its criteria, by key.
        marked: reviewer → marks given so far (their number, not what they say).
        takes_part: the one who asks is among the reviewers.
    """

    row: CalibrationRow
    names: Mapping[str, str]
    marked: Mapping[str, int]
    takes_part: bool

    @property
    def items(self) -> int:
        """Marks each reviewer is asked for."""
        return len(self.row.reports) * len(self.row.criteria)


def create_calibration(
    work: Work,
    *,
    name: str,
    scorecard_key: str,
    business_line: str,
    reviewers: Sequence[int],
    chosen: Sequence[int] | Drawing,
    criteria: Sequence[str] = (),
) -> Calibration:
    """Begin a session.

    Args:
        work: the unit of work.
        name: for people to read.
        scorecard_key: the calls' reports are by this scorecard, all by one revision.
        business_line: of the calls.
        reviewers: ids of the users who judge.
        chosen: ids of the reports, or how to draw them.
        criteria: keys of the criteria to judge; empty = all.

    Raises:
        Forbidden: the caller may not run calibrations.
        Invalid: a reviewer, call or criterion is unfit.
    """
    work.require(Permission.RUN_CALIBRATION)
    people = reviewers_of(work, reviewers)
    calls = choose_calls(work, scorecard_key, business_line, people, chosen, secrets.randbits(63))
    [known] = criteria_of(work.session, [calls.scorecard_digest]).values()
    keys = [one.key for one in known]
    for place, key in enumerate(criteria):
        if key not in keys or key in criteria[:place]:
            raise Invalid(
                "评分表没有这个质检项，或写了两次。",
                "The scorecard has no such criterion, or it is named twice.",
                f"criteria[{place}]",
            )
    row = CalibrationRow(
        name=name,
        scorecard_digest=calls.scorecard_digest,
        business_line=business_line,
        criteria=[key for key in keys if not criteria or key in criteria],
        reviewers=[one.actor for one in people],
        reports=list(calls.report_ids),
        state=OPEN,
        created_by=work.actor,
        created_at=work.now,
        closed_at=None,
    )
    work.session.add(row)
    work.session.flush()
    detail = {"reviewers": row.reviewers, "calls": len(row.reports)}
    work.audit("calibration.created", f"calibration:{row.id}", **detail)
    return seen(work, row)


def calibration(work: Work, calibration_id: int) -> Calibration:
    """One session.

    Raises:
        Forbidden: the caller may not read reviews.
        NotFound: there is none, or the caller neither takes part nor runs sessions there.
    """
    work.require(Permission.READ_REVIEWS)
    return seen(work, find_calibration(work, calibration_id))


def list_calibrations(
    work: Work, *, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[Calibration]:
    """Sessions one takes part in or may run, the newest first.

    Raises:
        Forbidden: the caller may not read reviews.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_REVIEWS)
    c = CalibrationRow
    query = select(c).order_by(c.id.desc())
    if state is not None:
        query = query.where(c.state == state)
    if cursor is not None:
        query = query.where(c.id < decode_cursor(cursor, (int,))[0])
    found = []
    # Who takes part stands in a list; sessions are few enough to look at each.
    for row in work.session.scalars(query):
        if _may_see(work, row):
            found.append(row)
            if len(found) > limit:
                break
    more = len(found) > limit
    shown = tuple(seen(work, row) for row in found[:limit])
    return Page(shown, encode_cursor(found[limit - 1].id) if more else None)


def close_calibration(work: Work, calibration_id: int) -> Calibration:
    """End a session, complete or not; from then on everything in it can be seen.

    Raises:
        Forbidden: the caller may not run calibrations.
        NotFound: as ``calibration``.
        IllegalStep: it is closed already.
    """
    work.require(Permission.RUN_CALIBRATION)
    row = find_calibration(work, calibration_id, for_change=True)
    if row.state != OPEN:
        raise IllegalStep("校准已经结束。", "The calibration is closed already.")
    row.state, row.closed_at = CLOSED, work.now
    work.session.flush()
    work.audit("calibration.closed", f"calibration:{row.id}")
    return seen(work, row)


def find_calibration(work: Work, calibration_id: int, *, for_change: bool = False) -> CalibrationRow:
    """A visible session; ``for_change`` holds it against everybody else until the transaction ends.

    Raises:
        NotFound: there is none, or the caller neither takes part nor runs sessions there.
    """
    row = work.session.get(CalibrationRow, calibration_id, with_for_update=for_change or None)
    if row is None or not _may_see(work, row):
        raise NotFound("校准", "calibration", "calibration_id")
    return row


def _may_see(work: Work, row: CalibrationRow) -> bool:
    lines = work.rows.business_lines
    # Whoever has moved to another line has done with the calls of this one.
    if lines is not None and row.business_line not in lines:
        return False
    if work.actor in row.reviewers:
        return True
    if not work.principal.may(Permission.RUN_CALIBRATION):
        return False
    return work.rows.teams is None or row.created_by == work.actor


def seen(work: Work, row: CalibrationRow) -> Calibration:
    """A session as the caller sees it."""
    m = CalibrationMark
    counted = select(m.reviewer, func.count()).where(m.session_id == row.id).group_by(m.reviewer)
    counts: dict[str, int] = dict(work.session.execute(counted).all())
    [criteria] = criteria_of(work.session, [row.scorecard_digest]).values()
    return Calibration(
        row,
        {one.key: one.name for one in criteria if one.key in row.criteria},
        {who: counts.get(who, 0) for who in row.reviewers},
        work.actor in row.reviewers,
    )
