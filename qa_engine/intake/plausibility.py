"""Doubts about a transcript's times: flagged with the turns concerned, never corrected."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from qa_engine.domain.transcript import Speaker, Transcript, TranscriptFlag, Turn

# Characters a second. Shorter turns say nothing: a one-word answer may take any time.
FASTEST = 15.0
SLOWEST = 0.5
_MIN_CHARACTERS = 8
# A whole call this far off ordinary speech (about 4 a second) was read with the wrong unit.
_UNIT_FACTOR = 40.0
_ORDINARY_RATE = 4.0
# Sentence boundaries of recognisers overlap a little; so do recordings and their stated length.
_TOLERANCE_MS = 500


def time_doubts(transcript: Transcript) -> Iterator[TranscriptFlag]:
    """Yield a flag for every kind of implausible time in the transcript."""
    timed = [
        (i, turn)
        for i, turn in enumerate(transcript.turns)
        if turn.start_ms is not None or turn.end_ms is not None
    ]
    if not timed:
        return
    spoken = [i for i, turn in enumerate(transcript.turns) if turn.speaker is not Speaker.SYSTEM]
    missing = [i for i in spoken if transcript.turns[i].start_ms is None]
    if missing:
        yield _flag("times_missing", "部分话没有时间", missing)
    if backwards := [i for i, turn in timed if _span(turn) is not None and (_span(turn) or 0) < 0]:
        yield _flag("end_before_start", "结束时间早于开始时间", backwards)
    if disordered := _disordered(timed):
        yield _flag("out_of_order", "开始时间早于前一句", disordered)
    if transcript.duration_ms is not None:
        limit = transcript.duration_ms + _TOLERANCE_MS
        if beyond := [i for i, turn in timed if max(turn.start_ms or 0, turn.end_ms or 0) > limit]:
            yield _flag("beyond_duration", "时间超出录音总时长", beyond)
    yield from _rates(timed)


def _rates(timed: list[tuple[int, Turn]]) -> Iterator[TranscriptFlag]:
    rates = [
        (i, len(turn.text.strip()) * 1000 / span)
        for i, turn in timed
        if (span := _span(turn)) is not None and span > 0 and len(turn.text.strip()) >= _MIN_CHARACTERS
    ]
    instant = [i for i, turn in timed if _span(turn) == 0 and len(turn.text.strip()) >= _MIN_CHARACTERS]
    if rates:
        factor = median(rate for _, rate in rates) / _ORDINARY_RATE
        if factor > _UNIT_FACTOR or factor < 1 / _UNIT_FACTOR:
            direction = "快" if factor > 1 else "慢"
            why = f"整通语速比常人{direction}几十倍以上，时间单位可能弄错了（毫秒与秒相差一千倍）"
            yield _flag("unit_suspect", why, [i for i, _ in rates])
    odd = sorted([*instant, *(i for i, rate in rates if not SLOWEST <= rate <= FASTEST)])
    if odd:
        yield _flag("implausible_rate", f"语速不合理（每秒多于 {FASTEST:g} 字或少于 {SLOWEST:g} 字）", odd)


def _span(turn: Turn) -> int | None:
    return None if turn.start_ms is None or turn.end_ms is None else turn.end_ms - turn.start_ms


def _disordered(timed: list[tuple[int, Turn]]) -> list[int]:
    disordered: list[int] = []
    latest = -1
    for i, turn in timed:
        if turn.start_ms is None:
            continue
        if turn.start_ms + _TOLERANCE_MS < latest:
            disordered.append(i)
        latest = max(latest, turn.start_ms)
    return disordered


def _flag(code: str, why: str, turns: list[int]) -> TranscriptFlag:
    return TranscriptFlag(code, f"{why}（{len(turns)} 句）", tuple(turns))
