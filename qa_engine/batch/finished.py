"""The record of a finished run beside its result: the same run again has nothing left to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """``identity`` of the run (Chinese names → digests), its counts, and which file it wrote.

    ``size`` in bytes and ``changed_ns`` (modification time) tell whether the file is still that one.
    """

    identity: Mapping[str, str]
    scored: int
    failed: int
    size: int
    changed_ns: int


def record_path(out: Path) -> Path:
    """Where the record of a result lies; hidden, so that a folder of results can still be an input."""
    return out.with_name(f".{out.name}.finished.json")


def note_finished(out: Path, identity: Mapping[str, str], scored: int, failed: int) -> None:
    """Record that ``out`` is the whole result of a run."""
    state = out.stat()
    run = FinishedRun(dict(identity), scored, failed, state.st_size, state.st_mtime_ns)
    record_path(out).write_bytes(orjson.dumps(asdict(run)))


def finished_run(out: Path) -> FinishedRun | None:
    """Return the run that wrote ``out`` as it stands now; None when we do not know of one."""
    try:
        run = FinishedRun(**orjson.loads(record_path(out).read_bytes()))
        state = out.stat()
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None
    return run if (run.size, run.changed_ns) == (state.st_size, state.st_mtime_ns) else None


def differing(run: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    """Name what tells two runs apart."""
    return tuple(key for key in {**run, **other} if run.get(key) != other.get(key))
