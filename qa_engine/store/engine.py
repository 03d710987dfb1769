"""The database: one URL, two kinds, short transactions."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import TimeoutError as WaitedTooLong
from sqlalchemy.orm import Session

BUSY_MS = 30_000


class Database:
    """Opens sessions on SQLite (``sqlite:///path``) or PostgreSQL (``postgresql+psycopg://…``).

    A session is one transaction: committed when the block ends, rolled back when it raises.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.url = parsed
        self.kind = parsed.get_backend_name()
        # SQLite lets writers who wait sleep and try again, some of them for seconds on end: threads of one
        # process take turns instead.
        self._turn = threading.Lock() if self.kind == "sqlite" else None
        # hide_parameters: what is written holds text of customers, and messages of errors end up in logs.
        if self.kind == "sqlite":
            if parsed.database:
                own_file(Path(parsed.database))
            self.engine = create_engine(
                parsed, pool_size=pool_size, max_overflow=2 * pool_size, hide_parameters=True
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            # pre_ping: a connection that died with a restarted server is replaced, not handed out.
            self.engine = create_engine(
                parsed,
                pool_size=pool_size,
                max_overflow=2 * pool_size,
                pool_pre_ping=True,
                pool_timeout=10,
                hide_parameters=True,
            )

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write. On SQLite it takes the write lock at once: no upgrade can fail."""
        engine = self.engine.execution_options(qa_engine_write=True)
        with self._my_turn(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        # As long as SQLite itself would wait, and no longer: whoever never gives it back must not stop all.
        if not self._turn.acquire(timeout=BUSY_MS / 1000):
            raise WaitedTooLong("no other writer let go of the database in time")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads (a consistent view on SQLite; READ COMMITTED on PostgreSQL)."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def own_file(path: Path) -> None:
    """Make a database file, if there is none, for its owner only; SQLite makes what lies beside it alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late for BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # WAL with NORMAL can lose the last commits at a power cut; what was answered must be there.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # What is erased must not lie on in free pages; not every build of SQLite does this by itself.
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.execute("PRAGMA cache_size = -65536")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    immediate = connection.get_execution_options().get("qa_engine_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
