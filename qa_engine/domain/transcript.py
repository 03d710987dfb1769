"""A conversation as it was read: raw text untouched, times in integer milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from qa_engine.domain.staff import ANYBODY, NOBODY, Agent, Customer


class Speaker(StrEnum):
    """Who said a turn. ``UNKNOWN`` is kept apart so that rules can say "roles are missing"."""

    AGENT = "agent"
    CUSTOMER = "customer"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Channel(StrEnum):
    """How the conversation was held. ``UNKNOWN`` when the producer does not tell."""

    VOICE = "voice"
    CHAT = "chat"
    UNKNOWN = "unknown"


RoleSource = Literal["given", "channel_map", "inferred", "unknown"]
UnitSource = Literal["declared", "format", "none"]


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word or character with its time span in the recording (ms)."""

    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance. Its place in ``Transcript.turns`` (0-based) is its identity everywhere.

    Attributes:
        speaker: the role used by every rule and detector.
        text: the producer's text, unchanged; all evidence offsets point into it.
        start_ms, end_ms: span in the recording, ms from the start of the call; None if unknown.
        words: word timings if the producer gave them, else empty.
        speaker_label: the producer's own label (``SPEAKER_00``, channel ``1``, …), if any.
        signals: what the producer measured on this turn and only passed through, e.g.
            ``{"emotion": "ANGRY", "loudness": 6.1, "speech_rate_cpm": 240.0}``. Keys used:
            ``emotion`` (str), ``loudness`` (1–10 float, Alibaba/Tencent scale),
            ``speech_rate_cpm`` (characters a minute), ``silence_before_ms``, ``loudness_db`` (list,
            AWS), ``sentiment`` (str), ``sent_at`` (ISO 8601 of a chat message).
    """

    speaker: Speaker
    text: str
    start_ms: int | None = None
    end_ms: int | None = None
    words: tuple[Word, ...] = ()
    speaker_label: str | None = None
    signals: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TranscriptFlag:
    """A doubt about the transcript itself, carried into the report, never hidden.

    Codes: ``roles_inferred``, ``roles_shaky``, ``single_speaker`` (collapsed diarization),
    ``roles_missing``, ``end_before_start``, ``implausible_rate``, ``beyond_duration``,
    ``out_of_order``, ``empty_turns`` (kept in place), ``times_missing``, ``unit_detected``,
    ``unit_unknown``, ``unit_suspect`` (ms and s mixed up), ``agent_channel_absent``,
    ``rows_scattered``, ``id_filled_down``, ``leading_text_ignored``, ``one_sided``, ``column_absent``.
    """

    code: str
    message: str
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transcript came from: file as the user named it, 1-based line, 0-based record."""

    file: str
    producer: str
    line: int | None = None
    record: int = 0


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation.

    Attributes:
        role_source: how roles became known; with ``inferred`` see ``role_confidence`` (0–1).
        unit_source: whether times were declared with a unit, known from the format, or absent.
        duration_ms: length of the recording if the producer told it (not the last turn's end).
        attributes: 随路数据, values str | int | float | bool | list | dict | None as delivered.
            Reserved keys rules may read: ``hangup_party`` (agent|customer|system),
            ``disconnect_reason``, ``hold_ms``, ``channels`` (number of audio channels).
    """

    id: str
    turns: tuple[Turn, ...]
    channel: Channel = Channel.UNKNOWN
    started_at: str | None = None
    agent: Agent = NOBODY
    customer: Customer = ANYBODY
    attributes: Mapping[str, object] = field(default_factory=dict)
    duration_ms: int | None = None
    role_source: RoleSource = "given"
    role_confidence: float = 1.0
    unit_source: UnitSource = "none"
    flags: tuple[TranscriptFlag, ...] = ()
    origin: Origin | None = None

    @property
    def has_roles(self) -> bool:
        """True when it is known of every spoken turn whether the agent or the customer said it."""
        return self.role_source != "unknown" and all(
            turn.speaker is not Speaker.UNKNOWN for turn in self.turns
        )

    @property
    def one_sided(self) -> bool:
        """True when roles are known but only the agent, only the customer, or neither ever spoke."""
        spoke = {turn.speaker for turn in self.turns if turn.text.strip()}
        return self.has_roles and not {Speaker.AGENT, Speaker.CUSTOMER} <= spoke

    @property
    def has_times(self) -> bool:
        """True when every spoken turn has a start and an end."""
        return bool(self.turns) and all(
            turn.start_ms is not None and turn.end_ms is not None
            for turn in self.turns
            if turn.speaker is not Speaker.SYSTEM
        )
