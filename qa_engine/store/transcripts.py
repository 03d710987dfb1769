"""Keeping conversations: the text sealed, the masked text beside it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from qa_engine.domain.transcript import Transcript
from qa_engine.domain.transcript_json import parse_stored, stored_json
from qa_engine.store.columns import canonical_json
from qa_engine.store.envelope import ShownTexts
from qa_engine.store.holding import hold
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import TranscriptRow
from qa_engine.text.redact import entities_of_turns, label_mask, redact, redact_id, redact_transcript

_LONGEST_KEY = 120
_LONGEST_NAME = 200
_MAX_ATTRIBUTES = 32
_LONGEST_VALUE = 64


@dataclass(frozen=True, slots=True)
class Keeping:
    """Under what rules a conversation is kept: its business line and how many days its text stays."""

    business_line: str
    raw_days: int | None = None
    masked_days: int | None = None


def keep_transcripts(
    session: Session,
    keyring: Keyring,
    transcripts: Sequence[Transcript],
    keeping: Keeping,
    now: datetime,
    zone: ZoneInfo,
) -> list[TranscriptRow]:
    """Store conversations; parallel to ``transcripts``, flushed, so that every row has its id.

    The same conversation sent again is stored once; another text under the same id becomes the next
    version, and the older ones are no longer ``current``.
    """
    refs = [keyring.ref("transcript", keeping.business_line, transcript.id) for transcript in transcripts]
    # Not the same conversation twice at one moment: the second shall find the first.
    hold(session, [f"transcript {ref}" for ref in refs])
    newest: dict[str, TranscriptRow] = {
        row.external_ref: row
        for row in session.scalars(
            select(TranscriptRow).where(TranscriptRow.external_ref.in_(set(refs)), TranscriptRow.current)
        )
    }
    rows: list[TranscriptRow] = []
    for ref, transcript in zip(refs, transcripts, strict=True):
        stored = stored_json(transcript)
        digest = keyring.ref("content", canonical_json(_without_place(stored)).decode())
        before = newest.get(ref)
        if before is not None and before.content_digest == digest and before.erased_at is None:
            rows.append(before)
            continue
        version = 1
        if before is not None:
            before.current = False
            version = before.version + 1
        row = _new_row(keyring, transcript, stored, ref, version, digest, keeping, now, zone)
        session.add(row)
        newest[ref] = row
        rows.append(row)
    session.flush()
    return rows


def _new_row(
    keyring: Keyring,
    transcript: Transcript,
    stored: dict[str, Any],
    ref: str,
    version: int,
    digest: str,
    keeping: Keeping,
    now: datetime,
    zone: ZoneInfo,
) -> TranscriptRow:
    key_id, sealed = keyring.seal(orjson.dumps(stored), seal_context(ref, version))
    entities = entities_of_turns(transcript.turns)
    masked = redact_transcript(transcript, entities)
    fields = stored_json(masked)
    fields.pop("origin", None)
    fields["id"] = shown = _short(redact_id(transcript.id), _LONGEST_NAME) or ""
    fields["masks"] = [
        [[entity.start, entity.end, len(label_mask(entity))] for entity in found] for found in entities
    ]
    agent, customer = transcript.agent, transcript.customer
    started = moment_of(transcript.started_at, zone)
    return TranscriptRow(
        external_ref=ref,
        external_id=shown,
        version=version,
        current=True,
        content_digest=digest,
        business_line=keeping.business_line,
        channel=transcript.channel.value,
        started_at=started,
        happened_at=started or now,
        received_at=now,
        agent_id=_short(agent.id, _LONGEST_KEY),
        agent_name=_short(agent.name, _LONGEST_NAME),
        team=_short(agent.team, _LONGEST_KEY),
        skill_group=_short(agent.skill_group, _LONGEST_KEY),
        customer_ref=None if customer.id is None else customer_ref(keyring, customer.id),
        customer_tier=_short(customer.tier and redact(customer.tier), _LONGEST_KEY),
        customer_region=_short(customer.region and redact(customer.region), _LONGEST_KEY),
        duration_ms=duration_of(transcript),
        turn_count=len(transcript.turns),
        attributes=_filterable(masked.attributes),
        sealed=sealed,
        key_id=key_id,
        masked=zlib.compress(orjson.dumps(fields)),
        purge_raw_at=_after(now, keeping.raw_days),
        purge_masked_at=_after(now, keeping.masked_days),
    )


def customer_ref(keyring: Keyring, customer_id: str) -> str:
    """By what all conversations of one customer are found."""
    return keyring.ref("customer", customer_id.strip())


def seal_context(external_ref: str, version: int) -> str:
    """What a sealed text belongs to."""
    return f"transcript:{external_ref}:{version}"


def raw_transcript(keyring: Keyring, row: TranscriptRow) -> Transcript | None:
    """Open the original; None when it was purged or erased.

    Raises:
        Unsealable: its key is missing, or the row was changed.
    """
    if row.sealed is None or row.key_id is None:
        return None
    text = keyring.open_sealed(row.key_id, row.sealed, seal_context(row.external_ref, row.version))
    return parse_stored(orjson.loads(text))


def masked_transcript(row: TranscriptRow) -> Transcript | None:
    """The conversation as everybody who may see the call may see it; None when it was erased."""
    fields = _masked_fields(row)
    return None if fields is None else parse_stored(fields)


def raw_texts(transcript: Transcript | None) -> ShownTexts:
    """The texts of an original, for putting quotations back."""
    return ShownTexts(None if transcript is None else tuple(turn.text for turn in transcript.turns))


def masked_texts(row: TranscriptRow) -> ShownTexts:
    """The masked texts of a row, for putting quotations back."""
    fields = _masked_fields(row)
    if fields is None:
        return ShownTexts(None)
    masks = tuple(tuple((s, e, n) for s, e, n in turn) for turn in fields["masks"])
    return ShownTexts(tuple(turn["text"] for turn in fields.get("turns", ())), masks)


def _masked_fields(row: TranscriptRow) -> dict[str, Any] | None:
    if row.masked is None:
        return None
    fields: dict[str, Any] = orjson.loads(zlib.decompress(row.masked))
    return fields


def moment_of(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The moment an ISO 8601 text names (without zone: local time); None when it names none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000) if moment.year >= 1970 else None


def duration_of(transcript: Transcript) -> int | None:
    """Length of the call in ms: as the producer told it, else the end of the last turn; None = unknown."""
    if transcript.duration_ms is not None:
        return transcript.duration_ms
    return max((turn.end_ms for turn in transcript.turns if turn.end_ms is not None), default=None)


def _after(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)


def _without_place(fields: dict[str, Any]) -> dict[str, Any]:
    # Where a conversation was read from does not make it another one.
    return {key: value for key, value in fields.items() if key != "origin"}


def _short(text: str | None, longest: int) -> str | None:
    return None if text is None else text.replace("\x00", "")[:longest]


def _filterable(attributes: Mapping[str, object]) -> dict[str, Any]:
    """The scalar attributes, masked already, as far as people filter by them."""
    found: dict[str, Any] = {}
    for key, value in attributes.items():
        if len(found) == _MAX_ATTRIBUTES:
            break
        if isinstance(value, str | int | float | bool) and len(str(value)) <= _LONGEST_VALUE:
            found[_short(key, _LONGEST_KEY) or ""] = (
                _short(value, _LONGEST_VALUE) if isinstance(value, str) else value
            )
    return found
