"""Many conversations laid out as one table of turns, with every turn's place and past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from models.base import Conversation, FloatArray
from models.folding import fold

ROLES = ("customer", "agent")
PLACE = (
    "first", "early", "rank", "burst", "others_said", "said_before", "said_often", "alike",
    "voice", "chat", "burst_length",
)  # fmt: skip
_BURST = 4  # turns of the other side that count as "what was just said"
_LOOK_BACK = 4  # own earlier turns compared for near repetition
_ALIKE_FROM = 4  # folded characters from which near repetition means anything

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class RoleTurns:
    """All turns of one role over a chunk, in order (length m).

    Attributes:
        turn: row in the whole table.
        conversation: index of the conversation.
        texts, folded: normalised and folded text.
        place: (m, len(PLACE)) numbers about position and repetition, causal.
        previous: index (in this role's rows) of the previous own turn, -1 if none.
        rank: 0-based number of the turn among the own turns of its conversation.
        heard: (m, turns of the other role) matrix; row = the other side's last burst, entries
            1/sqrt(its size), empty when nothing was said yet.
        spans: (conversations + 1,) offsets of each conversation's rows.
    """

    turn: IntArray
    conversation: IntArray
    texts: list[str]
    folded: list[str]
    place: FloatArray
    previous: IntArray
    rank: IntArray
    heard: sparse.csr_matrix
    spans: IntArray


@dataclass(frozen=True)
class Frame:
    """A chunk of conversations: ``sizes`` their numbers of turns, one ``RoleTurns`` a role."""

    sizes: tuple[int, ...]
    customer: RoleTurns
    agent: RoleTurns

    def of(self, role: str) -> RoleTurns:
        """Return the turns of "customer" or "agent"."""
        return self.customer if role == "customer" else self.agent


class _Rows:
    """Grows the columns of one role while conversations are walked."""

    def __init__(self) -> None:
        self.turn: list[int] = []
        self.conversation: list[int] = []
        self.texts: list[str] = []
        self.folded: list[str] = []
        self.place: list[tuple[float, ...]] = []
        self.previous: list[int] = []
        self.rank: list[int] = []
        self.heard_columns: list[int] = []
        self.heard_pointers: list[int] = [0]
        self.spans: list[int] = [0]


def build_frame(conversations: Sequence[Conversation]) -> Frame:
    """Lay out conversations; turns of any other role are left out but keep their row numbers."""
    rows = {role: _Rows() for role in ROLES}
    offset = 0
    for number, conversation in enumerate(conversations):
        _walk(conversation, number, offset, rows)
        offset += len(conversation.texts)
        for side in rows.values():
            side.spans.append(len(side.turn))
    counts = {role: len(rows[role].turn) for role in ROLES}
    return Frame(
        tuple(len(conversation.texts) for conversation in conversations),
        _freeze(rows["customer"], counts["agent"]),
        _freeze(rows["agent"], counts["customer"]),
    )


def _walk(conversation: Conversation, number: int, offset: int, rows: dict[str, _Rows]) -> None:
    start = {role: len(rows[role].turn) for role in ROLES}
    burst: dict[str, list[int]] = {role: [] for role in ROLES}
    said: dict[str, dict[str, int]] = {role: {} for role in ROLES}
    recent: dict[str, list[set[str]]] = {role: [] for role in ROLES}
    last = ""
    voice, chat = float(conversation.channel == "voice"), float(conversation.channel == "chat")
    for position, (role, text) in enumerate(zip(conversation.roles, conversation.texts, strict=True)):
        if role not in rows:
            continue
        side, other = rows[role], "agent" if role == "customer" else "customer"
        if role != last:
            burst[role] = []
        row, rank = len(side.turn), len(side.turn) - start[role]
        folded = fold(text)
        times = said[role].get(folded, 0) if len(folded) > 1 else 0
        said[role][folded] = times + 1
        heard = burst[other][-_BURST:]
        side.place.append(
            (
                float(rank == 0),
                1.0 / (1.0 + rank),
                min(rank, 30) / 30.0,
                min(len(burst[role]), 6) / 6.0,
                min(len(rows[other].turn) - start[other], 20) / 20.0,
                float(times > 0),
                min(times, 4) / 4.0,
                _likeness(folded, recent[role]) if role == "customer" else 0.0,
                voice,
                chat,
                len(heard) / _BURST,
            )
        )
        side.turn.append(offset + position)
        side.conversation.append(number)
        side.texts.append(text)
        side.folded.append(folded)
        side.previous.append(row - 1 if rank else -1)
        side.rank.append(rank)
        side.heard_columns.extend(heard)
        side.heard_pointers.append(len(side.heard_columns))
        burst[role].append(row)
        last = role


def _likeness(folded: str, recent: list[set[str]]) -> float:
    """Share of this turn's character pairs found again in the most alike recent own turn."""
    if len(folded) < _ALIKE_FROM:
        return 0.0
    pairs = {folded[i : i + 2] for i in range(len(folded) - 1)}
    best = 0.0
    for one in recent:
        if not pairs.isdisjoint(one):
            best = max(best, len(pairs & one) / len(pairs))
    recent.append(pairs)
    del recent[:-_LOOK_BACK]
    return best


def _freeze(rows: _Rows, others: int) -> RoleTurns:
    pointers = np.array(rows.heard_pointers, dtype=np.int64)
    sizes = np.diff(pointers)
    weights = np.repeat(1.0 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    return RoleTurns(
        np.array(rows.turn, dtype=np.int64),
        np.array(rows.conversation, dtype=np.int64),
        rows.texts,
        rows.folded,
        np.array(rows.place, dtype=np.float32).reshape(len(rows.turn), len(PLACE)),
        np.array(rows.previous, dtype=np.int64),
        np.array(rows.rank, dtype=np.int64),
        sparse.csr_matrix(
            (weights, np.array(rows.heard_columns, dtype=np.int64), pointers), shape=(len(rows.turn), others)
        ),
        np.array(rows.spans, dtype=np.int64),
    )
