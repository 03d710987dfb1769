"""qa-engine serve: the service over HTTP, with its worker processes beside it."""

from __future__ import annotations

import socket
from contextlib import ExitStack, closing
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from qa_engine import __version__
from qa_engine.cli.demo_command import sample_groups
from qa_engine.cli.serve_samples import FALLBACK, SampleTally, score_samples
from qa_engine.cli.server import Server, listen
from qa_engine.cli.service_settings import read_settings
from qa_engine.cli.stored import StoreUnusable
from qa_engine.cli.words import stdout, tell
from qa_engine.jobs.supervisor import Supervisor
from qa_engine.logs import configure
from qa_engine.service import Service

HELP = """
启动服务：HTTP 接口、批次的工作进程和定时任务。

设置用环境变量 QA_ENGINE_*，常用的：QA_ENGINE_HOME 数据文件夹（默认 var），
QA_ENGINE_DATABASE_URL 数据库（默认用数据文件夹里的 SQLite）。

例：qa-engine serve --port 8000
"""
# How long requests in flight may take to end once no new ones come in.
_LAST_S = 30


def serve(
    host: Annotated[str, typer.Option("--host", metavar="地址", help="在哪个地址上监听。")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", metavar="端口", min=0, max=65535, help="端口；0 表示任选一个。")
    ] = 8000,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", "-w", metavar="个数", min=0, max=64, help="批次的工作进程数；0 表示不启动。",
            show_default="QA_ENGINE_WORKERS，2",
        ),
    ] = None,
    drain: Annotated[
        float,
        typer.Option(
            "--drain", metavar="秒", min=0, max=300,
            help="收到终止信号后，先让 /readyz 报告不可用这么久，再停止接受连接。",
        ),
    ] = 1.0,
    proxy: Annotated[
        str, typer.Option("--proxy", metavar="地址", help="前置代理的地址；只相信它转达的来源地址。")
    ] = "",
    samples: Annotated[
        Path | None,
        typer.Option(
            "--samples", metavar="文件夹",
            help="启动后先给这些样例会话评分，子文件夹名就是评分表的 key；已评过的不重复评。",
        ),
    ] = None,
) -> None:  # fmt: skip
    """Serve until told to stop."""
    settings = read_settings(workers)
    if samples is not None:
        # A folder that does not exist is told now, not once the service runs.
        sample_groups(samples, FALLBACK)
    configure(settings.log_level)
    with ExitStack() as ending:
        listening = ending.enter_context(closing(listen(host, port)))
        try:
            service = ending.enter_context(closing(Service.open(settings)))
            running = import_module("api.starting").start(service)
        except (SQLAlchemyError, ImportError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreUnusable(
                f"数据库无法使用（{type(cause).__name__}）。"
                "处理办法：检查环境变量 QA_ENGINE_DATABASE_URL，确认数据库在运行、网址和密码正确。"
            ) from error
        app = import_module("api.app").build(running=running)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="on", timeout_keep_alive=30,
            timeout_graceful_shutdown=_LAST_S, proxy_headers=bool(proxy), forwarded_allow_ips=proxy or None,
        )  # fmt: skip
        supervisor = Supervisor(settings)
        tally = score_samples(service, samples) if samples is not None else None

        def begin() -> None:
            if settings.workers:
                ending.enter_context(supervisor)
            _tell_start(_address(listening), running.first_password)
            if tally is not None:
                _tell_samples(tally)
            tell(stdout, "按 Ctrl-C 停止。")

        def leave() -> None:
            running.draining = True
            supervisor.hold()

        Server(config, begin, leave, drain).run([listening])


def _address(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    shown: Any = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _tell_start(address: str, password: str | None) -> None:
    tell(stdout, f"qa-engine {__version__} 已启动：{address}")
    if password is not None:
        tell(stdout, "首次启动，已建立管理员。下面的密码只显示这一次，首次登录后必须修改：")
        tell(stdout, "  用户名：admin")
        tell(stdout, f"  一次性密码：{password}")


def _tell_samples(tally: SampleTally) -> None:
    if tally.known:
        tell(stdout, "样例会话以前已经评过，没有重复评。")
    else:
        failed = f"，{tally.failed} 条记录无法读取" if tally.failed else ""
        tell(stdout, f"样例会话已评分 {tally.scored} 通{failed}。打开上面的网址，登录后即可查看。")
