"""会话."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ServiceDep, needs
from api.schemas.common import TranscriptId
from api.schemas.reports import TranscriptOut
from qa_engine.domain.access import Permission
from qa_engine.service import Caller
from qa_engine.services.transcripts import read_transcript_detail

router = APIRouter(prefix="/v1/transcripts", tags=["会话"])
Raw = Annotated[bool, Query(description="看原文（须有 calls:raw 权限，每次记入审计）")]


@router.get("/{transcript_id}", response_model=TranscriptOut, summary="读一通会话")
def transcript(
    transcript_id: TranscriptId,
    service: ServiceDep,
    caller: Annotated[Caller, needs(Permission.READ_CALLS)],
    raw: Raw = False,
) -> TranscriptOut:
    """文本默认是遮盖后的；同一编号送来过不同文本时，versions 列出各份。"""
    names = caller.principal.may(Permission.READ_NAMES)
    # Reading the original writes the audit.
    with service.work(caller) if raw else service.look(caller) as work:
        return TranscriptOut.of(read_transcript_detail(work, transcript_id, raw=raw), names=names)
