"""The steps of one chunk of a batch: begun, recorded together or one by one, closed (see ``steps``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select, update

from qa_engine.batch.record import Failure
from qa_engine.domain.transcript import Transcript
from qa_engine.jobs.steps import RUNNING, Overtaken, changed, error_json, fail_batch, finish_if_over
from qa_engine.services.recording import Inspected, record
from qa_engine.services.work import Work
from qa_engine.store.sealing import Unsealable
from qa_engine.store.tables import BatchChunk, BatchRecord, BatchRow, ScorecardRow, TranscriptRow
from qa_engine.store.transcripts import raw_transcript

_GONE = ("text_gone", "这通会话的原文在评分之前已按留存期限清除", "放宽该业务线的留存期限后重新提交")
_ERASED = ("text_erased", "这通会话的原文已应客户要求删除", "无需处理：被删除的会话不再评分")
_SEALED = ("text_unreadable", "这通会话的原文无法解密", "恢复缺少的密钥后重新提交")


@dataclass(frozen=True, slots=True)
class ChunkTaken:
    """What a worker needs to score a chunk.

    Attributes:
        attempt: 1, 2, …: how often this chunk was begun.
        scorecard: the revision that judges.
        pending: number and original of every record without a result.
        unreadable: number of and reason for every record whose original cannot be read (any more).
        rows: the stored conversation of every record, by number.
    """

    batch_id: str
    chunk: int
    attempt: int
    scorecard: ScorecardRow
    pending: tuple[tuple[int, Transcript], ...]
    unreadable: tuple[tuple[int, Failure], ...]
    rows: Mapping[int, TranscriptRow]


def take_chunk(work: Work, batch_id: str, chunk: int) -> ChunkTaken | None:
    """Begin to score a chunk: count the attempt, and fetch what it takes; None when it is done or over."""
    begun = (
        update(BatchChunk)
        .where(BatchChunk.batch_id == batch_id, BatchChunk.chunk == chunk, BatchChunk.state == "waiting")
        .where(_running(batch_id))
        .values(attempts=BatchChunk.attempts + 1)
        .returning(BatchChunk.attempts)
    )
    attempt = work.session.scalar(begun)
    if attempt is None:
        return None
    batch = work.session.get_one(BatchRow, batch_id)
    by_digest = select(ScorecardRow).where(ScorecardRow.digest == batch.scorecard_digest)
    scorecard = work.session.scalars(by_digest.order_by(ScorecardRow.id)).first()
    if scorecard is None:
        fail_batch(work, batch_id, "这个批次使用的评分表版本已不存在。")
        return None
    pending: list[tuple[int, Transcript]] = []
    unreadable: list[tuple[int, Failure]] = []
    rows: dict[int, TranscriptRow] = {}
    for seq, row in work.session.execute(_unsettled(batch_id, chunk)):
        rows[seq] = row
        try:
            transcript = raw_transcript(work.keyring, row)
        except Unsealable:
            unreadable.append((seq, Failure(*_SEALED, file="")))
            continue
        if transcript is None:
            unreadable.append((seq, Failure(*(_ERASED if row.erased_at else _GONE), file="")))
        else:
            pending.append((seq, transcript))
    return ChunkTaken(batch_id, chunk, attempt, scorecard, tuple(pending), tuple(unreadable), rows)


def settle_chunk(
    work: Work, taken: ChunkTaken, results: Mapping[int, Inspected | Failure], fingerprint: str
) -> None:
    """Record the results of all unsettled records of a chunk, and close it.

    Raises:
        Overtaken: it was closed before, some of it was settled by others, or the batch is over.
    """
    closed = (
        update(BatchChunk)
        .where(
            BatchChunk.batch_id == taken.batch_id,
            BatchChunk.chunk == taken.chunk,
            BatchChunk.state == "waiting",
        )
        .values(state="done")
    )
    if not changed(work, closed, BatchChunk.chunk):
        raise Overtaken
    unsettled = {seq for seq, _ in work.session.execute(_unsettled(taken.batch_id, taken.chunk))}
    if unsettled != results.keys():
        raise Overtaken
    if results:
        _settle(work, taken.batch_id, results, fingerprint)
    finish_if_over(work, taken.batch_id)


def settle_record(
    work: Work, taken: ChunkTaken, seq: int, result: Inspected | Failure, fingerprint: str
) -> None:
    """Record the result of one record of a chunk that is scored one by one; the chunk stays open.

    Raises:
        Overtaken: the record was settled before, or chunk or batch are over.
    """
    open_chunk = (
        select(BatchChunk)
        .where(
            BatchChunk.batch_id == taken.batch_id,
            BatchChunk.chunk == taken.chunk,
            BatchChunk.state == "waiting",
        )
        .with_for_update()
    )
    unsettled = _unsettled(taken.batch_id, taken.chunk).where(BatchRecord.seq == seq)
    if work.session.scalar(open_chunk) is None or work.session.execute(unsettled).first() is None:
        raise Overtaken
    _settle(work, taken.batch_id, {seq: result}, fingerprint)


def _settle(work: Work, batch_id: str, results: Mapping[int, Inspected | Failure], fingerprint: str) -> None:
    inspected = {seq: result for seq, result in results.items() if isinstance(result, Inspected)}
    counted = (
        update(BatchRow)
        .where(BatchRow.id == batch_id, BatchRow.state.in_(RUNNING))
        .values(
            scored=BatchRow.scored + len(inspected),
            failed=BatchRow.failed + len(results) - len(inspected),
        )
    )
    if not changed(work, counted):
        raise Overtaken
    reports = record(work, list(inspected.values()), fingerprint=fingerprint, batch_id=batch_id)
    report_of = dict(zip(inspected, reports, strict=True))
    places = select(BatchRecord).where(BatchRecord.batch_id == batch_id, BatchRecord.seq.in_(results))
    for place in work.session.scalars(places):
        result = results[place.seq]
        if isinstance(result, Failure):
            place.error = error_json(result)
        else:
            place.report_id = report_of[place.seq].id
    work.session.flush()


def _unsettled(batch_id: str, chunk: int) -> Any:
    return (
        select(BatchRecord.seq, TranscriptRow)
        .join(TranscriptRow, TranscriptRow.id == BatchRecord.transcript_id)
        .where(
            BatchRecord.batch_id == batch_id,
            BatchRecord.chunk == chunk,
            BatchRecord.report_id.is_(None),
            BatchRecord.error.is_(None),
        )
        .order_by(BatchRecord.seq)
    )


def _running(batch_id: str) -> Any:
    return exists().where(BatchRow.id == batch_id, BatchRow.state.in_(RUNNING))
