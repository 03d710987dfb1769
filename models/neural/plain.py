"""What the utterance encoder is given: normalised text without masks, codes and figures.

A pretrained encoder never saw `[ORDERID_1]` or `#E-s3`; read literally, such codes make up most of a short
chat turn and hide what was said. Numbers say nothing about mood or manners either. Turns that differ only
in these become one text, so the encoder's memory is hit more often.
"""

from __future__ import annotations

import re

from models.folding import DIGITS, ENTITY_MASK, LINK, NUMBER_MASK, PICTURE_MASK, STRETCH

_EMOTICON = re.compile(r"#e-[a-z]?(?:\[[^\[\]]{0,12}\]|[0-9]*)|/[a-z]{2,6}(?![a-z])|\[表情[^\[\]]{0,12}\]")
_HINT = re.compile(r"[\[#/0-9]|www")
_WORDLESS = "…"


def plain(text: str) -> str:
    """Return what the encoder reads of NFKC lower-case ``text``; never empty."""
    if _HINT.search(text):
        text = NUMBER_MASK.sub("0", PICTURE_MASK.sub("图片", _EMOTICON.sub("", text)))
        text = DIGITS.sub("0", ENTITY_MASK.sub("某", LINK.sub("链接", text)))
    return STRETCH.sub(r"\1\1", text).strip() or _WORDLESS
