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
