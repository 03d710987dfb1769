"""Output formats, chosen by the ending of the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol

from qa_engine.batch.errors import UnknownOutputFormat
from qa_engine.batch.export_csv import CsvExport
from qa_engine.batch.export_parquet import ParquetExport
from qa_engine.batch.export_xlsx import XlsxExport
from qa_engine.batch.record import Failure, Scored


class Export(Protocol):
    """One output file being written. ``remarks`` are Chinese sentences for the user."""

    remarks: list[str]

    def add(self, report: Scored) -> None:
        """Append one report."""
        ...

    def finish(self, failures: Iterable[Failure], /) -> None:
        """Write what comes after the reports (formats without errors ignore ``failures``)."""
        ...


class JsonlExport:
    """inspection-report/1, one report a line, byte for byte as it was recorded."""

    def __init__(self, file: BinaryIO) -> None:
        self.remarks: list[str] = []
        self._file = file

    def add(self, report: Scored) -> None:
        """Append one line."""
        self._file.write(report.report + b"\n")

    def finish(self, _failures: Iterable[Failure], /) -> None:
        """Nothing follows the last line."""


_FORMATS = {".jsonl": JsonlExport, ".parquet": ParquetExport, ".csv": CsvExport, ".xlsx": XlsxExport}
ENDINGS: tuple[str, ...] = tuple(_FORMATS)


def check_format(path: Path) -> None:
    """Make sure that the ending of ``path`` names a format, before anything is scored.

    Raises:
        UnknownOutputFormat: it does not.
    """
    if path.suffix.lower() not in _FORMATS:
        raise UnknownOutputFormat(path, ENDINGS)


def start_export(path: Path, file: BinaryIO) -> Export:
    """Start writing the format that ``path`` names into ``file``."""
    check_format(path)
    export: Export = _FORMATS[path.suffix.lower()](file)
    return export
