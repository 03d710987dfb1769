"""到点就做的事：清掉没人要的上传、过期的登录、送达已久的投递；读不到的批次明说读不到。"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from qa_engine.jobs.upkeep import DELIVERED_KEPT, clear_leftovers, routines
from qa_engine.service import Service
from qa_engine.services.batches import cancel_batch
from qa_engine.services.events import emit
from qa_engine.services.webhooks import WebhookWish, create_webhook
from qa_engine.services.workers import FORGOTTEN, note_alive
from qa_engine.store.node import node_name, worker_name
from qa_engine.store.spool import Spool
from qa_engine.store.tables import BatchRow, DeliveryRow, WorkerRow
from service.conftest import settings_for
from service.jobbing import batch_of
from service.killing import calls, publish, submit


@pytest.fixture
def ready(service: Service) -> Service:
    publish(service)
    return service


def spool_of(service: Service) -> Spool:
    return Spool(service.settings.spool, service.keyring)


def grow_old(path: Path, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(path, (then, then))


class TestUploads:
    def test_those_somebody_waits_for_stay(self, ready: Service) -> None:
        batch_id = submit(ready, calls(1))
        grow_old(spool_of(ready).path(batch_id), 400)
        clear_leftovers(ready)
        assert spool_of(ready).names() == [batch_id]

    def test_those_of_a_batch_that_is_over_go(self, ready: Service) -> None:
        batch_id = submit(ready, calls(1))
        with ready.work() as work:
            cancel_batch(work, batch_id)
        clear_leftovers(ready)
        assert spool_of(ready).names() == []

    def test_those_without_a_batch_go_once_they_are_old(self, ready: Service) -> None:
        spool = spool_of(ready)
        spool.write("fresh", iter([b"x"]), 10)
        spool.write("old", iter([b"x"]), 10)
        grow_old(spool.path("old"), ready.settings.spool_days + 1)
        broken = spool.path("broken").with_suffix(".part")
        broken.write_bytes(b"x")
        grow_old(broken, ready.settings.spool_days + 1)
        clear_leftovers(ready)
        assert spool.names() == ["fresh"]


def test_a_batch_on_a_server_long_gone_is_failed_and_says_so(ready: Service) -> None:
    here, gone = submit(ready, calls(1)), submit(ready, calls(1))
    with ready.work() as work:
        note_alive(work, worker_name(node_name(ready.settings.home), 0), "host", 1, work.now)
        row = work.session.get_one(BatchRow, gone)
        row.options = {**row.options, "node": "n-elsewhere"}
    clear_leftovers(ready)
    assert batch_of(ready, gone).state == "waiting"
    with ready.work() as work:
        work.session.execute(update(BatchRow).values(created_at=work.now - FORGOTTEN - timedelta(hours=1)))
    clear_leftovers(ready)
    assert batch_of(ready, here).state == "waiting"
    row = batch_of(ready, gone)
    assert row.state == "failed"
    assert row.failure is not None
    assert "重新提交" in row.failure


def test_events_delivered_long_ago_are_forgotten_and_dead_ones_are_not(ready: Service) -> None:
    with ready.work() as work:
        wish = WebhookWish("系统", "https://example.com/", ["batch.finished"])
        create_webhook(work, wish, private=False)
    states = ["delivered", "delivered", "dead", "pending"]
    for _ in states:
        with ready.work() as work:
            emit(work, "batch.finished", {}, None)
    with ready.work() as work:
        rows = work.session.scalars(select(DeliveryRow).order_by(DeliveryRow.id)).all()
        for row, state in zip(rows, states, strict=True):
            row.state = state
            row.due_at = work.now - DELIVERED_KEPT - timedelta(days=1)
        rows[1].due_at = work.now
    clear_leftovers(ready)
    with ready.look() as work:
        assert list(work.session.scalars(select(DeliveryRow.state).order_by(DeliveryRow.id))) == states[1:]


def test_workers_not_seen_for_a_day_are_forgotten(ready: Service) -> None:
    with ready.work() as work:
        note_alive(work, "n1-0", "host", 1, work.now)
        work.session.get_one(WorkerRow, "n1-0").seen_at = work.now - FORGOTTEN - timedelta(minutes=1)
        note_alive(work, "n2-0", "host", 1, work.now)
    clear_leftovers(ready)
    with ready.look() as work:
        assert list(work.session.scalars(select(WorkerRow.name))) == ["n2-0"]


def test_every_routine_runs_on_an_empty_house(sqlite_url: str, tmp_path: Path) -> None:
    service = Service.open(settings_for(sqlite_url, tmp_path / "home"))
    told: list[str] = []

    def trim(before: str) -> int:
        told.append(before)
        return 0

    found = routines(service, trim)
    assert {"retention", "reviews_final", "leftovers", "history"} <= {routine.name for routine in found}
    for routine in found:
        routine.do()
    [before] = told
    assert before.endswith("+00:00")
    with service.look() as work:
        assert work.session.scalar(select(func.count()).select_from(BatchRow)) == 0
    service.close()
