"""Our own JSON: one object a call, as in the documentation, and the short form of labelled corpora."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.domain.errors import IntakeError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Channel, Origin, Speaker, Transcript, TranscriptFlag, Turn, Word
from qa_engine.intake.fields import FieldProblem, FieldReader, checked_text
from qa_engine.intake.speakers import channel_of, speaker_of

_SPEAKER_KEYS = ("speaker", "role", "s")
_TEXT_KEYS = ("text", "content", "words", "t")
# Keys of other systems that are too vague to be taken, and what was probably meant.
_MISNAMED = {
    "speaker": ("spk", "speaker_id", "sender", "from", "name", "user", "who", "identity", "角色", "说话人"),
    "text": ("message", "msg", "sentence", "utterance", "transcript", "value", "内容", "文本"),
}
_BARE_TIMES = ("start", "end", "begin", "start_time", "end_time", "begin_time", "startTime", "endTime")
# A diarization label rather than a role that was misspelt.
_LABEL = re.compile(r"(spk|speaker|channel|spk_?name|ch)?[\s_\-]*\d{1,4}", re.IGNORECASE)


class OwnReader:
    """Reads ``{"id", "turns": [{"speaker", "text", "start_ms", "end_ms"}]}`` and ``turns[].s/t``.

    ``role`` stands for ``speaker``, ``content`` (or ``words``, when text) for ``text``.
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
    unread = tuple(
        i
        for i, turn in enumerate(call.objects("turns"))
        if not turn.has("start_ms") and any(map(turn.has, _BARE_TIMES))
    )
    why = "时间字段没有注明单位，未采用；写成 start_ms、end_ms（毫秒）"
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
        flags=(TranscriptFlag("unit_unknown", why, unread),) if unread else (),
        origin=origin,
    )


def _turn(turn: FieldReader) -> Turn:
    text = turn.text(_key(turn, _TEXT_KEYS))
    speaker, label = _speaker(turn)
    signals = turn.optional_object("signals")
    return Turn(
        speaker=speaker,
        text=text,
        start_ms=turn.optional_ms("start_ms"),
        end_ms=turn.optional_ms("end_ms"),
        words=() if isinstance(turn.value.get("words"), str) else _words(turn),
        speaker_label=label,
        signals=signals.value if signals else {},
    )


def _words(turn: FieldReader) -> tuple[Word, ...]:
    return tuple(map(_word, turn.optional_objects("words")))


def _key(turn: FieldReader, accepted: tuple[str, ...]) -> str:
    """Return the first of the accepted keys that a turn has.

    Raises:
        FieldProblem: it has none; tells the key that was probably meant.
    """
    for key in accepted:
        # Our own "words" are timings (an array); other systems call the sentence itself so.
        if key in turn.value and (key != "words" or isinstance(turn.value[key], str)):
            return key
    wanted = accepted[0]
    legal = "agent（坐席）、customer（客户）或 system（系统）" if wanted == "speaker" else "这句话的原文"
    meant = next((key for key in _MISNAMED[wanted] if key in turn.value), None)
    why = "缺少该字段" + (f"；有 {meant}，是不是想写 {wanted}" if meant else "")
    raise FieldProblem(turn.path_of(wanted), why, f"每句写上 {wanted}：{legal}", "missing_field")


def _speaker(turn: FieldReader) -> tuple[Speaker, str | None]:
    key = _key(turn, _SPEAKER_KEYS)
    word = turn.label(key)
    label = turn.optional_label("speaker_label")
    if key == "speaker" and isinstance(role := turn.value.get("role"), str):
        # Both: "speaker" may be who (SPEAKER_00) and "role" which side; two sides must agree.
        named, side = speaker_of(word), speaker_of(role)
        if named is None and side is not None and word != Speaker.UNKNOWN:
            return side, label or word
        if named is not None and side is not None and named is not side:
            remedy = "只留一个，写成 agent、customer 或 system"
            raise FieldProblem(turn.path_of("role"), "与 speaker 写的角色不一致", remedy, "bad_value")
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
