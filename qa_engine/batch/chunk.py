"""Chunks: consecutive input records that are inspected and committed together."""

from __future__ import annotations

import copyreg
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

import orjson

from qa_engine import __version__
from qa_engine.batch.record import Failed, Failure, Record, Scored
from qa_engine.domain.errors import IntakeError
from qa_engine.domain.finding import DetectorFailure
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.inspector.guard import guarded

CHUNK_SIZE = 64


@dataclass(frozen=True, slots=True)
class Chunk:
    """``items[i]`` is the input record ``first_seq + i``; ``bytes_read`` of the inputs so far.

    Chunks are cut by position, never by what is already done: a resumed run batches the same
    conversations together and therefore repeats the same numbers to the last digit.
    """

    first_seq: int
    items: tuple[Transcript | IntakeError, ...]
    bytes_read: int = 0

    @property
    def ids(self) -> list[str | None]:
        """Transcript ids in order, None for unreadable records."""
        return [item.id if isinstance(item, Transcript) else None for item in self.items]

    @property
    def transcripts(self) -> tuple[Transcript, ...]:
        """The readable records in order."""
        return tuple(item for item in self.items if isinstance(item, Transcript))

    def records(self, outcomes: Iterable[bytes | Failure]) -> list[Record]:
        """Put the outcome of every transcript back to its place beside the unreadable records."""
        outcome = iter(outcomes)
        records: list[Record] = []
        for seq, item in enumerate(self.items, self.first_seq):
            if isinstance(item, IntakeError):
                records.append(Failed(seq, Failure.of_intake(item)))
                continue
            result = next(outcome)
            if isinstance(result, Failure):
                records.append(Failed(seq, result))
            else:
                records.append(Scored(seq, item.id, result))
        return records


def cut_chunks(
    items: Iterable[Transcript | IntakeError],
    size: int = CHUNK_SIZE,
    bytes_read: Callable[[], int] = lambda: 0,
) -> Iterator[Chunk]:
    """Cut a stream of input records into chunks of ``size``."""
    source = iter(items)
    first = 0
    while gathered := tuple(islice(source, size)):
        yield Chunk(first, gathered, bytes_read())
        first += size


def inspect_chunk(inspector: Inspector, transcripts: Sequence[Transcript]) -> list[bytes] | DetectorFailure:
    """Inspect transcripts together; one JSON report each, in order. A crash is returned as a value."""

    def inspect() -> list[bytes]:
        reports = inspector.inspect_many(transcripts, chunk_size=max(1, len(transcripts)))
        return [orjson.dumps(report_to_json(report)) for report in reports]

    return guarded("inspector", __version__, inspect)


def allow_pickling() -> None:
    """Teach pickle the read-only mappings inside transcripts (needed where they are sent)."""
    copyreg.pickle(MappingProxyType, _reduce_mapping)


def _reduce_mapping(
    mapping: MappingProxyType[Any, Any],
) -> tuple[Callable[..., MappingProxyType[Any, Any]], tuple[Any, ...]]:
    return _read_only, (dict(mapping),)


def _read_only(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)
