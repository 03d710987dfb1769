"""Google Customer Experience Insights conversations: starts in µs, no ends.

The format serves calls and chats alike and does not tell which, so the channel stays unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from qa_engine.domain.transcript import Channel, Transcript, Turn
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.fields import checked_ms
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of
from qa_engine.intake.producers.clock import checked_epoch_ms, epoch_text
from qa_engine.intake.producers.roles import role_of

_KEY = "start_timestamp_usec"
# 1973 in µs since 1970; as an offset within a call it would be more than three years.
_EPOCH_FROM_USEC = 10**14


def _zero_usec(entries: Sequence[FieldReader]) -> int | None:
    """Return the moment of the first entry if the times are epoch times, None if they are offsets."""
    first = min((int(entry.number(_KEY)) for entry in entries), default=0)
    return first if first >= _EPOCH_FROM_USEC else None


def _turn(entry: FieldReader, zero: int | None) -> Turn:
    role, user = entry.optional_text("role"), entry.optional_label("user_id")
    path = entry.path_of(_KEY)
    moment = entry.required(_KEY)
    if zero is not None:
        offset = int(entry.number(_KEY)) - zero
        if offset < 0:
            raise FieldProblem(path, "时间早于通话的第一句", "检查时间戳", "bad_time")
        moment = offset
    return Turn(
        speaker=role_of(role),
        text=entry.text("text"),
        start_ms=checked_ms(moment, path, "us"),
        speaker_label=user or role,
    )


def _read(document: object) -> Transcript:
    conversation = FieldReader(document)
    entries = conversation.objects("entries")
    zero = _zero_usec(entries)
    info = conversation.optional_object("conversation_info")
    found = [c.optional_text("display_name") for c in info.optional_objects("categories")] if info else []
    return call_of(
        [_turn(entry, zero) for entry in entries],
        "entries",
        channel=Channel.UNKNOWN,
        started_at=epoch_text(checked_epoch_ms(zero / 1000, f"entries[0].{_KEY}")) if zero else None,
        attributes={"categories": [name.strip() for name in found if name] or None},
    )


def _recognise(document: object) -> bool:
    entries = document.get("entries") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        return False
    return _KEY in entries[0] or {"text", "role", "user_id"} <= entries[0].keys()


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


GOOGLE_INSIGHTS = JsonProducer("google_insights", _recognise, _calls)
