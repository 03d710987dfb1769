"""Which calls a calibration session is about, and who may judge them: fit for everybody, known to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select

from qa_engine.domain.access import Permission, Principal
from qa_engine.domain.calibration import FEWEST_REVIEWERS, MOST_CALLS, MOST_REVIEWERS
from qa_engine.domain.drawing import permanent_number
from qa_engine.domain.refusal import Invalid
from qa_engine.services.principals import principal_of_user
from qa_engine.services.report_filters import ReportFilters, conditions
from qa_engine.services.work import Work
from qa_engine.store.tables import DecisionRow, ReportRow, UserRow


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draw ``count`` calls at random from a period (``until`` excluded)."""

    since: datetime
    until: datetime
    count: int


@dataclass(frozen=True, slots=True)
class ChosenCalls:
    """The calls of a session, all judged by one revision."""

    report_ids: tuple[int, ...]
    scorecard_digest: str


def reviewers_of(work: Work, user_ids: Sequence[int]) -> list[Principal]:
    """Those who will judge, in the order given.

    Raises:
        Invalid: too few or too many, one twice, or one who is not there or may not take part.
    """
    if not FEWEST_REVIEWERS <= len(user_ids) <= MOST_REVIEWERS:
        raise Invalid(
            f"校准要有 {FEWEST_REVIEWERS} 到 {MOST_REVIEWERS} 名复核员。",
            f"Between {FEWEST_REVIEWERS} and {MOST_REVIEWERS} reviewers are needed.",
            "reviewers",
        )
    if len(set(user_ids)) < len(user_ids):
        raise Invalid("同一名复核员只能参加一次。", "Every reviewer takes part once.", "reviewers")
    rows = {row.id: row for row in work.session.scalars(select(UserRow).where(UserRow.id.in_(user_ids)))}
    found = []
    for place, user_id in enumerate(user_ids):
        row = rows.get(user_id)
        principal = principal_of_user(row) if row is not None and row.active else None
        if principal is None or not principal.may(Permission.CALIBRATE):
            raise Invalid(
                "没有这名用户，或该用户不能参加校准。",
                "No such user, or one who cannot take part in calibrations.",
                f"reviewers[{place}]",
            )
        found.append(principal)
    return found


def choose_calls(
    work: Work,
    scorecard_key: str,
    business_line: str,
    reviewers: Sequence[Principal],
    chosen: Sequence[int] | Drawing,
    seed: int,
) -> ChosenCalls:
    """The calls named, or calls drawn; every reviewer may see each and has decided none of them.

    Raises:
        Invalid: too few or too many calls, or one that is unfit.
    """
    if isinstance(chosen, Drawing):
        return _drawn(work, scorecard_key, business_line, reviewers, chosen, seed)
    return _named(work, scorecard_key, business_line, reviewers, chosen)


def _named(
    work: Work, scorecard_key: str, business_line: str, reviewers: Sequence[Principal], ids: Sequence[int]
) -> ChosenCalls:
    if not 1 <= len(ids) <= MOST_CALLS or len(set(ids)) < len(ids):
        raise Invalid(
            f"要指定 1 到 {MOST_CALLS} 份不同的质检报告，或给出抽取的时间段。",
            f"Name 1 to {MOST_CALLS} different reports, or a period to draw from.",
            "reports",
        )
    r = ReportRow
    scope = ReportFilters(business_lines=(business_line,), scorecards=(scorecard_key,))
    wanted = select(r.id, r.team, r.agent_id, r.scorecard_digest).where(
        *conditions(work, scope), r.id.in_(ids)
    )
    rows = {row.id: row for row in work.session.execute(wanted)}
    known = set(work.session.scalars(select(r.id).where(r.id.in_(ids), _decided_by(reviewers))))
    for place, report_id in enumerate(ids):
        row = rows.get(report_id)
        if row is None:
            raise _unfit("没有这份最新的质检报告，或业务线、评分表不符", "no such current report here", place)
        if not all(one.rows.covers(business_line, row.team, row.agent_id) for one in reviewers):
            raise _unfit("有复核员看不到这通会话", "a reviewer may not see it", place)
        if report_id in known:
            raise _unfit("有复核员已经复核过这通会话，不再是盲评", "a reviewer has decided it already", place)
    digests = {row.scorecard_digest for row in rows.values()}
    if len(digests) > 1:
        raise Invalid(
            "这些质检报告出自评分表的不同版本，不能一起校准。",
            "The reports come from different revisions of the scorecard.",
            "reports",
        )
    return ChosenCalls(tuple(ids), digests.pop())


def _drawn(
    work: Work,
    scorecard_key: str,
    business_line: str,
    reviewers: Sequence[Principal],
    drawing: Drawing,
    seed: int,
) -> ChosenCalls:
    r = ReportRow
    scope = ReportFilters(
        since=drawing.since,
        until=drawing.until,
        business_lines=(business_line,),
        scorecards=(scorecard_key,),
    )
    fitting = conditions(work, scope)
    newest = select(r.scorecard_digest).where(*fitting).order_by(r.scorecard_revision.desc(), r.id.desc())
    digest = work.session.scalar(newest.limit(1))
    wanted = select(r.id, r.team, r.agent_id).where(*fitting, r.scorecard_digest == digest)
    ids = [
        row.id
        for row in work.session.execute(wanted.where(~_decided_by(reviewers)))
        if all(one.rows.covers(business_line, row.team, row.agent_id) for one in reviewers)
    ]
    ids = sorted(ids, key=lambda report_id: permanent_number(seed, report_id))[: drawing.count]
    if digest is None or not ids:
        raise Invalid(
            "这段时间里没有所有复核员都看得到、又都没有复核过的会话。",
            "The period has no call that every reviewer may see and none has decided.",
            "draw",
        )
    return ChosenCalls(tuple(ids), digest)


def _decided_by(reviewers: Sequence[Principal]) -> ColumnElement[bool]:
    d = DecisionRow
    actors = [one.actor for one in reviewers]
    return select(d.id).where(d.report_id == ReportRow.id, d.decided_by.in_(actors)).exists()


def _unfit(zh: str, en: str, place: int) -> Invalid:
    return Invalid(
        f"第 {place + 1} 份质检报告不能用：{zh}。", f"Report {place + 1}: {en}.", f"reports[{place}]"
    )
