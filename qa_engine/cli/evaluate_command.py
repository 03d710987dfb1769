"""qa-engine evaluate."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.table import Table

from models.errors import ModelError
from models.files import read_card
from models.registry import find_model
from qa_engine.batch.places import check_not_foreign, check_place
from qa_engine.cli import options as o
from qa_engine.cli.train_command import CORPUS
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.domain.errors import ModelUnavailable
from qa_engine.domain.finding import NotEvaluable
from qa_engine.wiring import PredictorAdapter, automatic_model, load_model, open_model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from training.evaluation import Difference, Measured

HELP = """
用标注会话评测模型，并排比较，写模型卡。

逐项给出指标、95 % 区间和概率校准误差；写两个模型就说出后者是否更好。

没有标注的内容不参与。差别的区间按会话成对重抽样，
区间不含 0 才说一个更好；否则差别可能只是偶然。

例：qa-engine evaluate --data 留出的标注

例：qa-engine evaluate --data 留出的标注 --model auto --model models_local/我的模型 --card 模型卡.md
"""
_SEED = 20262
_JSON = b'{\n "schema": "evaluation/'


def evaluate(
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", metavar="文件夹", help="标注会话（文件夹或文件），可写多次。", show_default=False
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="模型",
            help="auto、随附模型的名称，或自己模型的名称或文件夹；可写多次，按先后并排。",
            show_default=o.AUTO,
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            "--card",
            metavar="文件",
            help="写一份 Markdown 模型卡（最后一个模型的），旁边另有一张校准图。",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--json", metavar="文件", help="全部结果写成 JSON。", show_default=False),
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=50, metavar="次数", help="重抽样次数。")] = 1000,
) -> None:
    """Measure models on labelled dialogues."""
    from training.corpus import read_corpus
    from training.evaluation import compare, measure_model
    from training.evaluation_card import TITLE, Measuring, to_json, to_markdown
    from training.labelled import corpus_digest
    from training.overlap import seen_in_training
    from training.reliability_plot import reliability_svg

    picture = None if card is None else card.with_suffix(".svg")
    if card is not None and card in (picture, out):
        raise typer.BadParameter("应以 .md 结尾，且不能与 --json 相同", param_hint="--card")
    _check_places((card, "--card", TITLE.encode()), (picture, "--card", b"<svg"), (out, "--json", _JSON))
    references = model or [o.AUTO]
    opened = [_open(reference) for reference in references]
    dialogues = read_corpus(data)
    digest = corpus_digest(dialogues)
    cards = [told for _, told in opened]
    for reference, told in zip(references, cards, strict=True):
        if seen := seen_in_training(dialogues, told, CORPUS):
            tell(
                stderr,
                f"注意：模型 {reference} 训练时见过其中 {seen:,} 通，指标会偏高。请用训练时没用过的会话。",
                "yellow",
            )
    measured: list[Measured] = []
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), console=stderr
    ) as progress:
        for reference, (adapter, _) in zip(references, opened, strict=True):
            step = partial(_advance, progress, progress.add_task(reference, total=len(dialogues)))
            measured.append(measure_model(dialogues, adapter, rounds, _SEED, step))
    difference = compare(measured[-2], measured[-1]) if len(measured) > 1 else {}
    stdout.print(_table(references, measured, difference))
    stdout.print(_calibration(references, measured))
    _tell_difference(references, difference)
    if measured[-1].unjudged:
        tell(stderr, f"引擎有 {measured[-1].unjudged:,} 处没有判定（例如只有一方说话的会话）。", "yellow")
    measuring = Measuring(tuple(path.name for path in data), len(dialogues), digest, rounds)
    if out is not None:
        content = json.dumps(to_json(measuring, measured, difference), ensure_ascii=False, indent=1)
        out.write_text(content + "\n", encoding="utf-8")
        tell(stderr, f"结果：{out}")
    if card is not None and picture is not None:
        text = to_markdown(measuring, measured, difference, cards[-1], picture.name)
        card.write_text(text, encoding="utf-8")
        picture.write_text(reliability_svg(measured[-1].reliability), encoding="utf-8")
        tell(stderr, f"模型卡：{card}（校准图 {picture.name}）")


def _check_places(*places: tuple[Path | None, str, bytes]) -> None:
    for place, option, start in places:
        if place is not None:
            check_place(place, option)
            check_not_foreign(place, option, partial(_starts, start))


def _starts(start: bytes, head: bytes) -> bool:
    return head.startswith(start)


def _advance(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def _open(reference: str) -> tuple[PredictorAdapter, dict[str, Any]]:
    """Exactly the model asked for: a measurement must never be of another one."""
    try:
        folder = automatic_model() if reference == o.AUTO else find_model(reference, o.own_models())
        adapter, card = open_model(folder), read_card(folder)
    except ModelError as error:
        raise ModelUnavailable(
            f"模型 {reference} 无法评测：{error}。处理办法：用 qa-engine models list 查看有哪些、是否完整。"
        ) from error
    if reference == o.AUTO:
        taken = load_model(o.AUTO)
        reason = taken.reason if isinstance(taken, NotEvaluable) else taken.info.fallback_reason
        if reason is not None:
            raise ModelUnavailable(f"auto 无法评测：{reason}。处理办法：见 qa-engine models list。")
    return adapter, card


def _table(
    references: Sequence[str], measured: Sequence[Measured], difference: Mapping[str, Difference]
) -> Table:
    from training.evaluation_card import NAMES, VERDICTS, order, shown, shown_difference

    table = Table(title="指标（95 % 区间）", title_justify="left", box=None, header_style="dim")
    table.add_column("指标", overflow="fold")
    table.add_column("通数", justify="right")
    for reference in references:
        table.add_column(reference, justify="right", overflow="fold")
    if difference:
        table.add_column("差", justify="right", overflow="fold")
        table.add_column("后者", no_wrap=True)
    for name in order(list(measured[-1].figures)):
        cells = [NAMES[name], f"{measured[-1].figures[name].dialogues:,}"]
        cells += [shown(one.figures[name]) for one in measured]
        if difference:
            cells += [shown_difference(difference[name]), VERDICTS[difference[name].verdict]]
        table.add_row(*cells)
    return table


def _calibration(references: Sequence[str], measured: Sequence[Measured]) -> Table:
    from training.evaluation_card import HEADS

    table = Table(title="校准误差（越小越好）", title_justify="left", box=None, header_style="dim")
    table.add_column("内容")
    for reference in references:
        table.add_column(reference, justify="right", overflow="fold")
    for head, name in HEADS.items():
        if head in measured[-1].calibration_error:
            table.add_row(name, *(f"{one.calibration_error[head]:.3f}" for one in measured))
    return table


def _tell_difference(references: Sequence[str], difference: Mapping[str, Difference]) -> None:
    from training.evaluation_card import NAMES, order

    if not difference:
        return
    first, second = references[-2:]
    found = {verdict: [NAMES[n] for n in order(list(difference)) if difference[n].verdict == verdict]
             for verdict in ("better", "worse")}  # fmt: skip
    if found["better"]:
        tell(stdout, f"{second} 比 {first} 更好，不像偶然：{'、'.join(found['better'])}。", "green")
    if found["worse"]:
        tell(stdout, f"{second} 比 {first} 更差，不像偶然：{'、'.join(found['worse'])}。", "red")
    told = len(found["better"]) + len(found["worse"])
    if len(difference) > told:
        which = "其余各项的差别" if told else "各项的差别都"
        tell(stdout, f"{which}可能只是偶然；要分出高下，需要更多标注会话。")
