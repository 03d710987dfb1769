"""A key written twice in one JSON object: decoders keep one value silently, so such records are refused."""

from __future__ import annotations

import json
from collections.abc import Sequence

import orjson

from qa_engine.intake.fields import FieldProblem

_LONGEST_SHOWN = 40


def refuse_duplicate_keys(data: bytes, document: object) -> None:
    """Make sure that decoding ``data`` into ``document`` has lost no key.

    Colons are counted first: without escapes they are written alike before and after decoding, so an
    equal count proves that nothing was lost, and only doubtful records are decoded a second, slower time.

    Raises:
        FieldProblem: ``duplicate_key`` naming the key, or ``too_deep`` (over 254 levels).
    """
    try:
        kept = orjson.dumps(document).count(b":")
    except orjson.JSONEncodeError:
        raise FieldProblem("", "JSON 嵌套过深", "检查导出程序", "too_deep") from None
    # A colon may also be written as an escape (003a), which decodes to one more colon.
    if data.count(b":") != kept or b"\\u003" in data:
        json.loads(data, object_pairs_hook=_refuse_twice)


def _refuse_twice(pairs: Sequence[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            name = f"字段“{key}”" if len(key) <= _LONGEST_SHOWN and key.isprintable() else "某个字段"
            why = f"同一个对象里{name}写了不止一次，分不清该用哪一个值"
            raise FieldProblem("", why, "检查导出程序，每个字段只写一次", "duplicate_key")
        seen.add(key)
