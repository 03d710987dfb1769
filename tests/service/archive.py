"""A small archive for tests of reports: the shipped samples, judged once, recorded with places and times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from qa_engine.domain.report import InspectionReport
from qa_engine.domain.staff import Agent
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_inputs
from qa_engine.services.recording import Inspected, record
from qa_engine.services.work import Work
from qa_engine.store.tables import ReportRow
from qa_engine.store.transcripts import Keeping, keep_transcripts
from qa_engine.wiring import build_inspector

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
CARDS = ("general_service", "ecommerce_after_sales")
FIRST = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)
LINES = ("retail", "insurance")
TEAMS = ("零售一组", "零售二组", None)


@dataclass(frozen=True, slots=True)
class Filed:
    """One recorded report with everything a filter may ask of it."""

    transcript: Transcript
    report: InspectionReport
    business_line: str
    id: int


@cache
def judged() -> tuple[tuple[Transcript, InspectionReport], ...]:
    """Every sample call by every card of ``CARDS``, with teams, agents, times and attributes dealt out."""
    calls = [call for call in read_inputs([str(SAMPLES)]) if isinstance(call, Transcript)]
    dealt = [_dealt(call, i) for i, call in enumerate(calls)]
    found: list[tuple[Transcript, InspectionReport]] = []
    for card in CARDS:
        inspector = build_inspector(card, model="baseline")
        found += zip(dealt, inspector.inspect_many(dealt), strict=True)
    return tuple(found)


def _dealt(call: Transcript, i: int) -> Transcript:
    return replace(
        call,
        id=f"sample-{i}",
        # Several calls at the very same moment: the order must hold by id as well.
        started_at=(FIRST + timedelta(hours=i // 3 * 7)).isoformat(),
        agent=Agent(f"A{i % 4}", f"坐席{i % 4}", TEAMS[i % 3], ("售后", "热线")[i % 2]),
        attributes={"来源": ("APP", "官网")[i % 2], "等级": i % 3, "回访": i % 5 == 0},
    )


def line_of(i: int) -> str:
    return LINES[i % 2]


def file_all(work: Work, pairs: Sequence[tuple[Transcript, InspectionReport]] | None = None) -> list[Filed]:
    """Record them all, one chunk a card; the line goes by the call's number."""
    filed: list[Filed] = []
    for card in CARDS:
        chosen = [pair for pair in pairs or judged() if pair[1].scorecard_key == card]
        for line in LINES:
            mine = [(c, r) for c, r in chosen if line_of(int(c.id.removeprefix("sample-"))) == line]
            rows = file(work, mine, line)
            filed += (Filed(c, r, line, row.id) for (c, r), row in zip(mine, rows, strict=True))
    return filed


def file(
    work: Work, pairs: Sequence[tuple[Transcript, InspectionReport]], business_line: str = "retail"
) -> list[ReportRow]:
    """Keep these calls and record these reports in one chunk."""
    kept = keep_transcripts(
        work.session, work.keyring, [call for call, _ in pairs], Keeping(business_line), work.now, work.zone
    )
    inspected = [Inspected(row, call, report) for row, (call, report) in zip(kept, pairs, strict=True)]
    return record(work, inspected, fingerprint="0" * 64)
