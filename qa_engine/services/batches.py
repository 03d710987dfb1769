"""批次: many conversations submitted at once, followed while workers score them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, select, update

from qa_engine.domain.access import Permission
from qa_engine.domain.refusal import IllegalStep, NotFound
from qa_engine.services.admission import ACTIVE, insist_on_room
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.events import emit
from qa_engine.services.idempotency import Done, IdempotentRequest, once
from qa_engine.services.judging import Judging
from qa_engine.services.work import Work
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.tables import BatchRecord, BatchRow
from qa_engine.text.redact import redact

_LONGEST_NAME = 200
STATES = (*ACTIVE, "done", "failed", "cancelled")
_LATEST_MS = 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Submission:
    """What is submitted.

    Attributes:
        id: of the batch to be, from ``new_batch_id``; a spooled upload lies under this name.
        inputs: the upload's own file name, or a path within an allowed folder of the server.
        folder: the allowed folder, None for uploads.
        expected: how many records there probably are.
        node: the installation on whose disk the inputs lie (``store/node.py``); only its workers read them.
        read: intake options as JSON values.
    """

    id: str
    name: str
    inputs: Sequence[str]
    folder: str | None
    expected: int
    node: str
    read: Mapping[str, Any] = field(default_factory=dict)


def new_batch_id() -> str:
    """An id nobody can guess and every file system takes as a name."""
    return f"b{secrets.token_hex(12)}"


def submit_batch(
    work: Work,
    judging: Judging,
    submission: Submission,
    *,
    most_waiting: int,
    request: IdempotentRequest | None = None,
) -> Done:
    """Put a batch in line; a worker begins it once this transaction is committed.

    Args:
        work: a writing unit of work.
        judging: from ``choose_judging``.
        submission: what is submitted.
        most_waiting: with that many records waiting already, nothing more is taken.
        request: of a caller who sent an idempotency key.

    Raises:
        Forbidden: the caller may not run batches.
        TooManyRequests: too much is waiting already.
        Conflict: the idempotency key was used for another content.
    """
    work.require(Permission.RUN_BATCHES)

    def put_in_line() -> str:
        insist_on_room(work, most_waiting)
        rows = work.rows
        row = BatchRow(
            id=submission.id,
            state="waiting",
            name=redact(submission.name)[:_LONGEST_NAME],
            business_line=judging.keeping.business_line,
            scorecard_key=judging.scorecard.key,
            scorecard_digest=judging.scorecard.digest,
            # The name of an upload only says where a record stood; a path of the server must stay one.
            inputs=[redact(name) if submission.folder is None else name for name in submission.inputs],
            spooled=submission.folder is None,
            options={
                "read": dict(submission.read),
                "folder": submission.folder,
                "node": submission.node,
                "teams": None if rows.teams is None else sorted(rows.teams),
                "agent_id": rows.agent_id,
            },
            submitted_by=work.actor,
            created_at=work.now,
            started_at=None,
            finished_at=None,
            expected=submission.expected,
            imported=0,
            complete=False,
            scored=0,
            failed=0,
            failure=None,
        )
        work.session.add(row)
        work.session.flush()
        work.audit(
            "batch.submitted",
            f"batch:{row.id}",
            business_line=row.business_line,
            scorecard=row.scorecard_key,
            spooled=row.spooled,
        )
        return f"batch:{row.id}"

    return once(work, request, put_in_line)


def find_batch(work: Work, batch_id: str) -> BatchRow:
    """One batch.

    Raises:
        Forbidden, NotFound: as their names say.
    """
    work.require(Permission.READ_BATCHES)
    row = work.session.scalar(select(BatchRow).where(BatchRow.id == batch_id, *_in_sight(work)))
    if row is None:
        raise NotFound("批次", "batch", "batch_id")
    return row


def list_batches(
    work: Work, *, state: str | None = None, cursor: str | None = None, limit: int = 50
) -> Page[BatchRow]:
    """Batches, newest first.

    Raises:
        Forbidden, Invalid: as their names say.
    """
    work.require(Permission.READ_BATCHES)
    query = select(BatchRow).where(*_in_sight(work))
    if state is not None:
        query = query.where(BatchRow.state == state)
    if cursor:
        at, before = decode_cursor(cursor, (int, str))
        # A forged cursor may name a moment no calendar has.
        moment = from_ms(min(max(int(at), 0), _LATEST_MS))
        query = query.where(
            (BatchRow.created_at < moment) | ((BatchRow.created_at == moment) & (BatchRow.id < before))
        )
    newest_first = query.order_by(BatchRow.created_at.desc(), BatchRow.id.desc())
    found = work.session.scalars(newest_first.limit(limit + 1)).all()
    last = found[limit - 1] if len(found) > limit else None
    return Page(
        tuple(found[:limit]), encode_cursor(to_ms(last.created_at), last.id) if last is not None else None
    )


def batch_errors(
    work: Work, batch_id: str, *, cursor: str | None = None, limit: int = 50
) -> Page[BatchRecord]:
    """Records of a batch that have no report, in input order, each with the reason.

    Raises:
        Forbidden, NotFound, Invalid: as their names say.
    """
    row = find_batch(work, batch_id)
    query = select(BatchRecord).where(BatchRecord.batch_id == row.id, BatchRecord.error.is_not(None))
    if cursor:
        (after,) = decode_cursor(cursor, (int,))
        query = query.where(BatchRecord.seq > after)
    found = work.session.scalars(query.order_by(BatchRecord.seq).limit(limit + 1)).all()
    more = encode_cursor(found[limit - 1].seq) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def cancel_batch(work: Work, batch_id: str) -> BatchRow:
    """Stop a batch; what is recorded already stays.

    Raises:
        Forbidden, NotFound: as their names say.
        IllegalStep: it is over already.
    """
    work.require(Permission.RUN_BATCHES)
    row = find_batch(work, batch_id)
    stopped = (
        update(BatchRow)
        .where(BatchRow.id == row.id, BatchRow.state.in_(ACTIVE))
        .values(state="cancelled", finished_at=work.now)
        .returning(BatchRow.id)
    )
    if work.session.scalar(stopped) is None:
        raise IllegalStep("批次已经结束，不能取消。", "The batch is over already.")
    work.session.refresh(row)
    work.audit("batch.cancelled", f"batch:{row.id}", imported=row.imported, scored=row.scored)
    tell_finished(work, row)
    return row


def tell_finished(work: Work, row: BatchRow) -> None:
    """Tell webhooks that a batch is over."""
    figures = {
        "batch_id": row.id,
        "state": row.state,
        "imported": row.imported,
        "scored": row.scored,
        "failed": row.failed,
    }
    emit(work, "batch.finished", figures, row.business_line)


def _in_sight(work: Work) -> list[ColumnElement[bool]]:
    """Batches of the caller's business lines; of those limited further, only their own."""
    rows = work.rows
    conditions: list[ColumnElement[bool]] = []
    if rows.business_lines is not None:
        conditions.append(BatchRow.business_line.in_(sorted(rows.business_lines)))
    if rows.teams is not None or rows.agent_id is not None:
        conditions.append(BatchRow.submitted_by == work.actor)
    return conditions
