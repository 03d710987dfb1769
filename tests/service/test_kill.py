"""``kill -9`` of workers and of the database: every conversation scored once, none twice, none lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.conftest import settings_for
from service.killing import Figures, endure, own_postgres

RECORDS = 700


def insist(figures: Figures) -> None:
    assert figures.state == "done"
    assert figures.wrong == {}
    assert figures.faults == []


@pytest.mark.slow
def test_workers_killed_on_sqlite(tmp_path: Path) -> None:
    settings = settings_for("", tmp_path / "home", model="none", workers=2, ticking_s=0.5)
    figures = endure(settings, RECORDS, ["worker"] * 3, seed=11)
    insist(figures)
    # At the very least the last kill met a worker with a chunk in its hands or a reading half done.
    assert figures.kills == {"worker": 3}


@pytest.mark.slow
def test_workers_and_the_database_killed_on_postgresql(tmp_path: Path) -> None:
    with own_postgres() as postgres:
        settings = settings_for(postgres.url, tmp_path / "home", model="none", workers=2, ticking_s=0.5)
        insist(endure(settings, RECORDS, ["worker"] * 3 + ["database"], seed=12, postgres=postgres))
