"""The database: one URL, two kinds, short transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
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
        if self.kind == "sqlite":
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(parsed, pool_size=pool_size, max_overflow=2 * pool_size)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            # pre_ping: a connection that died with a restarted server is replaced, not handed out.
            self.engine = create_engine(
                parsed, pool_size=pool_size, max_overflow=2 * pool_size, pool_pre_ping=True, pool_timeout=10
            )

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction that may write. On SQLite it takes the write lock at once: no upgrade can fail."""
        engine = self.engine.execution_options(qa_engine_write=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads (a consistent view on SQLite; READ COMMITTED on PostgreSQL)."""
        with Session(self.engine, expire_on_commit=False, autoflush=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling begins too late for BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # WAL with NORMAL can lose the last commits at a power cut; what was answered must be there.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -65536")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    immediate = connection.get_execution_options().get("qa_engine_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def engine_of(session: Session) -> Engine:
    """The engine behind a session."""
    bind = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
