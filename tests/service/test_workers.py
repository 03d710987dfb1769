"""工作进程：没有人管的批次会被捡起来，停止时做完手上的一批，主进程没了也不会留下孤儿。"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from qa_engine.jobs.supervisor import Supervisor, environment_of
from qa_engine.service import Service
from qa_engine.services.workers import alive
from qa_engine.settings import Settings
from qa_engine.store.node import node_name, node_of_worker, worker_name
from qa_engine.store.spool import Spool
from qa_engine.store.tables import BatchChunk, WorkerRow
from service.conftest import settings_for
from service.jobbing import batch_of, read_in
from service.killing import calls, publish, submit

PATIENCE_S = 120


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so; however long it takes within reason."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.1)


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    opened = Service.open(
        settings_for(database_url, tmp_path / "home", model="none", workers=1, ticking_s=0.3)
    )
    publish(opened)
    yield opened
    opened.close()


def test_what_nobody_works_on_is_picked_up_and_a_stop_is_orderly(service: Service) -> None:
    # Read in, but the process that should have told the library of the chunks died before it did.
    lost = submit(service, calls(130))
    assert read_in(service, lost) == [0, 1, 2]
    # And one that was asked for while no worker ran.
    new = submit(service, calls(70))
    with Supervisor(service.settings) as supervisor:
        until(lambda: batch_of(service, lost).state == batch_of(service, new).state == "done")
        with service.look() as work:
            [row] = alive(work)
            assert [row.pid] == supervisor.pids
    assert batch_of(service, lost).scored == 130
    assert batch_of(service, new).scored == 70
    with service.look() as work:
        assert work.session.scalars(select(WorkerRow)).all() == []
        assert set(work.session.scalars(select(BatchChunk.attempts))) == {1}
    assert Spool(service.settings.spool, service.keyring).names() == []


def test_workers_end_with_their_supervisor_even_when_it_is_killed(sqlite_url: str, tmp_path: Path) -> None:
    settings = settings_for(sqlite_url, tmp_path / "home", model="none", workers=1, ticking_s=0.3)
    said = (
        "import time; from qa_engine.settings import Settings; "
        "from qa_engine.jobs.supervisor import Supervisor; "
        "Supervisor(Settings()).start(); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", said], env={**os.environ, **environment_of(settings)})
    try:
        until(lambda: bool(psutil.Process(parent.pid).children()))
        [child] = psutil.Process(parent.pid).children()
        service = Service.open(settings)
        until(lambda: _seen(service) == [child.pid])
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
        service.close()
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait()


def _seen(service: Service) -> list[int]:
    with service.look() as work:
        return [row.pid for row in alive(work)]


def test_settings_survive_the_way_into_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        home=tmp_path, workers=3, server_folders=(tmp_path / "甲", Path("/b")), webhook_private=True,
        keyring="秘密", ticking_s=0.25, max_waiting_records=7,
    )  # fmt: skip
    for name in list(os.environ):
        if name.startswith("QA_ENGINE_"):
            monkeypatch.delenv(name)
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


def test_an_installation_keeps_its_name(tmp_path: Path) -> None:
    name = node_name(tmp_path / "home")
    assert node_name(tmp_path / "home") == name
    assert node_name(tmp_path / "other") != name
    assert node_of_worker(worker_name(name, 3)) == name
