"""Schema ``transcript/1``: a transcript as JSON and back, with nothing lost (for storing it)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import (
    Channel,
    Origin,
    Speaker,
    Transcript,
    TranscriptFlag,
    Turn,
    Word,
)

SCHEMA = "transcript/1"


class TranscriptFormatError(QAEngineError):
    """A stored transcript does not follow any schema this version can read."""


def stored_json(transcript: Transcript) -> dict[str, Any]:
    """Build the JSON object; what has its default is left out."""
    t = transcript
    return _brief(
        {
            "schema": SCHEMA,
            "id": t.id,
            "turns": [_turn(turn) for turn in t.turns],
            "channel": t.channel.value,
            "started_at": t.started_at,
            "agent": _brief(
                {
                    "id": t.agent.id,
                    "name": t.agent.name,
                    "team": t.agent.team,
                    "skill_group": t.agent.skill_group,
                }
            ),
            "customer": _brief({"id": t.customer.id, "tier": t.customer.tier, "region": t.customer.region}),
            "attributes": _plain(t.attributes),
            "duration_ms": t.duration_ms,
            "role_source": t.role_source,
            "role_confidence": t.role_confidence,
            "unit_source": t.unit_source,
            "flags": [
                {"code": flag.code, "message": flag.message, "turns": list(flag.turns)} for flag in t.flags
            ],
            "origin": None
            if t.origin is None
            else {
                "file": t.origin.file,
                "producer": t.origin.producer,
                "line": t.origin.line,
                "record": t.origin.record,
            },
        }
    )


def parse_stored(data: Mapping[str, Any]) -> Transcript:
    """Read what ``stored_json`` wrote.

    Raises:
        TranscriptFormatError: it is of another schema, or broken.
    """
    if data.get("schema") != SCHEMA:
        raise TranscriptFormatError("存储的会话不是本版本能读的格式。")
    try:
        return _parse(data)
    except (KeyError, TypeError, ValueError) as error:
        raise TranscriptFormatError(f"存储的会话内容损坏（{type(error).__name__}）。") from None


def _parse(data: Mapping[str, Any]) -> Transcript:
    origin = data.get("origin")
    return Transcript(
        id=data["id"],
        turns=tuple(_parse_turn(turn) for turn in data.get("turns", ())),
        channel=Channel(data["channel"]),
        started_at=data.get("started_at"),
        agent=Agent(**data.get("agent", {})),
        customer=Customer(**data.get("customer", {})),
        attributes=data.get("attributes", {}),
        duration_ms=data.get("duration_ms"),
        role_source=data["role_source"],
        role_confidence=data["role_confidence"],
        unit_source=data["unit_source"],
        flags=tuple(
            TranscriptFlag(flag["code"], flag["message"], tuple(flag["turns"]))
            for flag in data.get("flags", ())
        ),
        origin=None if origin is None else Origin(**origin),
    )


def _turn(turn: Turn) -> dict[str, Any]:
    return _brief(
        {
            "speaker": turn.speaker.value,
            "text": turn.text,
            "start_ms": turn.start_ms,
            "end_ms": turn.end_ms,
            "words": [[w.text, w.start_ms, w.end_ms, w.confidence] for w in turn.words],
            "speaker_label": turn.speaker_label,
            "signals": _plain(turn.signals),
        }
    )


def _parse_turn(turn: Mapping[str, Any]) -> Turn:
    return Turn(
        speaker=Speaker(turn["speaker"]),
        text=turn["text"],
        start_ms=turn.get("start_ms"),
        end_ms=turn.get("end_ms"),
        words=tuple(Word(*word) for word in turn.get("words", ())),
        speaker_label=turn.get("speaker_label"),
        signals=turn.get("signals", {}),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _brief(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None and value not in ({}, [])}
