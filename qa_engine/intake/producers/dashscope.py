"""DashScope Paraformer and Fun-ASR file results (ms). One transcript per audio channel."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldReader
from qa_engine.intake.producers.call import (
    JsonProducer,
    ReadCall,
    call_of,
    measured,
    merged_by_time,
)


def _word(word: FieldReader) -> Word:
    return Word(word.text("text"), word.integer_ms("begin_time"), word.integer_ms("end_time"))


def _turn(sentence: FieldReader, channel: str | None, several: bool) -> Turn:
    speaker = sentence.optional_label("speaker_id")
    labels = [channel, speaker] if several else [speaker if speaker is not None else channel]
    emotion = sentence.optional_text("emotion")
    return Turn(
        speaker=Speaker.UNKNOWN,
        text=sentence.text("text"),
        start_ms=sentence.integer_ms("begin_time"),
        end_ms=sentence.integer_ms("end_time"),
        words=tuple(_word(word) for word in sentence.optional_objects("words")),
        speaker_label="-".join(label for label in labels if label is not None) or None,
        signals=measured(emotion=emotion.upper() if emotion else None),
    )


def _read(document: object) -> Transcript:
    result = FieldReader(document)
    channels = result.objects("transcripts")
    several = len(channels) > 1
    turns = [
        _turn(sentence, channel.optional_label("channel_id"), several)
        for channel in channels
        for sentence in channel.objects("sentences")
    ]
    properties = result.optional_object("properties") or FieldReader({}, "properties")
    url = result.optional_text("file_url")
    return call_of(
        merged_by_time(turns) if several else turns,
        "transcripts",
        attributes={
            "channels": len(channels) if several else None,
            # Without its query, which carries the signature that opens the recording.
            "recording": url.partition("?")[0] if url else None,
        },
        duration_ms=properties.optional_ms("original_duration_in_milliseconds"),
    )


def _recognise(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("transcripts"), list):
        return False
    transcripts = document["transcripts"]
    if not transcripts:
        return "file_url" in document
    return isinstance(transcripts[0], dict) and bool({"sentences", "channel_id"} & transcripts[0].keys())


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


DASHSCOPE = JsonProducer("dashscope", _recognise, _calls)
