"""What people who look after an installation type: backup, restore, audit, doctor, on real installations."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from batch_samples import command, environment
from sqlalchemy import insert, select, text

from qa_engine.service import Service
from qa_engine.settings import Settings
from qa_engine.store.backup import check_backup
from qa_engine.store.engine import Database
from qa_engine.store.plain_rows import read_rows, shape_of
from qa_engine.store.sealing import Keyring, load_keyring, save_keyring
from qa_engine.store.tables import AuditRow, Table, TranscriptRow
from qa_engine.store.transcripts import Keeping, keep_transcripts
from service.conftest import KINDS, fresh_url, settings_for
from service.ops import told
from service.world import OWN, World, found_world


@pytest.fixture(params=KINDS)
def installed(request, tmp_path, monkeypatch) -> Settings:
    """An installation with three judged calls; the environment names it."""
    settings = settings_for(fresh_url(request, request.param, tmp_path), tmp_path / "home", model="none")
    service = Service.open(settings)
    world = found_world(service)
    for _ in range(3):
        world.report(OWN)
    service.close()
    settled(monkeypatch, settings.home, settings.database_url)
    return settings


def settled(monkeypatch: pytest.MonkeyPatch, home: Path, url: str) -> None:
    """Let the environment name an installation."""
    monkeypatch.setenv("QA_ENGINE_HOME", str(home))
    monkeypatch.setenv("QA_ENGINE_DATABASE_URL", url)
    monkeypatch.setenv("QA_ENGINE_MODEL", "none")


def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table, less what commands note about themselves in the audit."""
    database = Database(url)
    with database.engine.connect() as connection:
        found = {
            table.name: sorted(map(repr, read_rows(connection, shape_of(table))))
            for table in Table.metadata.sorted_tables
            if table.name not in {"audit_entries", "chain_links", "chain_heads"}
        }
    database.close()
    return found


def sql(url: str, statement: str) -> None:
    database = Database(url)
    with database.engine.execution_options(qa_engine_write=True).begin() as connection:
        connection.execute(text(statement))
    database.close()


