"""Parquet: one row a call, nested columns with the same names as in inspection-report/1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from qa_engine.batch.record import Failure, Scored
from qa_engine.batch.telling import Telling

_TEXT, _INT, _REAL, _BOOL = pa.string(), pa.int32(), pa.float64(), pa.bool_()
_BY_NAME = pa.map_(_TEXT, _REAL)


def _rows(**fields: pa.DataType) -> pa.DataType:
    return pa.list_(pa.struct(fields))


_QUOTES = _rows(turn=_INT, start=_INT, end=_INT, quote=_TEXT)

SCHEMA = pa.schema(
    {
        "schema": _TEXT,
        "transcript_id": _TEXT,
        "scorecard": pa.struct({"key": _TEXT, "revision": _INT, "digest": _TEXT}),
        "engine": pa.struct({"version": _TEXT, "model": _TEXT, "detectors": pa.map_(_TEXT, _TEXT)}),
        "total": pa.struct(
            {
                "points": _REAL, "max": _REAL, "percent": _REAL, "upper_percent": _REAL,
                "passed": _BOOL, "critical_failure": _BOOL, "coverage": _REAL,
            }
        ),
        "criteria": _rows(
            key=_TEXT, name=_TEXT, section=_TEXT, outcome=_TEXT, earned=_REAL, max=_REAL,
            confidence=_REAL, reason=_TEXT,
            evidence=_QUOTES,
            looked_at=_rows(from_turn=_INT, to_turn=_INT),
            nearest=pa.struct({"turn": _INT, "quote": _TEXT, "similarity": _REAL}),
            critical=_BOOL, deducted_in=_TEXT, scoring=_TEXT, weight=_REAL, code=_TEXT,
            occurrences=_INT,
        ),
        "attitude": pa.struct(
            {
                "level": _INT, "score": _REAL,
                "acts": _rows(turn=_INT, act=_TEXT, confidence=_REAL),
                "faults": _rows(turn=_INT, kind=_TEXT, confidence=_REAL, because=pa.list_(_INT)),
            }
        ),
        "resolution": pa.struct({"status": _TEXT, "probabilities": _BY_NAME, "turns": pa.list_(_INT)}),
        "satisfaction": pa.struct({"expected": _REAL, "distribution": pa.list_(_REAL)}),
        "complaint": pa.struct(
            {
                "is_complaint": _BOOL, "probability": _REAL,
                "types": _rows(key=_TEXT, name=_TEXT, probability=_REAL),
                "evidence": _QUOTES,
            }
        ),
        "emotion": pa.struct(
            {
                "index": _REAL,
                "curve": _rows(turn=_INT, emotion=_INT, index=_REAL, probabilities=_BY_NAME),
                "drops": _rows(
                    turn=_INT, from_index=_REAL, to_index=_REAL,
                    cause=pa.struct({"turn": _INT, "speaker": _TEXT, "kind": _TEXT}),
                    recovered_turn=_INT, recovered_by_agent=_BOOL,
                ),
            }
        ),
        "review": pa.struct(
            {"needed": _BOOL, "priority": _REAL, "reasons": pa.list_(_TEXT), "evidence": _QUOTES}
        ),
        "not_evaluated": _rows(what=_TEXT, reason=_TEXT, code=_TEXT),
        "flags": _rows(code=_TEXT, message=_TEXT, turns=pa.list_(_INT)),
    }
)  # fmt: skip


class ParquetExport:
    """Row groups of a bounded number of calls, so that memory does not grow with the run."""

    def __init__(self, file: BinaryIO, group_size: int = 1000, telling: Telling | None = None) -> None:
        self._telling = telling or Telling()
        self.remarks: list[str] = []
        self._writer = pq.ParquetWriter(file, SCHEMA, compression="zstd")
        self._group_size = group_size
        self._group: list[dict[str, Any]] = []

    def add(self, report: Scored) -> None:
        """Append one call."""
        self._group.append(self._telling.report(report))
        if len(self._group) == self._group_size:
            self._flush()

    def _flush(self) -> None:
        if self._group:
            self._writer.write_table(pa.Table.from_pylist(self._group, schema=SCHEMA))
            self._group = []

    def finish(self, _failures: Iterable[Failure], /) -> None:
        """Write the last row group and the footer."""
        self._flush()
        self._writer.close()
