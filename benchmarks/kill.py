"""A batch scored while workers and database are killed with ``kill -9``: figures, and that nothing is wrong.

    python benchmarks/kill.py --records 20000 --workers-killed 12 --database-killed 4

Runs on SQLite (workers killed) and on a PostgreSQL server of its own (workers and server killed). Kills are
spread at random over reading and scoring. Exits with 1 when one conversation is lost or scored twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from service.killing import Figures, endure, own_postgres

from qa_engine.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--workers-killed", type=int, default=12)
    parser.add_argument("--database-killed", type=int, default=4)
    parser.add_argument("--model", default="baseline")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", choices=("sqlite", "postgresql"), action="append")
    chosen = parser.parse_args()
    kinds = chosen.on or ["sqlite", "postgresql"]
    found = [_run(kind, chosen) for kind in kinds]
    sys.exit(any(figures.wrong or figures.faults or figures.state != "done" for figures in found))


def _run(kind: str, chosen: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory(prefix="kill") as folder:
        settings = Settings(
            home=Path(folder) / "home", model=chosen.model, workers=chosen.workers, ticking_s=1
        )
        workers = ["worker"] * chosen.workers_killed
        if kind == "sqlite":
            figures = endure(settings, chosen.records, workers, chosen.seed)
        else:
            with own_postgres() as postgres:
                settings = settings.model_copy(update={"database_url": postgres.url})
                strikes = [*workers, *["database"] * chosen.database_killed]
                figures = endure(settings, chosen.records, strikes, chosen.seed, postgres)
    _tell(kind, figures)
    return figures


def _tell(kind: str, figures: Figures) -> None:
    kills = ", ".join(f"{number} × {what}" for what, number in figures.kills.items())
    print(f"{kind}: {figures.records} conversations, killed: {kills}")
    print(
        f"  ended {figures.state} after {figures.seconds:.0f} s ({figures.records / figures.seconds:.0f}/s)"
    )
    print(f"  chunks begun more than once: {figures.again}")
    for name, number in figures.counted.items():
        print(f"  {name}: {number}{'' if number == figures.records else '  WRONG'}")
    print(f"  faults of the hash chain: {len(figures.faults)}", flush=True)


if __name__ == "__main__":
    main()
