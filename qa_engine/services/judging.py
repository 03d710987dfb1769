"""By which scorecard a conversation is judged, and under what rules it is kept."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Invalid, NotFound
from qa_engine.services.work import Work
from qa_engine.store.tables import BusinessLineRow, ScorecardRow
from qa_engine.store.transcripts import Keeping


@dataclass(frozen=True, slots=True)
class Judging:
    """A published revision, and the business line whose call it judges."""

    scorecard: ScorecardRow
    keeping: Keeping


def choose_judging(work: Work, scorecard: str | None, business_line: str | None) -> Judging:
    """Choose the published revision of ``scorecard``, or of the business line's own one.

    Args:
        work: whoever asks.
        scorecard: key; None = the one the business line names.
        business_line: key; None = the caller's only one, else the scorecard's.

    Raises:
        Forbidden: the caller may not score.
        Invalid: neither tells the scorecard.
        NotFound: no such business line or scorecard, or not within the caller's scope.
    """
    work.require(Permission.SCORE)
    scope = work.rows.business_lines
    if business_line is None and scope is not None and len(scope) == 1:
        [business_line] = scope
    line = work.session.get(BusinessLineRow, business_line) if business_line is not None else None
    key = scorecard or (line.scorecard_key if line is not None else None)
    if key is None:
        raise Invalid(
            "请用 scorecard 指定评分表，或用 business_line 指定一条设有默认评分表的业务线。",
            "Name a scorecard, or a business line that has a default scorecard.",
            "scorecard",
        )
    published = select(ScorecardRow).where(ScorecardRow.key == key, ScorecardRow.state == "published")
    row = work.session.scalar(published)
    if row is None:
        raise NotFound("已发布的评分表", "published scorecard", "scorecard")
    name = business_line or row.business_line
    if name != row.business_line and line is None:
        raise NotFound("业务线", "business line", "business_line")
    if scope is not None and name not in scope:
        raise NotFound("业务线", "business line", "business_line")
    line = line or work.session.get(BusinessLineRow, name)
    if line is None:
        return Judging(row, Keeping(name))
    return Judging(row, Keeping(name, line.raw_days, line.masked_days))
