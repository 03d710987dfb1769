"""Sealing stored texts anew with the current key, in small transactions that may be stopped anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from qa_engine.store.engine import Database
from qa_engine.store.sealing import Keyring, Unsealable
from qa_engine.store.tables import TranscriptRow
from qa_engine.store.transcripts import seal_context


@dataclass(frozen=True, slots=True)
class Resealed:
    """What came of it.

    Attributes:
        done: texts sealed anew.
        unopened: key id → texts that could not be opened with it and stay as they were.
    """

    done: int
    unopened: Mapping[str, int]


def key_usage(session: Session) -> dict[str, int]:
    """Key id → number of texts sealed with it."""
    counted = select(TranscriptRow.key_id, func.count()).where(TranscriptRow.key_id.is_not(None))
    rows = session.execute(counted.group_by(TranscriptRow.key_id)).all()
    return {key_id: number for key_id, number in rows if key_id is not None}


def reseal(
    database: Database,
    keyring: Keyring,
    batch: int = 200,
    told: Callable[[int], None] = lambda _done: None,
) -> Resealed:
    """Seal every text that has another key with the current one.

    Args:
        database: where the texts are.
        keyring: the keys; its current one seals.
        batch: texts a transaction.
        told: called after every transaction with the number done so far.
    """
    done = 0
    unopened: dict[str, set[int]] = {}
    while True:
        waiting = _sealed_otherwise(database, keyring, unopened)
        if not waiting:
            return Resealed(done, {key_id: len(ids) for key_id, ids in unopened.items()})
        for start in range(0, len(waiting), batch):
            with database.writing() as session:
                done += _reseal_batch(session, keyring, waiting[start : start + batch], unopened)
            told(done)


def _sealed_otherwise(database: Database, keyring: Keyring, unopened: Mapping[str, set[int]]) -> list[int]:
    """Ids of texts another key seals, less those that cannot be opened. More may come in meanwhile."""
    known = set().union(*unopened.values())
    query = select(TranscriptRow.id).where(
        TranscriptRow.key_id.is_not(None), TranscriptRow.key_id != keyring.current
    )
    with database.reading() as session:
        return sorted(set(session.scalars(query)) - known)


def _reseal_batch(
    session: Session, keyring: Keyring, ids: Sequence[int], unopened: dict[str, set[int]]
) -> int:
    # Locked, so that a text erased meanwhile is not brought back.
    query = select(TranscriptRow).where(
        TranscriptRow.id.in_(ids), TranscriptRow.key_id != keyring.current, TranscriptRow.sealed.is_not(None)
    )
    done = 0
    for row in session.scalars(query.order_by(TranscriptRow.id).with_for_update()):
        if row.key_id is None or row.sealed is None:
            continue
        context = seal_context(row.external_ref, row.version)
        try:
            plain = keyring.open_sealed(row.key_id, row.sealed, context)
        except Unsealable:
            unopened.setdefault(row.key_id, set()).add(row.id)
            continue
        row.key_id, row.sealed = keyring.seal(plain, context)
        done += 1
    return done
