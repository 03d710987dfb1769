"""Which dialogues a model saw in training: figures on those say nothing about new calls."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from training.corpus import read_corpus
from training.labelled import CorpusError, LabelledDialogue, corpus_digest


def fingerprint(dialogue: LabelledDialogue) -> str:
    """Names what was said, whatever the id and the labels."""
    said = "\n".join(f"{turn.speaker}\t{turn.text}" for turn in dialogue.turns)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def seen_in_training(dialogues: Sequence[LabelledDialogue], card: Mapping[str, Any], corpus: Path) -> int:
    """How many of the dialogues a model was trained on, as far as its card and the corpus at hand tell.

    Args:
        dialogues: to be measured on.
        card: of the model.
        corpus: the shipped corpus; counts when the model was trained on just this.
    """
    data = card.get("data", {})
    if data.get("sha256") == corpus_digest(dialogues):
        return len(dialogues)
    seen = set(data.get("own", {}).get("each", ()))
    try:
        shipped = read_corpus([corpus])
    except CorpusError:
        shipped = []  # installed without the corpus: only what the card lists can be told
    if shipped and corpus_digest(shipped) == data.get("sha256"):
        seen |= {fingerprint(dialogue) for dialogue in shipped}
    return sum(fingerprint(dialogue) in seen for dialogue in dialogues)
