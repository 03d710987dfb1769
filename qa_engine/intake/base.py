"""What a reader of one producer's transcripts looks like, for JSON documents and for text files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Origin, Transcript
from qa_engine.intake.fields import FieldProblem, FieldReader

__all__ = ["FieldProblem", "FieldReader", "FormatReader", "TextFormatReader"]


class FormatReader(Protocol):
    """Reads the JSON documents of one producer.

    When the producer does not tell who is the agent, the reader leaves ``speaker`` UNKNOWN, keeps the
    producer's label in ``speaker_label`` and sets ``role_source="unknown"``: the frame then maps
    channels or infers roles. An ``id`` the document does not carry is left "": the frame derives one.
    """

    name: str

    def matches(self, document: object) -> bool:
        """Decide by keys only whether ``document`` (a decoded JSON value) is this producer's."""
        ...

    def parse(self, document: object, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield every call of the document. Raises nothing: what cannot be read is yielded."""
        ...


class TextFormatReader(Protocol):
    """Reads one timed-text format (SRT, VTT); one file is one call."""

    name: str

    def matches_text(self, head: str) -> bool:
        """Decide from the first few thousand characters of a file whether it is this format."""
        ...

    def parse_text(self, text: str, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield the calls of the file. Raises nothing: what cannot be read is yielded."""
        ...
