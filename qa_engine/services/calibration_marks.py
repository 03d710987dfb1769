"""校准: what people mark, blind: until a session is closed everybody sees only their own marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.calibration import CalibrationResult, check_marks, compare
from qa_engine.domain.refusal import IllegalStep, NotFound
from qa_engine.domain.scorecard import Criterion, Outcome
from qa_engine.services.calibrations import CLOSED, OPEN, Calibration, find_calibration, seen
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.report_reading import find_report
from qa_engine.services.revision_criteria import criteria_of, outcomes_by_key
from qa_engine.services.work import Work
from qa_engine.store.tables import CalibrationMark, CalibrationRow, ReportRow


@dataclass(frozen=True, slots=True)
class CalibrationCall:
    """One call of a session. ``marks``: reviewer → criterion → outcome; ``machine`` None while it is open."""

    report_id: int
    transcript_id: int
    marks: Mapping[str, Mapping[str, Outcome]]
    machine: Mapping[str, Outcome] | None


def calibration_calls(
    work: Work, calibration_id: int, cursor: str | None = None, limit: int = 50
) -> Page[CalibrationCall]:
    """The calls of a session in its order: with one's own marks, and with everything once it is closed.

    Raises:
        Forbidden, NotFound: as ``calibration``.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_REVIEWS)
    row = find_calibration(work, calibration_id)
    begin = int(decode_cursor(cursor, (int,))[0]) if cursor is not None else 0
    begin = max(begin, 0)
    ids = row.reports[begin : begin + limit]
    reports = {one.id: one for one in work.session.scalars(select(ReportRow).where(ReportRow.id.in_(ids)))}
    marks = _marks(work, row, ids)
    [criteria] = criteria_of(work.session, [row.scorecard_digest]).values()
    calls = tuple(
        CalibrationCall(
            report_id,
            reports[report_id].transcript_id,
            _by_reviewer(marks, report_id),
            _machine(row, criteria, reports[report_id]) if row.state == CLOSED else None,
        )
        for report_id in ids
    )
    end = begin + len(ids)
    return Page(calls, encode_cursor(end) if end < len(row.reports) else None)


def mark_call(
    work: Work, calibration_id: int, report_id: int, marks: Mapping[str, Outcome]
) -> CalibrationCall:
    """Say what one thinks of a call, or say it anew, until the session is closed.

    Raises:
        Forbidden: the caller may not take part in calibrations.
        NotFound: there is no such session or call in it, or the caller does not take part.
        IllegalStep: the session is closed.
        Invalid: a mark names an unknown criterion, or says what nobody can say of it.
    """
    work.require(Permission.CALIBRATE)
    # Held, so that nothing is marked once it is closed.
    row = find_calibration(work, calibration_id, for_change=True)
    if work.actor not in row.reviewers:
        raise NotFound("校准", "calibration", "calibration_id")
    if report_id not in row.reports:
        raise NotFound("质检报告", "report", "report_id")
    report = find_report(work, report_id)
    if row.state != OPEN:
        raise IllegalStep("校准已经结束，不能再评。", "The calibration is closed.")
    [known] = criteria_of(work.session, [row.scorecard_digest]).values()
    check_marks(marks, {one.key: one for one in known if one.key in row.criteria})
    for key, outcome in sorted(marks.items()):
        work.session.merge(
            CalibrationMark(
                session_id=row.id,
                report_id=report_id,
                reviewer=work.actor,
                criterion=key,
                outcome=outcome.value,
                marked_at=work.now,
            )
        )
    work.session.flush()
    work.audit("calibration.marked", f"calibration:{row.id}", report=report_id, marks=len(marks))
    return CalibrationCall(
        report_id, report.transcript_id, _by_reviewer(_marks(work, row, [report_id]), report_id), None
    )


def calibration_result(work: Work, calibration_id: int) -> tuple[Calibration, CalibrationResult]:
    """How far people agree with one another and with the machine.

    Raises:
        Forbidden, NotFound: as ``calibration``.
        IllegalStep: the session is still open.
    """
    work.require(Permission.READ_REVIEWS)
    row = find_calibration(work, calibration_id)
    if row.state != CLOSED:
        raise IllegalStep(
            "校准还没有结束，结果要等结束后才能看。",
            "The calibration is open: its result comes with its end.",
        )
    reports = work.session.scalars(select(ReportRow).where(ReportRow.id.in_(row.reports)))
    [criteria] = criteria_of(work.session, [row.scorecard_digest]).values()
    machine = {
        (report.id, key): outcome
        for report in reports
        for key, outcome in _machine(row, criteria, report).items()
    }
    marks = {
        (mark.report_id, mark.reviewer, mark.criterion): Outcome(mark.outcome)
        for mark in _marks(work, row, row.reports)
    }
    return seen(work, row), compare(row.reports, row.reviewers, row.criteria, marks, machine)


def _marks(work: Work, row: CalibrationRow, ids: Sequence[int]) -> Sequence[CalibrationMark]:
    """Marks the caller may see: all of a closed session, else only one's own."""
    m = CalibrationMark
    wanted = select(m).where(m.session_id == row.id, m.report_id.in_(ids))
    if row.state != CLOSED:
        wanted = wanted.where(m.reviewer == work.actor)
    return work.session.scalars(wanted).all()


def _by_reviewer(marks: Sequence[CalibrationMark], report_id: int) -> dict[str, dict[str, Outcome]]:
    found: dict[str, dict[str, Outcome]] = {}
    for mark in marks:
        if mark.report_id == report_id:
            found.setdefault(mark.reviewer, {})[mark.criterion] = Outcome(mark.outcome)
    return found


def _machine(row: CalibrationRow, criteria: tuple[Criterion, ...], report: ReportRow) -> dict[str, Outcome]:
    outcomes = outcomes_by_key(criteria, report.outcomes)
    return {key: outcomes[key] for key in row.criteria}
