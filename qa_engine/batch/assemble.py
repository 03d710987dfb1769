"""From a complete ledger to the output file: streamed, flushed to disk, then renamed in one step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from qa_engine.batch.export import start_export
from qa_engine.batch.ledger import RunLedger
from qa_engine.batch.tally import RunTally
from qa_engine.batch.telling import Telling


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write ``path`` so that it is at every moment either the old file or the whole new one."""
    if path.exists() and not path.is_file():
        # A device or a pipe is written to, never replaced by a file.
        with path.open("wb") as file:
            yield file
        return
    temporary = path.with_name(path.name + ".tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        # Ours and half written: of no use to anybody, and in the way when the disk is full.
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def assemble(
    ledger: RunLedger, out: Path, errors: Path, telling: Telling | None = None
) -> tuple[RunTally, list[str]]:
    """Write the results in input order, and the failures beside them if there are any.

    A run without a single report writes no output: an empty file would look like a finished one.
    Returns the counts of the run and remarks for the user.
    """
    tally = RunTally()
    for failure in ledger.failures():
        tally.add_failure(failure)
    if tally.failed or errors.exists():
        # The error list of an earlier run must not be taken for this one's: it is emptied, never deleted.
        with replacing(errors) as file:
            for failure in ledger.failures():
                file.write(failure.to_json() + b"\n")
    if not ledger.has_reports:
        return tally, []
    with replacing(out) as file:
        export = start_export(out, file, telling or Telling())
        for report in ledger.scored():
            export.add(report)
            tally.add(report.fields())
        export.finish(ledger.failures())
    return tally, export.remarks
