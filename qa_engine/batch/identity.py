"""What makes two runs the same run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from hashlib import sha256

import orjson

from qa_engine.intake.opening import Source, find_sources
from qa_engine.intake.options import IntakeOptions

_PROBE = 1 << 20


def run_identity(
    inputs: Sequence[str], options: IntakeOptions, fingerprint: str, chunk_size: int
) -> dict[str, str]:
    """Name everything that decides the results of a run, as digests under Chinese names.

    Inputs are told apart by name, size and their first and last mebibyte, so that resuming a run over
    many gigabytes starts at once; the ids of everything in between are compared by the ledger.
    """
    sources = [
        [source.name, source.bytes_total, _probe(source)] if isinstance(source, Source) else str(source)
        for source in find_sources(inputs)
    ]
    reading = {field.name: getattr(options, field.name) for field in fields(options)}
    reading["columns"] = dict(options.columns)
    return {
        "评分表、模型或软件版本": fingerprint,
        "输入文件": _digest(sources),
        "读取选项": _digest(reading),
        "批大小": str(chunk_size),
    }


def _probe(source: Source) -> str:
    if source.path is None or source.bytes_total == 0:
        return ""
    with source.path.open("rb") as file:
        head = file.read(_PROBE)
        file.seek(max(0, source.bytes_total - _PROBE))
        return sha256(head + file.read(_PROBE)).hexdigest()


def _digest(value: object) -> str:
    return sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()
