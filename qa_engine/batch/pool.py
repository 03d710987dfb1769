"""Inspecting chunks in order: in this process, or on worker processes that are allowed to die."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from qa_engine.batch.chunk import Chunk, allow_pickling, inspect_chunk
from qa_engine.batch.collector import relax_collector
from qa_engine.batch.errors import WorkersUnavailable
from qa_engine.batch.record import Failure, Record
from qa_engine.batch.worker import InspectorPlan, inspect_in_worker, is_alive, start_worker
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector

# Chunks in flight per worker: one being inspected, one waiting, so that nobody idles.
_IN_FLIGHT = 2

_DIED = (
    "评这通会话时评分进程意外退出（单独重试仍然如此，多半是内存不足）",
    "检查这条记录是否异常巨大，或在内存更大的机器上单独评它",
)
_CRASHED_REMEDY = "请把本提示反馈给维护者，其他会话不受影响"

_Reports = Future[list[bytes] | DetectorFailure]


class InspectionPool:
    """Inspects chunks with ``workers`` processes (1: in this process) and keeps their order.

    A worker that dies (killed, out of memory) costs nothing but time: its chunk is tried again on
    fresh workers, then transcript by transcript, and only the guilty transcript becomes a Failure.
    """

    def __init__(self, inspector: Inspector, plan: InspectorPlan, workers: int) -> None:
        self._inspector = inspector
        self._plan = plan
        self._workers = workers
        allow_pickling()
        relax_collector()
        self._executor = self._new_executor()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=kind is None, cancel_futures=True)

    def records(self, chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, list[Record]]]:
        """Yield every chunk with its records, in input order, holding a bounded number of chunks.

        Raises:
            WorkersUnavailable: fresh worker processes die before they have seen a transcript.
            InspectorDiffers: a worker judges by another scorecard or model.
        """
        window: deque[tuple[Chunk, _Reports]] = deque()
        for chunk in chunks:
            window.append((chunk, self._submit(chunk.transcripts)))
            if len(window) > _IN_FLIGHT * self._workers:
                yield from self._settle(window)
        while window:
            yield from self._settle(window)

    def _settle(self, window: deque[tuple[Chunk, _Reports]]) -> Iterator[tuple[Chunk, list[Record]]]:
        chunk, future = window.popleft()
        if not _broken(future):
            yield chunk, chunk.records(self._each(chunk.transcripts, future.result()))
            return
        # Everything in flight broke together. Running the suspects one after another, with nothing
        # beside them, is what makes the guilty one certain.
        self._restart()
        yield chunk, chunk.records(self._again(chunk.transcripts))
        while window:
            chunk, future = window.popleft()
            if _broken(future):
                yield chunk, chunk.records(self._again(chunk.transcripts))
            else:
                yield chunk, chunk.records(self._each(chunk.transcripts, future.result()))

    def _again(self, transcripts: Sequence[Transcript]) -> Iterable[bytes | Failure]:
        future = self._submit(transcripts)
        if not _broken(future):
            return self._each(transcripts, future.result())
        self._restart()
        return self._alone(transcripts)

    def _each(
        self, transcripts: Sequence[Transcript], found: list[bytes] | DetectorFailure
    ) -> Iterable[bytes | Failure]:
        """Take the reports of a chunk; when it crashed, find out which transcript did it."""
        return self._alone(transcripts) if isinstance(found, DetectorFailure) else found

    def _alone(self, transcripts: Sequence[Transcript]) -> Iterator[bytes | Failure]:
        for transcript in transcripts:
            future = self._submit((transcript,))
            if _broken(future):
                self._restart()
                yield _failure(transcript, "worker_died", *_DIED)
                continue
            found = future.result()
            if isinstance(found, DetectorFailure):
                yield _failure(transcript, "inspection_crashed", found.reason, _CRASHED_REMEDY)
            else:
                yield found[0]

    def _submit(self, transcripts: Sequence[Transcript]) -> _Reports:
        if isinstance(self._executor, ThreadPoolExecutor):
            return self._executor.submit(inspect_chunk, self._inspector, transcripts)
        try:
            return self._executor.submit(inspect_in_worker, self._plan.fingerprint, transcripts)
        except BrokenExecutor as error:
            broken: _Reports = Future()
            broken.set_exception(error)
            return broken

    def _new_executor(self) -> Executor:
        if self._workers == 1:
            return ThreadPoolExecutor(max_workers=1)
        return ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=start_worker,
            initargs=(self._plan,),
        )

    def _restart(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._new_executor()
        if isinstance(self._executor.submit(is_alive).exception(), BrokenExecutor):
            raise WorkersUnavailable


def _broken(future: _Reports) -> bool:
    """Wait for a future and tell whether its worker died; any other error is for ``result()``."""
    return isinstance(future.exception(), BrokenExecutor)


def _failure(transcript: Transcript, code: str, why: str, remedy: str) -> Failure:
    origin = transcript.origin
    return Failure(
        code,
        why,
        remedy,
        origin.file if origin else "",
        origin.line if origin else None,
        origin.record if origin else None,
        transcript_id=transcript.id,
    )
