"""Two views of a text, character for character as long as the original, so that offsets agree.

``plain`` is half width and upper case; ``digits`` also has spoken digits (幺三八) as 0–9. Masks such
as ``[手机号]`` are blanked with ``BARRIER``, which no pattern matches: what was masked once is never
a cue for, or a part of, something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BARRIER = "\x00"
_MASK = re.compile(r"\[[\u4e00-\u9fffA-Za-z]{1,8}\]")
_HALF_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | {
    0x3000: 0x20,
    0xA0: 0x20,
    0x2013: 0x2D,
    0x2014: 0x2D,
}
_UPPER = {i: i - 32 for i in range(ord("a"), ord("z") + 1)}
_PLAIN = _HALF_WIDTH | {0xFF41 + i: 0x41 + i for i in range(26)} | _UPPER | {ord("，"): ord(",")}
_SPOKEN = {
    ord(char): ord(digit)
    for char, digit in zip("零〇洞一幺二两三四五六七八九", "00011223456789", strict=True)
}
# What speech recognition writes for a digit; believed only between two digits.
_MISHEARD = {
    "妖": "1",
    "腰": "1",
    "要": "1",
    "邀": "1",
    "灵": "0",
    "铃": "0",
    "拐": "7",
    "勾": "9",
    "久": "9",
    "酒": "9",
    "溜": "6",
}
_MISHEARD_BETWEEN = re.compile(rf"(?<=[0-9])[{''.join(_MISHEARD)}](?=[0-9])")


@dataclass(frozen=True, slots=True)
class View:
    """The text under its two readings; all three have the same length."""

    plain: str
    digits: str

    def blank(self, spans: list[tuple[int, int]]) -> View:
        """Return a view in which these spans are barriers."""
        return View(_blank(self.plain, spans), _blank(self.digits, spans))


def view_of(text: str) -> View:
    """Make the two views of a text (any zero character in it counts as a barrier)."""
    plain = text.translate(_PLAIN)
    masks = [match.span() for match in _MASK.finditer(plain)]
    if masks:
        plain = _blank(plain, masks)
    digits = plain.translate(_SPOKEN)
    digits = _MISHEARD_BETWEEN.sub(lambda match: _MISHEARD[match.group()], digits)
    return View(plain, digits)


def without_masks(text: str) -> str:
    """The text with every mask such as ``[手机号]`` replaced by a barrier."""
    return _MASK.sub(BARRIER, text) if "[" in text else text


def _blank(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + BARRIER * (end - start) + text[end:]
    return text
