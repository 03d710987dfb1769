"""A scoring job with an output file: start or resume, score, assemble, clean up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    OutputOfAnotherRun,
)
from qa_engine.batch.export import check_format
from qa_engine.batch.finished import FinishedRun, differing, finished_run, note_finished
from qa_engine.batch.identity import run_identity
from qa_engine.batch.ledger import RunLedger, discard_ledger, ledger_path
from qa_engine.batch.places import (
    check_folder,
    check_not_foreign,
    check_place,
    check_site,
    is_error_list,
)
from qa_engine.batch.pool import InspectionPool
from qa_engine.batch.record import Scored
from qa_engine.batch.run import RunProgress, score_into
from qa_engine.batch.tally import RunTally
from qa_engine.batch.telling import Telling
from qa_engine.batch.worker import InspectorPlan
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.intake.opening import Source, find_sources
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs


@dataclass(frozen=True, slots=True)
class JobPlan:
    """What a job is to do. ``errors`` is where the list of failed records goes, ``site`` the pages.

    ``raw`` keeps quotations in tables as they were said.
    """

    inputs: tuple[str, ...]
    options: IntakeOptions
    out: Path
    errors: Path
    workers: int
    overwrite: bool = False
    chunk_size: int = CHUNK_SIZE
    site: Path | None = None
    raw: bool = False


def check_output(plan: JobPlan) -> None:
    """Make sure that the output can be written, before anything expensive happens.

    Raises:
        UnknownOutputFormat, OutputIsFolder, OutputFolderMissing, OutputNotWritable, OutputAmongInputs,
        OutputExists, ForeignFile: see there.
    """
    check_format(plan.out)
    check_place(plan.out, "--out")
    check_apart(plan.inputs, {"--out": plan.out, "--errors": plan.errors, "--html": plan.site})
    check_apart(plan.inputs, {"--out": ledger_path(plan.out)})
    check_errors_file(plan.errors, overwrite=plan.overwrite)
    if plan.site is not None:
        check_folder(plan.site, "--html")
        if not plan.overwrite:
            check_site(plan.site, "--html")
    started = plan.overwrite or ledger_path(plan.out).exists() or not plan.out.exists()
    # A result of ours is compared with this run once its scorecard and model are known.
    if not started and finished_run(plan.out) is None:
        raise OutputExists(plan.out)


def check_errors_file(path: Path, *, overwrite: bool) -> None:
    """Make sure that the list of failed records can be written without harm.

    Raises:
        OutputIsFolder, OutputFolderMissing, OutputNotWritable, ForeignFile: see there.
    """
    check_place(path, "--errors")
    if not overwrite:
        check_not_foreign(path, "--errors", is_error_list)


def check_apart(inputs: Sequence[str], written: Mapping[str, Path | None]) -> None:
    """Make sure that nothing of what is ``written`` (option → path) would be read as an input.

    Raises:
        OutputAmongInputs: names the option.
    """
    folders = [Path(text).resolve() for text in inputs if Path(text).is_dir()]
    files = {
        source.path.resolve()
        for source in find_sources(inputs)
        if isinstance(source, Source) and source.path is not None
    }
    for option, path in written.items():
        if path is None:
            continue
        place = path.resolve()
        if place in files or any(place.is_relative_to(folder) for folder in folders):
            raise OutputAmongInputs(path, option)


def already_finished(plan: JobPlan, inspector: Inspector) -> FinishedRun | None:
    """Return the finished run whose result lies at ``plan.out`` if this run would repeat it.

    Raises:
        OutputOfAnotherRun: the result is of other inputs, options, scorecard or model.
        OutputExists: it cannot be told, because the inputs came from standard input.
    """
    if plan.overwrite or ledger_path(plan.out).exists() or not plan.out.exists():
        return None
    run = finished_run(plan.out)
    if run is None or "-" in plan.inputs:
        raise OutputExists(plan.out)
    if apart := differing(run.identity, _finished_identity(plan, inspector)):
        raise OutputOfAnotherRun(plan.out, apart)
    return run


def _identity(plan: JobPlan, inspector: Inspector) -> dict[str, str]:
    return run_identity(plan.inputs, plan.options, inspector.fingerprint, plan.chunk_size)


def _finished_identity(plan: JobPlan, inspector: Inspector) -> dict[str, str]:
    identity = _identity(plan, inspector)
    # How quotations are told changes tables only, never what is scored.
    return identity if plan.out.suffix == ".jsonl" else {**identity, "遮盖方式（--raw）": str(plan.raw)}


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
        identity = _identity(plan, inspector)
        path = ledger_path(plan.out)
        try:
            self._ledger = RunLedger(path, identity)
        except (LedgerMismatch, LedgerDamaged):
            if not plan.overwrite:
                raise
            discard_ledger(path)
            self._ledger = RunLedger(path, identity)
        self.resumed = self._ledger.count
        self._counts = (0, 0)

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
        card = self._inspector.scorecard
        telling = Telling(self._plan.raw, card.name, {part.key: part.name for part in card.sections})
        tally, remarks = assemble(self._ledger, self._plan.out, self._plan.errors, telling)
        self._counts = (tally.scored, tally.failed)
        return tally, remarks

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
        """Record that the output is complete and remove the ledger."""
        if self._counts[0]:
            note_finished(self._plan.out, _finished_identity(self._plan, self._inspector), *self._counts)
        self._ledger.close()
        discard_ledger(self._ledger.path)
