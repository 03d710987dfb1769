"""qa-engine models …"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from models.choice import Choice, clear_choice, models_home, write_choice
from models.errors import ModelError
from models.files import SHIPPED
from models.inventory import (
    FROM_CHOICE,
    FROM_OWN,
    FROM_SHIPPED,
    Inventory,
    Listed,
    inspect_folder,
    take_inventory,
)
from models.registry import NAMES, find_model, load_model
from qa_engine.cli.words import Command, new_group, stderr, stdout, tell
from qa_engine.domain.errors import ModelUnavailable
from qa_engine.domain.finding import NotEvaluable
from qa_engine.wiring import load_model as open_automatic

models = new_group("查看、校验、选用模型。")

_FOUND = {FROM_SHIPPED: "随附", FROM_OWN: "自己的", FROM_CHOICE: "选用的"}
_Reference = Annotated[
    str | None,
    typer.Argument(metavar="模型", help="模型的名称或文件夹，见 qa-engine models list。", show_default=False),
]


@models.command(
    "list",
    cls=Command,
    help="列出模型：随软件附带的、自己训练的，以及 --model auto 会用哪一个。\n\n"
    "自己的模型放在环境变量 QA_ENGINE_MODELS 指定的文件夹里，默认是当前目录下的 models_local。\n\n"
    "例：qa-engine models list",
)
def list_models() -> None:
    """List all models."""
    inventory = take_inventory(models_home())
    automatic, trouble = _automatic(inventory)
    table = Table(box=None, header_style="dim")
    for name in ("auto", "名称", "种类", "版本", "摘要", "大小", "文件", "来自"):
        # A broken name could not be copied.
        table.add_column(name, overflow="fold", justify="right" if name == "大小" else "left", no_wrap=True)
    for at, one in enumerate(inventory.models):
        mark = Text("✓", style="bold green") if at == automatic else Text()
        state = Text("不完整", style="red") if one.fault else Text("完整", style="green")
        table.add_row(
            mark, one.name, one.kind or "—", one.version or "—", one.digest[:12] or "—",
            f"{one.size / 1e6:.1f} MB", state, _FOUND[one.found],
        )  # fmt: skip
    stdout.print(table)
    for one in inventory.models:
        hint = "" if one.reference == one.name else "（要用它，--model 后面写这个文件夹）"
        tell(stdout, f"{one.name}：{one.folder}{hint}", "dim")
    for one in inventory.models:
        if one.fault:
            tell(stdout, f"{one.name} 不完整：{one.fault}。", "red")
    if trouble:
        tell(stdout, f"{trouble}。", "yellow")


def _automatic(inventory: Inventory) -> tuple[int | None, str]:
    """Index of what ``auto`` takes, found by taking it, and why that is not the one chosen."""
    taken = open_automatic()
    if isinstance(taken, NotEvaluable):
        return None, taken.reason
    if inventory.chosen is not None and taken.info.fallback_reason is None:
        return inventory.chosen, ""
    digests = [one.digest for one in inventory.models]
    return digests.index(taken.info.digest), taken.info.fallback_reason or ""


@models.command(
    "verify",
    cls=Command,
    help="按模型卡逐个核对模型文件；有不完整的退出码为 1。不写模型则核对全部。\n\n"
    "例：qa-engine models verify 新模型",
)
def verify(reference: _Reference = None) -> None:
    """Check the files of one model, or of all."""
    everything = take_inventory(models_home()).models
    listed = everything if reference is None else (_listed(reference),)
    for one in listed:
        if one.fault:
            tell(stdout, f"{one.name}：不完整。{one.fault}。", "red")
        else:
            tell(stdout, f"{one.name}：文件完整，摘要 {one.digest}（{one.folder}）。")
    raise typer.Exit(1 if any(one.fault for one in listed) else 0)


@models.command(
    "use",
    cls=Command,
    help="选用模型：从此 --model auto 用它；--default 恢复随软件附带的默认模型。\n\n"
    "校验不过或打不开的模型不能选用。记录写在 QA_ENGINE_MODELS 指定的文件夹里"
    "（默认 models_local/choice.json）。\n\n"
    "例：qa-engine models use 新模型\n\n例：qa-engine models use --default",
)
def use(
    reference: _Reference = None,
    default: Annotated[bool, typer.Option("--default", help="恢复默认模型。")] = False,
) -> None:
    """Promote a model, or go back to the shipped default."""
    home = models_home()
    if default == (reference is not None):
        raise typer.BadParameter("请写一个模型，或只写 --default", param_hint="模型")
    if reference is None:
        clear_choice(home)
        tell(stdout, "已恢复默认模型。")
        return
    one = _listed(reference)
    if one.fault:
        raise ModelUnavailable(
            f"{one.name} 不完整，没有选用：{one.fault}。处理办法：重新训练，或从备份恢复这些文件。"
        )
    try:
        load_model(one.folder)
    except ModelError as error:
        raise ModelUnavailable(f"{one.name} 打不开，没有选用：{error}。") from error
    written = write_choice(home, Choice(one.folder, one.digest))
    tell(
        stdout,
        f"已选用 {one.name}（{one.kind} {one.version}，摘要 {one.digest[:12]}），--model auto 从此用它。",
    )
    tell(stderr, f"记录：{written}。恢复默认：qa-engine models use --default")


def _listed(reference: str) -> Listed:
    try:
        folder = find_model(reference, models_home())
    except ModelError as error:
        path = Path(reference)
        if path.is_dir():
            raise ModelUnavailable(f"{path} 里没有 card.json，不是模型文件夹。") from error
        raise ModelUnavailable(f"{error}。处理办法：用 qa-engine models list 查看有哪些。") from error
    return inspect_folder(
        folder, reference, FROM_SHIPPED if folder in {SHIPPED / n for n in NAMES} else FROM_OWN
    )
