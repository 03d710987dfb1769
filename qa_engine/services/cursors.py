"""Cursors: where the next page begins, opaque to callers."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Generic, TypeVar

import orjson

from qa_engine.domain.refusal import Invalid

Item = TypeVar("Item")
MAX_PAGE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page and where the next begins (None = this was the last)."""

    items: tuple[Item, ...]
    next_cursor: str | None


def encode_cursor(*place: int | float | str | None) -> str:
    """Write a place in an order as a cursor."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: tuple[type, ...]) -> tuple[int | float | str, ...]:
    """Read a cursor made by ``encode_cursor`` from values of these kinds.

    Raises:
        Invalid: it is not one of ours, or belongs to another list.
    """
    try:
        place = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, orjson.JSONDecodeError, ValueError):
        place = None
    if (
        not isinstance(place, list)
        or len(place) != len(kinds)
        or not all(_is(value, kind) for value, kind in zip(place, kinds, strict=True))
    ):
        raise Invalid(
            "翻页标记无效：请原样使用上一页返回的 next_cursor。",
            "Invalid cursor: send next_cursor of the previous page unchanged.",
            "cursor",
        )
    return tuple(place)


def _is(value: object, kind: type) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        # Beyond 64 bits no database could compare it.
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    # No database takes NUL in a text.
    return isinstance(value, kind) and not (isinstance(value, str) and "\0" in value)
