"""The same request sent twice is done once: idempotency keys, kept for ever."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import orjson
from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from qa_engine.domain.refusal import Conflict
from qa_engine.services.work import Work
from qa_engine.store.tables import IdempotencyRow


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that carries a key.

    Attributes:
        route: what is asked for, e.g. ``score``.
        key: the caller's own key; another caller's equal key is another key.
        content: everything the answer depends on (the body, and the parameters beside it).
    """

    route: str
    key: str
    content: bytes

    def key_hash(self, actor: str) -> str:
        """Under what the request is remembered."""
        return hashlib.sha256(orjson.dumps([actor, self.route, self.key])).hexdigest()

    @property
    def digest(self) -> str:
        """Tells another content under the same key."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """What a request led to: ``subject`` such as ``report:17``, and whether that happened just now."""

    subject: str
    fresh: bool

    @property
    def id(self) -> str:
        """The id within the subject."""
        return self.subject.partition(":")[2]


def recall(work: Work, request: IdempotentRequest) -> Done | None:
    """What this request led to before; None when it was never done.

    Raises:
        Conflict: the key was used for another content.
    """
    wanted = select(IdempotencyRow).where(IdempotencyRow.key_hash == request.key_hash(work.actor))
    row = work.session.scalar(wanted)
    if row is None:
        return None
    if row.request_digest != _told_apart(work, request):
        raise Conflict(
            "这个幂等键已经用于另一份内容；新的内容请换一个新的键。",
            "This idempotency key was used for another content; use a new key for new content.",
            "Idempotency-Key",
        )
    return Done(row.subject, fresh=False)


def once(work: Work, request: IdempotentRequest | None, act: Callable[[], str]) -> Done:
    """Do something unless this very request has done it already, also when both arrive at one moment.

    Args:
        work: a writing unit of work; what ``act`` does and the key are committed together.
        request: None = the caller sent no key.
        act: does it and returns the subject it made.

    Raises:
        Conflict: the key was used for another content.
    """
    if request is None:
        return Done(act(), fresh=True)
    key_hash = request.key_hash(work.actor)
    dialect = postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite
    claim = (
        dialect.insert(IdempotencyRow)
        .values(key_hash=key_hash, request_digest=_told_apart(work, request), subject="", created_at=work.now)
        .on_conflict_do_nothing()
        .returning(IdempotencyRow.key_hash)
    )
    # PostgreSQL waits here for whoever claimed the key and has not committed yet.
    if work.session.scalar(claim) is None:
        done = recall(work, request)
        if done is not None:
            return done
    subject = act()
    work.session.execute(
        update(IdempotencyRow).where(IdempotencyRow.key_hash == key_hash).values(subject=subject)
    )
    return Done(subject, fresh=True)


def _told_apart(work: Work, request: IdempotentRequest) -> str:
    # Keyed: the content may be a conversation, and what is kept for ever must not prove a guess at it.
    return work.keyring.ref("request", request.digest)
