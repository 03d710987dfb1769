"""Hash chains: every change, gap or cut shows; writers at the same time do not break them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, select, update

from qa_engine.store.audit import note
from qa_engine.store.chain import ChainFault, Link, link, walk_chain
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import AuditRow, ChainHead, ChainRow

KEYS = Keyring.fresh()
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def add(database, count: int, start: int = 0) -> None:
    with database.writing() as session:
        links = [Link("report", f"report:{start + i}", f"{start + i:064x}", NOW) for i in range(count)]
        link(session, KEYS, "scores", links)


def faults(database, keyring: Keyring = KEYS) -> list[ChainFault]:
    with database.reading() as session:
        return [item for item in walk_chain(session, keyring, "scores") if isinstance(item, ChainFault)]


class TestChain:
    def test_untouched_it_is_whole(self, database):
        add(database, 5)
        add(database, 3, 5)
        assert faults(database) == []
        with database.reading() as session:
            assert [row.seq for row in walk_chain(session, KEYS, "scores")] == list(range(1, 9))

    @pytest.mark.parametrize(
        ("column", "value"),
        [("kind", "other"), ("subject", "report:99"), ("digest", "f" * 64), ("hash", "f" * 64),
         ("at", datetime(2020, 1, 1, tzinfo=UTC))],
    )  # fmt: skip
    def test_a_changed_column_shows_at_its_link(self, database, column, value):
        add(database, 5)
        with database.writing() as session:
            session.execute(update(ChainRow).where(ChainRow.seq == 3).values({column: value}))
        assert faults(database)[0].seq == 3

    def test_a_missing_link_shows(self, database):
        add(database, 5)
        with database.writing() as session:
            session.execute(delete(ChainRow).where(ChainRow.seq.in_([2, 3])))
        assert "第 2 到 3 条记录缺失" in faults(database)[0].why

    def test_a_cut_off_end_shows(self, database):
        add(database, 5)
        with database.writing() as session:
            session.execute(delete(ChainRow).where(ChainRow.seq == 5))
        assert "末尾" in faults(database)[0].why

    def test_without_the_keys_nobody_can_write_a_link_that_holds(self, database):
        add(database, 2)
        stranger = Keyring.fresh()
        with database.writing() as session:
            link(session, stranger, "scores", [Link("report", "report:9", "9" * 64, NOW)])
        assert [fault.seq for fault in faults(database)] == [3]

    def test_what_is_rolled_back_leaves_no_link(self, database):
        add(database, 1)
        with pytest.raises(RuntimeError), database.writing() as session:  # noqa: PT012
            link(session, KEYS, "scores", [Link("report", "report:5", "5" * 64, NOW)])
            raise RuntimeError
        add(database, 1, 1)
        with database.reading() as session:
            assert session.scalars(select(ChainRow.subject).order_by(ChainRow.seq)).all() == [
                "report:0",
                "report:1",
            ]

    def test_many_writers_at_once_make_one_chain(self, database):
        def write(worker: int) -> None:
            for i in range(8):
                with database.writing() as session:
                    subject = f"report:{worker}-{i}"
                    link(session, KEYS, "scores", [Link("report", subject, "a" * 64, NOW)])
                    note(session, KEYS, actor="user:1", action="tested", subject=subject, detail={}, at=NOW)

        with ThreadPoolExecutor(6) as pool:
            list(pool.map(write, range(6)))
        assert faults(database) == []
        with database.reading() as session:
            assert session.get(ChainHead, "scores").seq == 48
            assert session.get(ChainHead, "audit").seq == 48
            assert len(session.scalars(select(AuditRow)).all()) == 48
            subjects = session.scalars(select(ChainRow.subject).where(ChainRow.chain == "scores")).all()
            assert len(set(subjects)) == 48
