"""Ids of conversations as people are shown them."""

from __future__ import annotations

import re

from qa_engine.text.lexicon import word_list
from qa_engine.text.redact.masking import redact

_HAN_WORD = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])")
_DIGITS = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{17}[\dXx]")


def redact_id(transcript_id: str) -> str:
    """Mask personal data in an id.

    Recordings are named after numbers and people. No sentence surrounds them there, so a word that begins
    with a surname counts as a name: a mask too many does no harm, the place of the call still tells.
    """
    return _HAN_WORD.sub(_name_mask, _DIGITS.sub("[号码]", redact(transcript_id)))


def _name_mask(match: re.Match[str]) -> str:
    word = match[0]
    if match.string[match.start() - 1 : match.start()] == "[":
        return word
    surnames = word_list("surnames")
    begins = {*surnames.in_category("common"), *surnames.in_category("compound")}
    return "[姓名]" if word[:1] in begins or word[:2] in begins else word
