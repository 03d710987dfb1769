"""A backup is restored into an empty database of either kind, equal in every table, or not at all."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from qa_engine.store.backup import BackupError, check_backup, open_backup, write_backup
from qa_engine.store.engine import Database
from qa_engine.store.migrations import drift, schema_state
from qa_engine.store.plain_rows import read_rows, shape_of
from qa_engine.store.restore import filled_tables, restore_backup
from qa_engine.store.sealing import Keyring
from qa_engine.store.tables import Table, UserRow
from service.any_rows import PER_TABLE, fill
from service.conftest import KINDS, fresh_url

DAMAGED = r"损坏|不是完整的备份"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
KEYS = Keyring.fresh()


def silent(_table: str, _rows: int) -> None: ...


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    with database.engine.connect() as connection:
        return {
            table.name: sorted(read_rows(connection, shape_of(table)), key=repr)
            for table in Table.metadata.sorted_tables
        }


@pytest.fixture(params=["sqlite"])
def filled(request, tmp_path):
    """Rows in every table; on PostgreSQL where a test asks for it (``BOTH``)."""
    opened = Database(fresh_url(request, request.param, tmp_path))
    with opened.engine.execution_options(qa_engine_write=True).begin() as connection:
        fill(connection)
    yield opened
    opened.close()


BOTH = pytest.mark.parametrize("filled", KINDS, indirect=True)


@pytest.fixture(params=KINDS)
def target(request, tmp_path):
    opened = Database(fresh_url(request, request.param, tmp_path))
    yield opened
    opened.close()


def backup(database: Database, path: Path, **changes: bool):
    return write_backup(database, KEYS, path, NOW, told=silent, **{"with_keys": False, **changes})


@BOTH
def test_every_table_comes_back_equal_on_both_kinds(filled, target, tmp_path):
    path = tmp_path / "saved" / "one.backup"
    manifest = backup(filled, path)
    assert manifest.rows == PER_TABLE * len(Table.metadata.tables)
    restored = restore_backup(target, path, told=silent)
    assert restored == manifest
    before, after = everything(filled), everything(target)
    assert all(len(rows) == PER_TABLE for rows in before.values())
    assert after == before
    assert schema_state(target).at_head
    assert drift(target) == []


def test_new_records_do_not_take_the_ids_of_restored_ones(filled, target, tmp_path):
    path = tmp_path / "one.backup"
    backup(filled, path)
    restore_backup(target, path, told=silent)
    with target.writing() as session:
        user = UserRow(
            login="新人", name="新人", role="reviewer", must_change_password=False, active=True,
            failed_logins=0, created_at=NOW,
        )  # fmt: skip
        session.add(user)
        session.flush()
        assert user.id == PER_TABLE + 1


def test_a_backup_is_for_its_owner_only_and_holds_keys_only_when_asked(filled, tmp_path):
    without, with_keys = tmp_path / "a", tmp_path / "b"
    assert backup(filled, without).keys is None
    assert KEYS.dump().decode() == backup(filled, with_keys, with_keys=True).keys
    assert stat.S_IMODE(without.stat().st_mode) == 0o600
    secret = next(iter(KEYS.keys.values()))
    import base64

    written = base64.b64encode(secret)
    assert written not in without.read_bytes()
    assert written in with_keys.read_bytes()
    with open_backup(without) as (_, manifest):
        assert manifest.key_ids == tuple(KEYS.keys)


def test_a_file_that_is_there_is_never_overwritten(filled, tmp_path):
    path = tmp_path / "one"
    path.write_text("别的内容")
    with pytest.raises(BackupError, match="已经存在"):
        backup(filled, path)
    assert path.read_text() == "别的内容"


def test_what_an_interrupted_backup_left_behind_is_no_obstacle(filled, tmp_path):
    (tmp_path / "one.partial").write_bytes(b"half")
    backup(filled, tmp_path / "one")
    assert check_backup(tmp_path / "one").rows
    assert not (tmp_path / "one.partial").exists()


class TestRefusals:
    def test_a_database_with_rows_is_no_target(self, filled, tmp_path):
        path = tmp_path / "one"
        backup(filled, path)
        before = everything(filled)
        with pytest.raises(BackupError, match="不是空的"):
            restore_backup(filled, path, told=silent)
        assert everything(filled) == before

    @pytest.mark.parametrize(
        "damage",
        [
            "UPDATE users SET name = '改' WHERE id = 3",
            "DELETE FROM reports WHERE id = 5",
            "INSERT INTO reports SELECT * FROM reports WHERE id = 5",
            "UPDATE transcripts SET sealed = x'00' WHERE id = 1",
            "DROP TABLE chain_links",
            "UPDATE manifest SET content = '{}'",
        ],
    )
    def test_a_damaged_backup_is_found_before_anything_is_written(self, sqlite_url, tmp_path, damage):
        source = Database(sqlite_url)
        with source.engine.execution_options(qa_engine_write=True).begin() as connection:
            fill(connection)
        path = tmp_path / "one"
        backup(source, path)
        with sqlite3.connect(path) as file:
            file.execute(damage)
        file.close()
        target = Database(f"sqlite:///{tmp_path / 'target.db'}")
        with pytest.raises(BackupError, match=DAMAGED):
            restore_backup(target, path, told=silent)
        assert schema_state(target).current is None

    def test_a_backup_cut_short_is_refused(self, sqlite_url, tmp_path):
        source = Database(sqlite_url)
        with source.engine.execution_options(qa_engine_write=True).begin() as connection:
            fill(connection)
        backup(source, tmp_path / "one")
        whole = (tmp_path / "one").read_bytes()
        for part in (10, len(whole) // 2, len(whole) - 4096):
            (tmp_path / "cut").write_bytes(whole[:part])
            with pytest.raises(BackupError, match=DAMAGED):
                check_backup(tmp_path / "cut")

    def test_no_backup_at_all(self, sqlite_url, tmp_path):
        target = Database(sqlite_url)
        with pytest.raises(BackupError, match="没有文件"):
            restore_backup(target, tmp_path / "nowhere", told=silent)
        (tmp_path / "text").write_text("这不是备份")
        with pytest.raises(BackupError, match="不是完整的备份"):
            restore_backup(target, tmp_path / "text", told=silent)

    def test_an_old_database_is_not_saved_as_if_it_were_new(self, database, tmp_path):
        with database.engine.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
        with pytest.raises(BackupError, match="结构版本"):
            backup(database, tmp_path / "one")

    def test_a_restore_that_fails_midway_leaves_the_target_empty(self, filled, target, tmp_path):
        path = tmp_path / "one"
        backup(filled, path)

        def stop(table: str, _rows: int) -> None:
            if table == "reports":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            restore_backup(target, path, told=stop)
        assert filled_tables(target) == []
        restore_backup(target, path, told=silent)
        assert everything(target) == everything(filled)


@BOTH
def test_a_backup_sees_one_moment_while_the_service_writes_on(filled, tmp_path):
    """Rows written while the backup runs are not half in it."""

    def write_more(table: str, _rows: int) -> None:
        if table == "users":
            with filled.writing() as session:
                session.execute(text("UPDATE webhooks SET name = '后来'"))
                session.execute(text("DELETE FROM webhook_deliveries"))

    order = [table.name for table in Table.metadata.sorted_tables]
    assert order.index("users") < order.index("webhook_deliveries")
    path = tmp_path / "one"
    manifest = write_backup(filled, KEYS, path, NOW, with_keys=False, told=write_more)
    assert manifest.fingerprints["webhook_deliveries"].rows == PER_TABLE
    with open_backup(path) as (connection, _):
        assert connection.scalar(text("SELECT count(*) FROM webhooks WHERE name = '后来'")) == 0


def test_a_copied_file_is_as_good(filled, target, tmp_path):
    backup(filled, tmp_path / "one")
    shutil.copy(tmp_path / "one", tmp_path / "别处.backup")
    assert restore_backup(target, tmp_path / "别处.backup", told=silent).rows
