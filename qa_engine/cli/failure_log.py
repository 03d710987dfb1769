"""The error list of a run without a ledger, written as the failures come."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from qa_engine.batch.record import Failure


class FailureLog:
    """Writes failures to ``path`` as JSON lines; the file appears with the first one. None: nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._open = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, failure: Failure) -> None:
        """Append one failure."""
        if self._path is None:
            return
        if self._file is None:
            self._file = self._open.enter_context(self._path.open("wb"))
        self._file.write(failure.to_json() + b"\n")
