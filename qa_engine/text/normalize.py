"""Normalisation that keeps the way back to the original offsets.

What it does: NFKC, lower case, quotation marks, brackets and dashes of all shapes made one,
invisible characters (zero width, variation selectors, direction marks) dropped. What it leaves
alone: the Chinese full stop and enumeration comma (NFKC does not touch them, and a full stop made
into "." would be mistaken for a decimal point), fillers, emoji, and traditional characters (a
conversion table is a product of its own; say so in a rule with both spellings).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_ONE_SHAPE = {
    **dict.fromkeys("“”„‟〝〞「」『』«»", '"'),
    **dict.fromkeys("‘’‛′`´", "'"),
    **dict.fromkeys("—–―‐‑‒−─━", "-"),
    **dict.fromkeys("【〔〖", "["),
    **dict.fromkeys("】〕〗", "]"),
    **dict.fromkeys("•・‧∙⋅", "·"),
    "〜": "~",
}
_ONE_SHAPE_TABLE = str.maketrans(_ONE_SHAPE)
_NEEDS_ONE_SHAPE = re.compile(f"[{re.escape(''.join(_ONE_SHAPE))}]")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f"
                        "\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")  # fmt: skip
# Characters that NFKC and lower() turn into exactly one character whatever stands beside them.
_ONE_TO_ONE = re.compile(
    "[\n\r\t -~\u3000-\u3002\u3005-\u3007\u3008-\u3011\u3014-\u301b\u4e00-\u9fff"
    "\uff01-\uff5e\uffe5“”‘’—–·•《》]*"
)


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
        """Map a half-open span of ``text`` to the half-open span of ``original`` it came from.

        An empty span maps to an empty span. Both ends are monotone in ``start`` and ``end``.
        """
        if self.starts is None or self.ends is None:
            return start, end
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else len(self.original)
            return at, at
        return self.starts[start], self.ends[end - 1]


def normalize(original: str) -> NormalizedText:
    """Normalise a text; see the module for what that means. Never fails, lone surrogates included."""
    if _ONE_TO_ONE.fullmatch(original):
        whole = unicodedata.normalize("NFKC", original).lower()
        if _NEEDS_ONE_SHAPE.search(whole):
            whole = whole.translate(_ONE_SHAPE_TABLE)
        return NormalizedText(original, whole)
    return _normalize_by_cluster(original)


def _normalize_by_cluster(original: str) -> NormalizedText:
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    size = len(original)
    start = 0
    while start < size:
        end = start + 1
        while end < size and _leans_on_previous(original[end]):
            end += 1
        visible_end = end
        while visible_end > start + 1 and _INVISIBLE.match(original[visible_end - 1]):
            visible_end -= 1
        for piece in _cluster_text(original[start:end]):
            text.append(piece)
            starts.append(start)
            ends.append(visible_end)
        start = end
    if len(text) == size and starts == list(range(size)) and ends == list(range(1, size + 1)):
        return NormalizedText(original, "".join(text))
    return NormalizedText(original, "".join(text), tuple(starts), tuple(ends))


@lru_cache(maxsize=16384)
def _leans_on_previous(char: str) -> bool:
    """True for characters that may merge with the one before (marks, Hangul vowels and finals)."""
    if _INVISIBLE.match(char):
        return True
    first = unicodedata.normalize("NFKD", char)[0]
    return unicodedata.category(first).startswith("M") or "\u1160" <= first <= "\u11ff"


@lru_cache(maxsize=16384)
def _cluster_text(cluster: str) -> str:
    visible = _INVISIBLE.sub("", cluster)
    # lower() can undo NFKC's work (capitals that only exist in compatibility forms), so NFKC comes twice.
    lowered = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible).lower())
    return _INVISIBLE.sub("", lowered).translate(_ONE_SHAPE_TABLE)
