"""qa-engine backup: everything the database holds, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import now, open_store
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.store.backup import write_backup

HELP = """
备份整个数据库，服务不用停。

写成一个文件，里面是同一时刻的数据。

原文在备份里仍是加密的，密钥默认不在其中：没有密钥文件，恢复之后也读不了原文。
没有读完的上传文件不在备份里。写完后自动从头读一遍核对；中途停止不会留下半个备份。

例：qa-engine backup /backup/qa-2026-03-01.backup
"""


def backup(
    file: Annotated[Path, typer.Argument(metavar="文件", help="写到哪个文件；已存在时拒绝。")],
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="把密钥也写进去：拿到备份的人就能读所有原文，请严加保管。"),
    ] = False,
) -> None:
    """Write a backup."""
    with open_store(read_settings()) as stored:
        manifest = write_backup(stored.database, stored.keyring, file, now(), with_keys=with_keys, told=_told)
        stored.audit("backup.made", "backup", rows=manifest.rows, with_keys=with_keys)
    size = file.stat().st_size / 1e6
    tell(stdout, f"已备份 {len(manifest.shapes)} 张表、{manifest.rows:,} 行，{size:,.1f} MB：{file}")
    if with_keys:
        tell(stderr, "密钥在备份里：请像保管密钥一样保管它。", "yellow")
    else:
        tell(stderr, f"密钥不在备份里（用到 {'、'.join(manifest.key_ids)}）：请另外备份密钥文件。", "yellow")


def _told(table: str, rows: int) -> None:
    tell(stderr, f"  {table}：{rows:,} 行", "dim")
