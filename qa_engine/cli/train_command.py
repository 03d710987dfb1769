"""qa-engine train …"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from qa_engine.cli.words import Command, new_group, stderr, tell
from qa_engine.domain.errors import QAEngineError

train = new_group("训练模型。")


class TrainingUnavailable(QAEngineError):
    """The training extra is not installed."""


@train.command(
    "baseline",
    cls=Command,
    help="训练基线模型（字符 n 元组 + 逻辑回归）。\n\n例：qa-engine train baseline -o 新模型",
)
def baseline(
    config: Annotated[Path, typer.Option("--config", metavar="文件", help="训练配置。")] = Path(
        "training/baseline.toml"
    ),
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", metavar="文件夹", help="标注语料所在文件夹，可写多次。", show_default="data/corpus"
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="文件夹", help="模型写到哪里。")] = Path(
        "models/artifacts/baseline"
    ),
) -> None:
    """Train the baseline model."""
    if find_spec("sklearn") is None:
        raise TrainingUnavailable(
            "训练需要额外的依赖，当前没有安装。处理办法：运行 pip install 'qa-engine[train]'。"
        )
    # Only training may need what scoring must not: the extra is imported when it is asked for.
    from training.baseline import train_baseline

    train_baseline(config, data or [Path("data/corpus")], out)
    tell(stderr, f"模型已写入：{out}")
