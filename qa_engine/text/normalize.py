"""Normalisation that keeps the way back to the original offsets."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """``text`` is normalised; ``starts[i]``/``ends[i]`` are the original span of its i-th character.

    Both are None when normalisation changed no offset (the common case, kept cheap).
    """

    original: str
    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        """Map a half-open span of ``text`` to a half-open span of ``original``."""
        if self.starts is None or self.ends is None:
            return start, end
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else len(self.original)
            return at, at
        return self.starts[start], self.ends[end - 1]


def normalize(original: str) -> NormalizedText:
    """NFKC and lower case, character by character so that offsets survive."""
    whole = unicodedata.normalize("NFKC", original).lower()
    if len(whole) == len(original):
        return NormalizedText(original, whole)
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for i, char in enumerate(original):
        for piece in unicodedata.normalize("NFKC", char).lower():
            text.append(piece)
            starts.append(i)
            ends.append(i + 1)
    return NormalizedText(original, "".join(text), tuple(starts), tuple(ends))
