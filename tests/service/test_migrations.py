"""The history of the schema leads from nothing to what the code says, and back, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import inspect, text

from qa_engine.store.engine import Database
from qa_engine.store.migrations import (
    UnknownSchema,
    downgrade,
    drift,
    knows,
    schema_state,
    upgrade,
)
from qa_engine.store.tables import Table
from service.conftest import KINDS, Postgres


@pytest.fixture(params=KINDS)
def empty(request, tmp_path):
    if request.param == "sqlite":
        opened = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        opened = Database(postgres.fresh("template0"))
    yield opened
    opened.close()


def tables_of(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_from_nothing_to_head_and_back(empty):
    assert schema_state(empty).current is None
    state = upgrade(empty)
    assert state.at_head
    assert tables_of(empty) == set(Table.metadata.tables)
    assert downgrade(empty).current is None
    assert tables_of(empty) == set()
    assert upgrade(empty).at_head


def test_the_tables_of_the_code_are_what_the_revisions_make(database):
    assert drift(database) == []


def test_drift_is_seen(database):
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE users ADD COLUMN nickname TEXT"))
        connection.execute(text("DROP INDEX ix_users_login"))
    told = str(drift(database))
    assert "nickname" in told
    assert "ix_users_login" in told


def test_tables_of_others_are_left_alone(database):
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE somebody_else (id INTEGER)"))
    assert drift(database) == []


def test_servers_that_start_together_take_turns(empty):
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(lambda _: upgrade(empty), range(4)))
    assert all(state.at_head for state in states)
    assert tables_of(empty) == set(Table.metadata.tables)


def test_upgrading_again_changes_nothing(database):
    before = schema_state(database)
    assert upgrade(database) == before


def test_a_database_of_a_newer_version_is_refused_untouched(database):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for step in (upgrade, downgrade):
        with pytest.raises(UnknownSchema, match="9999 比本软件新"):
            step(database)
    assert tables_of(database) == set(Table.metadata.tables)


def test_a_step_that_fails_leaves_nothing_behind(empty):
    with empty.engine.begin() as connection:
        connection.execute(text("CREATE TABLE webhook_deliveries (id INTEGER)"))
    with pytest.raises(Exception, match="webhook_deliveries"):
        upgrade(empty)
    assert tables_of(empty) == {"webhook_deliveries"}
    assert schema_state(empty).current is None


def test_known_revisions():
    assert knows("0001")
    assert not knows("9999")
