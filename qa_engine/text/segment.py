"""Words and clauses of a normalised text. The only importer of jieba."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, NamedTuple

from qa_engine.text.lexicon import word_list

if TYPE_CHECKING:
    import jieba

# A point or comma between digits or Latin letters belongs to a number or an address, not to the sentence.
_CLAUSE_END = re.compile(r"(?:[!?;，。！？；\n\r]|[,.](?![0-9a-z])|(?<![0-9a-z])[,.])+")

_lock = threading.Lock()
_tokenizer: jieba.Tokenizer | None = None


class Token(NamedTuple):
    """A word with its half-open span in the normalised text."""

    text: str
    start: int
    end: int


def clauses(text: str) -> tuple[tuple[int, int], ...]:
    """Spans of the stretches between ，。！？；,.!?; and line breaks, trimmed, without empty ones."""
    spans: list[tuple[int, int]] = []
    start = 0
    for mark in _CLAUSE_END.finditer(text):
        _add_trimmed(spans, text, start, mark.start())
        start = mark.end()
    _add_trimmed(spans, text, start, len(text))
    return tuple(spans)


def _add_trimmed(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    body = piece.strip()
    if body:
        first = start + len(piece) - len(piece.lstrip())
        spans.append((first, first + len(body)))


def segment(text: str) -> tuple[Token, ...]:
    """Cut a text into words (jieba exact mode with our lexicon); the tokens tile the whole text."""
    tokenizer = _tokenizer or _load_tokenizer()
    tokens: list[Token] = []
    at = 0
    for word in tokenizer.cut(text):
        end = at + len(word)
        tokens.append(Token(word, at, end))
        at = end
    return tuple(tokens)


def _load_tokenizer() -> jieba.Tokenizer:
    """Build our own tokenizer once per process; half a second, 100 MB.

    jieba's ``initialize`` would write a cache file into the temporary folder and log to stderr, so
    its dictionary is read directly; a ``Tokenizer`` of our own keeps the global one untouched.
    """
    global _tokenizer
    with _lock:
        if _tokenizer is None:
            import jieba

            tokenizer = jieba.Tokenizer()
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
            for word in word_list("domain").words:
                _teach(tokenizer, word.lower())
            _tokenizer = tokenizer
    return _tokenizer


def _teach(tokenizer: jieba.Tokenizer, word: str) -> None:
    """Give a word just the frequency that keeps it whole (``add_word`` may touch global state)."""
    frequency = tokenizer.suggest_freq(word)
    tokenizer.total += frequency - tokenizer.FREQ.get(word, 0)
    tokenizer.FREQ[word] = frequency
    for length in range(1, len(word)):
        tokenizer.FREQ.setdefault(word[:length], 0)
