"""会话 for people: masked unless they may read the original and ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import NotFound
from qa_engine.domain.transcript_json import stored_json
from qa_engine.services.blindness import calls_judged_blind
from qa_engine.services.report_reading import TextShown, note_raw_read
from qa_engine.services.reports import ReportLine, lines_of
from qa_engine.services.visibility import visible
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow, TranscriptRow
from qa_engine.store.transcripts import masked_transcript, raw_transcript


@dataclass(frozen=True, slots=True)
class TranscriptDetail:
    """One stored version of a conversation.

    Attributes:
        content: schema transcript/1 as JSON values; None when the text is gone.
        text: which text ``content`` holds.
        versions: ids of all stored versions of this conversation, newest first.
        reports: of this version, newest first; none while the caller judges the call blind.
    """

    row: TranscriptRow
    content: Mapping[str, Any] | None
    text: TextShown
    versions: tuple[int, ...]
    reports: tuple[ReportLine, ...]


def read_transcript_detail(work: Work, transcript_id: int, *, raw: bool = False) -> TranscriptDetail:
    """One visible conversation.

    Raises:
        Forbidden: the caller may not read calls, or not the original text.
        NotFound: there is none, or it is not for these eyes.
        Unsealable: its key is missing, or the row was changed.
    """
    work.require(Permission.READ_CALLS)
    if raw:
        work.require(Permission.READ_RAW)
    t = TranscriptRow
    scope = visible(work.rows, t.business_line, t.team, t.agent_id)
    row = work.session.scalar(select(t).where(t.id == transcript_id, *scope))
    if row is None:
        raise NotFound("会话", "transcript", "transcript_id")
    content, text = _content(work, row, raw=raw)
    versions = select(t.id).where(t.external_ref == row.external_ref, *scope).order_by(t.version.desc())
    # Whoever judges a call blind reads it here, and must not read what became of it.
    blind = row.external_ref in calls_judged_blind(work)
    reports = select(ReportRow.id).where(ReportRow.transcript_id == row.id).order_by(ReportRow.id.desc())
    return TranscriptDetail(
        row=row,
        content=content,
        text=text,
        versions=tuple(work.session.scalars(versions)),
        reports=() if blind else tuple(lines_of(work, list(work.session.scalars(reports)))),
    )


def _content(work: Work, row: TranscriptRow, *, raw: bool) -> tuple[dict[str, Any] | None, TextShown]:
    original = raw_transcript(work.keyring, row) if raw else None
    if original is not None:
        note_raw_read(work, [row.id])
    shown = original or masked_transcript(row)
    if shown is None:
        return None, "none"
    content = stored_json(shown)
    content.pop("origin", None)
    if not work.principal.may(Permission.READ_NAMES):
        content.get("agent", {}).pop("name", None)
    return content, "raw" if original is not None else "masked"
