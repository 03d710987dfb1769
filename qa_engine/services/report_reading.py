"""Reports put together again: quotations from the masked or, for those who may, the original text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import NotFound
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.envelope import ShownTexts, put_back, unpack_body
from qa_engine.store.tables import ReportRow, TranscriptRow
from qa_engine.store.transcripts import masked_texts, raw_texts, raw_transcript

# What a reader gets: the original, the masked text, or nothing because it was purged or erased.
TextShown = Literal["raw", "masked", "none"]


@dataclass(frozen=True, slots=True)
class WholeReport:
    """A stored report with its quotations.

    Attributes:
        report: inspection-report/1 as JSON values; offsets point into the text that is shown.
        text: which text that is; ``masked`` where the original was asked for but is no longer kept.
    """

    row: ReportRow
    transcript: TranscriptRow
    report: Mapping[str, Any]
    text: TextShown


def find_report(work: Work, report_id: int) -> ReportRow:
    """A visible report, superseded ones included.

    Raises:
        Forbidden: the caller may not read calls.
        NotFound: there is none, or it is not for these eyes.
    """
    work.require(Permission.READ_CALLS)
    r = ReportRow
    scope = visible(work.rows, r.business_line, r.team, r.agent_id)
    row = work.session.scalar(select(r).where(r.id == report_id, *scope))
    if row is None:
        raise NotFound("质检报告", "report", "report_id")
    return row


def read_whole(work: Work, rows: Sequence[ReportRow], *, raw: bool = False) -> list[WholeReport]:
    """Put reports together; parallel to ``rows``, which the caller has found visible.

    Reading originals is audited, one entry for all of them.

    Raises:
        Forbidden: ``raw`` without the permission.
        Unsealable: a key is missing or a row was changed.
    """
    if raw:
        work.require(Permission.READ_RAW)
    wanted = select(TranscriptRow).where(TranscriptRow.id.in_({row.transcript_id for row in rows}))
    transcripts = {row.id: row for row in work.session.scalars(wanted)}
    found = [_whole(work, row, transcripts[row.transcript_id], raw=raw) for row in rows]
    opened = sorted({one.transcript.id for one in found if one.text == "raw"})
    if opened:
        note_raw_read(work, opened)
    return found


def note_raw_read(work: Work, transcript_ids: Sequence[int]) -> None:
    """Audit that originals were read."""
    subject = f"transcript:{transcript_ids[0]}"
    if len(transcript_ids) == 1:
        work.audit("transcript.raw_read", subject)
    else:
        work.audit("transcript.raw_read", subject, transcripts=list(transcript_ids))


def _whole(work: Work, row: ReportRow, transcript: TranscriptRow, *, raw: bool) -> WholeReport:
    original = raw_transcript(work.keyring, transcript) if raw else None
    if original is not None:
        shown, name, text = raw_texts(original), original.id, "raw"
    else:
        shown, name = masked_texts(transcript), transcript.external_id
        text = "none" if shown.texts is None else "masked"
    return WholeReport(row, transcript, _report(row, name, shown), _shown(text))


def _report(row: ReportRow, name: str, shown: ShownTexts) -> dict[str, Any]:
    return put_back(unpack_body(row.schema_version, row.body), name, shown)


def _shown(text: str) -> TextShown:
    return "raw" if text == "raw" else "masked" if text == "masked" else "none"
