"""Where personal data stands in a conversation, so that a page can show a mask in its place."""

from __future__ import annotations

from qa_engine.cli.call_view import Masks
from qa_engine.cli.fragments import Span
from qa_engine.cli.visible import one_line
from qa_engine.domain.transcript import Transcript
from qa_engine.text.redact import entities_of_turns, label_mask, redact_id


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
    """Return an id as people are shown it, on one line."""
    return one_line(redact_id(transcript_id) if masked else transcript_id)
