"""Putting recognised pieces together and taking a producer's markup off, without touching the words.

Two exceptions to "the text is the producer's, unchanged", because both are markup and not speech:
SenseVoice tags (``<|zh|><|ANGRY|>…``) go to ``signals``, subtitle tags and line wraps are taken away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from qa_engine.domain.transcript import Word
from qa_engine.intake.fields import checked_ms, wrong_type

_TAG = re.compile(r"<\|([^|<>]{1,20})\|>")
_EMOTIONS = frozenset({"HAPPY", "SAD", "ANGRY", "NEUTRAL", "FEARFUL", "DISGUSTED", "SURPRISED"})
# One recognised unit: a CJK character, or a run of letters and digits.
_UNIT = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff_]+(?:['’][a-zA-Z]+)*")
_NO_BLANK_AFTER = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f“‘（《]")
_NO_BLANK_BEFORE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef\u3000-\u303f”’,.!?;:%)）》]")


def join_pieces(pieces: Iterable[str]) -> str:
    """Join words or lines: no blank next to Chinese or before punctuation, one between Latin words."""
    text = ""
    for piece in pieces:
        if text and piece and not _NO_BLANK_AFTER.match(text[-1]) and not _NO_BLANK_BEFORE.match(piece):
            text += " "
        text += piece
    return text


def without_tags(text: str) -> tuple[str, str | None]:
    """Return (text without SenseVoice tags, the emotion they named or None).

    Several tag groups in one text (one per voice segment) give an emotion only if they agree.
    """
    if "<|" not in text:
        return text, None
    emotions = {tag for tag in _TAG.findall(text) if tag in _EMOTIONS}
    return _TAG.sub("", text), emotions.pop() if len(emotions) == 1 else None


def spans(value: object, path: str) -> list[tuple[int, int]]:
    """Read ``[[430, 670], [670, 810]]`` (ms); None is [].

    Raises:
        FieldProblem: not a list of pairs of times.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(path, "数组", value)
    pairs = []
    for i, pair in enumerate(value):
        if not isinstance(pair, list) or len(pair) != 2:
            raise wrong_type(f"{path}[{i}]", "两个时间组成的数组", pair)
        pairs.append((checked_ms(pair[0], f"{path}[{i}][0]"), checked_ms(pair[1], f"{path}[{i}][1]")))
    return pairs


def timed_words(text: str, times: Sequence[tuple[int, int]]) -> tuple[Word, ...]:
    """Pair the units of ``text`` with ``times``; () when their numbers differ, since a guess would lie.

    They differ after inverse text normalisation (spoken 二零二四 written as 2024).
    """
    units = _UNIT.findall(text)
    if len(units) != len(times):
        return ()
    return tuple(Word(unit, start, end) for unit, (start, end) in zip(units, times, strict=True))
