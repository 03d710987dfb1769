"""The content of a file: which scalars are words, and what names a revision."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from qa_engine.rules.source import Path, SourceMap
from qa_engine.scorecards.file import ScorecardFile

# Lists under these keys hold words, so that 12315 or 0571 there needs no quotes.
WORD_LISTS = frozenset({"of", "unless", "to", "first", "second", "steps", "excludes", "synonyms", "quotes"})


def with_words_as_text(data: Any, source: SourceMap) -> Any:
    """Give back every number, true or null inside a list of words as the author typed it."""
    return _words(data, (), source)


def _words(value: Any, path: Path, source: SourceMap) -> Any:
    if isinstance(value, dict):
        return {key: _words(item, (*path, key), source) for key, item in value.items()}
    if isinstance(value, list):
        return [_words(item, (*path, i), source) for i, item in enumerate(value)]
    if not isinstance(value, str) and _in_word_list(path):
        raw = source.raw_of(path)
        return raw if raw else value
    return value


def _in_word_list(path: Path) -> bool:
    if not path or not isinstance(path[-1], int):
        return False
    names = [step for step in path if isinstance(step, str)]
    return bool(names) and (names[0] == "phrases" or any(name in WORD_LISTS for name in names[-2:]))


def digest_of(file: ScorecardFile) -> str:
    """sha256 over the canonical JSON of everything that judges.

    Comments, layout, the order of keys, values equal to their defaults and the tests do not matter:
    none of them can change a verdict.
    """
    content = file.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"tests"})
    text = json.dumps(_whole(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _whole(value: Any) -> Any:
    """Write 5 and 5.0 alike."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
