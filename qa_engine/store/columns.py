"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import JSON, BigInteger, Dialect, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

# SQLite gives rowids only to INTEGER keys.
Id = BigInteger().with_variant(Integer(), "sqlite")
Key = String(120)
Name = String(200)
Words = Text()
Bytes = LargeBinary()
Fields = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""A small JSON value; never customer text."""


class Instant(TypeDecorator[datetime]):
    """A moment: an aware datetime in UTC, kept as whole milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Turn a moment into milliseconds.

        Raises:
            ValueError: the moment has no zone.
        """
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn milliseconds into a moment."""
        return None if value is None else from_ms(value)


def to_ms(moment: datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment.

    Raises:
        ValueError: the moment has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a zone")
    return round(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The moment of milliseconds since 1970, in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys: equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
