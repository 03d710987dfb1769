"""One worker process: ``python -m qa_engine.jobs.worker --name NAME``, started by a supervisor.

It is built to be killed. Whatever it does can be done again, so when the database goes away it does not
try to survive: it ends, is started anew, and the library brings back what was under way.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import NoReturn, ParamSpec

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from qa_engine import logs
from qa_engine.batch.collector import relax_collector
from qa_engine.domain.errors import QAEngineError
from qa_engine.jobs import scoring, tasks, upkeep
from qa_engine.jobs.courier import Courier
from qa_engine.jobs.dispatch import Dispatcher, chunk_job
from qa_engine.jobs.importing import Importer
from qa_engine.jobs.library import Doings, Library
from qa_engine.jobs.supervisor import COME_BACK
from qa_engine.jobs.transactions import DatabaseLost
from qa_engine.service import Service
from qa_engine.services import workers
from qa_engine.settings import Settings

# A chunk that takes longer hangs; ending the worker leads to the chunk being judged call by call.
LONGEST_CHUNK_S = 900.0
# How long a stop waits for the chunk at hand.
PATIENCE_S = 60
_QUICK_S = 0.5
_RECONNECT_S = 1.0
P = ParamSpec("P")
_log = structlog.get_logger("qa_engine.jobs")


class Worker:
    """All that runs in one worker process."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._service = Service.open(settings)
        self._stopping = threading.Event()
        self._busy_since: dict[int, float] = {}

    def run(self) -> None:
        """Work until told to stop."""
        pulse = self._connected()
        started_at = self._service.clock()
        self._note_alive(started_at)
        self._service.inspectors.warm()
        relax_collector()
        importer = Importer(self._service, self._added, self._stopping)
        doings = Doings(
            import_batch=_crash_only(importer.run),
            score_chunk=_crash_only(self._score_chunk),
            run_task=_crash_only(self._run_task),
            routines=upkeep.routines(self._service, self._trim),
        )
        self._library = Library(self._settings.jobs_url, self._name, self._settings.time_zone, doings)
        self._dispatcher = Dispatcher(self._service, self._library)
        self._library.launch()
        courier = Courier(self._service)
        courier.start()
        _log.info("worker.started", worker=self._name, pid=os.getpid())
        try:
            self._tick_until_stopped(pulse, started_at)
        finally:
            courier.stop()
        self._library.stop(PATIENCE_S)
        with contextlib.suppress(DBAPIError), self._service.work() as work:
            workers.note_gone(work, self._name)
        _log.info("worker.stopped", worker=self._name)
        self._service.close()

    def stop(self) -> None:
        """Ask it to stop."""
        self._stopping.set()

    def _tick_until_stopped(self, pulse: Connection, started_at: datetime) -> None:
        next_mend = 0.0
        while not self._stopping.wait(_QUICK_S):
            self._insist_on_progress()
            try:
                # A connection that was never closed by us breaks when the server was restarted, however
                # quickly: the library may then have lost what it had just taken.
                pulse.execute(text("SELECT 1"))
                pulse.rollback()
                self._dispatcher.begin_new()
                if time.monotonic() >= next_mend:
                    self._note_alive(started_at)
                    self._dispatcher.mend()
                    upkeep.release_leases(self._service)
                    next_mend = time.monotonic() + self._settings.ticking_s
            except (DBAPIError, DatabaseLost, PoolTimeout) as error:
                come_back(error)

    def _connected(self) -> Connection:
        """Wait until the database answers, and keep that connection."""
        while True:
            try:
                pulse = self._service.database.engine.connect()
                pulse.execute(text("SELECT 1"))
                pulse.rollback()
            except DBAPIError as error:
                _log.warning("worker.waits_for_database", kind=type(error).__name__)
                if self._stopping.wait(_RECONNECT_S):
                    raise SystemExit(0) from None
            else:
                return pulse

    def _note_alive(self, started_at: datetime) -> None:
        with self._service.work() as work:
            workers.note_alive(work, self._name, socket.gethostname(), os.getpid(), started_at)

    def _added(self, batch_id: str, chunk: int) -> None:
        self._dispatcher.begin(chunk_job(batch_id, chunk))

    def _score_chunk(self, batch_id: str, chunk: int) -> None:
        me = threading.get_ident()
        self._busy_since[me] = time.monotonic()
        try:
            scoring.score_chunk(self._service, batch_id, chunk)
        finally:
            del self._busy_since[me]

    def _run_task(self, task_id: str) -> None:
        tasks.run_task(self._service, task_id)

    def _trim(self, before: str) -> int:
        return self._library.trim(before)

    def _insist_on_progress(self) -> None:
        now = time.monotonic()
        if any(now - since > LONGEST_CHUNK_S for since in list(self._busy_since.values())):
            _log.error("worker.stuck", worker=self._name)
            os._exit(COME_BACK)


def _crash_only(do: Callable[P, None]) -> Callable[P, None]:
    """Make a lost database end the process: the library would take the failure for the result."""

    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            do(*args, **kwargs)
        except (DBAPIError, DatabaseLost, PoolTimeout) as error:
            come_back(error)
        except QAEngineError as error:
            # The rows still say what is to be done: the dispatcher begins it again.
            _log.error("job.failed", kind=type(error).__name__)
            raise

    return run


def come_back(error: Exception) -> NoReturn:
    """End this process at once; the supervisor starts it anew."""
    _log.warning("worker.lost_database", kind=type(error).__name__)
    sys.stderr.flush()
    os._exit(COME_BACK)


def _stop_with_parent(worker: Worker) -> None:
    # The supervisor holds the other end of this pipe; it closes when the supervisor ends, however it ends.
    # Read past Python's own buffer, whose lock this thread would still hold when the process ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    worker.stop()


def _tell_crash(crash: tuple[type[BaseException], BaseException, TracebackType | None]) -> None:
    _log.error("worker.crashed", **logs.told_of(crash[1].with_traceback(crash[2])))


def main(arguments: list[str] | None = None) -> None:
    """Run a worker; settings come from the environment."""
    parser = argparse.ArgumentParser(prog="python -m qa_engine.jobs.worker")
    parser.add_argument("--name", required=True, help="unique among all workers of the database")
    parser.add_argument("--attached", action="store_true", help="stop when standard input closes")
    chosen = parser.parse_args(arguments)
    settings = Settings()
    logs.configure(settings.log_level)
    # A traceback would go to standard error with the message, which may quote what it was given.
    sys.excepthook = lambda kind, error, trace: _tell_crash((kind, error, trace))
    threading.excepthook = lambda told: _tell_crash(
        (told.exc_type, told.exc_value or told.exc_type(), told.exc_traceback)
    )
    worker = Worker(settings, chosen.name)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    # Ctrl-C reaches the whole process group; only the supervisor may answer it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if chosen.attached:
        threading.Thread(target=_stop_with_parent, args=(worker,), daemon=True).start()
    worker.run()


if __name__ == "__main__":
    main()
