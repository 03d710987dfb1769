"""申诉: filing one against one's own call, answering it, and settling it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from qa_engine.domain import decision
from qa_engine.domain.access import Permission
from qa_engine.domain.appeal import WAITING, Appeal, AppealState, Contested
from qa_engine.domain.decision import Decision, Said, changes, machine_value
from qa_engine.domain.refusal import IllegalStep, Invalid
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.review import Review, ReviewOrigin, ReviewState
from qa_engine.services.appeal_rows import locked_appeal
from qa_engine.services.decisions import (
    insist_on_reason,
    keep_decisions,
    locked_report,
    settled_targets,
    speakers_of,
)
from qa_engine.services.events import emit
from qa_engine.services.final_scores import count_in, latest_decisions, machine_report, standing_of
from qa_engine.services.report_reading import find_report
from qa_engine.services.review_rows import new_review
from qa_engine.services.reviews import appeal_until
from qa_engine.services.work import Work
from qa_engine.store.tables import AppealRow, ReportRow, ReviewRow

MOST_TARGETS = 50
# Of everything an agent says in one appeal, replies included.
LONGEST_TEXT = 20_000


def file_appeal(work: Work, report_id: int, targets: Sequence[str], text: str) -> AppealRow:
    """Appeal against what is said of one's own call; the wording is masked before it is kept.

    Raises:
        Forbidden: the caller may not file appeals.
        NotFound: there is no such report, or it is not one's own.
        Invalid: no target, one the report does not have, or no reason.
        IllegalStep: too late, one is waiting already, settled before, or the report was superseded.
    """
    work.require(Permission.FILE_APPEAL)
    find_report(work, report_id)
    report_row = locked_report(work, report_id)
    _check_targets(work, report_row, targets)
    reason = insist_on_reason(text, "text")
    if not report_row.current:
        raise IllegalStep(
            "这通已经重新质检过，请对新的报告申诉。", "This call was inspected again: appeal against that."
        )
    state = _contested(work, report_row).file(targets, work.now)
    row = AppealRow(
        report_id=report_row.id,
        state=state.value,
        targets=list(targets),
        text=reason,
        filed_by=work.actor,
        filed_at=work.now,
        business_line=report_row.business_line,
        team=report_row.team,
        agent_id=report_row.agent_id,
    )
    work.session.add(row)
    work.session.flush()
    payload = {
        "appeal_id": row.id,
        "report_id": row.report_id,
        "business_line": row.business_line,
        "targets": row.targets,
    }
    emit(work, "appeal.filed", payload, row.business_line)
    work.audit("appeal.filed", f"appeal:{row.id}", report=row.report_id, targets=row.targets)
    return row


def reply_to_answer(work: Work, appeal_id: int, text: str) -> AppealRow:
    """Say more after an answer; it is added to what was said.

    Raises:
        Forbidden, NotFound: as ``file_appeal``.
        IllegalStep: somebody else's, or there is no answer.
        Invalid: nothing said, or too much.
    """
    work.require(Permission.FILE_APPEAL)
    row = locked_appeal(work, appeal_id)
    state = _appeal(work, row).reply(work.actor).state
    said = f"{row.text}\n\n{insist_on_reason(text, 'text')}"
    if len(said) > LONGEST_TEXT:
        raise Invalid("申诉的说明太长了。", "The appeal has become too long.", "text")
    row.text = said
    return _put(work, row, state, "appeal.replied")


def withdraw_appeal(work: Work, appeal_id: int) -> AppealRow:
    """Take one's appeal back.

    Raises:
        Forbidden, NotFound: as ``file_appeal``.
        IllegalStep: somebody else's, or settled already.
    """
    work.require(Permission.FILE_APPEAL)
    row = locked_appeal(work, appeal_id)
    return _put(work, row, _appeal(work, row).withdraw(work.actor).state, "appeal.withdrawn")


def answer_appeal(work: Work, appeal_id: int, text: str) -> AppealRow:
    """Answer the agent, or ask something back; nothing is settled by it.

    Raises:
        Forbidden: the caller may not answer appeals.
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: it is settled or withdrawn.
        Invalid: nothing said.
    """
    work.require(Permission.ANSWER_APPEAL)
    row = locked_appeal(work, appeal_id)
    state = _appeal(work, row).answer(work.actor).state
    row.answer, row.answered_by, row.answered_at = insist_on_reason(text, "text"), work.actor, work.now
    return _put(work, row, state, "appeal.answered")


def grant_appeal(work: Work, appeal_id: int, said: Sequence[Said], text: str) -> AppealRow:
    """Agree, in whole or in part: decisions on its targets change what stands, and the score follows.

    Targets nothing is said of stand as they were.

    Raises:
        Forbidden, NotFound: as ``answer_appeal``.
        IllegalStep: settled or withdrawn already, or against one's own word.
        Invalid: a target that was not appealed against, or nothing would change.
    """
    work.require(Permission.ANSWER_APPEAL)
    row = locked_appeal(work, appeal_id)
    # Before anything else is locked: a closed review holds its settled appeals.
    state = _appeal(work, row).grant(work.actor).state
    review, report_row, report = _at_issue(work, row)
    for place, one in enumerate(said):
        if one.target not in row.targets:
            raise Invalid(
                "只能裁定被申诉的项目。",
                "Only items appealed against can be settled.",
                f"decisions[{place}].target",
            )
    standing = standing_of(latest_decisions(work, report_row.id))
    made = decision.decide(report, said, standing, speakers_of(work, report_row))
    if not changes(made, standing):
        raise Invalid(
            "没有任何结论被改变；不成立请用驳回。", "Nothing would change: deny it instead.", "decisions"
        )
    return _settle(work, row, review, report_row, report, made, state, text)


def deny_appeal(work: Work, appeal_id: int, text: str) -> AppealRow:
    """Disagree: what stands is confirmed once more, with the reason.

    Raises:
        Forbidden, NotFound, IllegalStep: as ``grant_appeal``.
        Invalid: no reason.
    """
    work.require(Permission.ANSWER_APPEAL)
    row = locked_appeal(work, appeal_id)
    state = _appeal(work, row).deny(work.actor).state
    review, report_row, report = _at_issue(work, row)
    made = tuple(_upheld(work, report_row, report, row.targets, insist_on_reason(text, "text")))
    return _settle(work, row, review, report_row, report, made, state, text)


def _upheld(
    work: Work, row: ReportRow, report: InspectionReport, targets: Sequence[str], reason: str
) -> list[Decision]:
    standing = standing_of(latest_decisions(work, row.id))
    speakers = speakers_of(work, row)
    made = []
    for target in targets:
        machine = machine_value(report, target, speakers)
        stands = standing.get(target, machine)
        # What nobody has judged cannot be confirmed: it stays unjudged.
        if stands is not None and stands != "NOT_EVALUATED":
            kept: decision.Kept = "confirmed" if stands == machine else "overridden"
            made.append(Decision(target, kept, machine, stands, reason))
    return made


def _settle(
    work: Work,
    row: AppealRow,
    review: ReviewRow | None,
    report_row: ReportRow,
    report: InspectionReport,
    made: Sequence[Decision],
    state: AppealState,
    text: str,
) -> AppealRow:
    row.answer, row.answered_by, row.answered_at = insist_on_reason(text, "text"), work.actor, work.now
    row.settled_by, row.settled_at = work.actor, work.now
    if review is None:
        decided = Review(ReviewState.DECIDED, first_by=work.actor, decided_at=work.now)
        review = new_review(work, report_row, ReviewOrigin.APPEALED, decided)
    before = report_row.final_percent, report_row.final_passed
    keep_decisions(work, review, made, "appeal", row.id)
    changed = count_in(work, report_row, report)
    payload = {
        "appeal_id": row.id,
        "report_id": row.report_id,
        "business_line": row.business_line,
        "state": state.value,
        "percent_before": before[0],
        "passed_before": before[1],
        "percent": report_row.final_percent,
        "passed": report_row.final_passed,
    }
    emit(work, "appeal.settled", payload, row.business_line)
    overridden = sum(one.verdict == "overridden" for one in made)
    return _put(work, row, state, f"appeal.{state.value}", overridden=overridden, score_changed=changed)


def _put(work: Work, row: AppealRow, state: AppealState, action: str, **detail: object) -> AppealRow:
    row.state = state.value
    work.session.flush()
    work.audit(action, f"appeal:{row.id}", **detail)
    return row


def _at_issue(work: Work, row: AppealRow) -> tuple[ReviewRow | None, ReportRow, InspectionReport]:
    """Lock what the appeal is about: its report's review, then the report."""
    wanted = select(ReviewRow).where(ReviewRow.report_id == row.report_id).with_for_update()
    review = work.session.scalar(wanted.execution_options(populate_existing=True))
    report_row = locked_report(work, row.report_id)
    return review, report_row, machine_report(report_row)


