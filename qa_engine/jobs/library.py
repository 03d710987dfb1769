"""The durable-execution library (DBOS), and all that is known of it: queues, workflows, schedules.

Its own state lies beside ours: in ``jobs.db`` on SQLite, in the schema ``dbos`` on PostgreSQL. It holds ids
of batches, chunks and tasks, and nothing of customers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy import create_engine, make_url

from qa_engine.store.engine import own_file
from qa_engine.store.node import node_of_worker

APPLICATION = "qa-engine"
# Workflows are recovered only by workers of the same version; ours are safe to go on after any update.
VERSION = "1"
CHUNKS, TASKS = "chunks", "tasks"
POLL_S = 0.1
LIVE = frozenset({"ENQUEUED", "DELAYED", "PENDING"})
_TRIM = 500
_log = structlog.get_logger("qa_engine.jobs")


def imports_of(node: str) -> str:
    """The queue of what only the workers of one installation can read."""
    return f"imports-{node}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the library knows of one workflow. ``worker``: who runs it, None while it waits."""

    id: str
    status: str
    worker: str | None

    @property
    def live(self) -> bool:
        """True while it waits or runs."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Routine:
    """Something done at certain times, by one worker each time. ``cron``: minute hour day month weekday."""

    name: str
    cron: str
    do: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Doings:
    """What the workflows do. Every one may be run again after a crash."""

    import_batch: Callable[[str], None]
    score_chunk: Callable[[str, int], None]
    run_task: Callable[[str], None]
    routines: Sequence[Routine]


class Library:
    """The library at work in one worker process."""

    def __init__(self, url: str, worker: str, zone: str, doings: Doings) -> None:
        self._queues = (imports_of(node_of_worker(worker)), CHUNKS, TASKS)
        self._url = _prepared(url)
        self._zone = zone
        self._doings = doings
        self._client: DBOSClient | None = None
        quieten()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": self._url,
            "executor_id": worker,
            "application_version": VERSION,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "use_listen_notify": False,
            "scheduler_polling_interval_sec": 30.0,
            "serializer": DBOSPortableJSONSerializer(),
        }
        DBOS(config=config)
        DBOS.listen_queues(self._queues)

    def launch(self) -> None:
        """Begin to work: recover what this worker left undone, then take from the queues."""
        doings = self._doings
        DBOS.workflow(name="import_batch", max_recovery_attempts=None)(doings.import_batch)
        DBOS.workflow(name="score_chunk", max_recovery_attempts=None)(doings.score_chunk)
        DBOS.workflow(name="run_task", max_recovery_attempts=None)(doings.run_task)
        routines = [(routine, _routine_workflow(routine)) for routine in doings.routines]
        DBOS.launch()
        for queue in self._queues:
            DBOS.register_queue(
                queue, worker_concurrency=1, polling_interval_sec=POLL_S, on_conflict="always_update"
            )
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": routine.name,
                    "workflow_fn": workflow,
                    "schedule": routine.cron,
                    "context": None,
                    # What was due while nothing ran is made up for; doing it twice does no harm.
                    "automatic_backfill": True,
                    "cron_timezone": self._zone,
                }
                for routine, workflow in routines
            ]
        )
        self._client = DBOSClient(
            system_database_url=self._url,
            application_name=APPLICATION,
            serializer=DBOSPortableJSONSerializer(),
            retry_connection_errors=False,
        )

    def enqueue(
        self, queue: str, workflow: str, workflow_id: str, *arguments: str | int, priority: int = 1
    ) -> None:
        """Put a workflow in line; nothing happens when there is one of this id. Lower priority goes first."""
        self._connected.enqueue(
            {
                "queue_name": queue,
                "workflow_name": workflow,
                "workflow_id": workflow_id,
                "priority": priority,
                "app_version": VERSION,
            },
            *arguments,
        )

    def known(self, ids: Sequence[str]) -> list[Known]:
        """Those of these workflows that exist."""
        if not ids:
            return []
        found = self._connected.list_workflows(workflow_ids=list(ids), load_input=False, load_output=False)
        return [Known(w.workflow_id, str(w.status), w.executor_id) for w in found]

    def trim(self, before_iso: str) -> int:
        """Forget workflows that were over before this moment; returns how many."""
        number = 0
        while True:
            over = self._connected.list_workflows(
                completed_before=before_iso,
                status=["SUCCESS", "ERROR", "CANCELLED"],
                limit=_TRIM,
                load_input=False,
                load_output=False,
            )
            if not over:
                return number
            self._connected.delete_workflows([workflow.workflow_id for workflow in over])
            number += len(over)

    def stop(self, patience_s: int) -> None:
        """Take nothing more, let what runs come to its end for so long, and let go."""
        if self._client is not None:
            self._client.destroy()
        DBOS.destroy(workflow_completion_timeout_sec=patience_s)

    @property
    def _connected(self) -> DBOSClient:
        assert self._client is not None, "launch first"
        return self._client


def _routine_workflow(routine: Routine) -> Callable[[Any, Any], None]:
    def run(_scheduled_at: Any, _context: Any) -> None:
        routine.do()

    run.__name__ = run.__qualname__ = f"routine_{routine.name}"
    return DBOS.workflow(name=f"routine_{routine.name}", max_recovery_attempts=None)(run)


def quieten() -> None:
    """Keep the library from printing: only kinds of trouble go to our log, never its texts."""
    logger = logging.getLogger("dbos")
    logger.propagate = False
    if not any(isinstance(handler, _Kinds) for handler in logger.handlers):
        logger.handlers = [_Kinds()]


class _Kinds(logging.Handler):
    """Tells that the library warned, by place and class of error; its messages may quote SQL with values."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "-"
            _log.warning("library.warning", place=f"{record.module}:{record.lineno}", kind=error)


def _prepared(url: str) -> str:
    """The URL as the library wants it; a SQLite file is made, in write-ahead mode, before it opens it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            own_file(Path(parsed.database))
        engine = create_engine(parsed)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        engine.dispose()
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed.render_as_string(hide_password=False)
