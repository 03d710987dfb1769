"""One report with what people decided about it, and its history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.services.blindness import insist_on_sight
from qa_engine.services.report_reading import WholeReport, find_report, read_whole
from qa_engine.services.reports import ReportLine, lines_of
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.digests import REPORT, report_digest
from qa_engine.store.envelope import digest_of_packed
from qa_engine.store.tables import AppealRow, ChainRow, DecisionRow, ReportRow, ReviewRow, UserRow


@dataclass(frozen=True, slots=True)
class Decided:
    """What a human said of one target; see ``DecisionRow``. ``decided_by`` is None for other eyes."""

    id: int
    stage: str
    target: str
    verdict: str
    machine: str | None
    human: str | None
    reason: str
    decided_by: str | None
    decided_by_name: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ReportDetail:
    """A report in full, with the human decisions beside it."""

    line: ReportLine
    whole: WholeReport
    decisions: tuple[Decided, ...]
    review_id: int | None
    appeals: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the hash chain about this report."""

    seq: int
    at: datetime
    kind: str
    subject: str
    digest: str
    hash: str


@dataclass(frozen=True, slots=True)
class ReportHistory:
    """How a report came about and what became of it.

    Attributes:
        versions: all reports of this conversation by this scorecard, newest first.
        links: of the hash chain, in order.
        intact: the stored report is what the chain says it was; False too where the chain says nothing.
    """

    versions: tuple[ReportLine, ...]
    decisions: tuple[Decided, ...]
    links: tuple[Link, ...]
    intact: bool


def read_report(work: Work, report_id: int, *, raw: bool = False) -> ReportDetail:
    """One visible report.

    Raises:
        Forbidden: the caller may not read calls, or not the original text.
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: the caller judges the call blind in an open calibration.
    """
    row = find_report(work, report_id)
    insist_on_sight(work, row.id)
    [whole] = read_whole(work, [row], raw=raw)
    appeals = select(AppealRow.id, AppealRow.state).where(AppealRow.report_id == row.id)
    return ReportDetail(
        line=lines_of(work, [row.id])[0],
        whole=whole,
        decisions=decisions_of(work, row.id),
        review_id=work.session.scalar(select(ReviewRow.id).where(ReviewRow.report_id == row.id)),
        appeals=tuple((i, state) for i, state in work.session.execute(appeals.order_by(AppealRow.id))),
    )


def decisions_of(work: Work, report_id: int) -> tuple[Decided, ...]:
    """What people decided about a report, oldest first; who they are is told to those who may know."""
    wanted = select(DecisionRow).where(DecisionRow.report_id == report_id).order_by(DecisionRow.id)
    rows = work.session.scalars(wanted).all()
    told = work.principal.may(Permission.READ_NAMES)
    names = _names(work, (row.decided_by for row in rows)) if told else {}
    return tuple(
        Decided(
            id=row.id,
            stage=row.stage,
            target=row.target,
            verdict=row.verdict,
            machine=row.machine,
            human=row.human,
            reason=row.reason,
            decided_by=row.decided_by if told else None,
            decided_by_name=names.get(row.decided_by),
            decided_at=row.decided_at,
        )
        for row in rows
    )


def report_history(work: Work, report_id: int) -> ReportHistory:
    """The history of a visible report.

    Raises:
        Forbidden: the caller may not read calls.
        NotFound: there is none, or it is not for these eyes.
        IllegalStep: the caller judges the call blind in an open calibration.
    """
    row = find_report(work, report_id)
    insist_on_sight(work, row.id)
    r = ReportRow
    same = select(r.id).where(
        r.external_ref == row.external_ref,
        r.scorecard_key == row.scorecard_key,
        # Sent again with another agent or team, it is another one's call.
        *visible(work.rows, r.business_line, r.team, r.agent_id),
    )
    decisions = decisions_of(work, row.id)
    subjects = [f"report:{row.id}", *(f"decision:{decision.id}" for decision in decisions)]
    links = work.session.scalars(
        select(ChainRow)
        .where(ChainRow.chain == "scores", ChainRow.subject.in_(subjects))
        .order_by(ChainRow.seq)
    ).all()
    said = [link.digest for link in links if link.kind == REPORT]
    return ReportHistory(
        versions=tuple(lines_of(work, list(work.session.scalars(same.order_by(ReportRow.id.desc()))))),
        decisions=decisions,
        links=tuple(Link(x.seq, x.at, x.kind, x.subject, x.digest, x.hash) for x in links),
        intact=said == [report_digest(row)] and digest_of_packed(row.body) == row.body_digest,
    )


def _names(work: Work, actors: Iterable[str]) -> dict[str, str]:
    ids = {int(actor[5:]) for actor in actors if actor.startswith("user:") and actor[5:].isdigit()}
    if not ids:
        return {}
    rows = work.session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids)))
    return {f"user:{user_id}": name for user_id, name in rows}
