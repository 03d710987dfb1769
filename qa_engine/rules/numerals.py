"""Numbers in Chinese talk: 350, 1,200.50, 20%, 三百五十, 两千三, 一点五万, 百分之二十, 一三八零."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple


class Number(NamedTuple):
    """A number with its span; ``places`` are the decimal places as said, ``unit`` what follows."""

    value: Decimal
    start: int
    end: int
    places: int
    chinese: bool


_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8,
           "九": 9, "壹": 1, "贰": 2, "叁": 3, "肆": 4, "伍": 5, "陆": 6, "柒": 7, "捌": 8, "玖": 9,
           "幺": 1}  # fmt: skip
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_ALL = "".join([*_DIGITS, *_TENS, *_MYRIADS])
_ARABIC = re.compile(
    r"(?<![\d.])(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?(?P<scale>[十百千]?[万亿]|[百千])?(?P<percent>%)?"
)
_CHINESE = re.compile(
    rf"(?P<percent>百分之)?(?P<whole>[{_ALL}]+)(?:点(?P<part>[{''.join(_DIGITS)}]+)(?P<scale>[万亿])?)?"
)
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}


def numbers(text: str, chinese: bool = True) -> Iterator[Number]:
    """All numbers of a normalised text, in order of their start within each script."""
    for match in _ARABIC.finditer(text):
        value = Decimal(match["whole"].replace(",", "") + (f".{match['part']}" if match["part"] else ""))
        for char in match["scale"] or "":
            value *= _SCALES[char]
        yield Number(
            value, match.start(), match.end() - len(match["percent"] or ""), len(match["part"] or ""), False
        )
    if not chinese:
        return
    for match in _CHINESE.finditer(text):
        whole = chinese_number(match["whole"])
        if whole is None:
            continue
        part = "".join(str(_DIGITS[char]) for char in match["part"] or "")
        value = Decimal(whole) + (Decimal(f"0.{part}") if part else 0)
        if match["scale"]:
            value *= _MYRIADS[match["scale"]]
        yield Number(value, match.start(), match.end(), len(part), True)


def chinese_number(text: str) -> int | None:
    """Read a Chinese numeral; None when it is none (万 alone, 一百百)."""
    if not text or (text[0] in _MYRIADS) or (text[0] in _TENS and text[0] not in "十拾"):
        return None
    if all(char in _DIGITS for char in text):
        return int("".join(str(_DIGITS[char]) for char in text))
    total, rest = 0, text
    for char, scale in (("亿", 10**8), ("万", 10**4)):
        head, found, tail = rest.partition(char)
        if not found:
            continue
        if not head:
            return None
        amount = chinese_number(head) if char == "亿" else _below_myriad(head)
        if amount is None:
            return None
        total += amount * scale
        rest = tail
        if len(rest) == 1 and rest in _DIGITS and _DIGITS[rest]:
            # 两万三 is 23 000, 三亿五 is 350 000 000
            return total + _DIGITS[rest] * scale // 10
    below = _below_myriad(rest) if rest else 0
    return None if below is None else total + below


def _below_myriad(text: str) -> int | None:
    total, digit, last = 0, None, 10**4
    for char in text:
        if char in _DIGITS:
            if digit not in (None, 0):
                return None
            digit = _DIGITS[char]
            continue
        if char not in _TENS:
            return None
        scale = _TENS[char]
        if scale >= last or (digit is None and not (scale == 10 and total == 0)):
            return None
        total += (1 if digit is None else digit) * scale
        digit, last = None, scale
    if digit:
        # 三百五 is 350, but 三百零五 is 305
        spoken_short = 100 <= last < 10**4 and text[-2] in _TENS
        total += digit * (last // 10 if spoken_short else 1)
    return total
