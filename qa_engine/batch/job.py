"""A scoring job with an output file: start or resume, score, assemble, clean up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from qa_engine.batch.assemble import assemble
from qa_engine.batch.chunk import CHUNK_SIZE, cut_chunks
from qa_engine.batch.errors import (
    LedgerDamaged,
    LedgerMismatch,
    OutputAmongInputs,
    OutputExists,
    OutputFolderMissing,
)
from qa_engine.batch.export import check_format
from qa_engine.batch.identity import run_identity
from qa_engine.batch.ledger import RunLedger, discard_ledger, ledger_path
from qa_engine.batch.pool import InspectionPool
from qa_engine.batch.record import Scored
from qa_engine.batch.run import RunProgress, score_into
from qa_engine.batch.tally import RunTally
from qa_engine.batch.worker import InspectorPlan
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.intake.opening import Source, find_sources
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What a job is to do. ``errors`` is where the list of failed records goes."""

    inputs: tuple[str, ...]
    options: IntakeOptions
    out: Path
    errors: Path
    workers: int
    overwrite: bool = False
    chunk_size: int = CHUNK_SIZE


def check_output(plan: JobPlan) -> None:
    """Make sure that the output can be written, before anything expensive happens.

    Raises:
        UnknownOutputFormat, OutputFolderMissing, OutputAmongInputs, OutputExists: see there.
    """
    check_format(plan.out)
    if not plan.out.parent.is_dir():
        raise OutputFolderMissing(plan.out.parent)
    _check_apart(plan.inputs, plan)
    if plan.out.exists() and not plan.overwrite and not ledger_path(plan.out).exists():
        raise OutputExists(plan.out)


def _check_apart(inputs: Sequence[str], plan: JobPlan) -> None:
    written = {path.resolve() for path in (plan.out, plan.errors, ledger_path(plan.out))}
    for folder in (Path(text).resolve() for text in inputs if Path(text).is_dir()):
        if any(path.is_relative_to(folder) for path in written):
            raise OutputAmongInputs(plan.out)
    for source in find_sources(inputs):
        if isinstance(source, Source) and source.path is not None and source.path.resolve() in written:
            raise OutputAmongInputs(plan.out)


class ScoringJob:
    """One run with its ledger. The same plan and inspector continue where an earlier run stopped.

    Raises:
        LedgerMismatch, LedgerDamaged: unless ``plan.overwrite`` says to start anew.
        LedgerBusy: another process runs the same job.
    """

    def __init__(self, plan: JobPlan, inspector: Inspector, inspector_plan: InspectorPlan) -> None:
        self._plan = plan
        self._inspector = inspector
        self._inspector_plan = inspector_plan
        identity = run_identity(plan.inputs, plan.options, inspector.fingerprint, plan.chunk_size)
        path = ledger_path(plan.out)
        try:
            self._ledger = RunLedger(path, identity)
        except (LedgerMismatch, LedgerDamaged):
            if not plan.overwrite:
                raise
            discard_ledger(path)
            self._ledger = RunLedger(path, identity)
        self.resumed = self._ledger.count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ledger.close()

    @property
    def done(self) -> int:
        """How many records the ledger holds."""
        return self._ledger.count

    def score(self) -> Iterator[RunProgress]:
        """Score what is missing; every yield comes after a commit."""
        taken = 0

        def count(done: int, _total: int) -> None:
            nonlocal taken
            taken = done

        plan = self._plan
        items = read_inputs(plan.inputs, plan.options, count)
        chunks = cut_chunks(items, plan.chunk_size, lambda: taken)
        with InspectionPool(self._inspector, self._inspector_plan, plan.workers) as pool:
            yield from score_into(self._ledger, chunks, pool)

    def assemble(self) -> tuple[RunTally, list[str]]:
        """Write the output and the error list; returns the counts and remarks for the user."""
        return assemble(self._ledger, self._plan.out, self._plan.errors)

    def calls(self) -> Iterator[tuple[Transcript, Scored]]:
        """Read the inputs again and yield every transcript beside its report, in order."""
        reports = self._ledger.scored()
        report = next(reports, None)
        for seq, item in enumerate(read_inputs(self._plan.inputs, self._plan.options)):
            if report is None:
                return
            if report.seq == seq and isinstance(item, Transcript):
                yield item, report
                report = next(reports, None)

    def finish(self) -> None:
        """Remove the ledger: the output is complete."""
        self._ledger.close()
        discard_ledger(self._ledger.path)
