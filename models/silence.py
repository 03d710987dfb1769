"""Calls read again with one turn silenced, laid out from what was read already: no text is touched twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from models.base import FloatArray
from models.frame import PLACE, ROLES, Frame, IntArray, RoleTurns
from models.turn_judge import Heard, TurnJudge

# (frame, odds, cues, wording) → (conversations, outcomes) log-odds.
OutcomeJudge = Callable[
    [Frame, Mapping[str, FloatArray], Mapping[str, FloatArray], Mapping[str, FloatArray]], FloatArray
]
MOST_TURNS = 8192  # of copies laid out at once; bounds memory

_REPETITION = np.array([PLACE.index(name) for name in ("said_before", "said_often", "alike")])


@dataclass(frozen=True, slots=True)
class Silence:
    """A copy of a conversation up to and with turn ``end``, in which nothing is said at ``hidden``."""

    conversation: int
    hidden: int
    end: int


@dataclass(frozen=True)
class Copies:
    """The copies as a chunk of their own.

    Attributes:
        frame: without texts.
        rows: by role, for every turn of the copies its row among the turns of the original frame.
        hidden: by role, which of them are silenced, as rows of the copies.
    """

    frame: Frame
    rows: dict[str, IntArray]
    hidden: dict[str, IntArray]


def lay_out(frame: Frame, silences: Sequence[Silence]) -> Copies:
    """Lay out one copy for every silence.

    Place and order of every turn stay as they are: that somebody spoke is not hidden, and a later turn
    that repeats the silenced one still counts as a repetition.
    """
    starts = np.cumsum([0, *frame.sizes])
    base = np.array([starts[one.conversation] for one in silences], dtype=np.int64)
    sizes = np.array([one.end + 1 for one in silences], dtype=np.int64)
    hidden = base + np.array([one.hidden for one in silences], dtype=np.int64)
    offsets = np.cumsum(np.concatenate([[0], sizes])).astype(np.int64)
    owners = np.array([one.conversation for one in silences], dtype=np.int64)
    first = {role: frame.of(role).spans[owners] for role in ROLES}
    counts = {role: np.searchsorted(frame.of(role).turn, base + sizes) - first[role] for role in ROLES}
    spans = {role: np.concatenate([[0], np.cumsum(counts[role])]).astype(np.int64) for role in ROLES}
    sides: dict[str, RoleTurns] = {}
    rows: dict[str, IntArray] = {}
    silent: dict[str, IntArray] = {}
    for role in ROLES:
        other = "agent" if role == "customer" else "customer"
        turns, span = frame.of(role), spans[role]
        owner = np.repeat(np.arange(len(silences)), counts[role])
        shift = span[:-1] - first[role]
        picked = np.arange(span[-1]) - shift[owner]
        rows[role], silent[role] = picked, np.flatnonzero(turns.turn[picked] == hidden[owner])
        place = turns.place[picked]
        place[np.ix_(silent[role], _REPETITION)] = 0.0
        previous = turns.previous[picked]
        sides[role] = RoleTurns(
            turns.turn[picked] - (base - offsets[:-1])[owner], owner, [], [], place,
            np.where(previous >= 0, previous + shift[owner], -1), turns.rank[picked],
            _heard(turns, picked, (spans[other][:-1] - first[other])[owner], int(spans[other][-1])), span,
        )  # fmt: skip
    return Copies(Frame(tuple(sizes.tolist()), sides["customer"], sides["agent"]), rows, silent)


def _heard(turns: RoleTurns, picked: IntArray, shift: IntArray, others: int) -> sparse.csr_matrix:
    old = turns.heard[picked]
    columns = old.indices + np.repeat(shift, np.diff(old.indptr))
    return sparse.csr_matrix((old.data, columns, old.indptr), shape=(len(picked), others))


@dataclass(frozen=True, slots=True)
class Reread:
    """What a copy says: log-odds of the agent's heads by turn, and of the outcomes (if asked for)."""

    agent: Mapping[int, FloatArray]
    outcomes: FloatArray | None


def reread(
    judge: TurnJudge,
    judge_outcomes: OutcomeJudge | None,
    frame: Frame,
    heard: Heard,
    silences: Sequence[Silence],
) -> Iterator[tuple[Silence, Reread]]:
    """Judge every copy anew: the silenced turn's words are taken from its own heads, from those of every
    later turn and from the outcomes. See ``lay_out`` for what stays."""
    nothing = {role: judge.nothing(role) for role in ROLES}
    for part in _parts(silences):
        copies = lay_out(frame, part)
        wording = {role: _silenced(heard.wording[role], copies, role, nothing[role][0]) for role in ROLES}
        cues = {role: _silenced(heard.cues[role], copies, role, nothing[role][1]) for role in ROLES}
        odds = judge.judge(copies.frame, wording, cues)
        outcomes = judge_outcomes(copies.frame, odds, cues, wording) if judge_outcomes else None
        agent, offsets = copies.frame.agent, np.cumsum([0, *copies.frame.sizes])
        for number, one in enumerate(part):
            rows = slice(agent.spans[number], agent.spans[number + 1])
            turns = (agent.turn[rows] - offsets[number]).tolist()
            own = None if outcomes is None else outcomes[number]
            yield one, Reread(dict(zip(turns, odds["agent"][rows], strict=True)), own)


def _parts(silences: Sequence[Silence]) -> Iterator[list[Silence]]:
    part: list[Silence] = []
    turns = 0
    for one in silences:
        if part and turns + one.end + 1 > MOST_TURNS:
            yield part
            part, turns = [], 0
        part.append(one)
        turns += one.end + 1
    if part:
        yield part


def _silenced(values: FloatArray, copies: Copies, role: str, nothing: FloatArray) -> FloatArray:
    """What is known of the turns of the copies: ``values`` of the originals, ``nothing`` where silenced."""
    known = values[copies.rows[role]]
    known[copies.hidden[role]] = nothing
    return known
