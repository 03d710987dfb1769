"""One batch run: inputs → chunks → reports, through the ledger or straight to a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from qa_engine.batch.chunk import Chunk
from qa_engine.batch.ledger import RunLedger
from qa_engine.batch.pool import InspectionPool
from qa_engine.batch.record import Failed, Failure, Scored
from qa_engine.batch.tally import RunTally


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is: records done (of them ``resumed`` by an earlier run), failures, input bytes."""

    done: int
    failed: int
    resumed: int
    bytes_read: int


def score_into(ledger: RunLedger, chunks: Iterable[Chunk], pool: InspectionPool) -> Iterator[RunProgress]:
    """Score what the ledger does not hold yet; yields after every commit and every resumed chunk.

    Raises:
        InputsChanged: the ledger holds other records than the inputs now yield.
    """
    done = failed = resumed = 0

    def missing() -> Iterator[Chunk]:
        nonlocal done, resumed
        for chunk in chunks:
            if ledger.has(chunk.first_seq, chunk.ids):
                done += len(chunk.items)
                resumed += len(chunk.items)
            else:
                yield chunk

    for chunk, records in pool.records(missing()):
        ledger.add(records)
        done += len(records)
        failed += sum(isinstance(record, Failed) for record in records)
        yield RunProgress(done, failed, resumed, chunk.bytes_read)
    yield RunProgress(done, failed, resumed, 0)


def score_to_stream(
    chunks: Iterable[Chunk],
    pool: InspectionPool,
    out: BinaryIO,
    tally: RunTally,
    failed: Callable[[Failure], None],
) -> Iterator[RunProgress]:
    """Score straight to a stream of JSON lines, without a ledger; flushed after every chunk.

    ``failed`` is told every record that has no report.
    """
    done = 0
    for chunk, records in pool.records(chunks):
        for record in records:
            if isinstance(record, Scored):
                out.write(record.report + b"\n")
                tally.add(record.fields())
            else:
                failed(record.failure)
                tally.add_failure(record.failure)
        out.flush()
        done += len(records)
        yield RunProgress(done, tally.failed, 0, chunk.bytes_read)
