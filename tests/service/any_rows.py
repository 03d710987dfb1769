"""Rows for every table there is, made from the columns themselves: awkward values on purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Float, Integer, LargeBinary, String, insert

from qa_engine.store.columns import Instant
from qa_engine.store.tables import Table

PER_TABLE = 7
_BEGIN = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
_JSON: tuple[Any, ...] = (
    {"b": [None, True, '引号"和\\'], "a": 1e16, "中": {"深": 0.1}},
    [],
    None,
    {"全角": "ＡＢ", "一": 1.0},
    ["x", -3],
    {},
    [1, [2, [3]]],
)


def fill(connection: Connection) -> None:
    """Put rows into every table; parents first, every reference to a row that exists."""
    for table in Table.metadata.sorted_tables:
        rows = [{c.name: _value(c, n) for c in table.columns} for n in range(PER_TABLE)]
        connection.execute(insert(table), rows)


def _value(column: Column[Any], n: int) -> Any:
    kind = column.type
    if column.foreign_keys:
        parent = next(iter(column.foreign_keys)).column
        return _value(parent, n)
    if column.primary_key and isinstance(kind, Integer):
        return n + 1
    if column.nullable and n % 3 == 2:
        return None
    if isinstance(kind, Instant):
        return _BEGIN + timedelta(days=n, milliseconds=n * 7 + 1)
    if isinstance(kind, JSON):
        value = _JSON[n % len(_JSON)]
        return value if column.nullable or value is not None else {}
    if isinstance(kind, Boolean):
        return n % 2 == 0
    if isinstance(kind, Float):
        return (n + 1) / 3
    if isinstance(kind, LargeBinary):
        return bytes([n, 0, 255]) * (n + 1)
    if isinstance(kind, Integer):
        return n * 1000
    length = kind.length if isinstance(kind, String) and kind.length else 40
    return f"{n}值'\"{column.name}"[:length]