class TestBackupAndRestore:
    @pytest.mark.parametrize("kind", KINDS)
    def test_into_either_kind_and_everything_is_equal_and_in_order(
        self, installed, request, tmp_path, monkeypatch, kind
    ):
        saved = tmp_path / "one.backup"
        code, out, err = told("backup", saved, "--with-keys")
        assert code == 0, err
        assert str(saved) in out
        before = contents(installed.url)
        target = fresh_url(request, kind, tmp_path)
        settled(monkeypatch, tmp_path / "elsewhere", target)
        code, out, err = told("restore", saved)
        assert code == 0, err
        assert "逐表核对一致" in out
        assert contents(target) == before
        # The keys came along: the chains hold and the originals open.
        assert told("audit", "verify")[0] == 0
        service = Service.open(settings_for(target, tmp_path / "elsewhere"))
        with service.look() as work:
            entry = work.session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
            assert entry.action == "backup.restored"
            assert len(work.session.scalars(select(TranscriptRow)).all()) == 3
        service.close()

    def test_without_keys_it_wants_the_key_file(self, installed, request, tmp_path, monkeypatch):
        saved = tmp_path / "one.backup"
        assert told("backup", saved)[0] == 0
        home, target = tmp_path / "elsewhere", fresh_url(request, "sqlite", tmp_path)
        settled(monkeypatch, home, target)
        code, _, err = told("restore", saved)
        assert code == 2
        assert "备份里没有密钥" in err
        save_keyring(home / "keys.json", Keyring.fresh())
        code, _, err = told("restore", saved)
        assert code == 2
        assert "密钥与备份不符" in err
        assert contents(target)["reports"] == []
        save_keyring(home / "keys.json", load_keyring(installed.keys))
        assert told("restore", saved)[0] == 0
        assert told("audit", "verify")[0] == 0

    def test_a_filled_target_is_refused_untouched(self, installed, tmp_path):
        saved = tmp_path / "one.backup"
        assert told("backup", saved)[0] == 0
        before = contents(installed.url)
        code, _, err = told("restore", saved)
        assert code == 2
        assert "不是空的" in err
        assert contents(installed.url) == before

    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_making_one_is_audited(self, installed, tmp_path):
        assert told("backup", tmp_path / "one.backup", "--with-keys")[0] == 0
        service = Service.open(installed)
        with service.look() as work:
            entry = work.session.scalars(select(AuditRow).order_by(AuditRow.id.desc())).first()
        service.close()
        assert (entry.action, entry.detail["with_keys"]) == ("backup.made", True)

    def test_killed_midway_there_is_no_backup_and_the_next_one_is_whole(self, request, tmp_path, monkeypatch):
        url = fresh_url(request, "sqlite", tmp_path)
        settings = settings_for(url, tmp_path / "home")
        service = Service.open(settings)
        with service.work() as work:
            call = World(service).transcript()
            [row] = keep_transcripts(
                work.session, work.keyring, [call], Keeping("retail"), work.now, work.zone
            )
            fields = {c.name: getattr(row, c.name) for c in TranscriptRow.__table__.columns}
            copies = [
                {**fields, "id": n, "external_ref": f"{n:064}", "sealed": os.urandom(5000)}
                for n in range(2, 4001)
            ]
            work.session.execute(insert(TranscriptRow), copies)
        service.close()
        settled(monkeypatch, settings.home, url)
        saved = tmp_path / "one.backup"
        partial = tmp_path / "one.backup.partial"
        process = subprocess.Popen(
            command("backup", saved), env={**os.environ, **environment()}, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and not (partial.exists() and partial.stat().st_size > 2_000_000):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not saved.exists()
        assert partial.exists()
        assert told("backup", saved)[0] == 0
        assert check_backup(saved).fingerprints["transcripts"].rows == 4000
        assert not partial.exists()


class TestAudit:
    def test_a_changed_score_fails_and_the_first_bad_link_is_named(self, installed):
        code, out, _ = told("audit", "verify")
        assert code == 0
        assert "没有发现" in out
        sql(installed.url, "UPDATE reports SET percent = percent + 1 WHERE id IN (2, 3)")
        code, out, _ = told("audit", "verify")
        assert code == 1
        lines = [line for line in out.splitlines() if line.startswith("✘")]
        assert lines[0] == "✘ 分数 第 2 条：质检报告 2 被改动。"
        assert "最早的一处在分数第 2 条" in out

    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_many_faults_are_counted_and_not_all_listed(self, installed):
        sql(installed.url, "DELETE FROM audit_entries")
        code, out, _ = told("audit", "verify")
        assert code == 1
        assert out.count("✘") <= 20
        assert "缺失" in out

    @pytest.mark.usefixtures("installed")
    def test_the_end_noted_today_proves_tomorrow_that_nothing_was_cut_off(self):
        code, noted, _ = told("audit", "head")
        assert code == 0
        ends = noted.split()
        assert len(ends) == 2
        options = [word for end in ends for word in ("--head", end)]
        assert told("audit", "verify", *options)[0] == 0
        wrong = ends[0][:-1] + ("0" if ends[0][-1] != "0" else "1")
        code, out, _ = told("audit", "verify", "--head", wrong)
        assert code == 1
        assert "链被重写过" in out
        beyond = f"scores:999:{'0' * 64}"
        assert told("audit", "verify", "--head", beyond)[0] == 1

    @pytest.mark.usefixtures("installed")
    def test_a_head_that_is_none_is_a_usage_error(self):
        code, _, err = told("audit", "verify", "--head", "scores:1")
        assert code == 2
        assert "应写成" in err


class TestDoctor:
    @pytest.mark.usefixtures("installed")
    def test_everything_in_order(self):
        code, out, _ = told("doctor")
        assert code == 0, out
        assert "✘" not in out
        for thing in (
            "数据文件夹",
            "磁盘",
            "密钥",
            "数据库",
            "数据库结构",
            "哈希链",
            "评分表",
            "模型",
            "时钟",
        ):
            assert any(line.startswith(("✔ " + thing, "！ " + thing)) for line in out.splitlines()), thing

    @pytest.mark.parametrize(
        ("damage", "told_of"),
        [
            ("UPDATE chain_heads SET hash = 'x'", "✘ 哈希链"),
            ("UPDATE transcripts SET key_id = 'lost'", "✘ 密钥与原文"),
            ("UPDATE scorecard_revisions SET source = 'key: 1'", "✘ 评分表"),
            ("DROP INDEX ix_users_login", "✘ 数据库结构"),
            ("UPDATE alembic_version SET version_num = '9999'", "✘ 数据库结构"),
            ("UPDATE chain_links SET at = at + 100000000000", "✘ 哈希链"),
        ],
    )
    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_what_is_wrong_is_told_with_a_remedy(self, installed, damage, told_of):
        sql(installed.url, damage)
        code, out, _ = told("doctor")
        assert code == 1
        line = next(line for line in out.splitlines() if line.startswith(told_of))
        assert "处理办法：" in line

    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_keys_others_can_read(self, installed):
        installed.keys.chmod(0o644)
        code, out, _ = told("doctor")
        assert code == 1
        assert "chmod 600" in out

    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_batches_that_wait_for_nobody(self, installed):
        sql(
            installed.url,
            "INSERT INTO batches (id, state, name, business_line, scorecard_key, scorecard_digest, inputs, "
            "spooled, options, submitted_by, created_at, expected, imported, complete, scored, failed) "
            "VALUES ('b', 'waiting', 'x', 'retail', 'k', 'd', '[]', false, '{}', 'user:1', 0, 1, 0, "
            "false, 0, 0)",
        )
        code, out, _ = told("doctor")
        assert code == 1
        assert "✘ 工作进程" in out

    def test_no_installation_at_all(self, tmp_path, monkeypatch):
        settled(monkeypatch, tmp_path / "nothing", "")
        code, out, _ = told("doctor")
        assert code == 1
        assert "✘ 数据库" in out
        assert not (tmp_path / "nothing").exists()

    def test_a_database_that_does_not_answer(self, tmp_path, monkeypatch):
        settled(monkeypatch, tmp_path, "postgresql://secret:word@127.0.0.1:1/none")
        code, out, _ = told("doctor")
        assert code == 1
        assert "✘ 数据库" in out
        assert "word" not in out


@pytest.mark.parametrize(
    "words",
    [("audit", "verify"), ("audit", "head"), ("keys", "list"), ("keys", "rotate"), ("backup", "x.backup")],
)
class TestNothingThere:
    def test_commands_say_so_and_make_nothing(self, tmp_path, monkeypatch, words):
        monkeypatch.chdir(tmp_path)
        settled(monkeypatch, tmp_path / "nothing", "")
        code, _, err = told(*words)
        assert code == 2
        assert "处理办法" in err
        assert not (tmp_path / "nothing").exists()

    @pytest.mark.parametrize("installed", ["sqlite"], indirect=True)
    def test_an_old_database_is_not_touched(self, installed, tmp_path, monkeypatch, words):
        monkeypatch.chdir(tmp_path)
        sql(installed.url, "DELETE FROM alembic_version")
        code, _, err = told(*words)
        assert code == 2
        assert "结构版本" in err
