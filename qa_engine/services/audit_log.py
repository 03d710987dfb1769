"""Reading the audit log: who did what to what, newest first."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, literal, select, tuple_

from qa_engine.domain.access import Permission
from qa_engine.services.cursors import Page, decode_cursor, encode_cursor
from qa_engine.services.people import people
from qa_engine.services.work import Work
from qa_engine.store.columns import from_ms, to_ms
from qa_engine.store.tables import ApiKeyRow, AuditRow

_KEY = "api_key:"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; None = any. ``since`` is included, ``until`` is not.

    Attributes:
        actor: as entries name it, e.g. ``user:7``, ``api_key:3``, ``system:system``.
        action: e.g. ``review.claimed``.
        subject: e.g. ``review:17``.
    """

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry, and the actor's name for people who may read names."""

    row: AuditRow
    actor_name: str | None


def audit_log(
    work: Work, wanted: AuditFilter, *, cursor: str | None = None, limit: int = 50
) -> Page[AuditEntry]:
    """Entries by time, newest first.

    Raises:
        Forbidden: the right to read the audit log is missing.
        Invalid: the cursor is none of ours.
    """
    work.require(Permission.READ_AUDIT)
    query = _filtered(wanted).order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit + 1)
    if cursor is not None:
        at, entry_id = decode_cursor(cursor, (int, int))
        place = tuple_(literal(_moment(int(at)), AuditRow.at.type), literal(entry_id, AuditRow.id.type))
        query = query.where(tuple_(AuditRow.at, AuditRow.id) < place)
    rows = work.session.scalars(query).all()
    more = len(rows) > limit
    kept = rows[:limit]
    names = _names(work, {row.actor for row in kept})
    next_cursor = encode_cursor(to_ms(kept[-1].at), kept[-1].id) if more else None
    return Page(tuple(AuditEntry(row, names.get(row.actor)) for row in kept), next_cursor)


def _filtered(wanted: AuditFilter) -> Select[AuditRow]:
    query = select(AuditRow)
    if wanted.actor is not None:
        query = query.where(AuditRow.actor == wanted.actor)
    if wanted.action is not None:
        query = query.where(AuditRow.action == wanted.action)
    if wanted.subject is not None:
        query = query.where(AuditRow.subject == wanted.subject)
    if wanted.since is not None:
        query = query.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.at < wanted.until)
    return query


def _names(work: Work, actors: Collection[str]) -> dict[str, str]:
    if not work.principal.may(Permission.READ_NAMES):
        return {}
    users = {actor: person.name for actor, person in people(work, actors).items() if person.name}
    keys = select(ApiKeyRow.id, ApiKeyRow.name).where(ApiKeyRow.id.in_(_key_ids(actors)))
    return users | {f"{_KEY}{key_id}": name for key_id, name in work.session.execute(keys)}


def _key_ids(actors: Iterable[str]) -> list[int]:
    return [int(actor.removeprefix(_KEY)) for actor in actors if actor.startswith(_KEY)]


def _moment(ms: int) -> datetime:
    # A forged cursor may name a moment no calendar has.
    return from_ms(max(0, min(ms, 253_000_000_000_000)))
