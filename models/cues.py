"""Cues of one utterance: how often it touches each word list, and what its outside looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import ahocorasick
import numpy as np
from scipy import sparse

from models.base import FloatArray
from models.folding import EMOTICON, ENTITY, PICTURE
from models.wordlists import AGENT_CUES, CUSTOMER_CUES, TYPE_CUES, phrases

SHAPE = (
    "length", "tiny", "short", "long", "asks", "asks_twice", "exclaims", "trails_off", "wordless",
    "digits", "entity", "picture", "emoticon", "latin",
)  # fmt: skip
LISTS: Mapping[str, Mapping[str, str]] = {"customer": CUSTOMER_CUES, "agent": AGENT_CUES}


def cue_names(role: str) -> tuple[str, ...]:
    """Names of the leading cue columns of a role: outside shape, then word lists (types come after)."""
    return SHAPE + tuple(LISTS[role])


class CueReader:
    """Reads the cues of utterances of one role ("customer" or "agent").

    Columns: ``cue_names(role)``, then one per entry of ``TYPE_CUES``. Word-list columns hold
    log(1 + number of distinct phrases found), shape columns values in about 0–1.
    """

    def __init__(self, role: str) -> None:
        lists = list(LISTS[role].values()) + list(TYPE_CUES.values())
        self.turn_columns = len(cue_names(role))
        self.width = len(SHAPE) + len(lists)
        touched: dict[str, list[int]] = {}
        for column, entry in enumerate(lists, start=len(SHAPE)):
            for phrase in dict.fromkeys(phrases(entry)):
                touched.setdefault(phrase, []).append(column)
        self._automaton = ahocorasick.Automaton()
        self._touches = np.zeros((len(touched), self.width), dtype=np.float32)
        for number, (phrase, columns) in enumerate(touched.items()):
            self._automaton.add_word(phrase, number)
            self._touches[number, columns] = 1.0
        self._automaton.make_automaton()

    def read(self, texts: Sequence[str], folded: Sequence[str]) -> FloatArray:
        """Return the (n, width) float32 cues of normalised texts and their folded forms."""
        shapes = np.array([_shape(t, f) for t, f in zip(texts, folded, strict=True)], dtype=np.float32)
        found: list[int] = []
        pointers = [0]
        for text in texts:
            found.extend({number for _, number in self._automaton.iter(text)})
            pointers.append(len(found))
        ones = np.ones(len(found), dtype=np.float32)
        shape = (len(texts), len(self._touches))
        counts = (
            sparse.csr_matrix((ones, np.array(found, dtype=np.int64), pointers), shape=shape) @ self._touches
        )
        cues: FloatArray = np.log1p(counts)
        cues[:, : len(SHAPE)] = shapes.reshape(len(texts), len(SHAPE))
        return cues


_LATIN = re.compile("[a-z]{2}")


def _shape(text: str, folded: str) -> tuple[float, ...]:
    size = len(folded)
    questions = text.count("?") + text.count("？")
    return (
        min(size, 80) ** 0.5 / 9.0,
        float(size <= 2),
        float(size <= 6),
        float(size > 30),
        float(questions > 0),
        float(questions > 1),
        float("!" in text),
        float("。。" in text or ".." in text or "…" in text),
        float(size == 0),
        float("0" in folded),
        float(ENTITY in folded),
        float(PICTURE in folded),
        float(EMOTICON in folded),
        float(_LATIN.search(folded) is not None),
    )
