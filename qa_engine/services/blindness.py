"""Who judges a call blind, and must not be told meanwhile what the machine, or anybody else, says of it.

What is judged blind is the call, not one report of it: a call that is inspected again, or by another
scorecard, is as blind as before. Single reports are refused; lists, exports and the queue leave them out.
Figures over many calls are not touched: one call cannot be told from them unless they are cut to one.
"""

from __future__ import annotations

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import IllegalStep
from qa_engine.services.work import Work
from qa_engine.store.tables import CalibrationRow, ReportRow, TranscriptRow

_NOTHING: frozenset[int] = frozenset()


def insist_on_sight(work: Work, report_id: int) -> None:
    """Refuse whoever judges this report's call in a calibration that is still open.

    Raises:
        IllegalStep: the caller takes part in such a session.
    """
    calls = calls_judged_blind(work)
    if not calls:
        return
    if work.session.scalar(select(ReportRow.external_ref).where(ReportRow.id == report_id)) in calls:
        raise IllegalStep(
            "这通会话正由您参加的校准盲评，校准结束后才能看机器结论和他人结论。",
            "You are judging this call blind in a calibration: its report can be seen once that is closed.",
        )


def calls_judged_blind(work: Work) -> frozenset[str]:
    """The calls (``external_ref``) the caller judges in calibrations that are still open."""
    judged = _judged_blind(work)
    if not judged:
        return frozenset()
    wanted = select(ReportRow.external_ref).where(ReportRow.id.in_(judged))
    return frozenset(work.session.scalars(wanted))


def reports_judged_blind(work: Work) -> frozenset[int]:
    """All reports of those calls."""
    calls = calls_judged_blind(work)
    if not calls:
        return _NOTHING
    # By way of the conversations: the references of reports are indexed for current ones only.
    versions = select(TranscriptRow.id).where(TranscriptRow.external_ref.in_(calls))
    return frozenset(work.session.scalars(select(ReportRow.id).where(ReportRow.transcript_id.in_(versions))))


def _judged_blind(work: Work) -> frozenset[int]:
    if not work.principal.may(Permission.CALIBRATE):
        return _NOTHING
    c = CalibrationRow
    opened = work.session.execute(select(c.reviewers, c.reports).where(c.state == "open"))
    return frozenset(one for reviewers, reports in opened if work.actor in reviewers for one in reports)
