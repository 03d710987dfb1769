"""Transcripts for the benchmarks: our corpus by default, any labelled or plain JSONL by option.

The corpus is recombined to the shape of real platform chat (about 30 turns of 18 characters), with a
counter mixed into some turns so that a cache cannot turn a long run into a few look-ups.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from qa_engine.domain.transcript import Channel, Speaker, Transcript, Turn
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs

CORPUS = Path(__file__).parents[1] / "data" / "corpus"
SEED = 20261121


def real_calls(path: str) -> list[Transcript]:
    """Every good transcript of a file in any intake format."""
    return [call for call in read_inputs([path], IntakeOptions()) if isinstance(call, Transcript)]


def corpus_calls(count: int, turns: int = 30) -> Iterator[Transcript]:
    """Yield ``count`` transcripts of ``turns`` turns made of stretches of corpus dialogues."""
    rng = random.Random(SEED)
    records = [
        json.loads(line)
        for path in sorted(CORPUS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    for number in range(count):
        made: list[Turn] = []
        while len(made) < turns:
            made.extend(_turn(turn, rng) for turn in rng.choice(records)["turns"][: turns - len(made)])
        yield Transcript(f"bench-{number}", tuple(made), Channel.CHAT)


def _turn(turn: dict[str, str], rng: random.Random) -> Turn:
    text = turn["t"]
    if rng.random() < 0.5:
        # Half the turns are new to any cache, as names, numbers and typos make them in real traffic.
        at = rng.randrange(len(text) + 1)
        text = f"{text[:at]}{rng.randrange(10_000)}{text[at:]}"
    return Turn(Speaker.AGENT if turn["s"] == "A" else Speaker.CUSTOMER, text)


def write_jsonl(path: Path, count: int) -> None:
    """Write ``count`` transcripts as our own JSONL."""
    with path.open("w", encoding="utf-8") as file:
        for call in corpus_calls(count):
            turns = [{"speaker": turn.speaker.value, "text": turn.text} for turn in call.turns]
            record = {"id": call.id, "channel": "chat", "turns": turns}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
