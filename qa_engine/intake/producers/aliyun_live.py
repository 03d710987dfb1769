"""Alibaba Cloud live recognition reports (VoiceRTASRReport): one message per sentence, offsets in ms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from qa_engine.domain.transcript import Transcript, Turn
from qa_engine.intake.base import FieldReader
from qa_engine.intake.fields import wrong_type
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, merged_by_time
from qa_engine.intake.producers.clock import read_moment
from qa_engine.intake.producers.jsonl import JsonLinesProducer
from qa_engine.intake.producers.roles import role_of


def _turn(message: FieldReader) -> Turn:
    role = message.label("role")
    return Turn(
        # Outside contact centres the roles are just "A" and "B".
        speaker=role_of(role),
        text=message.text("words"),
        start_ms=message.integer_ms("begin_offset"),
        end_ms=message.integer_ms("end_offset"),
        speaker_label=message.optional_label("identity") or role,
    )


def _read(messages: Sequence[FieldReader]) -> Transcript:
    first = messages[0]
    began = first.optional_text("begin_time")
    return call_of(
        # The message queue does not keep the order.
        merged_by_time([_turn(message) for message in messages]),
        first.path_of("words"),
        id=first.label("call_id"),
        started_at=read_moment(began, first.path_of("begin_time")).isoformat() if began else None,
        attributes={"out_id": first.optional_label("out_id")},
    )


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and {"words", "begin_offset", "call_id"} <= value.keys()


def _recognise(document: object) -> bool:
    # One message alone is a sentence, not a call.
    return isinstance(document, list) and bool(document) and _is_message(document[0])


def _calls(document: object) -> Iterable[ReadCall]:
    if not isinstance(document, list):
        raise wrong_type("", "消息数组", document)
    by_call: dict[str, list[FieldReader]] = {}
    for i, value in enumerate(document):
        message = FieldReader(value, f"[{i}]")
        by_call.setdefault(message.label("call_id"), []).append(message)
    return [partial(_read, messages) for messages in by_call.values()]


ALIYUN_LIVE = JsonProducer("aliyun_live", _recognise, _calls)
ALIYUN_LIVE_LINES = JsonLinesProducer(ALIYUN_LIVE)
