"""How like two texts are, by characters (indel similarity, 0–1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice, pairwise
from math import floor

from rapidfuzz import fuzz


class Sought:
    """Phrases that were looked for, indexed by character so that most are never compared."""

    MOST = 200

    def __init__(self, phrases: Iterable[str]) -> None:
        self.phrases = tuple(islice(dict.fromkeys(phrases), self.MOST))
        self._by_letter: dict[str, list[int]] = defaultdict(list)
        for number, phrase in enumerate(self.phrases):
            for letter in set(phrase):
                self._by_letter[letter].append(number)
        self._letters = frozenset(self._by_letter)

    def near(self, alphabet: frozenset[str], floor: float) -> list[str]:
        """Phrases that may reach a similarity of ``floor`` in a text of these characters."""
        shared: dict[int, int] = {}
        for letter in self._letters & alphabet:
            for number in self._by_letter[letter]:
                shared[number] = shared.get(number, 0) + 1
        near: list[str] = []
        for number in sorted(shared):
            phrase = self.phrases[number]
            # No stretch can share more characters with the phrase than the whole text does.
            common = shared[number] + len(phrase) - len(set(phrase))
            if 2 * common >= floor * (len(phrase) + common):
                near.append(phrase)
        return near


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
