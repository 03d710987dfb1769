"""Words and clauses of a normalised text. The only importer of jieba."""

from __future__ import annotations

import re
from typing import NamedTuple

_CLAUSE_END = re.compile(r"[,.!?;:，。！？；：\n\r]+")


class Token(NamedTuple):
    """A word with its half-open span in the normalised text."""

    text: str
    start: int
    end: int


def clauses(text: str) -> tuple[tuple[int, int], ...]:
    """Spans between clause punctuation, without empty ones."""
    spans: list[tuple[int, int]] = []
    start = 0
    for mark in _CLAUSE_END.finditer(text):
        if text[start : mark.start()].strip():
            spans.append((start, mark.start()))
        start = mark.end()
    if text[start:].strip():
        spans.append((start, len(text)))
    return tuple(spans)


def segment(text: str) -> tuple[Token, ...]:
    """Cut a text into words with jieba's exact mode."""
    import jieba

    tokens: list[Token] = []
    at = 0
    for word in jieba.lcut(text):
        tokens.append(Token(word, at, at + len(word)))
        at += len(word)
    return tuple(tokens)
