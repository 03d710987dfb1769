"""Walking a database along the revisions, one server at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from qa_engine.domain.errors import QAEngineError
from qa_engine.store.engine import Database
from qa_engine.store.tables import Table

FOLDER = Path(__file__).parent
# Any number, as long as nothing else in the database locks it.
UPGRADE_LOCK = 7_203_411_904


class UnknownSchema(QAEngineError):
    """The database stands at a revision that this version does not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"数据库的结构版本 {revision} 比本软件新。处理办法：升级软件，或把升级前的备份恢复到另一个空库。"
        )
        self.revision = revision


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Which revision a database stands at (None = an empty one), and the newest there is."""

    current: str | None
    head: str

    @property
    def at_head(self) -> bool:
        """True when there is nothing to upgrade."""
        return self.current == self.head


def upgrade(database: Database, revision: str = "head") -> SchemaState:
    """Bring a database to a revision in one transaction; servers that start together take turns.

    Raises:
        UnknownSchema: the database comes from a newer version.
    """
    with _alone(database) as connection:
        current = _known(connection)
        if revision != "head" or current != head():
            command.upgrade(config(connection), revision)
        return SchemaState(_current(connection), head())


def downgrade(database: Database, revision: str = "base") -> SchemaState:
    """Take a database back to a revision; ``base`` drops every table.

    Raises:
        UnknownSchema: the database comes from a newer version.
    """
    with _alone(database) as connection:
        _known(connection)
        command.downgrade(config(connection), revision)
        return SchemaState(_current(connection), head())


def schema_state(database: Database) -> SchemaState:
    """Tell where a database stands; changes nothing."""
    with database.engine.connect() as connection:
        return SchemaState(_current(connection), head())


def drift(database: Database) -> list[Any]:
    """What distinguishes the database from the tables in the code; empty when they agree."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "include_object": is_ours, "target_metadata": Table.metadata},
        )
        return list(compare_metadata(context, Table.metadata))


def head() -> str:
    """The newest revision."""
    return _revisions()[0]


def knows(revision: str) -> bool:
    """True when this version has the revision."""
    return revision in _revisions()


@cache
def _revisions() -> tuple[str, ...]:
    """All revisions, newest first; read once, for whoever asks whether the service is ready asks often."""
    return tuple(script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions())


def config(connection: Connection) -> Config:
    """What Alembic's commands need; ``env.py`` finds the connection in it."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def is_ours(_thing: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """True for what the migrations look after; the job library keeps tables of its own."""
    return not (kind == "table" and reflected and name not in Table.metadata.tables)


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    # On SQLite a writing transaction is alone by itself (BEGIN IMMEDIATE).
    with database.engine.execution_options(qa_engine_write=True).begin() as connection:
        if database.kind == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        yield connection


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(connection: Connection) -> str | None:
    current = _current(connection)
    if current is not None and not knows(current):
        raise UnknownSchema(current)
    return current
