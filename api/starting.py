"""What happens before the first request: tables, scorecards, the first administrator, the model."""

from __future__ import annotations

from sqlalchemy import select

from api.running import Running
from qa_engine.domain.access import Role
from qa_engine.service import Service
from qa_engine.services.accounts import first_admin
from qa_engine.services.passwords import hash_password, new_password
from qa_engine.services.shipped_scorecards import import_shipped
from qa_engine.store.migrations import upgrade
from qa_engine.store.tables import UserRow


def start(service: Service) -> Running:
    """Bring the database to this version, fill in what a first start needs, and load the model.

    A model that cannot be loaded stops nothing: reports say what was not judged, and so does ``/readyz``.

    Raises:
        UnknownSchema: the database comes from a newer version.
    """
    upgrade(service.database)
    with service.work() as work:
        import_shipped(work)
    password = _first_admin(service)
    why = service.inspectors.warm()
    return Running(
        service,
        first_password=password,
        degraded=() if why is None else (why,),
        workers=service.settings.workers,
    )


def _first_admin(service: Service) -> str | None:
    """Add the first administrator; the one-time password, None when there is one already."""
    with service.look() as work:
        known = work.session.scalar(select(UserRow.id).where(UserRow.role == Role.ADMIN).limit(1))
    if known is not None:
        return None
    password = new_password()
    hashed = hash_password(password)
    with service.work() as work:
        added = first_admin(work, hashed)
    return None if added is None else password
