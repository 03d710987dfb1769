"""A passage: the piece of a conversation one test is applied to, with the way back to its turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qa_engine.domain.finding import Evidence
from qa_engine.rules.matcher import LiteralHit, TurnHits
from qa_engine.text.reading import TurnReading


class Piece(NamedTuple):
    """A stretch of one turn (span in its normalised text)."""

    turn: TurnReading
    hits: TurnHits
    start: int
    end: int


class Passage:
    """A whole turn, one clause of it, or several pieces joined by line breaks.

    ``text`` is normalised; all spans below are spans of ``text``. ``turn`` is the (first) turn;
    ``is_turn`` is True when the passage is exactly one whole turn.
    """

    __slots__ = ("_at", "_whole", "is_turn", "pieces", "text", "turn")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = tuple(pieces)
        self._whole: tuple[Evidence, ...] | None = None
        piece = self.pieces[0]
        self.turn: TurnReading = piece.turn
        self.is_turn = (
            len(self.pieces) == 1 and piece.start == 0 and piece.end == len(piece.turn.normalized.text)
        )
        if len(self.pieces) == 1:
            self.text = piece.turn.text[piece.start : piece.end]
            self._at: tuple[int, ...] = (0,)
            return
        at: list[int] = []
        position = 0
        for piece in self.pieces:
            at.append(position)
            position += piece.end - piece.start + 1
        self._at = tuple(at)
        self.text = "\n".join(piece.turn.text[piece.start : piece.end] for piece in self.pieces)

    def hits(self, slot: int) -> list[LiteralHit]:
        """Literal hits of one operator that lie wholly inside the passage."""
        if len(self.pieces) == 1:
            piece = self.pieces[0]
            found = piece.hits.get(slot)
            if found is None:
                return []
            if self.is_turn:
                return found
        return [
            LiteralHit(hit.start - piece.start + at, hit.end - piece.start + at, hit.group)
            for piece, at in zip(self.pieces, self._at, strict=True)
            for hit in piece.hits.get(slot, ())
            if piece.start <= hit.start and hit.end <= piece.end
        ]

    def evidence(self, start: int, end: int) -> tuple[Evidence, ...]:
        """Quote a span; one Evidence for every turn it touches."""
        quotes: list[Evidence] = []
        for piece, at in zip(self.pieces, self._at, strict=True):
            first = max(start - at, 0) + piece.start
            last = min(end - at + piece.start, piece.end)
            if first < last:
                quotes.append(piece.turn.evidence(first, last))
        return tuple(quotes)

    def whole(self) -> tuple[Evidence, ...]:
        """Quote all of it."""
        if self._whole is None:
            self._whole = self.evidence(0, len(self.text))
        return self._whole


def joined(passages: Iterable[Passage]) -> Passage:
    """Several passages as one text."""
    return Passage([piece for passage in passages for piece in passage.pieces])
