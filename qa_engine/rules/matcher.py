"""Every literal of a rule set in one automaton: a turn is read once, however many phrases there are."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

import ahocorasick

from qa_engine.rules.sounds import SOUNDS


class LiteralHit(NamedTuple):
    """One occurrence: half-open span in the normalised text, and which phrase of the slot it was."""

    start: int
    end: int
    group: int


# slot → hits in one turn
TurnHits = dict[int, list[LiteralHit]]
_Owners = dict[str, list[tuple[int, int]]]


class LiteralIndex:
    """Collects literals while rules are compiled. A slot is one operator's private column of hits."""

    def __init__(self) -> None:
        self.slots = 0
        self._exact: _Owners = defaultdict(list)
        self._sounds: _Owners = defaultdict(list)

    def new_slot(self) -> int:
        """Reserve a column of hits."""
        self.slots += 1
        return self.slots - 1

    def add(self, literal: str, slot: int, group: int) -> None:
        """Look for a normalised literal; its hits land in ``slot`` under ``group``."""
        self._exact[literal].append((slot, group))

    def add_sound(self, literal: str, slot: int, group: int) -> None:
        """Look for anything that sounds like the literal (same syllables, any tone)."""
        self._sounds[SOUNDS.spell(literal)].append((slot, group))

    def freeze(self) -> LiteralMatcher:
        """Build the automata; nothing can be added afterwards."""
        return LiteralMatcher(_automaton(self._exact), _automaton(self._sounds))


class LiteralMatcher:
    """Finds all literals of all slots in one pass over a text (two when sounds are looked for)."""

    def __init__(self, exact: ahocorasick.Automaton | None, sounds: ahocorasick.Automaton | None) -> None:
        self._exact, self._sounds = exact, sounds

    def scan(self, text: str) -> TurnHits:
        """All hits of one normalised text, by slot, in order of their ends."""
        hits: TurnHits = {}
        if self._exact is not None:
            _collect(self._exact, text, hits)
        if self._sounds is not None:
            _collect(self._sounds, SOUNDS.spell(text), hits)
        return hits


def _collect(automaton: ahocorasick.Automaton, text: str, hits: TurnHits) -> None:
    for last, (length, owners) in automaton.iter(text):
        for slot, group in owners:
            found = LiteralHit(last + 1 - length, last + 1, group)
            if slot in hits:
                hits[slot].append(found)
            else:
                hits[slot] = [found]


def _automaton(literals: _Owners) -> ahocorasick.Automaton | None:
    if not literals:
        return None
    automaton = ahocorasick.Automaton()
    for literal, owners in literals.items():
        automaton.add_word(literal, (len(literal), tuple(owners)))
    automaton.make_automaton()
    return automaton
