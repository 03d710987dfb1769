"""保留期限: text goes when its line says so, in batches, and nothing else goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from qa_engine.domain.access import Role
from qa_engine.domain.refusal import Forbidden
from qa_engine.services.business_lines import LineWish, change_line
from qa_engine.services.retention import purge
from qa_engine.services.work import Work
from qa_engine.store.tables import AuditRow, DeliveryRow, ReportRow, TranscriptRow, WebhookRow
from qa_engine.store.transcripts import Keeping, keep_transcripts
from qa_engine.store.verification import verify
from service.world import OTHER_LINE, OWN, World, found_world


@pytest.fixture
def world(service) -> World:
    return found_world(service)


@contextmanager
def later(world: World, days: float) -> Iterator[Work]:
    with world.work() as work:
        yield replace(work, now=work.now + timedelta(days=days))


def purge_after(world: World, days: float, batch: int = 1000):
    return purge(lambda: later(world, days), batch)


def keep(world: World, number: int, line: str = "retail", raw: int | None = None, masked: int | None = None):
    with world.work() as work:
        calls = [world.transcript() for _ in range(number)]
        keeping = Keeping(line, raw, masked)
        keep_transcripts(work.session, work.keyring, calls, keeping, work.now, work.zone)


def settle(world: World, raw: int | None, masked: int | None, line: str = "retail") -> None:
    with world.work() as work:
        change_line(work, line, LineWish(line, raw_days=raw, masked_days=masked))


def state(world: World) -> list[tuple[bool, bool]]:
    """For every conversation: is the original there, is the masked text there."""
    with world.work() as work:
        rows = work.session.scalars(select(TranscriptRow).order_by(TranscriptRow.id)).all()
        assert all((row.sealed is None) == (row.key_id is None) for row in rows)
        return [(row.sealed is not None, row.masked is not None) for row in rows]


def test_nothing_goes_before_its_time_and_everything_after(world):
    settle(world, 30, 90)
    keep(world, 3, raw=30, masked=90)
    assert purge_after(world, 29.9).lines == []
    assert state(world) == [(True, True)] * 3
    assert purge_after(world, 30.1).raw == {"retail": 3}
    assert state(world) == [(False, True)] * 3
    gone = purge_after(world, 90.1)
    assert (gone.raw, gone.masked) == ({}, {"retail": 3})
    assert state(world) == [(False, False)] * 3
    assert purge_after(world, 1000).lines == []


def test_every_line_has_its_own_days(world):
    settle(world, 10, 20)
    settle(world, None, None, "insurance")
    keep(world, 2, "retail", 10, 20)
    keep(world, 2, "insurance")
    gone = purge_after(world, 3650)
    assert (gone.raw, gone.masked) == ({"retail": 2}, {"retail": 2})
    assert state(world) == [(False, False)] * 2 + [(True, True)] * 2


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param((None, None), (5, 50), (False, True), id="没有期限的补上期限"),
        pytest.param((100, 200), (5, 50), (False, True), id="缩短"),
        pytest.param((5, 50), (100, 200), (True, True), id="延长"),
        pytest.param((5, 50), (None, None), (True, True), id="取消期限"),
    ],
)
def test_new_days_hold_for_what_is_stored_already(world, before, after, expected):
    keep(world, 5, "retail", *before)
    settle(world, *after)
    purge_after(world, 10, batch=2)
    assert state(world) == [expected] * 5


def test_lines_without_settings_keep_what_they_were_told_to(world):
    keep(world, 1, "unknown", 5, 50)
    assert purge_after(world, 6).raw == {"unknown": 1}


def test_batches_of_any_size_come_to_the_same(world):
    settle(world, 1, 2)
    keep(world, 7, raw=1, masked=2)
    gone = purge_after(world, 3, batch=3)
    assert (gone.raw, gone.masked) == ({"retail": 7}, {"retail": 7})
    with world.work() as work:
        entries = work.session.scalars(select(AuditRow).where(AuditRow.action == "retention.purged")).all()
    assert sum(entry.detail.get("raw", 0) for entry in entries) == 7
    assert sum(entry.detail.get("masked", 0) for entry in entries) == 7
    assert {entry.subject for entry in entries} == {"business_line:retail"}


def test_stopped_midway_it_goes_on_where_it_was(world):
    settle(world, 1, None)
    keep(world, 6, raw=1)
    begun: list[datetime] = []

    @contextmanager
    def breaking() -> Iterator[Work]:
        with later(world, 2) as work:
            yield work
            begun.append(work.now)
            if len(begun) == 7:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        purge(breaking, batch=2)
    left = state(world).count((True, True))
    assert 0 < left < 6
    assert purge_after(world, 2, batch=2).raw == {"retail": left}
    assert state(world) == [(False, True)] * 6
    with world.work() as work:
        entries = work.session.scalars(select(AuditRow).where(AuditRow.action == "retention.purged")).all()
    assert sum(entry.detail["raw"] for entry in entries) == 6


def test_scores_and_chains_stay_as_they_were(world):
    report_id = world.report(OWN)
    settle(world, 1, 1)
    with world.work() as work:
        before = work.session.get_one(ReportRow, report_id).body
    purge_after(world, 2)
    with world.work() as work:
        assert work.session.get_one(ReportRow, report_id).body == before
        assert list(verify(work.session, work.keyring)) == []
    assert state(world) == [(False, False)]


def test_webhooks_hear_of_it_once_a_line_and_run(world):
    with world.work() as work:
        work.session.add(
            WebhookRow(
                name="x", url="https://example.com", events=["retention.purged"], business_lines=None,
                secret=b"x" * 32, active=True, created_by="user:1", created_at=work.now,
            )
        )  # fmt: skip
    settle(world, 1, 1)
    settle(world, 1, 1, "insurance")
    for place in (OWN, OWN, OTHER_LINE):
        keep(world, 1, place.business_line, 1, 1)
    purge_after(world, 2, batch=1)
    with world.work() as work:
        payloads = [row.payload for row in work.session.scalars(select(DeliveryRow).order_by(DeliveryRow.id))]
    assert payloads == [
        {"business_line": "insurance", "raw": 1, "masked": 1},
        {"business_line": "retail", "raw": 2, "masked": 2},
    ]


def test_only_those_who_manage_retention(world):
    with pytest.raises(Forbidden):
        purge(lambda: world.work(Role.QA_LEAD))
