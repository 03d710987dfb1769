"""The shipped samples, kept and judged by the service like any other call."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa_engine.cli.demo_command import sample_groups
from qa_engine.domain.errors import IntakeError
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_inputs
from qa_engine.service import Service
from qa_engine.services.idempotency import IdempotentRequest, once, recall
from qa_engine.services.judging import Judging, choose_judging
from qa_engine.services.recording import Inspected, record
from qa_engine.store.transcripts import keep_transcripts

CHUNK = 64
FALLBACK = "general_service"


@dataclass(slots=True)
class SampleTally:
    """What became of the samples."""

    scored: int = 0
    failed: int = 0
    known: bool = False


def score_samples(service: Service, folder: Path) -> SampleTally:
    """Score the samples of a folder once; nothing happens when the same ones are recorded already.

    Raises:
        NoSamples: there is no such folder, or nothing in it.
    """
    tally = SampleTally(known=True)
    for key, inputs in sample_groups(folder, FALLBACK):
        request = _request(key, inputs)
        with service.look() as work:
            judging = choose_judging(work, key, None)
            if recall(work, request) is not None:
                continue
        tally.known = False
        _score_group(service, request, judging, inputs, tally)
    return tally


def _score_group(
    service: Service, request: IdempotentRequest, judging: Judging, inputs: list[str], tally: SampleTally
) -> None:
    inspector = service.inspectors.of(judging.scorecard)
    items = list(read_inputs(inputs))
    transcripts = [item for item in items if isinstance(item, Transcript)]
    tally.failed += sum(isinstance(item, IntakeError) for item in items)
    reports = list(inspector.inspect_many(transcripts))
    tally.scored += len(reports)
    with service.work() as work:

        def keep_and_record() -> str:
            for begin in range(0, len(transcripts), CHUNK):
                some = transcripts[begin : begin + CHUNK]
                kept = keep_transcripts(
                    work.session, work.keyring, some, judging.keeping, work.now, work.zone
                )
                told = zip(kept, some, reports[begin : begin + CHUNK], strict=True)
                record(work, [Inspected(*one) for one in told], fingerprint=inspector.fingerprint)
            return f"samples:{judging.scorecard.key}"

        once(work, request, keep_and_record)


def _request(key: str, inputs: Sequence[str]) -> IdempotentRequest:
    """The same files are the same request, whatever they are called and wherever they lie."""
    digest = hashlib.sha256()
    for path in sorted(_files(inputs)):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return IdempotentRequest("samples", f"{key}:{digest.hexdigest()}", digest.digest())


def _files(inputs: Sequence[str]) -> list[Path]:
    found: list[Path] = []
    for given in map(Path, inputs):
        found += [given] if given.is_file() else [one for one in given.rglob("*") if one.is_file()]
    return found
