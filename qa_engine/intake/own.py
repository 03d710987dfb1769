"""Our own JSON: one object a call, as in the documentation, and the short form of labelled corpora."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Channel, Origin, Speaker, Transcript, Turn, Word
from qa_engine.intake.fields import FieldProblem, FieldReader, checked_text
from qa_engine.intake.speakers import channel_of, speaker_of

# A diarization label rather than a role that was misspelt.
_LABEL = re.compile(r"(spk|speaker|channel|spk_?name|ch)?[\s_\-]*\d{1,4}", re.IGNORECASE)


class OwnReader:
    """Reads ``{"id", "turns": [{"speaker", "text", "start_ms", "end_ms"}]}`` and ``turns[].s/t``.

    Keys we do not know are ignored; known keys of a wrong type are refused with their path. Times
    are named in ms, so no unit can be mistaken.
    """

    name = "qa_engine"

    def matches(self, document: object) -> bool:
        """True for every object that has ``turns``."""
        return isinstance(document, dict) and "turns" in document

    def parse(self, document: object, origin: Origin) -> Iterator[Transcript | IntakeError]:
        """Yield the one call of the document, or why it cannot be read."""
        try:
            yield _transcript(FieldReader(document), origin)
        except FieldProblem as problem:
            yield problem.at(origin)


def _transcript(call: FieldReader, origin: Origin) -> Transcript:
    turns = tuple(map(_turn, call.objects("turns")))
    labelled = any(turn.speaker is not Speaker.UNKNOWN for turn in turns)
    timed = any(turn.start_ms is not None for turn in turns)
    attributes = call.optional_object("attributes")
    if attributes is not None:
        check_depth(attributes.value, attributes.path)
    return Transcript(
        id=call.optional_label("id") or "",
        turns=turns,
        channel=_channel(call),
        started_at=call.optional_text("started_at"),
        agent=_agent(call.optional_object("agent")),
        customer=_customer(call.optional_object("customer")),
        attributes=attributes.value if attributes else {},
        duration_ms=call.optional_ms("duration_ms"),
        role_source="given" if labelled else "unknown",
        unit_source="declared" if timed else "none",
        origin=origin,
    )


def _turn(turn: FieldReader) -> Turn:
    short = "s" in turn.value and "speaker" not in turn.value
    speaker_key, text_key = ("s", "t") if short else ("speaker", "text")
    text = turn.text(text_key)
    speaker, label = _speaker(turn, speaker_key)
    signals = turn.optional_object("signals")
    return Turn(
        speaker=speaker,
        text=text,
        start_ms=turn.optional_ms("start_ms"),
        end_ms=turn.optional_ms("end_ms"),
        words=tuple(map(_word, turn.optional_objects("words"))) if "words" in turn.value else (),
        speaker_label=label,
        signals=signals.value if signals else {},
    )


def _speaker(turn: FieldReader, key: str) -> tuple[Speaker, str | None]:
    word = turn.label(key)
    label = turn.optional_label("speaker_label")
    speaker = speaker_of(word)
    if speaker is not None:
        return speaker, label
    if word == Speaker.UNKNOWN:
        return Speaker.UNKNOWN, label
    if _LABEL.fullmatch(word):
        return Speaker.UNKNOWN, label or word
    remedy = "写成 agent、customer、system，或 SPEAKER_00 这样的说话人标签"
    raise FieldProblem(turn.path_of(key), "不是可识别的说话人角色", remedy, "bad_value")


def _word(word: FieldReader) -> Word:
    return Word(
        text=word.text("text"),
        start_ms=word.optional_ms("start_ms"),
        end_ms=word.optional_ms("end_ms"),
        confidence=word.optional_number("confidence"),
    )


def _channel(call: FieldReader) -> Channel:
    word = call.optional_text("channel")
    if word is None:
        return Channel.UNKNOWN
    channel = channel_of(word)
    if channel is None:
        raise FieldProblem("channel", "不是可识别的渠道", "写成 voice 或 chat，或省略", "bad_value")
    return channel


def _agent(agent: FieldReader | None) -> Agent:
    if agent is None:
        return Agent()
    label = agent.optional_label
    return Agent(label("id"), label("name"), label("team"), label("skill_group"))


def _customer(customer: FieldReader | None) -> Customer:
    if customer is None:
        return Customer()
    label = customer.optional_label
    return Customer(label("id"), label("tier"), label("region"))


_DEEPEST = 32


def check_depth(value: object, path: str, depth: int = 0) -> None:
    """Refuse attributes nested so deep, or holding text so broken, that a report could not store them.

    Raises:
        FieldProblem: with the path of the offending value.
    """
    if depth > _DEEPEST:
        raise FieldProblem(path, f"嵌套超过 {_DEEPEST} 层", "把该字段改成扁平结构", "too_deep")
    if isinstance(value, str):
        checked_text(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            checked_text(key, path)
            check_depth(inner, path, depth + 1)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            check_depth(inner, f"{path}[{i}]", depth + 1)
