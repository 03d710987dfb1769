"""How like two texts are, by characters (indel similarity, 0–1)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, pairwise
from math import floor

from rapidfuzz import fuzz

# Two characters in common, as any two short Chinese phrases have, say nothing.
LEAST_SHARED = 3


class Sought:
    """Phrases that were looked for, with their sets of characters so that most are never compared."""

    MOST = 200

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = tuple(islice(dict.fromkeys(phrases), self.MOST))
        letters = sorted({letter for phrase in self.phrases for letter in phrase})
        self._bit = {letter: 1 << number for number, letter in enumerate(letters)}
        # phrase, the set of its letters as bits, how many letters it repeats, its length
        self._rows = [
            (phrase, self._bits(phrase), len(phrase) - len(set(phrase)), len(phrase))
            for phrase in self.phrases
            if len(phrase) > LEAST_SHARED
        ]

    def _bits(self, letters: Iterable[str]) -> int:
        bits, bit = 0, self._bit
        for letter in letters:
            bits |= bit.get(letter, 0)
        return bits

    def near(self, alphabet: frozenset[str], floor: float) -> list[str]:
        """Phrases that may reach a similarity of ``floor`` in a text of these characters."""
        seen = self._bits(alphabet)
        if not seen:
            return []
        # No stretch can share more characters with a phrase than the whole text does: with c of them the
        # similarity is at most 2c ÷ (length + c).
        share = floor / (2 - floor) - 1e-9
        return [
            phrase
            for phrase, letters, repeats, size in self._rows
            if (common := (letters & seen).bit_count() + repeats) >= LEAST_SHARED and common >= share * size
        ]


def likeness(phrase: str, text: str, at_least: float = 0.0) -> tuple[float, int, int]:
    """Similarity of a phrase to the best stretch of a text, and that stretch as a span of the text.

    A text shorter than the phrase is compared as a whole, so that "好" is not "您好". Below
    ``at_least`` the answer is (0, 0, 0).
    """
    if len(text) <= len(phrase):
        whole = fuzz.ratio(phrase, text, score_cutoff=at_least * 100) / 100
        return (whole, 0, len(text)) if whole > 0 else (0.0, 0, 0)
    best = fuzz.partial_ratio_alignment(phrase, text, score_cutoff=at_least * 100)
    if best is None or best.score == 0:
        return 0.0, 0, 0
    return best.score / 100, best.dest_start, best.dest_end


def pieces(phrase: str, at_least: float) -> set[str]:
    """Stretches of a phrase of which any text with that likeness contains at least one.

    A stretch of at most the phrase's length m with similarity t differs by at most (1 − t)·2m inserted or
    deleted characters; cut into one piece more than that, one piece must survive untouched.
    """
    size = len(phrase)
    edits = floor((1 - at_least) * 2 * size + 1e-9)
    parts = min(edits + 1, size)
    cuts = [size * i // parts for i in range(parts + 1)]
    return {phrase[start:end] for start, end in pairwise(cuts)}
