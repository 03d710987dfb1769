"""A transcript as the engine reads it: every turn normalised once and shared by everybody."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from qa_engine.domain.finding import Evidence
from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.text.normalize import NormalizedText, normalize
from qa_engine.text.segment import Token, clauses, segment


@dataclass(frozen=True)
class TurnReading:
    """One turn with its normalised text; clauses and tokens are made on first use."""

    index: int
    turn: Turn
    normalized: NormalizedText

    @property
    def speaker(self) -> Speaker:
        """Who spoke."""
        return self.turn.speaker

    @property
    def text(self) -> str:
        """The normalised text that operators and models see."""
        return self.normalized.text

    @cached_property
    def clauses(self) -> tuple[tuple[int, int], ...]:
        """(start, end) spans of clauses in the normalised text."""
        return clauses(self.normalized.text)

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """Words of the normalised text, with spans into it."""
        return segment(self.normalized.text)

    def evidence(self, start: int, end: int) -> Evidence:
        """Quote a span of the *normalised* text as evidence into the original."""
        first, last = self.normalized.to_original(start, end)
        return Evidence(self.index, first, last, self.turn.text[first:last])


@dataclass(frozen=True)
class Reading:
    """A whole transcript, read. ``turns`` is parallel to ``transcript.turns``."""

    transcript: Transcript
    turns: tuple[TurnReading, ...]


def read_transcript(transcript: Transcript) -> Reading:
    """Normalise every turn of a transcript once."""
    return Reading(transcript, tuple(read_turn(i, turn) for i, turn in enumerate(transcript.turns)))


def read_turn(index: int, turn: Turn) -> TurnReading:
    """Normalise one turn (used by the live path too)."""
    return TurnReading(index, turn, normalize(turn.text))
