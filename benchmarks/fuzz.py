"""Thousands of questions to every operation of the OpenAPI document, and what came of them.

    python benchmarks/fuzz.py [--each 15] [--seed 1] [--database URL]

A real server is started for it on a free port of this machine, on SQLite or the database named.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from service.fuzzing import furnish, fuzz
from service.served import serving

MANY = {"rate_per_minute": "10000000", "login_rate_per_minute": "10000000", "log_level": "WARNING"}


def main(each: int, number: int, url: str) -> int:
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as home,
        serving(Path(home), "-w", "1", database_url=url, **MANY) as served,
    ):
        made = furnish(served)
        with served.client() as client:
            document = client.get("/openapi.json").json()
        people = [made.people[name] for name in ("lead", "admin", "agent")]
        tally = fuzz(served.url, document, people, each, number, made.known)
        broken = [line for line in served.log if "request.failed" in line]
    print(
        f"questions {tally.requests}, operations {len(tally.by_operation)}, {time.monotonic() - began:.0f} s"
    )
    print("answers: " + ", ".join(f"{status} × {n}" for status, n in sorted(tally.statuses.items())))
    print(
        f"answers of 500 and above: {tally.server_errors}; breaches of the document: {tally.failures.total()}"
    )
    for what, n in tally.failures.most_common():
        print(f"\n{n} × {what}\n{tally.samples[what]}")
    for line in broken[:20]:
        print(line[:1500])
    return 1 if tally.failures or tally.server_errors else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--each", type=int, default=15, help="questions of a kind per operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="", help="URL; else an SQLite file of its own")
    asked = parser.parse_args()
    sys.exit(main(asked.each, asked.seed, asked.database))
