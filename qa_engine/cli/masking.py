"""Where personal data stands in a conversation, so that a page can show a mask in its place."""

from __future__ import annotations

import re

from qa_engine.cli.call_view import Masks
from qa_engine.cli.fragments import Span
from qa_engine.cli.visible import one_line
from qa_engine.domain.transcript import Transcript
from qa_engine.text.lexicon import word_list
from qa_engine.text.redact import entities_of_turns, label_mask, redact

_HAN_WORD = re.compile(r"(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{2,4}(?![\u4e00-\u9fff])")
_DIGITS = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{17}[\dXx]")


def masks_of(transcript: Transcript) -> Masks:
    """Return for every turn the spans of personal data with the masks to show instead."""
    return tuple(
        tuple(Span(entity.start, entity.end, label_mask(entity)) for entity in entities)
        for entities in entities_of_turns(transcript.turns)
    )


def no_masks(_transcript: Transcript) -> None:
    """Show everything as it was said."""
    return


def shown_id(transcript_id: str, *, masked: bool) -> str:
    """Return an id as people are shown it.

    Recordings are named after numbers and people. No sentence surrounds them there, so a word that begins
    with a surname counts as a name: a mask too many does no harm, the place of the call still tells.
    """
    if not masked:
        return one_line(transcript_id)
    return one_line(_HAN_WORD.sub(_name_mask, _DIGITS.sub("[号码]", redact(transcript_id))))


def _name_mask(match: re.Match[str]) -> str:
    word = match[0]
    if match.string[match.start() - 1 : match.start()] == "[":
        return word
    surnames = word_list("surnames")
    begins = {*surnames.in_category("common"), *surnames.in_category("compound")}
    return "[姓名]" if word[:1] in begins or word[:2] in begins else word
