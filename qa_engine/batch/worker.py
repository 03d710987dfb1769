"""What runs inside a worker process. One inspector is built per process, once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_engine.batch.chunk import inspect_chunk
from qa_engine.batch.collector import relax_collector
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.wiring import ModelChoice, build_inspector


@dataclass(frozen=True, slots=True)
class InspectorPlan:
    """How to build the same inspector anywhere; ``fingerprint`` proves that it is the same."""

    scorecard: str | Path
    model: ModelChoice
    fingerprint: str


class InspectorDiffers(QAEngineError):
    """A worker built another inspector than its parent (the scorecard was edited meanwhile)."""

    def __init__(self) -> None:
        super().__init__(
            "评分过程中评分表或模型文件被改动，评分已停止。处理办法：恢复原文件后用同样的命令继续。"
        )

    def __reduce__(self) -> tuple[type[InspectorDiffers], tuple[()]]:
        # An exception that cannot be rebuilt in the parent would pass for a dead worker.
        return InspectorDiffers, ()


_inspector: Inspector | None = None


def start_worker(plan: InspectorPlan) -> None:
    """Initialise a worker process."""
    global _inspector
    # Ctrl-C reaches the whole process group; only the parent may answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _inspector = build_inspector(plan.scorecard, model=plan.model)
    relax_collector()


def _end_with_parent() -> None:
    # A parent that was killed cannot tell its workers to stop, and they would wait for work forever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def inspect_in_worker(fingerprint: str, transcripts: Sequence[Transcript]) -> list[bytes] | DetectorFailure:
    """Inspect one chunk in this process; a crash is returned as a value.

    Raises:
        InspectorDiffers: this process does not judge as its parent would.
    """
    if _inspector is None or _inspector.fingerprint != fingerprint:
        raise InspectorDiffers
    return inspect_chunk(_inspector, transcripts)


def is_alive() -> bool:
    """Prove that a worker process could be started and built its inspector."""
    return _inspector is not None
