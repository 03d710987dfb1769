"""Replacing personal data by masks such as ``[手机号]``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from qa_engine.text.redact.entity import LABELS, Entity
from qa_engine.text.redact.find import find_entities

Mask = Callable[[Entity], str]


def label_mask(entity: Entity) -> str:
    """The standard mask: the Chinese name of the kind in square brackets."""
    return f"[{LABELS[entity.kind]}]"


def redact(
    text: str, kinds: Collection[str] | None = None, mask: Mask = label_mask, *, previous: str = ""
) -> str:
    """Return the text with every entity replaced; everything else stays as it is.

    Idempotent with the standard mask. Arguments as in ``find_entities``.
    """
    return mask_spans(text, find_entities(text, kinds, previous=previous), mask)


def mask_spans(text: str, entities: Sequence[Entity], mask: Mask = label_mask) -> str:
    """Replace given entities (non-overlapping, in text order) of a text."""
    pieces: list[str] = []
    at = 0
    for entity in entities:
        pieces += (text[at : entity.start], mask(entity))
        at = entity.end
    pieces.append(text[at:])
    return "".join(pieces)
