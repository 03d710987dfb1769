"""Fold normalised text so that a model keys on wording, not on masks, digits or punctuation style.

Speech recognition writes no punctuation, chat writes it carelessly and masked exports replace
names and numbers by tokens; after folding all three look alike.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Private-use characters stand for things; they can meet no text a producer sends.
ENTITY = "\ue001"  # name, order number, address, link, …
EMOTICON = "\ue002"
PICTURE = "\ue003"
SOFT_BREAK = " "

NUMBER_MASK = re.compile(r"\[(?:数字|金额|日期|时间|num)[^\[\]]{0,12}\]")
PICTURE_MASK = re.compile(r"\[(?:图片|视频|文件|语音)[^\[\]]{0,12}\]")
_EMOTICON_MASK = re.compile(
    r"#e-[a-z]?[0-9]*|\[(?:表情|玫瑰|微笑|捂脸|偷笑|笑脸|爱心|鲜花|愉快|可爱|撒花|握手|强)\]"
)
ENTITY_MASK = re.compile(r"\[[^\[\]]{1,24}\]")
LINK = re.compile(r"https?://[!-~]+|www\.[!-~]+")
_ESCAPE = re.compile(r"&[a-z]{2,6};|<[a-z/][^<>]{0,40}>")
DIGITS = re.compile(r"[0-9０-９][0-9.,:*\-/x]*")
STRETCH = re.compile(r"(.)\1{2,}")
_HINT = re.compile(r"[\[#&<0-9]|http|www")

_PUNCTUATION = "，。、；：,.;:~～…·“”‘’\"'()（）<>《》【】{}—-_|/\\^*=+`?？!！\t\n\r\u3000\xa0"
_TO_BREAK = {ord(char): SOFT_BREAK for char in _PUNCTUATION}


@lru_cache(maxsize=16384)
def fold(text: str) -> str:
    """Return the folded form of NFKC lower-case ``text``.

    Masks become one private-use character each, digit runs become ``0``, all punctuation and
    white space becomes single blanks, stretched characters are cut to two. May be empty.
    """
    if _HINT.search(text):
        if "[" in text or "#e-" in text:
            text = _EMOTICON_MASK.sub(EMOTICON, NUMBER_MASK.sub("0", text))
            text = ENTITY_MASK.sub(ENTITY, PICTURE_MASK.sub(PICTURE, text))
        if "http" in text or "www" in text:
            text = LINK.sub(ENTITY, text)
        if "&" in text or "<" in text:
            text = _ESCAPE.sub(SOFT_BREAK, text)
        text = DIGITS.sub("0", text)
    text = STRETCH.sub(r"\1\1", text.translate(_TO_BREAK))
    return SOFT_BREAK.join(text.split())
