"""Transactions: one writer at a time on SQLite, and none waits for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as WaitedTooLong

from qa_engine.store import engine
from qa_engine.store.engine import Database


def test_a_writer_within_a_writer_is_told_and_stops_nobody(sqlite_url, monkeypatch):
    monkeypatch.setattr(engine, "BUSY_MS", 50)
    database = Database(sqlite_url)
    with database.writing(), pytest.raises(WaitedTooLong), database.writing():
        pass
    with database.writing() as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


def test_what_raises_is_undone_and_lets_go(database):
    with pytest.raises(RuntimeError), database.writing() as session:  # noqa: PT012
        session.execute(text("INSERT INTO chain_heads (chain, seq, hash) VALUES ('audit', 1, 'x')"))
        raise RuntimeError
    with database.writing() as session:
        assert session.scalar(text("SELECT count(*) FROM chain_heads")) == 0
