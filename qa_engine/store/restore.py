"""Restoring a backup into an empty database of either kind, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy import table as named

from qa_engine.store.backup import BackupError, Manifest, Told, check_backup, open_backup
from qa_engine.store.engine import Database
from qa_engine.store.migrations import downgrade, knows, schema_state, upgrade
from qa_engine.store.plain_rows import Fingerprinting, Shape, read_rows, write_rows
from qa_engine.store.tables import Table


def restore_backup(database: Database, path: Path, *, told: Told) -> Manifest:
    """Copy a backup into an empty database and compare every table before anything is committed.

    The rows come in at the structure they were saved with; the database is upgraded afterwards.

    Args:
        database: one without tables, or with empty ones.
        path: the backup.
        told: called with (table, its rows) as each table is done.

    Raises:
        BackupError: the backup is damaged or of a newer version, or the database is not empty.
    """
    manifest = check_backup(path)
    if not knows(manifest.revision):
        raise BackupError(f"备份来自更新的版本（{manifest.version}）。处理办法：升级软件后再恢复。")
    filled = filled_tables(database)
    if filled:
        raise BackupError(
            f"目标数据库不是空的（{'、'.join(filled[:3])} 等表里有数据），没有恢复，什么也没有改动。"
            "处理办法：用一个新的空数据库或新的 QA_ENGINE_HOME。"
        )
    if schema_state(database).current not in (None, manifest.revision):
        downgrade(database)
    upgrade(database, manifest.revision)
    with open_backup(path) as (source, _), _writing(database) as target:
        for shape in manifest.shapes:
            write_rows(target, shape, read_rows(source, shape))
            _compare(target, shape, manifest)
            told(shape.name, manifest.fingerprints[shape.name].rows)
        if database.kind == "postgresql":
            _advance_sequences(target, manifest)
    upgrade(database)
    return manifest


@contextmanager
def _writing(database: Database) -> Iterator[Connection]:
    with database.engine.execution_options(qa_engine_write=True).begin() as connection:
        yield connection


def filled_tables(database: Database) -> list[str]:
    """Names of our tables that hold rows; tables that are not there are empty."""
    with database.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        return [
            table.name
            for table in Table.metadata.sorted_tables
            if table.name in there
            and connection.execute(select(1).select_from(named(table.name)).limit(1)).first() is not None
        ]


def _compare(target: Connection, shape: Shape, manifest: Manifest) -> None:
    fingerprinting = Fingerprinting()
    for _row in fingerprinting.over(read_rows(target, shape)):
        pass
    if fingerprinting.taken != manifest.fingerprints[shape.name]:
        raise BackupError(f"表 {shape.name} 恢复后与备份不一致，已全部撤销。处理办法：换一份备份再试。")


def _advance_sequences(target: Connection, manifest: Manifest) -> None:
    """The next record must not get the id of one that was restored."""
    for shape in manifest.shapes:
        if shape.columns.get("id") == "integer":
            largest = f"(SELECT max(id) FROM {shape.name})"
            target.execute(
                text(
                    f"SELECT setval(s, coalesce({largest}, 1), {largest} IS NOT NULL) "
                    f"FROM pg_get_serial_sequence('{shape.name}', 'id') AS s WHERE s IS NOT NULL"
                )
            )
