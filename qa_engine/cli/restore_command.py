"""qa-engine restore: a backup into an empty database of either kind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import Stored, StoreUnusable, open_database
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.settings import Settings
from qa_engine.store.backup import Manifest, check_backup, root_mark
from qa_engine.store.restore import restore_backup
from qa_engine.store.sealing import Keyring, load_keyring, save_keyring

HELP = """
把备份恢复到一个空的数据库。

可以是另一种数据库（SQLite 的备份可以恢复到 PostgreSQL，反之亦然）。

要么全部恢复、逐表核对一致，要么什么也不留下。先停止服务，再设好 QA_ENGINE_HOME 或 QA_ENGINE_DATABASE_URL。

例：QA_ENGINE_HOME=/srv/qa qa-engine restore /backup/qa-2026-03-01.backup
"""


def restore(
    file: Annotated[Path, typer.Argument(metavar="文件", help="qa-engine backup 写的文件。")],
    no_keys: Annotated[
        bool, typer.Option("--no-keys", help="没有密钥也恢复：分数可用，原文读不了，哈希链无法核对。")
    ] = False,
) -> None:
    """Restore a backup."""
    settings = read_settings()
    manifest = check_backup(file)
    keyring = None if no_keys else _keys_for(settings, manifest)
    with open_database(settings, make=True) as database:
        restore_backup(database, file, told=_told)
        if keyring is not None:
            if settings.keyring is None and not settings.keys.is_file():
                save_keyring(settings.keys, keyring)
                tell(stderr, f"密钥已从备份取出，写到 {settings.keys}")
            Stored(settings, database, keyring).audit(
                "backup.restored", "backup", created_at=manifest.created_at, rows=manifest.rows
            )
    tell(
        stdout,
        f"已恢复 {len(manifest.shapes)} 张表、{manifest.rows:,} 行，逐表核对一致；"
        f"备份于 {manifest.created_at}。",
    )


def _keys_for(settings: Settings, manifest: Manifest) -> Keyring:
    """The keys that belong to a backup: those at hand, else the backup's own.

    Raises:
        StoreUnusable: there are none, or they are others.
        KeyringError: they cannot be read.
    """
    if settings.keyring is not None:
        found = Keyring.parse(settings.keyring.get_secret_value())
    elif settings.keys.is_file():
        found = load_keyring(settings.keys)
    elif manifest.keys is not None:
        found = Keyring.parse(manifest.keys, "在备份里的内容")
    else:
        raise StoreUnusable(
            f"备份里没有密钥，{settings.keys} 也不存在。处理办法：先把原来的密钥文件放到那里；"
            "密钥确实丢失时加 --no-keys。"
        )
    missing = sorted(set(manifest.key_ids) - set(found.keys))
    if root_mark(found) != manifest.root_mark or missing:
        why = f"缺少 {'、'.join(missing)}" if missing else "不是同一套密钥"
        raise StoreUnusable(
            f"手头的密钥与备份不符（{why}）。处理办法：换成备份当时的密钥文件，或用带密钥的备份。"
        )
    return found


def _told(table: str, rows: int) -> None:
    tell(stderr, f"  {table}：{rows:,} 行", "dim")
