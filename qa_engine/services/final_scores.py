"""The score of a report with human decisions counted in, by the scorecard's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from sqlalchemy import select

from qa_engine.domain.refusal import Conflict
from qa_engine.domain.report import CriterionResult, InspectionReport, Total
from qa_engine.domain.report_json import report_from_json
from qa_engine.domain.scorecard import Outcome, Scorecard
from qa_engine.scorecards import read_scorecard
from qa_engine.scoring import HumanOutcome, override, total
from qa_engine.services import rollups
from qa_engine.services.daily_facts import daily_facts
from qa_engine.services.work import Work
from qa_engine.store.chain import Link, link
from qa_engine.store.digests import FINAL, final_digest
from qa_engine.store.envelope import ShownTexts, put_back, unpack_body
from qa_engine.store.tables import DecisionRow, ReportRow, ScorecardRow

_CRITERION = "criterion:"


def machine_report(row: ReportRow) -> InspectionReport:
    """What the machine said, without any quotation."""
    body = unpack_body(row.schema_version, row.body)
    return report_from_json(put_back(body, "", ShownTexts(None)))


def latest_decisions(work: Work, report_id: int) -> dict[str, DecisionRow]:
    """Target → the decision that counts: the last one."""
    rows = select(DecisionRow).where(DecisionRow.report_id == report_id).order_by(DecisionRow.id)
    return {row.target: row for row in work.session.scalars(rows)}


def standing_of(decisions: Mapping[str, DecisionRow]) -> dict[str, str]:
    """Target → what people said of it."""
    return {target: row.human for target, row in decisions.items() if row.human is not None}


def human_outcomes(decisions: Iterable[DecisionRow]) -> dict[str, HumanOutcome]:
    """Criterion → what people said of it."""
    return {
        row.target.removeprefix(_CRITERION): HumanOutcome(Outcome(row.human), tuple(row.turns or ()))
        for row in decisions
        if row.target.startswith(_CRITERION) and row.human is not None
    }


def final_results(
    work: Work, row: ReportRow, report: InspectionReport, decisions: Mapping[str, DecisionRow]
) -> tuple[tuple[CriterionResult, ...], Total]:
    """The criteria and the total with these decisions counted in.

    Raises:
        Conflict: the revision the report was made with is not stored, or is another one.
    """
    scorecard = _scorecard_of(work, row)
    try:
        results = override(scorecard, report.criteria, human_outcomes(decisions.values()))
    except ValueError:
        raise _no_scorecard() from None
    return results, total(scorecard, results)


def count_in(work: Work, row: ReportRow, report: InspectionReport) -> bool:
    """Set the score people's decisions lead to, in the report and the daily sums; True when it changed.

    ``row`` must be locked. Decisions must be flushed.

    Raises:
        Conflict: as ``final_results``.
    """
    decisions = latest_decisions(work, row.id)
    said = human_outcomes(decisions.values())
    machine = {item.key: item.outcome for item in report.criteria}
    if all(one.outcome is machine[key] for key, one in said.items()):
        # Nothing but agreement: what the machine computed before any rounding holds.
        percent, passed = row.percent, row.passed
    else:
        _, sum_ = final_results(work, row, report, decisions)
        percent, passed = round(sum_.percent, 2), sum_.passed
    if (percent, passed) == (row.final_percent, row.final_passed):
        return False
    counted = daily_facts(row, work.zone) if row.current else None
    row.final_percent, row.final_passed = percent, passed
    work.session.flush()
    if counted is not None:
        rollups.apply(work, minus=[counted], plus=[row])
    link(
        work.session,
        work.keyring,
        "scores",
        [Link(FINAL, f"report:{row.id}", final_digest(row), work.now)],
    )
    return True


def _scorecard_of(work: Work, row: ReportRow) -> Scorecard:
    wanted = select(ScorecardRow.source).where(ScorecardRow.digest == row.scorecard_digest).limit(1)
    source = work.session.scalar(wanted)
    if source is None:
        raise _no_scorecard()
    return _read(row.scorecard_digest, source)


@lru_cache(maxsize=64)
def _read(digest: str, source: str) -> Scorecard:
    return read_scorecard(source, digest[:12]).scorecard


def _no_scorecard() -> Conflict:
    return Conflict(
        "这份报告所用的那一版评分表已不在库中，无法重新计分。",
        "The scorecard revision of this report is not stored: the score cannot be computed anew.",
    )
