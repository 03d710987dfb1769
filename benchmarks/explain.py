"""How well and at what cost verdicts are explained.

usage: python benchmarks/explain.py [--model FOLDER] [--input FILE] [--count 150]

agreement  each verdict is explained twice: as in production, where only a few candidate turns are hidden,
           and thoroughly, hiding every turn (neural) or reading the call anew without each turn
           (baseline). Told: how often the strongest turn found thoroughly is named, is named first, and
           how many of its named turns (at most three) are named. Over data/samples and the corpus.
cost       CPU seconds of predicting with and without explaining, texts already in the caches, and the
           share that explaining adds to a whole run (engine with an empty cache) over the same calls.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from corpus_calls import CORPUS, real_calls

from models.base import Conversation, ConversationOutput, Ground, Grounds
from models.baseline import BaselinePredictor, load_baseline
from models.errors import ModelError
from models.explain import worded
from models.neural.artifact import read_neural
from models.neural.predictor import DEFAULT_FOLDER, NeuralPredictor
from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs
from qa_engine.scorecards import load_scorecard
from qa_engine.text.reading import read_transcript
from qa_engine.wiring import PredictorAdapter

SAMPLES = CORPUS.parent / "samples"
SEED = 20261121


def conversation(call: Transcript) -> Conversation:
    """As the engine hands it to a model."""
    turns = read_transcript(call).turns
    return Conversation([t.speaker.value for t in turns], [t.text for t in turns], call.channel.value)


def corpus(count: int) -> Iterator[Conversation]:
    """Whole corpus dialogues, drawn at random."""
    lines = [line for path in sorted(CORPUS.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    for line in random.Random(SEED).sample(lines, count):
        record = json.loads(line)
        roles = ["agent" if turn["s"] == "A" else "customer" for turn in record["turns"]]
        yield Conversation(roles, [turn["t"] for turn in record["turns"]], record["channel"])


def samples() -> Iterator[Conversation]:
    """Every readable call of data/samples whose speakers are known."""
    for path in sorted(SAMPLES.glob("*/*")):
        for call in read_inputs([str(path)], IntakeOptions()):
            if not isinstance(call, IntakeError) and call.has_roles:
                yield conversation(call)


def anew(model: BaselinePredictor, call: Conversation) -> Grounds:
    """What the baseline's verdicts rest on, by reading the call anew for each of its turns.

    For the resolution without the turn, for complaint and review with nothing said in it.
    """
    (said,) = model.read([call])
    turns = worded(call)
    copies = [
        Conversation(
            [role for at, role in enumerate(call.roles) if at != turn],
            [text for at, text in enumerate(call.texts) if at != turn],
            call.channel,
        )
        for turn in turns
    ]
    silenced = [
        Conversation(
            call.roles, ["" if at == turn else text for at, text in enumerate(call.texts)], call.channel
        )
        for turn in turns
    ]
    left, silent = (
        model.explainer.explain(
            said.output,
            turns,
            model.explainer.drops(said.outcomes, np.stack([one.outcomes for one in model.read(some)])),
            {},
        )
        for some in (copies, silenced)
    )
    return Grounds(left.resolution, silent.complaint, silent.review)


def verdicts(grounds: Grounds, output: ConversationOutput, names: Sequence[str]) -> Iterator[Any]:
    yield "resolution", grounds.resolution.get(names[int(np.argmax(output.resolution))], ())
    yield "complaint", grounds.complaint
    yield "review", grounds.review


def compare(named: Sequence[Ground], wanted: Sequence[Ground]) -> tuple[float, float, float]:
    """(strongest is named, is named first, share of the wanted turns that are named)."""
    turns = [ground.turn for ground in named]
    best, all_wanted = wanted[0].turn, [ground.turn for ground in wanted]
    return best in turns, turns[:1] == [best], sum(turn in turns for turn in all_wanted) / len(all_wanted)


def agreement(
    name: str,
    quick: Callable[[Sequence[Conversation]], list[ConversationOutput]],
    thorough: Callable[[Conversation], Grounds],
    labels: Sequence[str],
    calls: Sequence[Conversation],
) -> None:
    told: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for call, output in zip(calls, quick(calls), strict=True):
        reference = thorough(call)
        wanted = dict(verdicts(reference, output, labels))
        for verdict, named in verdicts(output.grounds, output, labels):
            if wanted[verdict]:
                told[verdict].append(compare(named, wanted[verdict]))
        for fault, grounds in reference.faults.items():
            told["faults"].append(compare(output.grounds.faults.get(fault, ()), grounds))
    for verdict, found in told.items():
        shares = " ".join(f"{share:6.1%}" for share in np.mean(found, axis=0))
        print(f"{name:9s} {verdict:11s} {len(found):5d} verdicts: named, first, of three {shares}")


def cost(
    name: str, model: Any, plain: Callable[[Sequence[Conversation]], object], calls: list[Transcript]
) -> None:
    readings = [conversation(call) for call in calls]
    card = load_scorecard("ecommerce_after_sales")
    inspector = Inspector(card.scorecard, card.rules, PredictorAdapter(model))

    def spent(work: Callable[[], object]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    engine = spent(lambda: sum(1 for _ in inspector.inspect_many(calls)))
    rounds = [(spent(lambda: model.predict(readings)), spent(lambda: plain(readings))) for _ in range(5)]
    full, bare = np.median(rounds, axis=0)
    share = (full - bare) / (engine - (full - bare))
    print(
        f"{name:9s} {len(calls)} calls: engine {engine:.2f} s CPU; predicting {full:.2f} s, "
        f"unexplained {bare:.2f} s; explaining adds {share:.1%}"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--model", type=Path, default=DEFAULT_FOLDER, help="a neural model")
    options.add_argument("--input", help="transcripts to measure the cost on; default: data/samples")
    options.add_argument("--count", type=int, default=150, help="corpus dialogues")
    chosen = options.parse_args()
    calls = [*corpus(chosen.count), *samples()]
    sources = [chosen.input] if chosen.input else [str(path) for path in sorted(SAMPLES.glob("*/*"))]
    timed = [call for source in sources for call in real_calls(source)]
    print(f"{len(calls)} calls of {np.mean([len(call.texts) for call in calls]):.1f} turns")
    baseline = load_baseline()
    names = baseline.labels.resolution
    agreement("baseline", baseline.predict, lambda call: anew(baseline, call), names, calls)
    cost("baseline", load_baseline(), baseline.read, timed)
    try:
        artifact = read_neural(chosen.model)
        neural, full = NeuralPredictor(artifact), NeuralPredictor(artifact, thorough=True)
    except ModelError as error:
        print(f"no neural model: {error}")
        return
    agreement("neural", neural.predict, lambda call: full.predict([call])[0].grounds, names, calls)
    model = NeuralPredictor(artifact)
    cost("neural", model, model.predict_unexplained, timed)


if __name__ == "__main__":
    main()
