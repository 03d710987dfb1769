"""Peak memory of ``qa-engine score`` for 10,000 and for 200,000 transcripts: it must not grow.

usage: python benchmarks/memory.py [--counts 10000 200000] [--workers 2]

Runs the real command as a subprocess and samples the resident memory of the whole process tree.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from corpus_calls import write_jsonl


def peak_of(command: list[str]) -> tuple[float, float]:
    """Run a command; return (peak resident MiB of its process tree, seconds)."""
    began = time.perf_counter()
    peak = 0.0
    with tempfile.TemporaryFile("w+", encoding="utf-8") as told:
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        root = psutil.Process(running.pid)
        while running.poll() is None:
            peak = max(peak, sum(map(_resident, [root, *_children(root)])) / 2**20)
            time.sleep(0.1)
        if running.returncode != 0:
            told.seek(0)
            sys.exit(f"{' '.join(command)} ended with {running.returncode}:\n{told.read()[-2000:]}")
    return peak, time.perf_counter() - began


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return list(root.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def main() -> None:
    """Measure and print one line a run, and the ratio of the peaks."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--counts", type=int, nargs="+", default=[10_000, 200_000])
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--scorecard", default="general_service")
    chosen = options.parse_args()
    peaks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for count in chosen.counts:
            calls, out = Path(folder) / f"{count}.jsonl", Path(folder) / f"{count}.out.jsonl"
            write_jsonl(calls, count)
            command = [sys.executable, "-m", "qa_engine", "score", str(calls), "--scorecard"]
            command += [chosen.scorecard, "--out", str(out), "--workers", str(chosen.workers)]
            peak, seconds = peak_of(command)
            with out.open("rb") as written:
                lines = sum(1 for _ in written)
            peaks.append(peak)
            print(
                f"{count:>8} transcripts  {lines} reports  peak {peak:7.0f} MiB (all processes)  "
                f"{count / seconds:6.0f} transcripts/s end to end",
                flush=True,
            )
            out.unlink()
            calls.unlink()
    if len(peaks) > 1:
        print(f"peak of the largest run ÷ peak of the smallest: {peaks[-1] / peaks[0]:.2f}")


if __name__ == "__main__":
    main()
