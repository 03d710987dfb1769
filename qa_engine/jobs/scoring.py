"""Scoring one chunk of a batch: judged together, recorded together, and alone what kills the worker."""

from __future__ import annotations

from collections.abc import Sequence

from qa_engine import __version__
from qa_engine.batch.record import Failure
from qa_engine.domain.errors import ConfigErrors, QAEngineError
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.inspector.guard import guarded
from qa_engine.jobs import chunk_steps, steps
from qa_engine.jobs.isolation import CRASHED_REMEDY, Isolation, failure_of
from qa_engine.jobs.transactions import DatabaseLost, settled
from qa_engine.service import Service
from qa_engine.services.recording import Inspected
from qa_engine.services.work import Work

# A chunk that was begun that often and is still open is suspected of killing its worker.
TRUSTED_ATTEMPTS = 2

Outcome = InspectionReport | Failure


class NotRecorded(QAEngineError):
    """The results of a chunk could not be stored; it is tried again, then record by record."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"这批结果没能写入：{reason}。")


def score_chunk(service: Service, batch_id: str, chunk: int) -> None:
    """Score and record what is unsettled in a chunk; nothing happens when nothing is.

    Raises:
        DatabaseLost: nothing is lost; run it again.
        NotRecorded: a mistake of ours; run it again.
        NoChild: no process could be started; run it again.
    """
    taken = settled(service, lambda work: chunk_steps.take_chunk(work, batch_id, chunk))
    if taken is None:
        return
    card = taken.scorecard
    try:
        inspector = service.inspectors.of(card)
    except ConfigErrors:
        why = f"评分表 {card.key} 第 {card.revision} 版不能用于当前版本的软件，批次已停止。"
        settled(service, lambda work: steps.fail_batch(work, batch_id, why))
        return
    try:
        if taken.attempt <= TRUSTED_ATTEMPTS:
            score_together(service, inspector, taken)
        else:
            name = f"{card.key} 第 {card.revision} 版"
            with Isolation(card.source, name, service.settings.model) as isolation:
                score_alone(service, inspector, taken, isolation)
    except steps.Overtaken:
        return


def score_together(service: Service, inspector: Inspector, taken: chunk_steps.ChunkTaken) -> None:
    """Judge a chunk in one go and record it in one transaction.

    Raises:
        DatabaseLost, NotRecorded, Overtaken: as their names say.
    """
    outcomes = judge(inspector, [transcript for _, transcript in taken.pending])
    results: dict[int, Inspected | Failure] = dict(taken.unreadable)
    for (seq, transcript), outcome in zip(taken.pending, outcomes, strict=True):
        results[seq] = _result(taken, seq, transcript, outcome)

    def close(work: Work) -> None:
        chunk_steps.settle_chunk(work, taken, results, inspector.fingerprint)

    failure = _written(service, close)
    if failure is not None:
        raise NotRecorded(failure.reason)


def score_alone(
    service: Service, inspector: Inspector, taken: chunk_steps.ChunkTaken, isolation: Isolation
) -> None:
    """Judge and record one by one: only what is guilty goes without a report.

    Raises:
        DatabaseLost, NoChild, Overtaken: as their names say.
    """
    for seq, failure in taken.unreadable:
        _settle_one(service, taken, seq, failure, inspector.fingerprint)
    for seq, transcript in taken.pending:
        result = _result(taken, seq, transcript, isolation.inspect(transcript))
        broken = _settle_one(service, taken, seq, result, inspector.fingerprint)
        if broken is not None:
            told = failure_of(transcript, "not_recorded", broken.reason, CRASHED_REMEDY)
            _settle_one(service, taken, seq, told, inspector.fingerprint)
    settled(service, lambda work: chunk_steps.settle_chunk(work, taken, {}, inspector.fingerprint))


def _settle_one(
    service: Service, taken: chunk_steps.ChunkTaken, seq: int, result: Inspected | Failure, fingerprint: str
) -> DetectorFailure | None:
    return _written(service, lambda work: chunk_steps.settle_record(work, taken, seq, result, fingerprint))


def _written(service: Service, step: steps.Step) -> DetectorFailure | None:
    """Run a step that records; a crash of ours comes back as a value, being overtaken does not."""

    def write() -> DatabaseLost | steps.Overtaken | None:
        try:
            settled(service, step)
        except (DatabaseLost, steps.Overtaken) as error:
            return error
        return None

    found = guarded("recording", __version__, write)
    if isinstance(found, DatabaseLost | steps.Overtaken):
        raise found
    return found


def _result(
    taken: chunk_steps.ChunkTaken, seq: int, transcript: Transcript, outcome: Outcome
) -> Inspected | Failure:
    return outcome if isinstance(outcome, Failure) else Inspected(taken.rows[seq], transcript, outcome)


def judge(inspector: Inspector, transcripts: Sequence[Transcript]) -> list[Outcome]:
    """Judge conversations together; where that breaks, one by one, to find the one that breaks it."""
    if not transcripts:
        return []
    reports = guarded(
        "inspector", __version__, lambda: list(inspector.inspect_many(transcripts, len(transcripts)))
    )
    if not isinstance(reports, DetectorFailure):
        return list(reports)
    if len(transcripts) == 1:
        return [failure_of(transcripts[0], "inspection_crashed", reports.reason, CRASHED_REMEDY)]
    return [outcome for transcript in transcripts for outcome in judge(inspector, [transcript])]
