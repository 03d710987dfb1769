"""Judging one conversation in a process of its own, which is allowed to die of it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from functools import partial
from types import TracebackType
from typing import Self

from qa_engine import __version__
from qa_engine.batch.chunk import allow_pickling
from qa_engine.batch.record import Failure
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.inspector.guard import guarded
from qa_engine.services.inspection import Inspectors
from qa_engine.wiring import load_model

LONGEST_S = 300.0
_DIED = (
    "worker_died",
    "评这通会话时评分进程意外退出（单独重试仍然如此，多半是内存不足）",
    "检查这条记录是否异常巨大，或在内存更大的机器上单独评它",
)
_TOO_LONG = (
    "worker_stuck",
    "评这通会话超过了时限，已放弃",
    "检查这条记录是否异常巨大；若内容正常，请把本提示反馈给维护者",
)
CRASHED_REMEDY = "请把本提示反馈给维护者，其他会话不受影响"


class NoChild(QAEngineError):
    """No process of its own can be started for a conversation (too little memory?)."""

    def __init__(self) -> None:
        super().__init__("无法启动单独评分的进程，多半是内存不足。")


class Isolation:
    """One child process that judges by one stored scorecard; a new one after each death.

    Args:
        source: the scorecard's YAML. name: how messages name it. model: as in ``Settings.model``.
        longest_s: how long one conversation may take.
    """

    def __init__(self, source: str, name: str, model: str, longest_s: float = LONGEST_S) -> None:
        allow_pickling()
        self._prepared = (source, name, model)
        self._longest_s = longest_s
        self._executor: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def inspect(self, transcript: Transcript) -> InspectionReport | Failure:
        """Judge one conversation; whatever it does to the process comes back as a Failure.

        Raises:
            NoChild: no process could be started, which is not the conversation's fault.
        """
        try:
            found = self._child().submit(_judge, transcript).result(self._longest_s)
        except BrokenExecutor:
            self._end()
            return failure_of(transcript, *_DIED)
        except TooLong:
            self._end()
            return failure_of(transcript, *_TOO_LONG)
        if isinstance(found, DetectorFailure):
            return failure_of(transcript, "inspection_crashed", found.reason, CRASHED_REMEDY)
        return found

    def _child(self) -> ProcessPoolExecutor:
        """The child, ready: what it takes to start is not the conversation's fault."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                1, mp_context=context, initializer=_prepare, initargs=self._prepared
            )
            try:
                self._executor.submit(_is_ready).result()
            except BrokenExecutor:
                self._end()
                raise NoChild from None
        return self._executor

    def _end(self) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        # What is stuck does not hear of a shutdown.
        for child in list((executor._processes or {}).values()):
            child.kill()
        executor.shutdown(wait=True, cancel_futures=True)


def failure_of(transcript: Transcript, code: str, why: str, remedy: str) -> Failure:
    """Say of a conversation why it has no report, naming its place in the input."""
    origin = transcript.origin
    if origin is None:
        return Failure(code, why, remedy, "")
    return Failure(code, why, remedy, origin.file, origin.line, origin.record)


_inspector: Inspector | None = None


def _prepare(source: str, name: str, model: str) -> None:
    global _inspector
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    allow_pickling()
    _inspector = Inspectors(partial(load_model, model)).of_source(source, name)


def _is_ready() -> bool:
    return _inspector is not None


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _judge(transcript: Transcript) -> InspectionReport | DetectorFailure:
    inspector = _inspector
    assert inspector is not None
    return guarded("inspector", __version__, lambda: inspector.inspect(transcript))
