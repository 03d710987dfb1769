"""The command tree."""

from __future__ import annotations

from typing import Annotated

import typer

from qa_engine import __version__
from qa_engine.cli.lazy import Lazy, lazy_group
from qa_engine.cli.words import new_group, stdout, tell

_CLI = "qa_engine.cli."
COMMANDS = {
    "score": Lazy(_CLI + "score_command:score", "批量评分：读入会话，逐通出具质检报告。"),
    "show": Lazy(_CLI + "show_command:show", "查看一通会话：对话、证据、情绪曲线、质检项和复核理由。"),
    "redact": Lazy(_CLI + "redact_command:redact", "遮盖敏感信息，写成 JSONL。"),
    "demo": Lazy(_CLI + "demo_command:demo", "演示：给样例会话评分，在终端列出结果，并生成网页。"),
    "serve": Lazy(_CLI + "serve_command:serve", "启动服务：HTTP 接口、批次的工作进程和定时任务。"),
    "worker": Lazy(_CLI + "worker_command:worker", "只启动工作进程：给共用一个 PostgreSQL 的服务增加人手。"),
    "doctor": Lazy(_CLI + "doctor_command:doctor", "体检：逐项检查数据库、密钥、模型、评分表和磁盘。"),
    "backup": Lazy(_CLI + "backup_command:backup", "备份整个数据库，服务不用停。"),
    "restore": Lazy(_CLI + "restore_command:restore", "把备份恢复到一个空的数据库。"),
    "recount": Lazy(_CLI + "recount_command:recount", "重算每日汇总：改了时区之后用。"),
    "keys": Lazy(_CLI + "keys_commands:keys", "密钥：查看、轮换、停用。"),
    "audit": Lazy(_CLI + "audit_commands:audit", "核对哈希链：分数和审计记录有没有被改动或删除。"),
    "version": Lazy(_CLI + "version_command:version", "显示版本。"),
    "rules": Lazy(_CLI + "rules_commands:rules", "检查、测试、解释评分表里的规则。"),
    "scorecards": Lazy(_CLI + "scorecards_command:scorecards", "内置评分表。"),
    "train": Lazy(_CLI + "train_command:train", "训练模型。"),
    "evaluate": Lazy(_CLI + "evaluate_command:evaluate", "用标注会话评测模型，并排比较，写模型卡。"),
    "models": Lazy(_CLI + "models_command:models", "查看、校验、选用模型。"),
}
app = new_group(
    "客服会话智能质检：离线运行，逐条给出依据，评不了的地方明说。\n\n例：qa-engine demo",
    lazy_group(**COMMANDS),
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        tell(stdout, f"qa-engine {__version__}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", metavar=" ", help="显示版本并退出。", is_eager=True, callback=_tell_version
        ),
    ] = False,
) -> None:
    """Answer the options that stand before a command."""
