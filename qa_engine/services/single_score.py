"""One conversation scored at once: read before, recorded after; judging itself needs no transaction."""

from __future__ import annotations

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.refusal import Conflict, Invalid, NotFound
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Origin, Transcript
from qa_engine.intake.documents import JsonSource, decode
from qa_engine.intake.fields import FieldProblem
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_document
from qa_engine.services.foreign_calls import foreign_calls
from qa_engine.services.idempotency import Done, IdempotentRequest, once
from qa_engine.services.judging import Judging
from qa_engine.services.recording import Inspected, record
from qa_engine.services.work import Work
from qa_engine.store.transcripts import keep_transcripts


def parse_one(body: bytes, name: str, options: IntakeOptions | None = None) -> Transcript:
    """Read the one conversation of a JSON body, in any format the intake knows.

    Args:
        body: UTF-8 JSON.
        name: what the conversation is called after when it carries no id of its own.
        options: see ``IntakeOptions``.

    Raises:
        IntakeError: it cannot be read.
        Invalid: it holds more than one conversation.
    """
    options = options or IntakeOptions()
    try:
        document = decode(body, JsonSource(name, "utf-8", options.max_line_bytes))
    except FieldProblem as problem:
        raise problem.at(Origin(name, "")) from None
    items = list(read_document(document, options, name))
    if len(items) > 1:
        raise Invalid(
            f"请求体里有 {len(items)} 通会话；一次评一通，多通请提交批次。",
            f"The body holds {len(items)} conversations; score one at a time or submit a batch.",
        )
    [item] = items
    if isinstance(item, IntakeError):
        raise item
    return item


def record_one(
    work: Work,
    transcript: Transcript,
    report: InspectionReport,
    judging: Judging,
    *,
    fingerprint: str,
    request: IdempotentRequest | None = None,
) -> Done:
    """Keep the conversation and record its report, once for each idempotent request.

    Raises:
        Forbidden: the caller may not score.
        NotFound: the conversation would not be within the caller's own scope.
        Conflict: the idempotency key was used for another content, or the conversation is stored as a call
            out of the caller's scope.
    """

    def keep_and_record() -> str:
        line = judging.keeping.business_line
        if not work.rows.covers(line, transcript.agent.team, transcript.agent.id):
            raise NotFound("这通会话的班组或坐席", "team or agent of this call", "agent.team")
        if foreign_calls(work, work.rows, line, [transcript]):
            raise Conflict(
                "这个会话编号已经属于可见范围以外的会话，不能由您更新。",
                "This id belongs to a call out of your scope.",
                "id",
            )
        [row] = keep_transcripts(
            work.session, work.keyring, [transcript], judging.keeping, work.now, work.zone
        )
        [stored] = record(work, [Inspected(row, transcript, report)], fingerprint=fingerprint)
        return f"report:{stored.id}"

    return once(work, request, keep_and_record)
