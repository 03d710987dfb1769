"""Transcripts per second: the whole engine beside two things people write instead.

usage: python benchmarks/throughput.py [--input FILE] [--count 1500] [--rounds 3] [--scorecard KEY]

In one run, over the same transcripts already in memory, interleaved round by round:
  engine    Inspector with baseline models and every detector on (and again on two processes)
  loop      a plain Python loop doing only the scorecard's keyword and regex work
  snownlp   SnowNLP sentiment of every customer turn with the same regex loop (on a sample)
Medians over rounds; ratios to the engine. The last line adds intake and JSON (the real command's work).
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import yaml
from corpus_calls import corpus_calls, real_calls
from snownlp import SnowNLP

import qa_engine.scorecards
from models.baseline import load_baseline
from qa_engine.batch.collector import relax_collector
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.transcript import Speaker, Transcript
from qa_engine.inspector import Inspector
from qa_engine.scorecards import load_scorecard
from qa_engine.wiring import PredictorAdapter

BUILTIN = Path(qa_engine.scorecards.__file__).parent / "builtin"
# SnowNLP is slow; a sample keeps the run short and its rate is per transcript all the same.
SNOWNLP_SAMPLE = 60

CHUNK = 64
_inspector: Inspector
_calls: list[Transcript]


def words_and_patterns(scorecard: str) -> tuple[list[str], list[re.Pattern[str]]]:
    """Every phrase and every regex of a scorecard file, each once."""
    words: dict[str, None] = {}
    patterns: dict[str, None] = {}
    document = yaml.safe_load((BUILTIN / f"{scorecard}.yaml").read_text(encoding="utf-8"))

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in ("of", "unless", "to", "first", "second") and isinstance(value, list):
                    words.update(dict.fromkeys(str(word) for word in value))
                elif key in ("pattern", "unless") and isinstance(value, str):
                    patterns[value] = None
                elif key == "tests":
                    continue
                else:
                    walk(value)

    walk(document)
    for phrases in document.get("phrases", {}).values():
        words.update(dict.fromkeys(str(word) for word in phrases))
    plain = [word for word in words if not word.startswith("@")]
    return plain, [re.compile(pattern) for pattern in patterns]


def loop(calls: Sequence[Transcript], words: list[str], patterns: list[re.Pattern[str]]) -> int:
    """What a script would do: every word and every pattern on every turn."""
    hits = 0
    for call in calls:
        for turn in call.turns:
            hits += sum(word in turn.text for word in words)
            hits += sum(pattern.search(turn.text) is not None for pattern in patterns)
    return hits


def snownlp(calls: Sequence[Transcript], patterns: list[re.Pattern[str]]) -> float:
    """Sentiment of every customer turn by SnowNLP, and the regex loop."""
    mood = 0.0
    for call in calls:
        for turn in call.turns:
            if turn.speaker is Speaker.CUSTOMER and turn.text.strip():
                mood += SnowNLP(turn.text).sentiments
            mood += sum(pattern.search(turn.text) is not None for pattern in patterns)
    return mood


def rate(work: Callable[[], object], count: int) -> float:
    """Transcripts per second of one run of ``work``."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def fresh_inspector(scorecard: str) -> Inspector:
    """An inspector whose caches are empty, as on new traffic."""
    loaded = load_scorecard(scorecard)
    return Inspector(loaded.scorecard, loaded.rules, PredictorAdapter(load_baseline()))


def load_calls(path: str | None, count: int) -> list[Transcript]:
    """The transcripts to measure with, in memory."""
    return real_calls(path) if path else list(corpus_calls(count))


def _start(scorecard: str, path: str | None, count: int) -> None:
    global _inspector, _calls
    # Every process holds the transcripts itself: judging is measured here, not sending;
    # benchmarks/memory.py measures the whole command with reading, sending and writing.
    _calls = load_calls(path, count)
    _inspector = fresh_inspector(scorecard)
    relax_collector()


def _ready(_: int) -> None:
    time.sleep(0.2)  # long enough that every process of the pool takes one


def _inspect(first: int) -> int:
    return sum(1 for _ in _inspector.inspect_many(_calls[first : first + CHUNK]))


def main() -> None:
    """Measure, print medians and ratios."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--input", help="transcripts in any intake format; default: recombined corpus")
    options.add_argument("--count", type=int, default=1500)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--scorecard", default="ecommerce_after_sales")
    chosen = options.parse_args()
    calls = load_calls(chosen.input, chosen.count)
    turns = sum(len(call.turns) for call in calls)
    chars = sum(len(turn.text) for call in calls for turn in call.turns)
    words, patterns = words_and_patterns(chosen.scorecard)
    print(
        f"{len(calls)} transcripts of {turns / len(calls):.1f} turns of {chars / turns:.1f} characters; "
        f"scorecard {chosen.scorecard}: {len(words)} phrases, {len(patterns)} patterns"
    )
    sample = calls[:SNOWNLP_SAMPLE]
    chunks = range(0, len(calls), CHUNK)
    rates: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], object], count: int) -> None:
        rates.setdefault(name, []).append(rate(work, count))

    spawn = multiprocessing.get_context("spawn")
    relax_collector()  # as every process of a real run does
    for _ in range(chosen.rounds):
        one = fresh_inspector(chosen.scorecard)
        note("engine, 1 process", lambda one=one: sum(1 for _ in one.inspect_many(calls)), len(calls))
        with spawn.Pool(2, _start, (chosen.scorecard, chosen.input, chosen.count)) as pool:
            pool.map(_ready, range(4), chunksize=1)
            note("engine, 2 processes", lambda pool=pool: pool.map(_inspect, chunks, chunksize=1), len(calls))
        note("plain loop (words and regex only)", lambda: loop(calls, words, patterns), len(calls))
        note("snownlp + regex loop", lambda: snownlp(sample, patterns), len(sample))
        one = fresh_inspector(chosen.scorecard)
        note(
            "engine, 1 process, with JSON",
            lambda one=one: [orjson.dumps(report_to_json(r)) for r in one.inspect_many(calls)],
            len(calls),
        )
    engine = statistics.median(rates["engine, 1 process"])
    for name, seen in rates.items():
        middle = statistics.median(seen)
        print(f"{name:36s} {middle:9.1f} transcripts/s   engine on one process is {engine / middle:7.2f} ×")


if __name__ == "__main__":
    main()
