"""Evidence for absence: the phrase that came nearest. Worked out only when something is held against it."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import fuzz

from qa_engine.domain.finding import Nearest
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.likeness import LEAST_SHARED, likeness
from qa_engine.rules.outcome import Absence
from qa_engine.rules.passage import Passage

# Below this nothing was near; naming it would only mislead.
LEAST_SIMILARITY = 0.5
# A whole clause is quoted unless it is longer than this; then the stretch alone.
LONGEST_QUOTE = 24


def nearest_of(call: HeardCall, absences: Sequence[Absence]) -> Nearest | None:
    """What was said that came nearest to any missing phrase, over all windows that missed."""
    best: Nearest | None = None
    for absence in absences:
        best = _nearest_in(call, absence, best)
    return best


def _nearest_in(call: HeardCall, absence: Absence, best: Nearest | None) -> Nearest | None:
    condition, window = absence
    sought = condition.sought
    if not sought.phrases:
        return best
    for unit in (*window.sure, *window.unsure):
        for passage in condition.passages(call, unit):
            alphabet = call.alphabet(passage.turn.index)
            floor = LEAST_SIMILARITY if best is None else best.similarity
            for phrase in sought.near(alphabet, floor):
                similarity, start, end = _whole_likeness(phrase, passage.text, floor)
                if similarity < floor or (best is not None and similarity <= best.similarity):
                    continue
                if round(similarity * (len(phrase) + end - start) / 2) < LEAST_SHARED:
                    continue
                quotes = passage.evidence(*_clause_around(passage, start, end))
                if quotes:
                    best = Nearest(quotes[0].turn, quotes[0].quote, similarity)
                    floor = similarity
    return best


def _whole_likeness(phrase: str, text: str, floor: float) -> tuple[float, int, int]:
    """Likeness to a stretch as long as the phrase: at the edges of a text the best stretch may be cut."""
    similarity, start, end = likeness(phrase, text, floor)
    if similarity and end - start < len(phrase) < len(text):
        start = max(0, min(start, len(text) - len(phrase)))
        end = start + len(phrase)
        similarity = fuzz.ratio(phrase, text[start:end]) / 100
    return round(similarity, 4), start, end


def _clause_around(passage: Passage, start: int, end: int) -> tuple[int, int]:
    if passage.is_turn:
        for first, last in passage.turn.clauses:
            if first <= start and end <= last and last - first <= LONGEST_QUOTE:
                return first, last
    return start, end
