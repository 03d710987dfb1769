"""Rows of any table as plain values, the same on every kind of database: for copying and comparing.

Moments are integers, JSON is canonical text: a row read from PostgreSQL and the same row read from SQLite
give equal values.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from qa_engine.store.columns import Instant, canonical_json

Kind = Literal["text", "integer", "real", "boolean", "bytes", "json"]
Row = tuple[Any, ...]
_CHUNK = 1000
_TYPES: dict[Kind, TypeEngine[Any]] = {
    "text": Text(), "integer": BigInteger(), "real": Double(), "boolean": Boolean(),
    "bytes": LargeBinary(), "json": Text(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A table's name and the kinds of its columns, in order."""

    name: str
    columns: Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """How many rows a table has and the sum of their hashes: equal whatever the order of the rows."""

    rows: int
    digest: str


class Fingerprinting:
    """Takes the fingerprint of rows as they pass by."""

    def __init__(self) -> None:
        self._rows = 0
        self._sum = 0

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows unchanged."""
        for row in rows:
            self._rows += 1
            self._sum += int.from_bytes(_hash(row))
            yield row

    @property
    def taken(self) -> Fingerprint:
        """The fingerprint of all rows that have passed."""
        return Fingerprint(self._rows, f"{self._sum % 2**256:064x}")


def shape_of(table: Table) -> Shape:
    """The shape of one of our tables."""
    return Shape(str(table.name), {str(column.name): _kind(column) for column in table.columns})


def read_rows(connection: Connection, shape: Shape) -> Iterator[Row]:
    """Yield all rows of a table, in no particular order and constant memory."""
    table = _table(shape)
    as_text = connection.dialect.name == "postgresql"
    wanted = [
        cast(table.c[name], Text).label(name) if kind == "json" and as_text else table.c[name]
        for name, kind in shape.columns.items()
    ]
    json_at = [i for i, kind in enumerate(shape.columns.values()) if kind == "json"]
    result = connection.execute(select(*wanted), execution_options={"yield_per": _CHUNK})
    for found in result:
        row = list(found)
        for at in json_at:
            row[at] = _canonical(row[at])
        yield tuple(row)


def write_rows(connection: Connection, shape: Shape, rows: Iterable[Row]) -> None:
    """Insert rows as ``read_rows`` yields them."""
    table = _table(shape)
    names = list(shape.columns)
    statement = insert(table)
    if connection.dialect.name == "postgresql":
        values = {
            name: cast(bindparam(name, type_=Text()), JSONB) if kind == "json" else bindparam(name)
            for name, kind in shape.columns.items()
        }
        statement = statement.values(values)
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(dict(zip(names, row, strict=True)))
        if len(chunk) == _CHUNK:
            connection.execute(statement, chunk)
            chunk.clear()
    if chunk:
        connection.execute(statement, chunk)


def create_plain(connection: Connection, shapes: Sequence[Shape]) -> None:
    """Create tables of these shapes without keys and indexes, as a backup has them."""
    for shape in shapes:
        _table(shape).create(connection)


def _table(shape: Shape) -> Table:
    return _built(shape.name, tuple(shape.columns.items()))


@lru_cache(maxsize=256)
def _built(name: str, columns: tuple[tuple[str, Kind], ...]) -> Table:
    return Table(name, MetaData(), *(Column(column, _TYPES[kind]) for column, kind in columns))


def _kind(column: Column[Any]) -> Kind:
    kind = column.type
    if isinstance(kind, Instant | Integer):
        return "integer"
    if isinstance(kind, JSON):
        return "json"
    if isinstance(kind, Boolean):
        return "boolean"
    if isinstance(kind, Float):
        return "real"
    if isinstance(kind, LargeBinary):
        return "bytes"
    return "text"


def _canonical(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return canonical_json(_whole(orjson.loads(text))).decode()
    except orjson.JSONDecodeError:
        # Damaged already: copied as it is, and found by whoever reads it.
        return text


def _whole(value: Any) -> Any:
    """The two databases write whole reals differently (1e16, 10000000000000000)."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _hash(row: Row) -> bytes:
    plain = [hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value for value in row]
    return hashlib.sha256(canonical_json(plain)).digest()
