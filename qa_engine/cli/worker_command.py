"""qa-engine worker: worker processes without the HTTP service, for machines that share one PostgreSQL."""

from __future__ import annotations

import signal
import threading
from typing import Annotated

import typer

from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.words import stdout, tell
from qa_engine.jobs.supervisor import Supervisor
from qa_engine.logs import configure
from qa_engine.store.engine import Database
from qa_engine.store.migrations import upgrade

HELP = """
只启动工作进程：给共用一个 PostgreSQL 的服务增加人手。

工作进程读取和评分批次，投递 Webhook，按时清除到期的文本。

qa-engine serve 已自带工作进程；要在别的机器上增加人手，就在那里运行本命令，
用 QA_ENGINE_DATABASE_URL 指向同一个 PostgreSQL，用 QA_ENGINE_KEYRING 给出同一份密钥。
上传的文件只有收下它的那台机器读得到，由它的工作进程读取。

例：qa-engine worker --workers 4
"""


def worker(
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", "-w", metavar="个数", min=1, max=64, help="工作进程数。",
            show_default="QA_ENGINE_WORKERS，2",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Work until told to stop."""
    settings = read_settings(workers)
    configure(settings.log_level)
    database = Database(settings.url)
    upgrade(database)
    database.close()
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    with Supervisor(settings):
        tell(stdout, f"{settings.workers} 个工作进程已启动。按 Ctrl-C 停止。")
        asked.wait()
        tell(stdout, "正在停止：每个工作进程做完手上的一批就结束。")
