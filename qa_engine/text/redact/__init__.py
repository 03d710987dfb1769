"""Masking of personal data (脱敏) in Chinese conversations, without any network."""

from qa_engine.text.redact.entity import KINDS, LABELS, Entity
from qa_engine.text.redact.find import find_entities
from qa_engine.text.redact.ids import redact_id
from qa_engine.text.redact.masking import label_mask, mask_spans, redact
from qa_engine.text.redact.transcripts import entities_of_turns, redact_transcript

__all__ = [
    "KINDS",
    "LABELS",
    "Entity",
    "entities_of_turns",
    "find_entities",
    "label_mask",
    "mask_spans",
    "redact",
    "redact_id",
    "redact_transcript",
]
