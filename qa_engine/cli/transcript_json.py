"""Writing a transcript as our own JSON, so that the intake reads back the same transcript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn, Word


def transcript_to_json(transcript: Transcript) -> dict[str, Any]:
    """Build the JSON object of a transcript; what is unknown is left out.

    Roles that were only inferred are written as unknown with their label: whoever reads the file has
    to infer them again and will say so, instead of taking a guess for a fact.
    """
    trusted = transcript.role_source in {"given", "channel_map"}
    return _without_none(
        {
            "id": transcript.id,
            "channel": None if transcript.channel is Channel.UNKNOWN else transcript.channel.value,
            "started_at": transcript.started_at,
            "duration_ms": transcript.duration_ms,
            "agent": _without_none(
                {
                    "id": transcript.agent.id,
                    "name": transcript.agent.name,
                    "team": transcript.agent.team,
                    "skill_group": transcript.agent.skill_group,
                }
            ),
            "customer": _without_none(
                {
                    "id": transcript.customer.id,
                    "tier": transcript.customer.tier,
                    "region": transcript.customer.region,
                }
            ),
            "attributes": _plain(transcript.attributes),
            "turns": [_turn(turn, trusted=trusted) for turn in transcript.turns],
        }
    )


def _turn(turn: Turn, *, trusted: bool) -> dict[str, Any]:
    known = trusted or turn.speaker is Speaker.SYSTEM
    return _without_none(
        {
            "speaker": turn.speaker.value if known else Speaker.UNKNOWN.value,
            "speaker_label": turn.speaker_label,
            "text": turn.text,
            "start_ms": turn.start_ms,
            "end_ms": turn.end_ms,
            "words": [_word(word) for word in turn.words] or None,
            "signals": _plain(turn.signals) or None,
        }
    )


def _word(word: Word) -> dict[str, Any]:
    return _without_none(
        {
            "text": word.text,
            "start_ms": word.start_ms,
            "end_ms": word.end_ms,
            "confidence": word.confidence,
        }
    )


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None and value != {}}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
