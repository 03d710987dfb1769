"""Transcripts per second of the whole engine with the neural model, beside BERT-base reading every turn.

usage: python benchmarks/neural_speed.py FILE [--rounds 3] [--bert-sample 12] [--model DIR] [--scorecard KEY]

In one run, over the same transcripts already in memory, interleaved round by round, two cores for both:
  engine, 2 processes   Inspector with the neural model and every detector, one thread a process
  engine, 1 process     the same on one core
  bert-base, 2 threads  12 layers of 768 in float32 (random weights serve for speed) through torch; every
                        distinct turn once, sorted by length, in batches, no rule or report (on a sample)
Every round starts with empty caches. Medians over rounds; ratios to bert-base. Also the time to load the
model in a fresh process, and the resident memory of a worker at the end of a round.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
from corpus_calls import real_calls

from models.neural import load_neural
from models.neural.artifact import read_neural
from models.neural.predictor import DEFAULT_FOLDER
from models.neural.runtime import Pieces
from qa_engine.batch.collector import relax_collector
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.scorecards import load_scorecard
from qa_engine.wiring import PredictorAdapter

# What `qa-engine score` gives a worker at once.
CHUNK = 64
CORES = 2
BERT_VOCABULARY = 21_128
BERT_BATCH = 32
BERT_LABELS = 8
_inspector: Inspector
_calls: list[Transcript]
_loaded_in: float


def _start(scorecard: str, path: str, folder: Path) -> None:
    global _inspector, _calls, _loaded_in
    # Every process holds the transcripts itself: judging is measured here, not sending.
    _calls = real_calls(path)
    loaded = load_scorecard(scorecard)
    began = time.perf_counter()
    model = load_neural(folder)
    _loaded_in = time.perf_counter() - began
    # A new process and with it empty caches, as on new traffic.
    _inspector = Inspector(loaded.scorecard, loaded.rules, PredictorAdapter(model))
    relax_collector()


def _ready(_: int) -> float:
    time.sleep(0.2)  # long enough that every process of the pool takes one
    return _loaded_in


def _inspect(first: int) -> int:
    return sum(1 for _ in _inspector.inspect_many(_calls[first : first + CHUNK]))


def _resident(_: int) -> float:
    time.sleep(0.2)
    return float(psutil.Process().memory_info().rss) / 2**20


class BertBase:
    """A turn classifier of BERT-base's size with random weights; texts become pieces as in the engine."""

    def __init__(self, folder: Path) -> None:
        # Not on top: the engine's processes import this file and need no torch.
        import torch
        from transformers import BertConfig, BertForSequenceClassification

        torch.set_num_threads(CORES)
        self._torch = torch
        config = BertConfig(vocab_size=BERT_VOCABULARY, num_labels=BERT_LABELS)
        self._model = BertForSequenceClassification(config).eval()
        self._pieces = Pieces(read_neural(folder).tokenizer)

    def read(self, calls: Sequence[Transcript]) -> None:
        """Classify every distinct turn of ``calls``."""
        texts = list(dict.fromkeys(turn.text for call in calls for turn in call.turns if turn.text.strip()))
        rows = sorted((ids[:512] for ids in self._pieces.ids(texts)), key=len)
        with self._torch.inference_mode():
            for start in range(0, len(rows), BERT_BATCH):
                batch = rows[start : start + BERT_BATCH]
                longest = len(batch[-1])
                ids = self._torch.tensor([row + [0] * (longest - len(row)) for row in batch])
                mask = self._torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in batch])
                self._model(input_ids=ids % BERT_VOCABULARY, attention_mask=mask)


def spread(calls: Sequence[Transcript], count: int) -> list[Transcript]:
    """``count`` transcripts at even steps of length, so that the sample is as long as the rest."""
    order = sorted(calls, key=lambda call: sum(len(turn.text) for turn in call.turns))
    return [order[int((i + 0.5) * len(order) / count)] for i in range(min(count, len(order)))]


def rate(work: Callable[[], object], count: int) -> float:
    """Transcripts per second of one run of ``work``."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def main() -> None:
    """Measure, print medians, ratios, load time and memory."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("file", help="transcripts in any intake format")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--bert-sample", type=int, default=12, help="transcripts BERT-base reads a round")
    options.add_argument("--model", type=Path, default=DEFAULT_FOLDER, help="folder of a neural model")
    options.add_argument("--scorecard", default="ecommerce_after_sales")
    chosen = options.parse_args()
    calls = real_calls(chosen.file)
    sample = spread(calls, chosen.bert_sample)
    for name, some in (("engine", calls), ("bert-base", sample)):
        turns = [turn.text for call in some for turn in call.turns]
        print(
            f"{name}: {len(some)} transcripts of {len(turns) / len(some):.1f} turns "
            f"of {sum(map(len, turns)) / len(turns):.1f} characters"
        )
    rates: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], object], count: int) -> None:
        rates.setdefault(name, []).append(rate(work, count))

    spawn = multiprocessing.get_context("spawn")
    started = (chosen.scorecard, chosen.file, chosen.model)
    chunks = range(0, len(calls), CHUNK)
    bert = BertBase(chosen.model)
    bert.read(sample[:1])
    loads: list[float] = []
    peaks: list[float] = []
    for _ in range(chosen.rounds):
        for processes in (CORES, 1):
            with spawn.Pool(processes, _start, started) as pool:
                loads += pool.map(_ready, range(processes), chunksize=1)
                name = f"engine, {processes} process{'es' if processes > 1 else ''}"
                note(name, lambda pool=pool: pool.map(_inspect, chunks, chunksize=1), len(calls))
                peaks += pool.map(_resident, range(processes), chunksize=1)
        note(f"bert-base, {CORES} threads", lambda: bert.read(sample), len(sample))
    base = statistics.median(rates[f"bert-base, {CORES} threads"])
    for name, seen in rates.items():
        middle = statistics.median(seen)
        print(f"{name:24s} {middle:8.2f} transcripts/s   {middle / base:6.1f} × bert-base")
    print(f"loading the model: {statistics.median(loads):.2f} s (slowest {max(loads):.2f} s)")
    print(f"resident memory of a process: {max(peaks):.0f} MiB at most")


if __name__ == "__main__":
    main()
