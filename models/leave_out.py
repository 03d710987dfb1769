"""What the outcomes would be with one turn left out, for every turn of a chunk at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.base import FloatArray
from models.dialogue_features import ENDING, gathered, last, pool
from models.frame import ROLES, Frame, IntArray, RoleTurns
from models.heads import Heads
from models.layers import POOLS, Layer, Weights, text_columns
from models.past import highest_heard, logistic


def outcomes_without(
    weights: Weights,
    heads: Heads,
    frame: Frame,
    odds: Mapping[str, FloatArray],
    cues: Mapping[str, FloatArray],
    wording: Mapping[str, FloatArray],
    outcomes: FloatArray,
) -> FloatArray:
    """Log-odds of the outcomes when one turn is left out of everything they are pooled from.

    Left out are the turn's words, cues, acts, mood and faults wherever the outcomes pool them: counts,
    means, maxima, the ending, the last word. Not left out is what the heads of later turns made of having
    heard it. Costs about as much as the outcomes themselves, whatever the length of a conversation.

    Args:
        weights: of the baseline.
        heads: column names.
        frame: the chunk.
        odds: by role, (m, heads) second-layer log-odds of its turns.
        cues: by role, (m, c) cues without type columns.
        wording: by role, (m, columns) projected wording.
        outcomes: (conversations, outcomes) log-odds with every turn in place.

    Returns:
        (turns of the chunk, outcomes); a turn of another role changes nothing and repeats the whole's.
    """
    result = np.repeat(outcomes, frame.sizes, axis=0)
    size, start = len(heads.outcomes), len(heads.outcomes)
    table = weights.outcome.weights
    spoken_last = {role: _last_row(frame.of(role)) for role in ROLES}
    for role in ROLES:
        turns, sure = frame.of(role), logistic(odds[role])
        whole, left = _gathered_without(turns, sure, cues[role])
        first, first_left = _wording_without(turns, heads, role, wording[role])
        final, final_left = _final_word(turns, role, spoken_last)
        columns = np.r_[0:size, start : start + whole.shape[1], len(table) - 1]
        start += whole.shape[1]
        layer = Layer(np.ascontiguousarray(table[columns]), np.zeros(size, dtype=np.float32))
        before = layer(np.hstack([first / 4, whole, final]))
        after = layer(np.hstack([first_left / 4, left, final_left]))
        result[turns.turn] += after - before[turns.conversation]
    return result


def _gathered_without(turns: RoleTurns, sure: FloatArray, cues: FloatArray) -> tuple[FloatArray, FloatArray]:
    """What ``dialogue_features.gathered`` says (conversations, width), and without each turn (m, width)."""
    owner, rest = turns.conversation, _others(turns)
    everything = pool(turns, "all", "one")
    ending, ending_cues = _ending_without(turns, sure, "highest"), _ending_without(turns, cues, "sum")
    few = rest.astype(np.float32)[:, None]
    sum_sure = np.maximum((everything @ sure)[owner] - sure, 0.0)
    # Without the only turn nothing remains; a rounding error of the difference must not.
    sum_sure[rest == 0] = 0.0
    sum_cues = np.maximum((everything @ cues)[owner] - cues, 0.0)
    left = [
        sum_sure / np.maximum(few, 1.0),
        np.log1p(sum_sure),
        _highest_without(turns, sure),
        ending,
        np.log1p(sum_cues),
        ending_cues,
        _last_without(turns, sure),
        _last_without(turns, cues),
        np.log1p(few) / 3,
    ]
    return np.hstack(gathered(turns, sure, cues)), np.hstack(left).astype(np.float32)


def _wording_without(
    turns: RoleTurns, heads: Heads, role: str, wording: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """This role's part of the pooled wording log-odds, whole (conversations) and without each turn (m)."""
    whole = np.zeros((len(turns.spans) - 1, len(heads.outcomes)), dtype=np.float32)
    left = np.zeros((len(turns.turn), len(heads.outcomes)), dtype=np.float32)
    rest = _others(turns)
    for name, part, target in POOLS:
        if target != "outcomes":
            continue
        piece = np.ascontiguousarray(wording[:, text_columns(heads, role)[name]])
        whole += pool(turns, part, "root") @ piece
        if part == "all":
            remain, count = (pool(turns, part, "one") @ piece)[turns.conversation] - piece, rest
        else:
            remain, count = _ending_without(turns, piece, "sum"), np.minimum(rest, ENDING)
        remain[rest == 0] = 0.0
        left += remain / np.sqrt(np.maximum(count, 1)).astype(np.float32)[:, None]
    return whole, left


def _final_word(
    turns: RoleTurns, role: str, spoken_last: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Whether the customer spoke last, whole (conversations, 1) and without each turn (m, 1)."""
    mine = _last_without(turns, turns.turn[:, None] + 1.0)
    if role == "customer":
        left = mine > spoken_last["agent"][turns.conversation]
    else:
        left = spoken_last["customer"][turns.conversation] > mine
    whole = spoken_last["customer"] > spoken_last["agent"]
    return whole.astype(np.float32), left.astype(np.float32)


def _last_row(turns: RoleTurns) -> FloatArray:
    return last(turns, turns.turn[:, None].astype(np.float32) + 1.0)


def _others(turns: RoleTurns) -> IntArray:
    """(m,) how many other own turns the conversation of each turn has."""
    others: IntArray = np.diff(turns.spans)[turns.conversation] - 1
    return others


def _highest_without(turns: RoleTurns, sure: FloatArray) -> FloatArray:
    everything, owner = pool(turns, "all", "one"), turns.conversation
    top = highest_heard(sure, everything)
    at_top = sure == top[owner]
    alone = (everything @ at_top.astype(np.float32))[owner] == 1.0
    second = highest_heard(np.where(at_top, np.float32(0.0), sure), everything)
    highest: FloatArray = np.where(at_top & alone, second[owner], top[owner])
    return highest


def _ending_without(turns: RoleTurns, values: FloatArray, how: Literal["sum", "highest"]) -> FloatArray:
    """Sum or maximum over the last ``ENDING`` own turns when one turn is left out and an earlier moves up."""
    ends, starts = turns.spans[1:][turns.conversation], turns.spans[:-1][turns.conversation]
    own = np.arange(len(turns.turn))
    back = np.arange(1, ENDING + 2)
    rows = ends[:, None] - back
    taken: NDArray[np.bool_] = (rows >= starts[:, None]) & (rows != own[:, None])
    # Without a turn before the ending, the last four hold one turn too many: the earliest.
    taken[own < ends - ENDING, ENDING] = False
    chosen = np.where(taken[:, :, None], values[np.maximum(rows, 0)], np.float32(0.0))
    found: FloatArray = chosen.max(axis=1) if how == "highest" else chosen.sum(axis=1)
    return found


def _last_without(turns: RoleTurns, values: np.ndarray) -> FloatArray:
    """Values of the last own turn when one turn is left out; zeros when none remains."""
    ends = turns.spans[1:][turns.conversation]
    own = np.arange(len(turns.turn))
    row = np.where(own == ends - 1, turns.previous, ends - 1)
    found: FloatArray = np.where((row >= 0)[:, None], values[np.maximum(row, 0)], 0.0).astype(np.float32)
    return found
