"""A backup: one SQLite file with all tables as plain rows and a manifest, from either kind of database.

It is written beside its name and renamed when it is complete and has been read back: a file of that name is
always a whole backup. Sealed texts stay sealed; the keys are in it only when asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool

from qa_engine import __version__
from qa_engine.domain.errors import QAEngineError
from qa_engine.store.engine import Database
from qa_engine.store.migrations import schema_state
from qa_engine.store.plain_rows import (
    Fingerprint,
    Fingerprinting,
    Shape,
    create_plain,
    read_rows,
    shape_of,
    write_rows,
)
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import Table

SCHEMA = "qa-engine-backup/1"
Told = Callable[[str, int], None]


class BackupError(QAEngineError):
    """A backup cannot be made, read or restored."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        created_at: ISO 8601 in UTC. revision: of the database's structure.
        root_mark: tells whether a key file belongs to it, without telling the key.
        key_ids: keys the sealed texts may need. keys: the key file's content, None when left out.
        shapes, fingerprints: every table's columns and content, in the order in which to restore them.
    """

    version: str
    created_at: str
    kind: str
    revision: str
    root_mark: str
    current_key: str
    key_ids: tuple[str, ...]
    keys: str | None
    shapes: tuple[Shape, ...]
    fingerprints: Mapping[str, Fingerprint]

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(fingerprint.rows for fingerprint in self.fingerprints.values())


def write_backup(
    database: Database, keyring: Keyring, path: Path, now: datetime, *, with_keys: bool, told: Told
) -> Manifest:
    """Write a backup of one moment while the service goes on.

    Args:
        database: what to save.
        keyring: its keys; their ids are named in the backup.
        path: the file to write, readable by its owner only.
        now: the moment told in the manifest.
        with_keys: put the keys in too: whoever has the file can then read everything.
        told: called with (table, its rows) as each table is done.

    Raises:
        BackupError: the file exists, the database is not at this version's structure, or what was written
            does not read back the same.
    """
    state = schema_state(database)
    if not state.at_head:
        raise BackupError(
            f"数据库的结构版本是 {state.current or '空'}，本软件是 {state.head}。"
            "处理办法：先启动一次服务（会自动升级数据库），再备份。"
        )
    if path.exists():
        raise BackupError(f"文件 {path} 已经存在。处理办法：换一个文件名，或先移走它。")
    shapes = tuple(shape_of(table) for table in Table.metadata.sorted_tables)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.partial")
    beside.unlink(missing_ok=True)
    os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    fingerprints: dict[str, Fingerprint] = {}
    with _open(beside) as target, one_moment(database) as source:
        create_plain(target, shapes)
        for shape in shapes:
            fingerprinting = Fingerprinting()
            write_rows(target, shape, fingerprinting.over(read_rows(source, shape)))
            fingerprints[shape.name] = fingerprinting.taken
            told(shape.name, fingerprinting.taken.rows)
        manifest = Manifest(
            version=__version__,
            created_at=now.isoformat(),
            kind=database.kind,
            revision=state.head,
            root_mark=root_mark(keyring),
            current_key=keyring.current,
            key_ids=tuple(sorted(keyring.keys)),
            keys=keyring.dump().decode() if with_keys else None,
            shapes=shapes,
            fingerprints=fingerprints,
        )
        _write_manifest(target, manifest)
    check_backup(beside)
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return manifest


def check_backup(path: Path) -> Manifest:
    """Read a backup from end to end and compare it with its manifest.

    Raises:
        BackupError: it is no backup, or damaged.
    """
    with open_backup(path) as (connection, manifest):
        for shape in manifest.shapes:
            fingerprinting = Fingerprinting()
            try:
                for _row in fingerprinting.over(read_rows(connection, shape)):
                    pass
            except DatabaseError as error:
                raise _damaged(path, shape.name) from error
            if fingerprinting.taken != manifest.fingerprints[shape.name]:
                raise _damaged(path, shape.name)
    return manifest


@contextmanager
def open_backup(path: Path) -> Iterator[tuple[Connection, Manifest]]:
    """Open a backup for reading.

    Raises:
        BackupError: there is no such file, or it is no backup of a version this software can read.
    """
    if not path.is_file():
        raise BackupError(f"没有文件 {path}。处理办法：检查路径。")
    with _open(path, read_only=True) as connection:
        try:
            found: dict[str, Any] = orjson.loads(connection.scalar(text("SELECT content FROM manifest")))
            if found["schema"] != SCHEMA:
                raise BackupError(f"{path} 的备份格式是 {found['schema']}，本版本只认识 {SCHEMA}。")
            manifest = _parse(found)
        except (DatabaseError, KeyError, TypeError, ValueError) as error:
            raise BackupError(f"{path} 不是完整的备份文件。处理办法：换一份备份。") from error
        yield connection, manifest


def root_mark(keyring: Keyring) -> str:
    """By which a backup recognises the keys it needs."""
    return keyring.ref("backup")[:16]


@contextmanager
def one_moment(database: Database) -> Iterator[Connection]:
    """A connection that sees the database as it is at this moment, however long reading takes."""
    with database.engine.connect() as connection:
        if database.kind == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def _damaged(path: Path, table: str) -> BackupError:
    return BackupError(f"备份文件 {path} 已损坏：表 {table} 与清单不符。处理办法：换一份备份。")


@contextmanager
def _open(path: Path, *, read_only: bool = False) -> Iterator[Connection]:
    engine = _engine(path, read_only)
    try:
        with engine.connect() as connection:
            if not read_only:
                # A backup that was not finished is thrown away whole: it needs no journal.
                connection.exec_driver_sql("PRAGMA journal_mode = OFF")
                connection.exec_driver_sql("PRAGMA synchronous = OFF")
                connection.commit()
            with connection.begin():
                yield connection
    finally:
        engine.dispose()


def _engine(path: Path, read_only: bool) -> Engine:
    mode = "ro" if read_only else "rw"
    quoted = path.resolve().as_uri()
    return create_engine(f"sqlite:///{quoted}?mode={mode}&uri=true", poolclass=NullPool)


def _write_manifest(connection: Connection, manifest: Manifest) -> None:
    fields = asdict(manifest)
    content = orjson.dumps({"schema": SCHEMA, **fields}).decode()
    connection.execute(text("CREATE TABLE manifest (content TEXT NOT NULL)"))
    connection.execute(text("INSERT INTO manifest VALUES (:content)"), {"content": content})


def _parse(found: Mapping[str, Any]) -> Manifest:
    shapes: Sequence[Mapping[str, Any]] = found["shapes"]
    return Manifest(
        version=found["version"],
        created_at=found["created_at"],
        kind=found["kind"],
        revision=found["revision"],
        root_mark=found["root_mark"],
        current_key=found["current_key"],
        key_ids=tuple(found["key_ids"]),
        keys=found["keys"],
        shapes=tuple(Shape(shape["name"], shape["columns"]) for shape in shapes),
        fingerprints={
            name: Fingerprint(item["rows"], item["digest"]) for name, item in found["fingerprints"].items()
        },
    )
