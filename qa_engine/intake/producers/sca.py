"""Alibaba Cloud SCA (智能对话分析): uploaded dialogues and the recognised text of GetResult, in ms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial

from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Channel, Transcript, Turn
from qa_engine.intake.base import FieldReader
from qa_engine.intake.fields import checked_text, wrong_type
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.clock import checked_epoch_ms, epoch_text, ms_between, read_moment
from qa_engine.intake.producers.roles import role_of

_TICKET_FIELDS = frozenset(
    {"tid", "dialogue", "callStartTime", "customerServiceId", "customerServiceName", "customerId"}
)


def _spoken(sentence: FieldReader) -> Turn:
    role = sentence.label("role")
    return Turn(
        speaker=role_of(role),
        text=sentence.text("words"),
        start_ms=sentence.integer_ms("begin"),
        end_ms=sentence.integer_ms("end"),
        speaker_label=sentence.optional_label("identity") or role,
    )


def _written(sentences: Sequence[FieldReader]) -> list[Turn]:
    """Read a text conversation: a message has a moment (``beginTime``), no ``begin`` and no end."""
    turns = []
    first = read_moment(sentences[0].text("beginTime"), sentences[0].path_of("beginTime"))
    for sentence in sentences:
        role, path = sentence.label("role"), sentence.path_of("beginTime")
        moment = read_moment(sentence.text("beginTime"), path)
        elapsed = ms_between(first, moment, path)
        turns.append(
            Turn(
                speaker=role_of(role),
                text=sentence.text("words"),
                start_ms=elapsed,
                speaker_label=sentence.optional_label("identity") or role,
                signals=measured(sent_at=moment.isoformat()),
            )
        )
    return turns


def _started_at(ticket: FieldReader, sentences: Sequence[FieldReader]) -> str | None:
    began = ticket.optional_number("callStartTime")
    if began is not None:
        return epoch_text(checked_epoch_ms(began, ticket.path_of("callStartTime")))
    if not sentences or not sentences[0].has("beginTime"):
        return None
    # beginTime is when the first sentence began, in whole seconds; the call began "begin" earlier.
    moment = read_moment(sentences[0].text("beginTime"), sentences[0].path_of("beginTime"))
    before = sentences[0].optional_ms("begin") or 0
    return (moment - timedelta(seconds=before // 1000)).isoformat()


def scalars(fields: FieldReader, without: frozenset[str]) -> dict[str, object]:
    """Return the plain values of an object as delivered: they become ``attributes``."""
    found: dict[str, object] = {}
    for key, value in fields.value.items():
        if key in without or not isinstance(value, str | int | float | bool):
            continue
        path = fields.path_of(checked_text(key, fields.path))
        found[key] = checked_text(value, path) if isinstance(value, str) else value
    return found


def _read_ticket(value: object, path: str) -> Transcript:
    ticket = FieldReader(value, path)
    sentences = ticket.objects("dialogue")
    in_writing = bool(sentences) and all(not s.has("begin") and s.has("beginTime") for s in sentences)
    turns = _written(sentences) if in_writing else [_spoken(sentence) for sentence in sentences]
    group = ticket.optional_label("skillGroupName") or ticket.optional_label("skillGroupId")
    return call_of(
        turns,
        ticket.path_of("dialogue"),
        id=ticket.optional_label("tid"),
        channel=Channel.CHAT if in_writing else Channel.VOICE,
        started_at=_started_at(ticket, sentences),
        agent=Agent(
            id=ticket.optional_label("customerServiceId"),
            name=ticket.optional_text("customerServiceName"),
            skill_group=group,
        ),
        customer=Customer(id=ticket.optional_label("customerId")),
        attributes=scalars(ticket, _TICKET_FIELDS),
    )


def _recognised(sentence: FieldReader) -> Turn:
    role = sentence.optional_label("Role")
    return Turn(
        speaker=role_of(role),
        text=sentence.text("Words"),
        start_ms=sentence.integer_ms("Begin"),
        end_ms=sentence.integer_ms("End"),
        speaker_label=sentence.optional_label("Identity") or role,
        signals=measured(
            speech_rate_cpm=sentence.optional_number("SpeechRate"),
            loudness=sentence.optional_number("EmotionValue"),
        ),
    )


def _duration_ms(recording: FieldReader, turns: Sequence[Turn]) -> int | None:
    """Read ``Duration``, whose unit the documents leave open: ms if it covers the last sentence."""
    duration = recording.optional_ms("Duration")
    last_end = max((turn.end_ms or 0 for turn in turns), default=0)
    if duration is None or duration == 0:
        return None
    return duration if duration >= last_end else duration * 1000


def _read_result(value: object, path: str) -> Transcript:
    result = FieldReader(value, path)
    # The older call style wraps every list once more: AsrResult.AsrResult.
    inner = result.value.get("AsrResult")
    holder = result.object("AsrResult") if isinstance(inner, dict) else result
    turns = [_recognised(sentence) for sentence in holder.objects("AsrResult")]
    recording = result.optional_object("Recording") or FieldReader({}, result.path_of("Recording"))
    agent = result.optional_object("Agent") or FieldReader({}, result.path_of("Agent"))
    called = recording.optional_text("CallTime")
    return call_of(
        turns,
        holder.path_of("AsrResult"),
        id=recording.optional_label("CallId")
        or recording.optional_label("PrimaryId")
        or recording.optional_label("Id"),
        started_at=read_moment(called, recording.path_of("CallTime")).isoformat() if called else None,
        agent=Agent(
            id=agent.optional_label("Id"),
            name=agent.optional_text("Name"),
            skill_group=agent.optional_label("SkillGroup"),
        ),
        attributes=scalars(recording, frozenset({"CallId", "CallTime", "Duration"})),
        duration_ms=_duration_ms(recording, turns),
    )


def _is_ticket(value: object) -> bool:
    return isinstance(value, dict) and "dialogue" in value


def _recognise_upload(document: object) -> bool:
    if isinstance(document, dict) and isinstance(document.get("tickets"), list):
        return bool(document["tickets"]) and _is_ticket(document["tickets"][0])
    if isinstance(document, list):
        return bool(document) and _is_ticket(document[0])
    return _is_ticket(document)


def _uploaded(document: object) -> Iterable[ReadCall]:
    if isinstance(document, dict) and "tickets" in document:
        tickets = FieldReader(document).array("tickets")
        return [partial(_read_ticket, ticket, f"tickets[{i}]") for i, ticket in enumerate(tickets)]
    if isinstance(document, list):
        return [partial(_read_ticket, ticket, f"[{i}]") for i, ticket in enumerate(document)]
    return [partial(_read_ticket, document, "")]


def _result_holder(document: object) -> tuple[object, str] | None:
    """Find the results within the envelopes ``Data`` and ``ResultInfo``, and the path to them."""
    found, path = document, ""
    for key in ("Data", "ResultInfo", "ResultInfo"):
        if isinstance(found, dict) and key in found:
            found, path = found[key], f"{path}.{key}" if path else key
    first = found[0] if isinstance(found, list) and found else found
    return (found, path) if isinstance(first, dict) and "AsrResult" in first else None


def _recognise_result(document: object) -> bool:
    return _result_holder(document) is not None


def _results(document: object) -> Iterable[ReadCall]:
    holder = _result_holder(document)
    if holder is None:
        raise wrong_type("ResultInfo", "质检结果", document)
    found, path = holder
    if isinstance(found, list):
        return [partial(_read_result, result, f"{path}[{i}]") for i, result in enumerate(found)]
    return [partial(_read_result, found, path)]


SCA_UPLOAD = JsonProducer("sca_upload", _recognise_upload, _uploaded)
SCA_RESULT = JsonProducer("sca_result", _recognise_result, _results)
