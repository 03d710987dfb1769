"""Cutting a turn's text at the borders of its evidence and of what must be masked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch [start, end) of a turn's original text; ``replacement`` is shown instead when masked."""

    start: int
    end: int
    replacement: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of evidence; ``mark`` names the criterion, ``tone`` its colour (0-based section)."""

    start: int
    end: int
    mark: str
    tone: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A run of shown text under one and the same set of quotes; ``masked`` when it hides the original."""

    text: str
    marks: tuple[str, ...] = ()
    tone: int | None = None
    masked: bool = False


def cut(text: str, quotes: Sequence[Quote], masks: Sequence[Span]) -> tuple[Fragment, ...]:
    """Cut ``text`` so that every fragment lies wholly inside or outside of each quote and mask.

    Offsets are those of the original text, so evidence stays exact whatever the masks put in its
    place. A quote that begins or ends inside a mask takes in the whole mask.
    """
    ordered = _apart(masks)
    widened = [_widened(quote, ordered) for quote in quotes]
    borders = {0, len(text)}
    borders.update(border for quote in widened for border in (quote.start, quote.end))
    borders.update(border for mask in ordered for border in (mask.start, mask.end))
    inside = {mask.start: mask for mask in ordered}
    fragments: list[Fragment] = []
    covered = 0
    for start, end in zip(sorted(borders), sorted(borders)[1:], strict=False):
        if start < covered:
            continue
        mask = inside.get(start)
        if mask is not None:
            end = covered = mask.end
        over = [quote for quote in widened if quote.start <= start and end <= quote.end]
        fragments.append(
            Fragment(
                mask.replacement if mask else text[start:end],
                tuple(dict.fromkeys(quote.mark for quote in over)),
                over[0].tone if over else None,
                mask is not None,
            )
        )
    return tuple(fragments)


def quoted(fragments: Sequence[Fragment], mark: str) -> str:
    """Return the shown text of one criterion's evidence in a turn, an ellipsis between stretches."""
    runs: list[str] = []
    joined = False
    for fragment in fragments:
        if mark in fragment.marks:
            runs.append(runs.pop() + fragment.text if joined else fragment.text)
        joined = mark in fragment.marks
    return " … ".join(runs)


def _apart(masks: Sequence[Span]) -> list[Span]:
    """Put masks in order; overlapping ones become one that hides all of them."""
    kept: list[Span] = []
    for mask in sorted(masks, key=lambda mask: (mask.start, -mask.end)):
        if mask.start == mask.end:
            continue
        if kept and mask.start < kept[-1].end:
            first = kept.pop()
            mask = Span(first.start, max(first.end, mask.end), first.replacement)
        kept.append(mask)
    return kept


def _widened(quote: Quote, masks: Sequence[Span]) -> Quote:
    start, end = quote.start, quote.end
    for mask in masks:
        if mask.start < end and start < mask.end:
            start, end = min(start, mask.start), max(end, mask.end)
    return Quote(start, end, quote.mark, quote.tone)
