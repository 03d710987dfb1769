"""Who did something, as told to the person who asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from qa_engine.domain.access import Permission
from qa_engine.services.work import Work
from qa_engine.store.tables import UserRow

_USER = "user:"


@dataclass(frozen=True, slots=True)
class Person:
    """``actor`` as records name them (``user:7``); ``name`` None when they are no user."""

    actor: str
    name: str | None


def people(work: Work, actors: Iterable[str | None]) -> dict[str, Person]:
    """Actor → person, for those who may read names; nobody at all for everybody else."""
    if not work.principal.may(Permission.READ_NAMES):
        return {}
    known = {actor for actor in actors if actor}
    ids = {int(actor[len(_USER) :]) for actor in known if actor.startswith(_USER)}
    rows = work.session.execute(select(UserRow.id, UserRow.name).where(UserRow.id.in_(ids))) if ids else ()
    names = {f"{_USER}{user_id}": name for user_id, name in rows}
    return {actor: Person(actor, names.get(actor)) for actor in known}
