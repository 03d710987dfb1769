"""Alibaba Cloud 录音文件识别: poll results (``BeginTime``) and phone-product reports (``beginTime``).

Times are ms, as numbers or as strings; ``SilenceDuration`` alone is in seconds. Speakers are audio
channels. ``EmotionValue`` is loudness (dB/10), not emotion.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import (
    JsonProducer,
    ReadCall,
    call_of,
    channel_count,
    measured,
    merged_by_time,
)


def _spelled(fields: FieldReader, name: str) -> str:
    """Return the spelling of ``name`` (``BeginTime``) that this object uses."""
    camel = name[0].lower() + name[1:]
    return camel if camel in fields.value and name not in fields.value else name


def _turn(sentence: FieldReader) -> Turn:
    def key(name: str) -> str:
        return _spelled(sentence, name)

    return Turn(
        speaker=Speaker.UNKNOWN,
        text=sentence.text(key("Text")),
        start_ms=sentence.integer_ms(key("BeginTime")),
        end_ms=sentence.integer_ms(key("EndTime")),
        speaker_label=sentence.label(key("ChannelId")),
        signals=measured(
            speech_rate_cpm=sentence.optional_number(key("SpeechRate")),
            loudness=sentence.optional_number(key("EmotionValue")),
            silence_before_ms=sentence.optional_ms(key("SilenceDuration"), "s"),
        ),
    )


def _with_words(turn: Turn, words: Mapping[str | None, list[Word]]) -> Turn:
    own = words.get(turn.speaker_label, [])
    first, last = (bisect_left(own, at or 0, key=_begin) for at in (turn.start_ms, turn.end_ms))
    return replace(turn, words=tuple(own[first:last]))


def _begin(word: Word) -> int:
    return word.start_ms or 0


def _words(holder: FieldReader) -> dict[str | None, list[Word]]:
    """Return the words of each channel in order of time."""
    by_channel: dict[str | None, list[Word]] = {}
    for word in holder.optional_objects(_spelled(holder, "Words")):
        by_channel.setdefault(word.label(_spelled(word, "ChannelId")), []).append(
            Word(
                word.text(_spelled(word, "Word")),
                word.integer_ms(_spelled(word, "BeginTime")),
                word.integer_ms(_spelled(word, "EndTime")),
            )
        )
    for words in by_channel.values():
        words.sort(key=_begin)
    return by_channel


def _call(holder: FieldReader, envelope: FieldReader) -> Transcript:
    words = _words(holder)
    key = _spelled(holder, "Sentences")
    turns = [_with_words(_turn(sentence), words) for sentence in holder.objects(key)]
    return call_of(
        merged_by_time(turns),
        holder.path_of(key),
        id=envelope.optional_label("callId") or envelope.optional_label("TaskId"),
        attributes={"channels": channel_count(turns)},
        duration_ms=envelope.optional_ms(_spelled(envelope, "BizDuration")),
    )


def _read(value: object, path: str) -> Transcript:
    envelope = FieldReader(value, path)
    status = envelope.optional_text("StatusText")
    result_key = _spelled(envelope, "Result")
    if envelope.has(result_key):
        return _call(envelope.object(result_key), envelope)
    if status is not None and status != "SUCCESS":
        raise FieldProblem(
            envelope.path_of("StatusText"),
            "识别尚未成功，没有转写结果",
            "等识别成功后重新取结果",
            "not_finished",
        )
    if status is not None:
        envelope.required(result_key)
    return _call(envelope, envelope)


def _read_bare(sentences: list[object]) -> Transcript:
    turns = [_turn(FieldReader(sentence, f"[{i}]")) for i, sentence in enumerate(sentences)]
    return call_of(merged_by_time(turns), "", attributes={"channels": channel_count(turns)})


def _is_sentence(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    return {"BeginTime", "Text"} <= value.keys() or {"beginTime", "text"} <= value.keys()


def _is_result(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if "StatusText" in value and ("TaskId" in value or "Result" in value):
        return True
    result = value.get("Result", value.get("result", value))
    sentences = result.get("Sentences", result.get("sentences")) if isinstance(result, dict) else None
    if not isinstance(sentences, list):
        return False
    return _is_sentence(sentences[0]) if sentences else "callId" in value


def _recognise(document: object) -> bool:
    if isinstance(document, list):
        return bool(document) and (_is_sentence(document[0]) or _is_result(document[0]))
    return _is_result(document)


def _calls(document: object) -> Iterable[ReadCall]:
    if not isinstance(document, list):
        return [partial(_read, document, "")]
    if _is_sentence(document[0]):
        return [partial(_read_bare, document)]
    return [partial(_read, call, f"[{i}]") for i, call in enumerate(document)]


ALIYUN_FILE = JsonProducer("aliyun_file", _recognise, _calls)
