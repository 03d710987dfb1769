"""业务线: by which scorecard its calls are judged, how long their text is kept, how its reviews run."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Conflict, Invalid, NotFound
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.work import Work
from qa_engine.store.tables import BusinessLineRow, ScorecardRow


@dataclass(frozen=True, slots=True)
class LineWish:
    """What a business line should be.

    Attributes:
        scorecard_key: judges its calls unless told otherwise; None = it must be named every time.
        raw_days, masked_days: how long original and masked text are kept; None = for ever.
        appeal_days: within how many days an agent may appeal; 0 = never.
        second_review: a second person looks at every decision.
    """

    name: str
    scorecard_key: str | None = None
    raw_days: int | None = None
    masked_days: int | None = None
    appeal_days: int = 7
    second_review: bool = False


def list_lines(work: Work, *, cursor: str | None = None, limit: int = 50) -> Page[BusinessLineRow]:
    """The business lines in sight, by key.

    Raises:
        Forbidden, Invalid: not allowed; not a cursor of this list.
    """
    work.require(Permission.READ_SCORECARDS)
    query = select(BusinessLineRow)
    if work.rows.business_lines is not None:
        query = query.where(BusinessLineRow.key.in_(sorted(work.rows.business_lines)))
    if cursor:
        (after,) = decode_cursor(cursor, (str,))
        query = query.where(BusinessLineRow.key > after)
    found = work.session.scalars(query.order_by(BusinessLineRow.key).limit(limit + 1)).all()
    more = encode_cursor(found[limit - 1].key) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def find_line(work: Work, key: str) -> BusinessLineRow:
    """One business line.

    Raises:
        Forbidden, NotFound: not allowed; none of this key in sight.
    """
    work.require(Permission.READ_SCORECARDS)
    scope = work.rows.business_lines
    row = None if scope is not None and key not in scope else work.session.get(BusinessLineRow, key)
    if row is None:
        raise NotFound("业务线", "business line", "key")
    return row


def create_line(work: Work, key: str, wish: LineWish) -> BusinessLineRow:
    """Add a business line.

    Raises:
        Forbidden, Invalid, NotFound: not allowed, or settings that cannot be used; a key out of scope.
        Conflict: there is one of this key.
    """
    work.require(Permission.MANAGE_RETENTION)
    scope = work.rows.business_lines
    if scope is not None and key not in scope:
        raise NotFound("业务线", "business line", "key")
    _check(work, wish)
    if work.session.get(BusinessLineRow, key) is not None:
        raise Conflict(f"业务线 {key} 已经存在。", f"Business line {key} exists already.", "key")
    row = BusinessLineRow(key=key, **_fields(wish))
    work.session.add(row)
    work.session.flush()
    work.audit("business_line.created", f"business_line:{key}", **_fields(wish))
    return row


def change_line(work: Work, key: str, wish: LineWish) -> BusinessLineRow:
    """Change a business line; the next purge applies new days to what is stored already.

    Raises:
        Forbidden, Invalid, NotFound: as their names say.
    """
    work.require(Permission.MANAGE_RETENTION)
    row = find_line(work, key)
    _check(work, wish)
    wanted = _fields(wish)
    changed = {
        name: {"from": getattr(row, name), "to": value}
        for name, value in wanted.items()
        if getattr(row, name) != value
    }
    for name, value in wanted.items():
        setattr(row, name, value)
    work.session.flush()
    work.audit("business_line.changed", f"business_line:{key}", **changed)
    return row


def _fields(wish: LineWish) -> dict[str, str | int | bool | None]:
    return {
        "name": wish.name,
        "scorecard_key": wish.scorecard_key,
        "raw_days": wish.raw_days,
        "masked_days": wish.masked_days,
        "appeal_days": wish.appeal_days,
        "second_review": wish.second_review,
    }


def _check(work: Work, wish: LineWish) -> None:
    if wish.masked_days is not None and (wish.raw_days is None or wish.raw_days > wish.masked_days):
        raise Invalid(
            "脱敏文本的保留天数不能少于原文的：原文更敏感，应当先清除。",
            "Masked text must be kept at least as long as the original, which is the more sensitive.",
            "masked_days",
        )
    if wish.scorecard_key is not None:
        published = select(ScorecardRow.id).where(
            ScorecardRow.key == wish.scorecard_key, ScorecardRow.state == "published"
        )
        if work.session.scalar(published.limit(1)) is None:
            raise Invalid(
                f"没有已发布的评分表 {wish.scorecard_key}。",
                f"No published scorecard {wish.scorecard_key}.",
                "scorecard_key",
            )
