"""Scopes measured in time. A turn without times may or may not be inside: it is unsure.

So that a live window can close, a window ends for good with the first turn that starts at or after its
end; a later turn with an earlier start (transcripts out of order) does not reopen it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

from qa_engine.rules.heard import HeardCall
from qa_engine.rules.operators.base import NO_TIMES, missing
from qa_engine.rules.window import Window

_NO_DURATION = missing(
    "no_duration", "不知道通话总时长，无法按通话末尾或百分比取范围；请提供录音时长或每句时间"
)
Limits = Callable[[int], tuple[float, float]]
Three = tuple[Sequence[int], Sequence[int], Sequence[int]]


def seconds_window(
    call: HeardCall, turns: Sequence[int], doubtful: Sequence[int], first: float, last: float | None
) -> Window:
    """Turns overlapping [first, last) seconds of the call; negative values count from its end."""
    if first >= 0 and (last is None or last >= 0):
        return _overlapping(call, turns, doubtful, first * 1000, inf if last is None else last * 1000)
    return _of_whole(call, turns, doubtful, lambda end: (
        first * 1000 if first >= 0 else end + first * 1000,
        inf if last is None else last * 1000 if last >= 0 else end + last * 1000,
    ))  # fmt: skip


def percent_window(
    call: HeardCall, turns: Sequence[int], doubtful: Sequence[int], first: float, last: float | None
) -> Window:
    """Turns overlapping a share of the call's duration."""
    stop = 100.0 if last is None else last
    return _of_whole(call, turns, doubtful, lambda end: (
        end * first / 100, inf if stop == 100 else end * stop / 100
    ))  # fmt: skip


def before_after_seconds(
    call: HeardCall,
    anchor: int,
    where: str | None,
    first: float | None,
    last: float | None,
    known: Three,
    doubtful: Three,
) -> Window:
    """Turns within seconds of an anchor turn: back from its start, on from its end."""
    turn = call.turns[anchor].turn
    if where == "current":
        return Window(known[1], doubtful[1], doubt=NO_TIMES)
    if turn.start_ms is None or turn.end_ms is None:
        return Window(blank=NO_TIMES)
    near, far = (first or 0.0) * 1000, inf if last is None else last * 1000
    if where == "before":
        return _overlapping(call, known[0], doubtful[0], turn.start_ms - far, turn.start_ms - near, True)
    if where == "after":
        return _overlapping(call, known[2], doubtful[2], turn.end_ms + near, turn.end_ms + far)
    low = turn.start_ms + near if near < 0 else turn.end_ms + near
    high = turn.start_ms + far if far < 0 else turn.end_ms + far
    here = near <= 0 <= far
    turns = [*known[0], *(known[1] if here else ()), *known[2]]
    doubts = [*doubtful[0], *(doubtful[1] if here else ()), *doubtful[2]]
    return _overlapping(call, turns, doubts, low, high, far < 0)


def _of_whole(call: HeardCall, turns: Sequence[int], doubtful: Sequence[int], limits: Limits) -> Window:
    if not call.closed:
        return Window((), (), [*turns, *doubtful], complete=False)
    end = call.transcript.duration_ms or call.timeline.latest_end()
    if end is None:
        return Window(blank=_NO_DURATION)
    low, high = limits(end)
    return _overlapping(call, turns, doubtful, low, high)


def _overlapping(
    call: HeardCall,
    turns: Sequence[int],
    doubtful: Sequence[int],
    low: float,
    high: float,
    complete: bool = False,
) -> Window:
    sure: list[int] = []
    unsure: list[int] = []
    timed = False
    for index in turns:
        inside = _inside(call, index, low, high)
        timed = timed or inside is not None
        if inside is None:
            unsure.append(index)
        elif inside:
            sure.append(index)
    for index in doubtful:
        if _inside(call, index, low, high) is not False:
            unsure.append(index)
    reached = call.timeline.latest_start()
    done = complete or call.closed or (reached is not None and reached >= high)
    if turns and not timed and done:
        return Window(blank=NO_TIMES)
    return Window(sure, sorted(unsure), (), done, NO_TIMES)


def _inside(call: HeardCall, index: int, low: float, high: float) -> bool | None:
    turn = call.turns[index].turn
    if turn.start_ms is None or turn.end_ms is None:
        return None
    started = call.timeline.moment(index).latest_start
    if started is not None and started >= high:
        return False
    return turn.start_ms < high and (turn.end_ms > low or turn.start_ms >= low)
