"""Contact Lens chat: messages at a moment (``AbsoluteTime``, so no end), system messages, and events."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from qa_engine.domain.transcript import Channel, Transcript, Turn
from qa_engine.intake.base import FieldReader
from qa_engine.intake.producers.call import JsonProducer, ReadCall, call_of, measured
from qa_engine.intake.producers.clock import ms_between, read_moment
from qa_engine.intake.producers.contact_lens import is_chat
from qa_engine.intake.producers.contact_lens_facts import (
    categories,
    issues,
    participant_roles,
    speaker_of,
)


def _read(document: object) -> Transcript:
    analysis = FieldReader(document)
    roles = participant_roles(analysis)
    items = analysis.objects("Transcript")
    turns: list[Turn] = []
    # What is no message (somebody joined, a file was sent) stays visible beside the turns.
    events: list[dict[str, object]] = []
    first = None
    for item in items:
        sent = item.text("AbsoluteTime")
        moment = read_moment(sent, item.path_of("AbsoluteTime"))
        first = first or moment
        elapsed = ms_between(first, moment, item.path_of("AbsoluteTime"))
        speaker, label = speaker_of(item, roles)
        if item.optional_text("Type") not in (None, "MESSAGE"):
            kind = item.optional_text("ContentType") or item.text("Type")
            events.append({"kind": kind, "at_ms": elapsed, "speaker": str(speaker)})
            continue
        sentiment = item.optional_text("Sentiment")
        turns.append(
            Turn(
                speaker=speaker,
                text=item.text("Content"),
                start_ms=elapsed,
                speaker_label=label,
                signals=measured(
                    sent_at=sent, sentiment=sentiment.upper() if sentiment else None, issues=issues(item)
                ),
            )
        )
    facts = analysis.optional_object("ConversationCharacteristics")
    contact = analysis.optional_object("CustomerMetadata")
    return call_of(
        turns,
        "Transcript",
        id=contact.optional_label("ContactId") if contact else None,
        channel=Channel.CHAT,
        started_at=items[0].text("AbsoluteTime") if items else None,
        attributes={
            "language": analysis.optional_text("LanguageCode"),
            "events": events or None,
            **categories(analysis.optional_object("Categories")),
        },
        duration_ms=facts.optional_ms("TotalConversationDurationMillis") if facts else None,
    )


def _calls(document: object) -> Iterable[ReadCall]:
    return [partial(_read, document)]


CONTACT_LENS_CHAT = JsonProducer("contact_lens_chat", is_chat, _calls)
