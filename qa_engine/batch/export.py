"""Output formats, chosen by the ending of the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, Protocol

from qa_engine.batch.errors import UnknownOutputFormat
from qa_engine.batch.export_csv import CsvExport
from qa_engine.batch.record import Failure, Scored
from qa_engine.batch.telling import Telling


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


ENDINGS = (".jsonl", ".parquet", ".csv", ".xlsx")


def check_format(path: Path) -> None:
    """Make sure that the ending of ``path`` names a format, before anything is scored.

    Raises:
        UnknownOutputFormat: it does not.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UnknownOutputFormat(path, ENDINGS)


def start_export(path: Path, file: BinaryIO, telling: Telling | None = None) -> Export:
    """Start writing the format that ``path`` names into ``file``.

    JSON lines are a contract (quotations equal what was said) and know no ``telling``.
    """
    check_format(path)
    telling = telling or Telling()
    # The libraries of the other formats take long to load, and most runs need none of them.
    match path.suffix.lower():
        case ".parquet":
            from qa_engine.batch.export_parquet import ParquetExport

            return ParquetExport(file, telling=telling)
        case ".xlsx":
            from qa_engine.batch.export_xlsx import XlsxExport

            return XlsxExport(file, telling=telling)
        case ".csv":
            return CsvExport(file, telling)
        case _:
            return JsonlExport(file)
