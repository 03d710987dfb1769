"""Reading a batch in: any format the intake knows, 64 records a transaction, going on where it stopped."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import orjson

from qa_engine.domain.errors import ConfigError, IntakeError, QAEngineError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.identity import derived_id
from qa_engine.intake.opening import Source, find_sources
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs
from qa_engine.jobs import steps
from qa_engine.jobs.transactions import settled
from qa_engine.service import Service
from qa_engine.services.batch_options import intake_options
from qa_engine.services.work import Work
from qa_engine.store.spool import Spool
from qa_engine.store.tables import BatchRow

Item = Transcript | IntakeError
Added = Callable[[str, int], None]


class Interrupted(QAEngineError):
    """The worker is asked to stop; what is read in stays, the rest is read by the next one."""

    def __init__(self) -> None:
        super().__init__("服务正在停止，批次的读取将在下次启动后继续。")


class Importer:
    """Reads batches in.

    Args:
        service: an open service.
        added: called with (batch id, chunk) after a chunk to score has been committed.
        stopping: when set, reading stops after the transaction at hand.
    """

    def __init__(self, service: Service, added: Added, stopping: threading.Event | None = None) -> None:
        self._service = service
        self._added = added
        self._stopping = stopping or threading.Event()
        self._spool = Spool(service.settings.spool, service.keyring)

    def run(self, batch_id: str) -> None:
        """Read a batch in, behind what was read in before.

        Raises:
            DatabaseLost: nothing is lost; run it again.
            Interrupted: the worker stops.
        """
        batch = settled(self._service, lambda work: steps.begin_import(work, batch_id))
        if batch is None:
            return
        try:
            options = intake_options(batch.options.get("read", {}))
        except ConfigError as error:
            told = str(error)
            settled(self._service, lambda work: steps.fail_batch(work, batch_id, told))
            return
        sources = list(self._sources(batch))
        if not settled(self._service, lambda work: steps.note_inputs(work, batch_id, _appearance(sources))):
            why = "输入文件在读取过程中被改动，批次已停止。已记录的结果保留；请重新提交改动后的文件。"
            settled(self._service, lambda work: steps.fail_batch(work, batch_id, why))
            return
        if self._read(batch, sources, options):
            settled(self._service, lambda work: steps.end_import(work, batch_id))
            if batch.spooled:
                self._spool.remove(batch_id)

    def _read(self, batch: BatchRow, sources: list[Source | IntakeError], options: IntakeOptions) -> bool:
        """Add all records; False when the batch ended meanwhile."""
        items = self._items(batch, sources, options)
        first = sum(1 for _ in islice(items, batch.imported))
        while chunk := list(islice(items, steps.CHUNK)):
            if self._stopping.is_set():
                raise Interrupted
            start = first

            def add(work: Work, start: int = start, chunk: list[Item] = chunk) -> bool:
                return steps.add_records(work, batch, start, chunk, steps.keeping_of(work, batch))

            try:
                to_score = settled(self._service, add)
            except steps.Overtaken:
                return False
            if to_score:
                self._added(batch.id, start // steps.CHUNK)
            first += len(chunk)
        return True

    def _items(
        self, batch: BatchRow, sources: list[Source | IntakeError], options: IntakeOptions
    ) -> Iterator[Item]:
        yield from (source for source in sources if isinstance(source, IntakeError))
        for item in read_inputs([s for s in sources if isinstance(s, Source)], options):
            yield _named_after(batch, item) if isinstance(item, Transcript) else item

    def _sources(self, batch: BatchRow) -> Iterator[Source | IntakeError]:
        if batch.spooled:
            [name] = batch.inputs
            path = self._spool.path(batch.id)
            size = path.stat().st_size if path.exists() else 0
            yield Source(name, path, size, lambda: self._spool.open(batch.id))
            return
        folder = Path(str(batch.options["folder"])).resolve()
        for source in find_sources(batch.inputs):
            if isinstance(source, IntakeError) or _within(source.path, folder):
                yield source
            else:
                why = "这是指向允许的文件夹之外的链接，没有读取"
                yield IntakeError(source.name, why, "把文件本身放进允许的文件夹", "outside_folder")


def _within(path: Path | None, folder: Path) -> bool:
    return path is not None and path.resolve().is_relative_to(folder)


def _named_after(batch: BatchRow, transcript: Transcript) -> Transcript:
    """Conversations without an id must not pass for those of another batch with a file of that name."""
    origin = transcript.origin
    if origin is None or transcript.id != derived_id(origin):
        return transcript
    return replace(transcript, id=f"{batch.id}/{transcript.id}")


def _appearance(sources: list[Source | IntakeError]) -> str:
    looks = []
    for source in sources:
        if isinstance(source, IntakeError):
            looks.append([source.file, source.code, 0])
        else:
            changed = source.path.stat().st_mtime_ns if source.path and source.path.exists() else 0
            looks.append([source.name, source.bytes_total, changed])
    return hashlib.sha256(orjson.dumps(looks)).hexdigest()
