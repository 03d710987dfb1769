"""One call at a time over HTTP: how long an answer takes, and how many a second, next to the engine alone.

    python benchmarks/single_score.py [--model baseline|neural] [--calls 400] [--database URL]

A real server is started on a free port of this machine (no batch workers) and asked over 1, 8 and 32
connections that are kept open; the engine alone judges the same calls in this process, one by one, and again
in chunks of 16, before the server starts and after it has stopped. Every answer must be a report of its own:
each request carries a call of its own, so each is kept, judged, recorded, chained and read back.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from corpus_calls import corpus_calls
from service.served import Served, serving

from qa_engine.domain.transcript import Transcript
from qa_engine.wiring import build_inspector

SCORECARD = "general_service"
CONNECTIONS = (1, 8, 32)
LONGEST_S = 120.0
TOGETHER = 16
WARM = 40


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--model", default="baseline", choices=("baseline", "neural", "none"))
    given.add_argument("--calls", type=int, default=400, help="requests at each number of connections")
    given.add_argument("--database", default="", help="PostgreSQL URL; the embedded SQLite when left out")
    asked = given.parse_args()
    # No call is judged twice: what a cache holds of one must not speed up another measurement.
    fresh = corpus_calls(WARM + asked.calls * (len(CONNECTIONS) + 2))

    def take(count: int) -> list[Transcript]:
        return list(itertools.islice(fresh, count))

    print(f"{asked.calls} calls of 30 turns each time, model {asked.model}, {os.cpu_count()} cores")
    before = engine_alone(take(asked.calls), asked.model)
    with tempfile.TemporaryDirectory() as home:
        settings = {"model": asked.model, "rate_per_minute": "100000000", "log_level": "WARNING"}
        with serving(Path(home), "-w", "0", database_url=asked.database, **settings) as served:
            key = api_key(served)
            ask(served.port, key, bodies_of(take(WARM)), 4)
            figures = [(n, *ask(served.port, key, bodies_of(take(asked.calls)), n)) for n in CONNECTIONS]
            with served.client() as client:
                client.headers["Authorization"] = f"Bearer {key}"
                recorded = count(client)
    after = engine_alone(take(asked.calls), asked.model)
    asked_for = WARM + sum(len(times) for _, times, _, _ in figures)
    print("connections  requests/s     p50 ms     p95 ms     p99 ms   answers")
    for n, times, seconds, statuses in figures:
        p50, p95, p99 = (percentile(times, share) * 1000 for share in (0.5, 0.95, 0.99))
        rate = len(times) / seconds
        print(f"{n:11d}  {rate:10.1f} {p50:10.1f} {p95:10.1f} {p99:10.1f}   {told(statuses)}")
    for name, first, second in zip(("one by one", f"{TOGETHER} together"), before, after, strict=True):
        print(f"engine alone, {name}: {first:.1f} calls/s before, {second:.1f} after")
    print(f"reports recorded {recorded} of {asked_for} answered")
    if recorded != asked_for:
        sys.exit("not every answer is a report")


def bodies_of(calls: Sequence[Transcript]) -> list[dict[str, Any]]:
    return [
        {
            "id": call.id,
            "channel": call.channel.value,
            "turns": [{"speaker": turn.speaker.value, "text": turn.text} for turn in call.turns],
        }
        for call in calls
    ]


def engine_alone(calls: Sequence[Transcript], model: str) -> tuple[float, float]:
    """Calls a second of the inspector in this process: one by one, and together."""
    half = len(calls) // 2
    inspector = build_inspector(SCORECARD, model=model)
    list(inspector.inspect_many(calls[:WARM]))
    began = time.perf_counter()
    for call in calls[:half]:
        inspector.inspect(call)
    single = half / (time.perf_counter() - began)
    began = time.perf_counter()
    judged = len(list(inspector.inspect_many(calls[half:], TOGETHER)))
    return single, judged / (time.perf_counter() - began)


def api_key(served: Served) -> str:
    with served.admin() as admin:
        key = {"name": "bench", "scopes": ["calls:read", "calls:score"]}
        return str(admin.post("/v1/api-keys", json=key).raise_for_status().json()["secret"])


def ask(
    port: int, key: str, bodies: Sequence[dict[str, Any]], connections: int
) -> tuple[list[float], float, dict[int, int]]:
    """Ask for every call over so many connections; seconds of each answer, seconds in all, statuses."""
    waiting = iter(bodies)
    lock = threading.Lock()
    times: list[float] = []
    statuses: dict[int, int] = {}
    until = time.monotonic() + LONGEST_S

    def work() -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        while time.monotonic() < until:
            with lock:
                body = next(waiting, None)
            if body is None:
                break
            sent = json.dumps(body).encode()
            began = time.perf_counter()
            line.request("POST", f"/v1/score?scorecard={SCORECARD}", sent, headers)
            answer = line.getresponse()
            answer.read()
            took = time.perf_counter() - began
            with lock:
                times.append(took)
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
        line.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times, time.perf_counter() - began, statuses


def count(client: Any) -> int:
    found, cursor = 0, None
    while True:
        page = client.get(
            "/v1/reports", params={"limit": 500, **({"cursor": cursor} if cursor else {})}
        ).json()
        found += len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def told(statuses: dict[int, int]) -> str:
    return ", ".join(f"{status} × {n}" for status, n in sorted(statuses.items()))


if __name__ == "__main__":
    main()
