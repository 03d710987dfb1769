"""What time does: leases run out, texts reach the end of their retention, leftovers are cleared."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import partial

from sqlalchemy import delete, select

from qa_engine.jobs import steps
from qa_engine.jobs.library import Routine
from qa_engine.jobs.transactions import settled
from qa_engine.service import Service
from qa_engine.services import workers
from qa_engine.services.retention import purge
from qa_engine.services.review_upkeep import close_due, release_expired
from qa_engine.services.samples import draw_due, recurring_plans
from qa_engine.services.work import Work
from qa_engine.store.node import node_of_worker
from qa_engine.store.spool import Spool
from qa_engine.store.tables import BatchRow, DeliveryRow, SessionRow, WorkerRow

_AT_ONCE = 200
# Delivered events are history; dead ones stay until somebody replays or deletes them.
DELIVERED_KEPT = timedelta(days=30)
_IN_USE = ("waiting", "importing")
_UNREACHABLE = "收下这个批次的服务器已停用超过一天，它的输入无法读取；请在运行中的服务器上重新提交。"


def routines(service: Service, trim: Callable[[str], int]) -> list[Routine]:
    """What is done by the clock, in the service's time zone.

    Args:
        service: an open service.
        trim: forgets workflows that were over before a moment (ISO 8601).
    """
    return [
        Routine("retention", "20 3 * * *", lambda: _purge(service)),
        Routine("samples", "20 2 * * *", lambda: _draw_samples(service)),
        Routine("reviews_final", "40 * * * *", lambda: _close_due(service)),
        Routine("leftovers", "50 * * * *", lambda: clear_leftovers(service)),
        Routine("history", "10 4 * * *", lambda: _trim(service, trim)),
    ]


def release_leases(service: Service) -> None:
    """Give back reviews that are held beyond their lease."""
    until_none_left(service, release_expired)


def until_none_left(service: Service, step: Callable[[Work, int], int]) -> int:
    """Repeat a step that does a limited number at once; returns how many were done."""
    number = 0
    while True:
        done = settled(service, lambda work: step(work, _AT_ONCE))
        number += done
        if done < _AT_ONCE:
            return number


def clear_leftovers(service: Service) -> None:
    """Remove uploads no batch waits for, ended log-ins, delivered events and workers long gone."""
    spool = Spool(service.settings.spool, service.keyring)
    kept_s = service.settings.spool_days * 86400
    for name in spool.names():
        if spool.discard_broken(name, kept_s, time.time()):
            continue
        with service.look() as work:
            row = work.session.get(BatchRow, name)
            in_use = row is not None and row.state in _IN_USE
        # A request writes the upload first and its batch after: what is new may still get one.
        if not in_use and (row is not None or spool.age_s(name, time.time()) > kept_s):
            spool.remove(name)
    for batch_id in _unreachable(service):
        with service.work() as work:
            steps.fail_batch(work, batch_id, _UNREACHABLE)
    with service.work() as work:
        work.session.execute(delete(SessionRow).where(SessionRow.expires_at < work.now))
        workers.forget_dead(work)
    until_none_left(service, _forget_delivered)


def _unreachable(service: Service) -> list[str]:
    """Batches whose inputs lie on an installation that has had no living worker for a day."""
    with service.look() as work:
        known = {node_of_worker(name) for name in work.session.scalars(select(WorkerRow.name))}
        unread = select(BatchRow).where(
            BatchRow.state.in_(_IN_USE), BatchRow.created_at < work.now - workers.FORGOTTEN
        )
        return [row.id for row in work.session.scalars(unread) if row.options["node"] not in known]


def _forget_delivered(work: Work, limit: int) -> int:
    old = select(DeliveryRow.id).where(
        DeliveryRow.state == "delivered", DeliveryRow.due_at < work.now - DELIVERED_KEPT
    )
    ids = work.session.scalars(old.limit(limit)).all()
    work.session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))
    return len(ids)


def _close_due(service: Service) -> None:
    until_none_left(service, close_due)


def _draw_samples(service: Service) -> None:
    with service.look() as work:
        plans = recurring_plans(work)
    for plan_id in plans:
        settled(service, partial(_draw_due, plan_id=plan_id))


def _draw_due(work: Work, plan_id: int) -> None:
    draw_due(work, plan_id)


def _purge(service: Service) -> None:
    purge(service.work)


def _trim(service: Service, trim: Callable[[str], int]) -> None:
    trim((service.clock() - timedelta(days=1)).astimezone(UTC).isoformat())
