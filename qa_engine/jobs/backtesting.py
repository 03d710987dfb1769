"""Back-tests chunk by chunk: at once for few calls, as a task of a worker for many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa_engine.service import Service
from qa_engine.services.backtest_json import backtest_json
from qa_engine.services.backtests import CHUNK, Backtest, compare, read_past
from qa_engine.store.tables import ScorecardRow

KIND = "scorecard.backtest"


def backtest(service: Service, revision: ScorecardRow, report_ids: Sequence[int]) -> Backtest:
    """Judge stored calls again by a revision; no transaction is open while the engine works.

    Raises:
        ConfigErrors: this version of the engine can no longer use the revision.
    """
    inspector = service.inspectors.of(revision)
    result = Backtest()
    for start in range(0, len(report_ids), CHUNK):
        with service.look() as work:
            past = read_past(work, report_ids[start : start + CHUNK])
        compare(result, inspector, past)
    return result


def run_backtest(service: Service, arguments: dict[str, Any]) -> dict[str, Any]:
    """The task: ``arguments`` name the revision's row (``scorecard_id``) and the calls (``report_ids``)."""
    with service.look() as work:
        revision = work.session.get_one(ScorecardRow, arguments["scorecard_id"])
    return backtest_json(backtest(service, revision, arguments["report_ids"]))
