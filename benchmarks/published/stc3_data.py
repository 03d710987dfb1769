"""STC-3 dialogue quality: reading, cumulative vote shares, NMD."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
QUALITIES = ("A", "S", "E")
BINS = 5
# The last kind of each role ("not a nugget") is left out of features: the shares of a turn sum to one.
CUSTOMER_NUGGETS = ("CNUG0", "CNUG", "CNUG*", "CNaN")
AGENT_NUGGETS = ("HNUG", "HNUG*", "HNaN")
NUGGET_KINDS = len(CUSTOMER_NUGGETS)


class BadDialogue(ValueError):
    """A line of an STC-3 file that is not a dialogue with votes; names file and line, never the text."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One dialogue; ``votes`` (3, 5) counts for A, S, E from 2 down to −2, ``nuggets`` one dict a turn."""

    id: str
    from_customer: tuple[bool, ...]
    texts: tuple[str, ...]
    votes: Floats
    nuggets: tuple[dict[str, int], ...]

    def said_by(self, customer: bool) -> list[str]:
        """The texts of one side in order."""
        return [text for text, mine in zip(self.texts, self.from_customer, strict=True) if mine is customer]


def open_text(path: Path) -> str:
    """The whole text of a plain or gzipped UTF-8 file."""
    data = path.read_bytes()
    return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")


def read_dialogues(path: Path) -> list[Dialogue]:
    """All dialogues of a JSONL file; raises ``BadDialogue`` at the first line that is not one."""
    lines = open_text(path).splitlines()
    return [_dialogue(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _dialogue(line: str, path: Path, number: int) -> Dialogue:
    try:
        record: dict[str, Any] = json.loads(line)
        votes = np.array([record["votes"][quality] for quality in QUALITIES], dtype=float)
        turns = record["turns"]
        speakers = tuple(turn["speaker"] == "customer" for turn in turns)
        texts = tuple(str(turn["text"]) for turn in turns)
        nuggets = tuple(record.get("nuggets") or [{} for _ in turns])
    except (ValueError, KeyError, TypeError) as error:
        raise BadDialogue(f"{path.name}:{number}: {type(error).__name__}") from error
    if votes.shape != (len(QUALITIES), BINS) or (votes.sum(axis=1) <= 0).any():
        raise BadDialogue(f"{path.name}:{number}: votes are not three lists of five counts")
    if not turns or len(nuggets) != len(turns):
        raise BadDialogue(f"{path.name}:{number}: no turns, or nuggets that do not match them")
    return Dialogue(str(record["id"]), speakers, texts, votes, nuggets)


def cumulative_shares(dialogues: Sequence[Dialogue]) -> Floats:
    """(n, 3, 4): share of votes at or above each bin but the last, where it is always one."""
    votes = np.stack([dialogue.votes for dialogue in dialogues])
    return (votes / votes.sum(axis=2, keepdims=True)).cumsum(axis=2)[:, :, : BINS - 1]


def nmd(predicted: Floats, gold: Floats) -> Floats:
    """(n, 3) normalised match distance of cumulative shares (n, 3, 4): sum of differences over four."""
    return np.abs(predicted - gold).sum(axis=2) / (BINS - 1)


def nugget_shares(dialogue: Dialogue) -> Floats:
    """(turns, 4) shares of nugget votes in the order of the kinds of the turn's own role."""
    shares = np.zeros((len(dialogue.texts), NUGGET_KINDS))
    for row, (votes, customer) in enumerate(zip(dialogue.nuggets, dialogue.from_customer, strict=True)):
        kinds = CUSTOMER_NUGGETS if customer else AGENT_NUGGETS
        counts = [float(votes.get(kind, 0)) for kind in kinds]
        if sum(counts) > 0:
            shares[row, : len(kinds)] = np.array(counts) / sum(counts)
    return shares
