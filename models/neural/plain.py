"""What the utterance encoder is given: normalised text without masks, codes and figures.

A pretrained encoder never saw `[ORDERID_1]` or `#E-s3`; read literally, such codes make up most of a short
chat turn and hide what was said. Numbers say nothing about mood or manners either. Turns that differ only
in these become one text, so the encoder's memory is hit more often.
"""

from __future__ import annotations

import re

_EMOTICON = re.compile(r"#e-[a-z]?(?:\[[^\[\]]{0,12}\]|[0-9]*)|/[a-z]{2,6}(?![a-z])|\[表情[^\[\]]{0,12}\]")
_PICTURE = re.compile(r"\[(?:图片|视频|文件|语音)[^\[\]]{0,12}\]")
_NUMBER = re.compile(r"\[(?:数字|金额|日期|时间|num)[^\[\]]{0,12}\]")
_LINK = re.compile(r"https?://[!-~]+|www\.[!-~]+")
_ENTITY = re.compile(r"\[[^\[\]]{1,24}\]")
_DIGITS = re.compile(r"[0-9][0-9.,:*\-/x]*")
_STRETCH = re.compile(r"(.)\1{2,}")
_HINT = re.compile(r"[\[#/0-9]|www")
_WORDLESS = "…"


def plain(text: str) -> str:
    """Return what the encoder reads of NFKC lower-case ``text``; never empty."""
    if _HINT.search(text):
        text = _NUMBER.sub("0", _PICTURE.sub("图片", _EMOTICON.sub("", text)))
        text = _DIGITS.sub("0", _ENTITY.sub("某", _LINK.sub("链接", text)))
    return _STRETCH.sub(r"\1\1", text).strip() or _WORDLESS
