"""The supervisor of worker processes: starts them, and starts them again whenever they end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import orjson
import structlog
from pydantic import SecretStr

from qa_engine.settings import Settings
from qa_engine.store.node import node_name, worker_name

# After the first, second, … death in a row a worker is started again after so many seconds.
BACK_OFF_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# os.EX_TEMPFAIL: a worker whose database went away. It waits for the database itself once it is back.
COME_BACK = 75
# Whoever lived that long has not died of the same cause as the one before.
HEALTHY_S = 60.0
# Longer than a worker itself waits for the chunk at hand (``worker.PATIENCE_S``).
PATIENCE_S = 90.0
_LOOK_S = 0.1
_LOST_DATABASE_S = 1.0
_log = structlog.get_logger("qa_engine.jobs")


@dataclass(slots=True)
class _Place:
    """One worker's place; ``deaths`` in a row, ``due`` when it is to be started (monotonic seconds)."""

    name: str
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    due: float = field(default=0.0)


class Supervisor:
    """Keeps ``settings.workers`` worker processes running from ``start`` to ``stop``.

    Workers end with the process that supervises them, even when that is killed: they then finish the chunk
    at hand and go.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        node = node_name(settings.home)
        self._places = [_Place(worker_name(node, i)) for i in range(settings.workers)]
        self._environment = {**os.environ, **environment_of(settings)}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="worker-supervisor", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        return [process.pid for process in self._running()]

    def start(self) -> None:
        """Start the workers."""
        self._thread.start()

    def hold(self) -> None:
        """Start no worker again from now on; ``stop`` is yet to come."""
        self._stopping.set()

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """Ask all workers to end after their chunk; kill those that have not after ``patience_s``."""
        self._stopping.set()
        self._thread.join()
        for process in self._running():
            process.terminate()
        deadline = time.monotonic() + patience_s
        for process in self._running():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.warning("worker.killed", pid=process.pid)
                process.kill()
                process.wait()
        for place in self._places:
            if place.process is not None and place.process.stdin is not None:
                with contextlib.suppress(OSError):
                    place.process.stdin.close()

    def _running(self) -> Iterator[subprocess.Popen[bytes]]:
        for place in self._places:
            if place.process is not None and place.process.poll() is None:
                yield place.process

    def _watch(self) -> None:
        while not self._stopping.is_set():
            for place in self._places:
                self._look_after(place)
            self._stopping.wait(_LOOK_S)

    def _look_after(self, place: _Place) -> None:
        now = time.monotonic()
        if place.process is not None:
            code = place.process.poll()
            if code is None:
                return
            if code == COME_BACK:
                wait = _LOST_DATABASE_S
            else:
                place.deaths = 1 if now - place.started > HEALTHY_S else place.deaths + 1
                wait = BACK_OFF_S[min(place.deaths, len(BACK_OFF_S)) - 1]
            _log.warning("worker.ended", worker=place.name, code=code, again_in_s=wait)
            if place.process.stdin is not None:
                place.process.stdin.close()
            place.process, place.due = None, now + wait
        if now >= place.due:
            place.started = now
            place.process = subprocess.Popen(
                [sys.executable, "-m", "qa_engine.jobs.worker", "--name", place.name, "--attached"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=self._environment,
            )


def environment_of(settings: Settings) -> dict[str, str]:
    """Settings as the environment variables they are read from."""
    found: dict[str, str] = {}
    for name, value in settings:
        if value is None:
            continue
        if isinstance(value, SecretStr):
            said = value.get_secret_value()
        elif isinstance(value, tuple):
            said = orjson.dumps([str(item) for item in value]).decode()
        else:
            said = str(value)
        found[f"QA_ENGINE_{name.upper()}"] = said
    return found
