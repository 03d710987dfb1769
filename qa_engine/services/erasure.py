"""删除客户数据: one customer's text goes for good; scores, without any text, stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select, update

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import Invalid, NotFound
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.envelope import ERASED
from qa_engine.store.tables import (
    AppealRow,
    BatchRow,
    DecisionRow,
    ReportMark,
    ReportRow,
    TranscriptRow,
)
from qa_engine.store.transcripts import customer_ref

_CHUNK = 500
_UNREAD = ("waiting", "importing")


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed, or would remove.

    Attributes:
        calls: conversations (every stored version counts) that had text.
        reports: their reports, which keep their scores.
        decisions: human decisions whose wording was blanked. appeals: likewise.
        unread_batches: batches not read to their end yet: they may still bring in calls of this customer,
            so the erasure should be repeated once they are done.
    """

    calls: int
    reports: int
    decisions: int
    appeals: int
    unread_batches: int


def erase_customer(work: Work, customer_id: str, *, only_count: bool = False) -> Erased:
    """Erase all conversations of a customer, within the caller's scope.

    Args:
        work: whoever acts.
        customer_id: as the customer's own system writes it.
        only_count: tell what would go, and change nothing.

    Raises:
        Forbidden: the caller may not erase.
    """
    work.require(Permission.ERASE)
    ref = customer_ref(work.keyring, customer_id)
    return _erase(work, TranscriptRow.customer_ref == ref, f"customer:{ref[:16]}", only_count)


def erase_calls(work: Work, transcript_ids: Sequence[int], *, only_count: bool = False) -> Erased:
    """Erase conversations by their ids, with all their versions, for customers without an id.

    Raises:
        Forbidden: the caller may not erase.
        Invalid: no ids, or too many.
        NotFound: one of them is not in sight; nothing was erased then.
    """
    work.require(Permission.ERASE)
    wanted = set(transcript_ids)
    if not 0 < len(wanted) <= _CHUNK:
        raise Invalid(
            f"一次写 1 到 {_CHUNK} 个会话编号。", f"Give 1 to {_CHUNK} transcript ids.", "transcript_ids"
        )
    refs = work.session.scalars(
        select(TranscriptRow.external_ref).where(TranscriptRow.id.in_(wanted), *_in_sight(work))
    ).all()
    if len(refs) != len(wanted):
        raise NotFound("会话", "transcript", "transcript_ids")
    subject = f"transcript:{min(wanted)}" if len(wanted) == 1 else f"transcripts:{len(wanted)}"
    return _erase(work, TranscriptRow.external_ref.in_(set(refs)), subject, only_count)


def _erase(work: Work, which: ColumnElement[bool], subject: str, only_count: bool) -> Erased:
    query = select(TranscriptRow.id).where(which, TranscriptRow.erased_at.is_(None), *_in_sight(work))
    if not only_count:
        query = query.with_for_update()
    ids = work.session.scalars(query.order_by(TranscriptRow.id)).all()
    reports = decisions = appeals = 0
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        of = _reports(work, part, for_change=not only_count)
        reports += len(of)
        decisions += _count(work, DecisionRow.report_id, of)
        appeals += _count(work, AppealRow.report_id, of)
        if not only_count:
            _blank(work, part, of)
    unread = select(func.count()).select_from(BatchRow).where(BatchRow.state.in_(_UNREAD))
    erased = Erased(len(ids), reports, decisions, appeals, work.session.scalar(unread) or 0)
    if not only_count:
        work.audit("customer.erased", subject, calls=erased.calls, reports=reports, ids=list(ids[:_CHUNK]))
    return erased


def _reports(work: Work, transcripts: Sequence[int], *, for_change: bool) -> Sequence[int]:
    wanted = select(ReportRow.id).where(ReportRow.transcript_id.in_(transcripts)).order_by(ReportRow.id)
    # Whoever decides or appeals holds the report meanwhile: what they write is there before it is blanked.
    return work.session.scalars(wanted.with_for_update() if for_change else wanted).all()


def _blank(work: Work, transcripts: Sequence[int], reports: Sequence[int]) -> None:
    changes = (
        update(TranscriptRow)
        .where(TranscriptRow.id.in_(transcripts))
        .values(
            sealed=None, key_id=None, masked=None, external_id=ERASED, agent_name=None, customer_ref=None,
            customer_tier=None, customer_region=None, attributes={}, purge_raw_at=None,
            purge_masked_at=None, erased_at=work.now,
        ),
        update(DecisionRow).where(DecisionRow.report_id.in_(reports)).values(reason=ERASED),
        update(AppealRow).where(AppealRow.report_id.in_(reports)).values(text=ERASED),
        update(AppealRow)
        .where(AppealRow.report_id.in_(reports), AppealRow.answer.is_not(None))
        .values(answer=ERASED),
        # What else was known of the call must not find it any more.
        delete(ReportMark).where(ReportMark.report_id.in_(reports), ReportMark.name.startswith("attr:")),
    )  # fmt: skip
    for change in changes:
        work.session.execute(change.execution_options(synchronize_session="fetch"))


def _in_sight(work: Work) -> list[ColumnElement[bool]]:
    return visible(work.rows, TranscriptRow.business_line, TranscriptRow.team, TranscriptRow.agent_id)


def _count(work: Work, column: object, reports: Sequence[int]) -> int:
    query = select(func.count()).where(column.in_(reports))  # type: ignore[attr-defined]
    return work.session.scalar(query) or 0
