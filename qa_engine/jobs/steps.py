"""The steps of a batch on its way: read in, scored chunk by chunk, over. Each is one transaction of a worker.

Every step first takes the row it stands on (``UPDATE … WHERE it is still so``) and does nothing when that
fails. Whatever runs a step twice, at once or one after the other, it happens once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Update, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute

from qa_engine.batch.record import Failure
from qa_engine.domain.access import RowScope
from qa_engine.domain.errors import IntakeError, QAEngineError
from qa_engine.domain.transcript import Transcript
from qa_engine.services.batches import tell_finished
from qa_engine.services.foreign_calls import foreign_calls
from qa_engine.services.work import Work
from qa_engine.store.tables import (
    BatchChunk,
    BatchRecord,
    BatchRow,
    BusinessLineRow,
)
from qa_engine.store.transcripts import Keeping, keep_transcripts
from qa_engine.text.redact import redact

CHUNK = 64
MOST_BEGINNINGS = 10
Step = Callable[[Work], None]
RUNNING = ("importing", "scoring")
_OUT_OF_SCOPE = ("out_of_scope", "这通会话的班组或坐席不在提交者的权限范围内", "换有权限的账号或密钥提交")


class Overtaken(QAEngineError):
    """Somebody else has done this step, or the batch is over: undo, and let it be."""

    def __init__(self) -> None:
        super().__init__("这一步已由别的进程完成，或批次已经结束。")


def begin_import(work: Work, batch_id: str) -> BatchRow | None:
    """Begin to read a batch in, or go on with it; None when there is nothing (more) to read.

    A batch that is begun again and again without one more record being read ends its workers: it is failed.
    """
    begun = update(BatchRow).where(BatchRow.id == batch_id, BatchRow.state == "waiting")
    if changed(work, begun.values(state="importing", started_at=work.now)):
        work.audit("batch.started", f"batch:{batch_id}")
    row = _locked(work, batch_id)
    if row.state != "importing":
        return None
    times, imported = row.options.get("begun", (0, 0))
    times = times + 1 if imported == row.imported else 1
    row.options = {**row.options, "begun": [times, row.imported]}
    if times > MOST_BEGINNINGS:
        why = f"读第 {row.imported + 1} 条记录时工作进程多次意外退出，批次已停止；请检查它是否异常巨大。"
        fail_batch(work, batch_id, why)
        return None
    return row


def note_inputs(work: Work, batch_id: str, seen: str) -> bool:
    """Remember what the input files look like; False when they looked different before."""
    row = _locked(work, batch_id)
    before = row.options.get("seen")
    if before is None:
        row.options = {**row.options, "seen": seen}
        return True
    return bool(before == seen)


def keeping_of(work: Work, row: BatchRow) -> Keeping:
    """Under what rules the conversations of a batch are kept."""
    line = work.session.get(BusinessLineRow, row.business_line)
    if line is None:
        return Keeping(row.business_line)
    return Keeping(row.business_line, line.raw_days, line.masked_days)


def add_records(
    work: Work, batch: BatchRow, first: int, items: Sequence[Transcript | IntakeError], keeping: Keeping
) -> bool:
    """Keep the next records of a batch as one chunk; returns whether it has anything to score.

    Args:
        work: a writing unit of work.
        batch: as ``begin_import`` gave it.
        first: number of the first item, as many as were added before.
        items: at most ``CHUNK``.
        keeping: from ``keeping_of``.

    Raises:
        Overtaken: these records were added already, or the batch is over.
    """
    checked = [_in_scope(batch, item) for item in items]
    readable = [item for item in checked if isinstance(item, Transcript)]
    foreign = foreign_calls(work, _scope_of(batch), batch.business_line, readable)
    checked = [
        _out_of_scope(item) if isinstance(item, Transcript) and item.id in foreign else item
        for item in checked
    ]
    failed = sum(isinstance(item, Failure) for item in checked)
    imported = BatchRow.imported + len(items)
    taken = (
        update(BatchRow)
        .where(BatchRow.id == batch.id, BatchRow.state == "importing", BatchRow.imported == first)
        .values(imported=imported, failed=BatchRow.failed + failed)
    )
    if not changed(work, taken):
        raise Overtaken
    kept = iter(
        keep_transcripts(
            work.session,
            work.keyring,
            [item for item in checked if isinstance(item, Transcript)],
            keeping,
            work.now,
            work.zone,
        )
    )
    chunk = first // CHUNK
    for seq, item in enumerate(checked, first):
        known = isinstance(item, Transcript)
        work.session.add(
            BatchRecord(
                batch_id=batch.id,
                seq=seq,
                chunk=chunk,
                transcript_id=next(kept).id if known else None,
                report_id=None,
                error=None if isinstance(item, Transcript) else error_json(item),
            )
        )
    to_score = failed < len(items)
    state = "waiting" if to_score else "done"
    work.session.add(BatchChunk(batch_id=batch.id, chunk=chunk, state=state, attempts=0))
    return to_score


def end_import(work: Work, batch_id: str) -> None:
    """All inputs are read."""
    ended = (
        update(BatchRow)
        .where(BatchRow.id == batch_id, BatchRow.state == "importing")
        .values(state="scoring", complete=True, expected=BatchRow.imported)
    )
    if changed(work, ended):
        finish_if_over(work, batch_id)


def fail_batch(work: Work, batch_id: str, why: str) -> None:
    """End a batch that cannot go on; ``why`` is a Chinese sentence. What is recorded already stays."""
    ended = (
        update(BatchRow)
        .where(BatchRow.id == batch_id, BatchRow.state.in_(("waiting", *RUNNING)))
        .values(state="failed", failure=why, finished_at=work.now)
    )
    if changed(work, ended):
        row = _locked(work, batch_id)
        work.audit("batch.failed", f"batch:{batch_id}", imported=row.imported, scored=row.scored)
        tell_finished(work, row)


def finish_if_over(work: Work, batch_id: str) -> bool:
    """End a batch when all is read and all is settled; True when that is now."""
    left = exists().where(BatchChunk.batch_id == batch_id, BatchChunk.state == "waiting")
    # Whoever settles a chunk holds the batch's row since: the last of them sees that it is the last.
    ended = (
        update(BatchRow)
        .where(BatchRow.id == batch_id, BatchRow.state == "scoring", BatchRow.complete, ~left)
        .values(state="done", finished_at=work.now)
    )
    if not changed(work, ended):
        return False
    row = _locked(work, batch_id)
    work.audit("batch.finished", f"batch:{batch_id}", scored=row.scored, failed=row.failed)
    tell_finished(work, row)
    return True


def changed(work: Work, change: Update, column: InstrumentedAttribute[Any] | None = None) -> bool:
    """Run an UPDATE; True when it found a row that was still so."""
    told = change.returning(BatchRow.id if column is None else column)
    options = {"synchronize_session": False}
    return work.session.execute(told, execution_options=options).first() is not None


def _locked(work: Work, batch_id: str) -> BatchRow:
    found = select(BatchRow).where(BatchRow.id == batch_id).with_for_update()
    return work.session.scalars(found.execution_options(populate_existing=True)).one()


def _in_scope(batch: BatchRow, item: Transcript | IntakeError) -> Transcript | Failure:
    if isinstance(item, IntakeError):
        return Failure.of_intake(item)
    if _scope_of(batch).covers(batch.business_line, item.agent.team, item.agent.id):
        return item
    return _out_of_scope(item)


def _scope_of(batch: BatchRow) -> RowScope:
    teams = batch.options.get("teams")
    return RowScope(None, None if teams is None else frozenset(teams), batch.options.get("agent_id"))


def _out_of_scope(item: Transcript) -> Failure:
    origin = item.origin
    failure = Failure(*_OUT_OF_SCOPE, origin.file if origin else "")
    return replace(failure, line=origin.line, record=origin.record) if origin else failure


def error_json(failure: Failure) -> dict[str, Any]:
    """A failure as it is stored with its record; names of recordings often hold numbers of customers."""
    fields: dict[str, Any] = orjson.loads(failure.to_json())
    return {**fields, "file": redact(failure.file), "why": redact(failure.why)}
