"""What a labelled conversation is. A label that is None was not given, which is not the same as "no"."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from qa_engine.domain.errors import QAEngineError


# Not frozen: Python itself writes ``__traceback__`` on an error that is raised.
@dataclass(unsafe_hash=True)
class CorpusError(QAEngineError):
    """One record that does not follow the labelling schema. Never quotes the transcript.

    ``line`` is 1-based, 0 for the whole file; ``field`` a dotted path such as ``turns[3].e``, "" for the
    whole record.
    """

    file: str
    line: int
    field: str
    why: str

    def __str__(self) -> str:
        line = f" 第 {self.line} 行" if self.line else ""
        field = f" 字段 {self.field}" if self.field else ""
        return f"{self.file}{line}{field}：{self.why}。"


@dataclass(frozen=True, slots=True)
class LabelledTurn:
    """One turn. ``speaker`` is "agent", "customer" or "system".

    ``emotion`` is None on turns of others than the customer and where it was not labelled; ``acts`` and
    ``faults`` are None where they were not labelled.
    """

    speaker: str
    text: str
    emotion: int | None
    acts: tuple[str, ...] | None
    faults: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class LabelledDialogue:
    """One conversation with the labels of the annotation guide. ``source`` is the file's stem.

    Attributes:
        types: keys that are labelled yes.
        types_unknown: keys of which the labels do not tell; every other key is labelled no.
        type_groups: (engine key, label of the file) where the file labels coarser than the taxonomy.
    """

    id: str
    source: str
    channel: str
    industry: str | None
    turns: tuple[LabelledTurn, ...]
    drops: tuple[int, ...] | None
    attitude: int | None
    resolution: str | None
    satisfaction: int | None
    complaint: bool | None
    types: tuple[str, ...] | None
    review: bool | None
    types_unknown: tuple[str, ...] = ()
    type_groups: tuple[tuple[str, str], ...] = ()

    @property
    def has_labels(self) -> bool:
        """False when nothing at all was labelled."""
        whole = (self.drops, self.attitude, self.resolution, self.satisfaction)
        turns = ((t.emotion, t.acts, t.faults if t.speaker == "agent" else None) for t in self.turns)
        known = (*whole, self.complaint, self.types, self.review, *(mark for one in turns for mark in one))
        return any(label is not None for label in known)


def corpus_digest(dialogues: Sequence[LabelledDialogue]) -> str:
    """sha256 of the labelled dialogues as read, independent of file layout."""
    whole = hashlib.sha256()
    for dialogue in dialogues:
        fields = asdict(dialogue)
        for name in ("types_unknown", "type_groups"):
            if not fields[name]:
                del fields[name]
        whole.update(json.dumps(fields, ensure_ascii=False, sort_keys=True).encode())
    return whole.hexdigest()
