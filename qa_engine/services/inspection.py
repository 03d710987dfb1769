"""Inspectors of stored scorecards, and a bench where requests that arrive together are judged together."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from qa_engine import __version__
from qa_engine.detectors.base import ConversationModel
from qa_engine.domain.finding import DetectorFailure, NotEvaluable
from qa_engine.domain.prediction import ModelInfo, Prediction
from qa_engine.domain.refusal import Broken
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.inspector.guard import guarded
from qa_engine.scorecards import read_scorecard
from qa_engine.store.tables import ScorecardRow
from qa_engine.text.reading import Reading

KEPT = 16
# Waiting requests that are judged together: beyond this the answer to the first would be late.
TOGETHER = 16


class InspectionCrashed(Broken):
    """The engine broke on this conversation; nothing was recorded."""

    code = "inspection_crashed"

    def __init__(self, failure: DetectorFailure) -> None:
        super().__init__(failure.reason, f"Inspection crashed ({failure.error}); please report it.")


class OneAtATime:
    """A model that any thread may ask. Models keep caches and are not safe to share by themselves."""

    def __init__(self, model: ConversationModel) -> None:
        self._model = model
        self._turn = threading.Lock()

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        return self._model.info

    def predict(self, readings: Sequence[Reading]) -> list[Prediction]:
        """Predict, as soon as nobody else does."""
        with self._turn:
            return self._model.predict(readings)


class Inspectors:
    """Builds the inspector of a stored scorecard once, and keeps the last few.

    Args:
        load_model: loads the model, or says why there is none; called once, at the first inspection or
            by ``warm``.
    """

    def __init__(self, load_model: Callable[[], ConversationModel | NotEvaluable]) -> None:
        self._load_model = load_model
        self._model: ConversationModel | NotEvaluable | None = None
        self._built: OrderedDict[str, Inspector] = OrderedDict()
        self._lock = threading.Lock()

    def warm(self) -> str | None:
        """Load the model now; returns why the wanted one is not in use (Chinese), None when it is."""
        model = self._loaded()
        return model.reason if isinstance(model, NotEvaluable) else model.info.fallback_reason

    @property
    def model(self) -> ConversationModel | NotEvaluable:
        """The model in use, or why there is none."""
        return self._loaded()

    def of(self, row: ScorecardRow) -> Inspector:
        """The inspector of a stored revision.

        Raises:
            ConfigErrors: its source can no longer be compiled by this version of the engine.
        """
        with self._lock:
            found = self._built.get(row.digest)
            if found is not None:
                self._built.move_to_end(row.digest)
                return found
        inspector = self.of_source(row.source, f"{row.key} 第 {row.revision} 版")
        with self._lock:
            self._built[row.digest] = inspector
            while len(self._built) > KEPT:
                self._built.popitem(last=False)
        return inspector

    def of_source(self, source: str, name: str) -> Inspector:
        """The inspector of a scorecard that is not stored yet.

        Raises:
            ConfigErrors: every mistake in it.
        """
        loaded = read_scorecard(source, name)
        return Inspector(loaded.scorecard, loaded.rules, self._loaded())

    def _loaded(self) -> ConversationModel | NotEvaluable:
        with self._lock:
            if self._model is None:
                loaded = self._load_model()
                self._model = loaded if isinstance(loaded, NotEvaluable) else OneAtATime(loaded)
            return self._model


@dataclass(frozen=True, slots=True)
class _Asked:
    inspector: Inspector
    transcript: Transcript
    answer: Future[InspectionReport]


class Bench:
    """One thread that judges what requests bring; what waits meanwhile is judged in one go.

    Judging is bound by the interpreter, so several threads would only wait for one another; together the
    model reads all turns at once. A conversation gets the same report in any company.
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._waiting = 0
        self._count = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="inspection-bench", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Requests that were brought and are not answered yet."""
        return self._waiting

    def inspect(self, inspector: Inspector, transcript: Transcript) -> InspectionReport:
        """Judge one conversation; blocks until it is judged.

        Raises:
            InspectionCrashed: the engine broke on it.
        """
        asked = _Asked(inspector, transcript, Future())
        with self._count:
            self._waiting += 1
        try:
            self._asked.put(asked)
            return asked.answer.result()
        finally:
            with self._count:
                self._waiting -= 1

    def close(self) -> None:
        """Judge what was brought, then stop."""
        self._asked.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            first = self._asked.get()
            if first is None:
                return
            batch = [first]
            while len(batch) < TOGETHER:
                try:
                    further = self._asked.get_nowait()
                except Empty:
                    break
                if further is None:
                    open_ = False
                    break
                batch.append(further)
            for inspector in dict.fromkeys(asked.inspector for asked in batch):
                _answer(inspector, [asked for asked in batch if asked.inspector is inspector])


def _answer(inspector: Inspector, batch: Sequence[_Asked]) -> None:
    transcripts = [asked.transcript for asked in batch]
    reports = guarded("inspector", __version__, lambda: list(inspector.inspect_many(transcripts, len(batch))))
    if not isinstance(reports, DetectorFailure):
        for asked, report in zip(batch, reports, strict=True):
            asked.answer.set_result(report)
    elif len(batch) == 1:
        batch[0].answer.set_exception(InspectionCrashed(reports))
    else:
        # One conversation broke the batch: the others must not pay for it.
        for asked in batch:
            _answer(inspector, [asked])
