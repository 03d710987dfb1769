"""A folder of pages: one a call and an index, written as the calls come, in constant memory."""

from __future__ import annotations

import heapq
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import orjson

from qa_engine.batch.assemble import replacing
from qa_engine.batch.labels import RESOLUTIONS, UNKNOWN, percent_text
from qa_engine.batch.tally import RunTally
from qa_engine.cli.call_view import Masker, view_call
from qa_engine.cli.masking import shown_id
from qa_engine.cli.pages import call_page, write_index
from qa_engine.cli.visible import one_line
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.scorecard import Scorecard
from qa_engine.domain.transcript import Transcript

_TODO = 10


def page_name(transcript_id: str, number: int = 1, *, private: bool = False) -> str:
    """File name of a call's page: the id itself where it is a safe name, else marked by a digest.

    A ``private`` id holds personal data: its page is named by ``number`` (from 1) alone, for a digest of
    a telephone number is found by trying them all. No id leads to a name with ``~``.
    """
    if private:
        return f"call~{number:06}.html"
    slug = re.sub(r"[^\w.-]+", "_", transcript_id).lstrip(".")[:80]
    if not slug or slug != transcript_id:
        slug = f"{slug or '会话'}-{sha256(transcript_id.encode()).hexdigest()[:8]}"
    return f"{slug}.html"


@contextmanager
def open_site(folder: Path, masker: Masker, *, masked: bool = True) -> Iterator[Site]:
    """Start a site in ``folder``, which is made if need be; ``masked`` hides personal data in ids too."""
    # Index rows wait on disk: a row for every call of a large run must not pile up in memory.
    with tempfile.TemporaryFile("w+b") as rows:
        yield Site(folder, masker, rows, masked=masked)


class Site:
    """Writes ``folder/calls/*.html`` and, at the end, ``folder/index.html``; see ``open_site``."""

    def __init__(self, folder: Path, masker: Masker, rows: IO[bytes], *, masked: bool = True) -> None:
        self.index = folder / "index.html"
        self._folder = folder
        self._scorecards: dict[str, str] = {}
        self._masker = masker
        self._masked = masked
        self._rows = rows
        self._todo: list[tuple[float, int, dict[str, Any]]] = []
        self._count = 0
        (folder / "calls").mkdir(parents=True, exist_ok=True)

    def add(self, transcript: Transcript, report: InspectionReport, scorecard: Scorecard) -> Path:
        """Write the page of one call and return its path."""
        self._scorecards[scorecard.digest] = f"{scorecard.name}（第 {scorecard.revision} 版）"
        sections = {section.key: section.name for section in scorecard.sections}
        told = shown_id(report.transcript_id, masked=self._masked)
        private = told != one_line(report.transcript_id)
        path = self._folder / "calls" / page_name(report.transcript_id, self._count + 1, private=private)
        view = view_call(transcript, report, sections, self._masker(transcript), told)
        path.write_text(call_page(view, scorecard.name, "../index.html"), encoding="utf-8")
        row = _row(report, told, f"calls/{path.name}")
        self._rows.write(orjson.dumps(row) + b"\n")
        self._count += 1
        priority = report.review.priority
        if report.review.needed and priority is not None:
            entry = {**row, "reasons": report.review.reasons}
            # Earlier calls win among equals, hence the negative count.
            heapq.heappush(self._todo, (priority, -self._count, entry))
            if len(self._todo) > _TODO:
                heapq.heappop(self._todo)
        return path

    def finish(self, tally: RunTally) -> Path:
        """Write the index page and return its path."""
        todo = [entry for _, _, entry in sorted(self._todo, key=lambda item: item[:2], reverse=True)]
        with replacing(self.index) as file:
            write_index(file, self._stored_rows(), todo, tally, "、".join(self._scorecards.values()))
        return self.index

    def _stored_rows(self) -> Iterator[str]:
        self._rows.seek(0)
        for number, line in enumerate(self._rows):
            # "<" must not end the script element that carries the rows.
            text = line.rstrip(b"\n").decode("utf-8").replace("<", "\\u003c")
            yield text if number == 0 else f",\n{text}"


def _row(report: InspectionReport, told: str, href: str) -> dict[str, Any]:
    total, emotion = report.total, report.emotion
    return {
        "id": told,
        "href": quote(href),
        "score": percent_text(total.percent, total.upper_percent),
        "percent": total.percent,
        "passed": total.passed,
        "critical": total.critical_failure,
        "coverage": total.coverage,
        "attitude": report.attitude.level,
        "emotion": emotion.index,
        "drops": len(emotion.drops),
        "resolution": RESOLUTIONS.get(report.resolution.status or "", UNKNOWN),
        "complaint": report.complaint.is_complaint,
        "types": "、".join(kind.name for kind in report.complaint.types),
        "review": report.review.needed,
        "priority": report.review.priority,
        "missing": len(report.not_evaluated),
    }
