"""AWS voice analyses in ms: Contact Lens (finished and real time) and Transcribe Call Analytics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.intake.base import FieldProblem, FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.contact_lens_facts import (
    categories,
    interruptions,
    issues,
    loudness_db,
    participant_roles,
    speaker_of,
)


def _word(item: FieldReader) -> Word:
    # "Confidence" is written as a string.
    confidence = item.optional_number("Confidence")
    begin, end = item.optional_ms("BeginOffsetMillis"), item.optional_ms("EndOffsetMillis")
    return Word(item.text("Content"), begin, end, confidence)


def _turn(turn: FieldReader, roles: Mapping[str, Speaker], times_required: bool) -> Turn:
    speaker, label = speaker_of(turn, roles)
    sentiment = turn.optional_text("Sentiment")
    time = turn.integer_ms if times_required else turn.optional_ms
    items = turn.optional_objects("Items")
    return Turn(
        speaker=speaker,
        text=turn.text("Content"),
        start_ms=time("BeginOffsetMillis"),
        end_ms=time("EndOffsetMillis"),
        words=tuple(_word(item) for item in items if item.optional_text("Type") != "punctuation"),
        speaker_label=label,
        signals=measured(
            sentiment=sentiment.upper() if sentiment else None,
            loudness_db=loudness_db(turn),
            issues=issues(turn),
        ),
    )


def _read(value: object, times_required: bool) -> Transcript:
    analysis = FieldReader(value)
    status = analysis.optional_text("JobStatus")
    if status not in (None, "COMPLETED"):
        raise FieldProblem("JobStatus", "分析任务没有完成", "等任务完成后重新取结果", "not_finished")
    roles = participant_roles(analysis)
    turns = [_turn(turn, roles, times_required) for turn in analysis.objects("Transcript")]
    facts = analysis.optional_object("ConversationCharacteristics")
    contact = analysis.optional_object("CustomerMetadata")
    return call_of(
        turns,
        "Transcript",
        id=(contact.optional_label("ContactId") if contact else None) or analysis.optional_label("JobName"),
        attributes={
            "language": analysis.optional_text("LanguageCode"),
            **categories(analysis.optional_object("Categories")),
            **interruptions(facts),
        },
        duration_ms=facts.optional_ms("TotalConversationDurationMillis") if facts else None,
    )


def _read_live(document: object) -> Transcript:
    turns: list[Turn] = []
    names: list[str] = []
    matches: dict[str, object] = {}
    for segment in FieldReader(document).objects("Segments"):
        if segment.has("Transcript"):
            turns.append(_turn(segment.object("Transcript"), {}, times_required=True))
        elif segment.has("Categories"):
            found = categories(segment.object("Categories"))
            new = found.get("categories")
            names.extend(name for name in new if name not in names) if isinstance(new, list) else None
            matched = found.get("category_matches")
            matches.update(matched if isinstance(matched, dict) else {})
        elif not segment.has("Utterance") and not segment.has("PostContactSummary"):
            # An Utterance is a first guess at a Transcript that follows; a summary is no speech.
            raise FieldProblem(segment.path, "片段种类不认识", "升级本程序或去掉该片段", "bad_value")
    found_any = {"categories": names or None, "category_matches": matches or None}
    return call_of(turns, "Segments", attributes=found_any)


def _items(document: object) -> list[dict[str, object]] | None:
    if not isinstance(document, dict) or not isinstance(document.get("Transcript"), list):
        return None
    if not {"Participants", "ConversationCharacteristics"} & document.keys():
        return None
    return [item for item in document["Transcript"] if isinstance(item, dict)]


def is_chat(document: object) -> bool:
    """Tell whether a Contact Lens document is a chat: its items carry ``AbsoluteTime``."""
    return any("AbsoluteTime" in item for item in _items(document) or ())


def _is_voice(document: object) -> bool:
    items = _items(document)
    if items is None or is_chat(document):
        return False
    return not items or "ParticipantId" in items[0]


def _is_call_analytics(document: object) -> bool:
    items = _items(document)
    if items is None or is_chat(document):
        return False
    return bool(items) and "ParticipantId" not in items[0]


def _is_live(document: object) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("Segments"), list):
        return False
    kinds = {"Transcript", "Categories", "Utterance", "PostContactSummary"}
    return all(isinstance(segment, dict) and kinds & segment.keys() for segment in document["Segments"][:1])


def _voice(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document, times_required=True)]


def _call_analytics(document: object) -> Iterable[ReadCall]:
    # The streaming variant leaves the offsets out.
    return [partial(_read, document, times_required=False)]


def _live(document: object) -> Iterable[ReadCall]:
    return [partial(_read_live, document)]


CONTACT_LENS = JsonProducer("contact_lens", _is_voice, _voice)
CONTACT_LENS_LIVE = JsonProducer("contact_lens_live", _is_live, _live)
CALL_ANALYTICS = JsonProducer("transcribe_call_analytics", _is_call_analytics, _call_analytics)
