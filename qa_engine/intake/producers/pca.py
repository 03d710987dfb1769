"""Amazon Post Call Analytics, the file its console reads (seconds)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from qa_engine.domain.staff import Agent
from qa_engine.domain.transcript import Transcript, Turn, Word
from qa_engine.intake.base import FieldReader
from qa_engine.intake.fields import wrong_type
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.clock import read_moment
from qa_engine.intake.producers.contact_lens_facts import loudness_db
from qa_engine.intake.producers.roles import role_of


def _word(word: FieldReader) -> Word:
    begin, end = word.optional_ms("StartTime", "s"), word.optional_ms("EndTime", "s")
    return Word(word.text("Text"), begin, end, word.optional_number("Confidence"))


def _interrupts(segment: FieldReader) -> bool | None:
    value = segment.value.get("SegmentInterruption")
    if value is not None and not isinstance(value, bool):
        raise wrong_type(segment.path_of("SegmentInterruption"), "布尔值", value)
    return value


def _turn(segment: FieldReader, names: Mapping[str, str]) -> Turn:
    label = segment.optional_label("SegmentSpeaker")
    # DisplayText may carry the console's own markup.
    key = "OriginalText" if segment.has("OriginalText") else "DisplayText"
    return Turn(
        speaker=role_of(names.get(label or "", label)),
        text=segment.text(key),
        start_ms=segment.integer_ms("SegmentStartTime", "s"),
        end_ms=segment.integer_ms("SegmentEndTime", "s"),
        words=tuple(_word(word) for word in segment.optional_objects("WordConfidence")),
        speaker_label=label,
        signals=measured(
            sentiment_score=segment.optional_number("SentimentScore"),
            loudness_db=loudness_db(segment),
            interruption=_interrupts(segment),
        ),
    )


def _read(document: object) -> Transcript:
    analysis = FieldReader(document)
    facts = analysis.object("ConversationAnalytics")
    names = {
        label.label("Speaker"): label.optional_text("DisplayText") or ""
        for label in facts.optional_objects("SpeakerLabels")
    }
    agent, began = facts.optional_label("Agent"), facts.optional_text("ConversationTime")
    found = [c.optional_text("Name") for c in facts.optional_objects("CategoriesDetected")]
    return call_of(
        [_turn(segment, names) for segment in analysis.objects("SpeechSegments")],
        "SpeechSegments",
        id=facts.optional_label("GUID"),
        started_at=read_moment(began, facts.path_of("ConversationTime")).isoformat() if began else None,
        agent=Agent(name=agent) if agent else None,
        attributes={
            "language": facts.optional_text("LanguageCode"),
            "categories": [name.strip() for name in found if name] or None,
        },
        duration_ms=facts.optional_ms("Duration", "s"),
    )


def _recognise(document: object) -> bool:
    return isinstance(document, dict) and {"ConversationAnalytics", "SpeechSegments"} <= document.keys()


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


PCA = JsonProducer("pca", _recognise, _calls)
