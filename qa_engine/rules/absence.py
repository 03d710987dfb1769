"""Evidence for absence: the phrase that came nearest. Worked out only when something is held against it."""

from __future__ import annotations

from collections.abc import Sequence

from qa_engine.domain.finding import Nearest
from qa_engine.rules.heard import HeardCall
from qa_engine.rules.likeness import likeness
from qa_engine.rules.outcome import Absence

# Below this nothing was near; naming it would only mislead.
LEAST_SIMILARITY = 0.4


def nearest_of(call: HeardCall, absences: Sequence[Absence]) -> Nearest | None:
    """The stretch of text that came nearest to any missing phrase, over all windows that missed."""
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
            text = passage.text
            alphabet = call.alphabet(passage.turn.index)
            for phrase in sought.near(alphabet, LEAST_SIMILARITY if best is None else best.similarity):
                floor = LEAST_SIMILARITY if best is None else best.similarity
                similarity, start, end = likeness(phrase, text, floor)
                similarity = round(similarity, 4)
                if similarity < floor or (best is not None and similarity <= best.similarity):
                    continue
                quotes = passage.evidence(start, end)
                if quotes:
                    best = Nearest(quotes[0].turn, quotes[0].quote, similarity)
    return best
