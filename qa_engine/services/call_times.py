"""How long a call took, and how long the customer waited in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from qa_engine.domain.transcript import Speaker, Transcript

# A pause this long is silence (静音); shorter ones are breathing.
SILENCE_MS = 3_000
# Times that are doubted as a whole would spoil every mean they enter.
_UNUSABLE = frozenset({"unit_suspect", "unit_unknown", "end_before_start"})


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Times of one call in ms; None where the transcript's times do not allow to tell.

    Attributes:
        handle_ms: 处理时长, from the beginning of the call to its end.
        silence_ms: sum of the gaps of 3 s and more between turns.
        response_ms, responses: sum and number of the gaps between a customer's turn and the agent's answer.
    """

    handle_ms: int | None = None
    silence_ms: int | None = None
    response_ms: int | None = None
    responses: int | None = None


def call_times(transcript: Transcript, duration_ms: int | None) -> CallTimes:
    """Measure a call whose length is ``duration_ms`` (None = unknown)."""
    if any(flag.code in _UNUSABLE for flag in transcript.flags):
        return CallTimes()
    if not transcript.has_times:
        return CallTimes(handle_ms=duration_ms)
    waits = list(_answers(transcript)) if transcript.has_roles else None
    return CallTimes(
        handle_ms=duration_ms,
        silence_ms=_silence(transcript),
        response_ms=None if waits is None else sum(waits),
        responses=None if waits is None else len(waits),
    )


def _silence(transcript: Transcript) -> int:
    heard_until, silence = None, 0
    for start, end, _ in sorted(_spans(transcript)):
        if heard_until is not None and start - heard_until >= SILENCE_MS:
            silence += start - heard_until
        heard_until = end if heard_until is None else max(heard_until, end)
    return silence


def _answers(transcript: Transcript) -> Iterator[int]:
    waiting_since = None
    for start, end, speaker in sorted(_spans(transcript)):
        if speaker is Speaker.CUSTOMER:
            waiting_since = end
        elif speaker is Speaker.AGENT and waiting_since is not None:
            yield max(0, start - waiting_since)
            waiting_since = None


def _spans(transcript: Transcript) -> Iterator[tuple[int, int, Speaker]]:
    for turn in transcript.turns:
        if turn.start_ms is not None and turn.end_ms is not None and turn.text.strip():
            yield turn.start_ms, turn.end_ms, turn.speaker
