"""WhisperX, and servers that answer like OpenAI's ``verbose_json`` (both in float seconds).

``duration`` of the FunASR server is the time recognition took, not the length of the audio: unused.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.roles import role_of
from qa_engine.intake.producers.wording import without_tags


def _word(word: FieldReader) -> Word:
    # Words with digits or symbols carry no times; "score" is WhisperX, "probability" is Whisper.
    confidence = word.optional_number("score")
    if confidence is None:
        confidence = word.optional_number("probability")
    text = word.text("word").strip()
    return Word(text, word.optional_ms("start", "s"), word.optional_ms("end", "s"), confidence)


def _turn(segment: FieldReader) -> Turn:
    text, emotion = without_tags(segment.text("text"))
    label = segment.optional_label("speaker")
    return Turn(
        speaker=role_of(label),
        # The leading blank is Whisper's word boundary, not something that was said.
        text=text.strip(),
        start_ms=segment.integer_ms("start", "s"),
        end_ms=segment.integer_ms("end", "s"),
        words=tuple(_word(word) for word in segment.optional_objects("words")),
        speaker_label=label,
        signals=measured(emotion=emotion),
    )


def _read(document: object) -> Transcript:
    result = FieldReader(document)
    turns = [_turn(segment) for segment in result.objects("segments")]
    whole = without_tags(result.optional_text("text") or "")[0].strip()
    if not turns and whole:
        turns = [Turn(Speaker.UNKNOWN, whole)]
    return call_of(turns, "segments", attributes={"language": result.optional_text("language")})


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


def _has_segments(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("segments"), list):
        return False
    segments = document["segments"]
    if not segments:
        return "word_segments" in document or "text" in document
    return isinstance(segments[0], dict) and "text" in segments[0] and "start" in segments[0]


def _is_whisperx(document: object) -> bool:
    return isinstance(document, dict) and _has_segments(document) and "text" not in document


def _is_verbose_json(document: object) -> bool:
    return isinstance(document, dict) and _has_segments(document) and "text" in document


WHISPERX = JsonProducer("whisperx", _is_whisperx, _calls)
VERBOSE_JSON = JsonProducer("verbose_json", _is_verbose_json, _calls)