def _appeal(work: Work, row: AppealRow) -> Appeal:
    """What the domain knows of a row: whose word on its targets stands."""
    latest = latest_decisions(work, row.report_id)
    judged_by = frozenset(latest[target].decided_by for target in row.targets if target in latest)
    return Appeal(AppealState(row.state), row.filed_by, judged_by)


def _contested(work: Work, report: ReportRow) -> Contested:
    review = work.session.scalar(select(ReviewRow).where(ReviewRow.report_id == report.id))
    states = work.session.scalars(select(AppealRow.state).where(AppealRow.report_id == report.id)).all()
    return Contested(
        until=appeal_until(work, review, report.recorded_at, report.business_line),
        final=review is not None and review.state == ReviewState.FINAL,
        waiting=any(state in WAITING for state in states),
        settled=settled_targets(work, report.id),
    )


def _check_targets(work: Work, row: ReportRow, targets: Sequence[str]) -> None:
    if not targets or len(set(targets)) != len(targets) or len(targets) > MOST_TARGETS:
        raise Invalid(
            f"请指明申诉的项目：1 到 {MOST_TARGETS} 项，不重复。",
            f"Name the items you appeal against: 1 to {MOST_TARGETS}, each once.",
            "targets",
        )
    report, speakers = machine_report(row), speakers_of(work, row)
    for target in targets:
        machine_value(report, target, speakers)
