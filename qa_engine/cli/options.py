"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from qa_engine.domain.transcript import Channel
from qa_engine.intake.options import IntakeOptions

AUTO = "auto"
MODELS = (AUTO, "baseline", "neural", "none")


class ChannelChoice(StrEnum):
    """The channel of calls whose file does not tell."""

    VOICE = "voice"
    CHAT = "chat"


class TimeUnitChoice(StrEnum):
    """Unit of bare numbers in time columns."""

    MS = "ms"
    S = "s"
    US = "us"


_READING = "读取方式"
Source = Annotated[
    str, typer.Argument(metavar="评分表", help="内置评分表的 key，或 YAML 文件路径。", show_default=False)
]
Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="输入…",
        help="转写文件、文件夹、通配符，或 -（标准输入）。"
        "可以是 JSON、JSONL、CSV、XLSX、SRT、VTT、纯文本，也可以是它们的 gzip。",
        show_default=False,
    ),
]
ScorecardOption = Annotated[
    str,
    typer.Option(
        "--scorecard", "-s", metavar="评分表", help="内置评分表的 key，或 YAML 文件路径。", show_default=False
    ),
]


def _known_model(value: str) -> str:
    if value in MODELS:
        return value
    # Only the place is looked at here: whether the model can be opened is told by whoever opens it.
    if any((place / "card.json").is_file() for place in (Path(value), own_models() / value)):
        return value
    raise typer.BadParameter(f"“{value}”不在可选值 {'、'.join(MODELS)} 之中，也不是模型文件夹")


def own_models() -> Path:
    """The folder of the users' own models."""
    # Imported here: the command line must not wait for the models' libraries to print its help.
    from models.choice import models_home

    return models_home()


ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="模型",
        callback=_known_model,
        help="auto 自动选择（见 qa-engine models list）；baseline 基线模型；neural 神经模型；"
        "none 不用模型（相关项记为未判定）；也可以写自己训练的模型的名称或文件夹。",
    ),
]
ChannelOption = Annotated[
    ChannelChoice | None,
    typer.Option(
        "--channel", help="文件没有写明渠道时按此处理。", rich_help_panel=_READING, show_default=False
    ),
]
AgentChannelOption = Annotated[
    str | None,
    typer.Option(
        "--agent-channel",
        metavar="声道",
        help="坐席所在的声道或说话人标签，例如 0 或 SPEAKER_01。",
        rich_help_panel=_READING,
        show_default=False,
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="表头=列",
        help="表格里某个表头对应的列，例如 --column 内容=text；可写多次。",
        rich_help_panel=_READING,
        show_default=False,
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="编码", help="文字编码，例如 gb18030；不写则自动识别。",
        rich_help_panel=_READING, show_default=False,
    ),
]  # fmt: skip
TimeUnitOption = Annotated[
    TimeUnitChoice | None,
    typer.Option(
        "--time-unit", help="表格里纯数字时间的单位。", rich_help_panel=_READING, show_default=False
    ),
]


def intake_options(
    channel: ChannelChoice | None = None,
    agent_channel: str | None = None,
    column: list[str] | None = None,
    encoding: str | None = None,
    time_unit: TimeUnitChoice | None = None,
) -> IntakeOptions:
    """Turn the reading options of the command line into those of the intake."""
    return IntakeOptions(
        time_unit=time_unit.value if time_unit else None,
        agent_channel=agent_channel,
        columns=_columns(column or []),
        encoding=encoding,
        default_channel=Channel(channel.value) if channel else Channel.UNKNOWN,
    )


def _columns(pairs: list[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for pair in pairs:
        header, equals, name = pair.partition("=")
        if not (equals and header and name):
            raise typer.BadParameter("应写成 表头=列，例如 内容=text", param_hint="--column")
        columns[name] = header
    return columns
