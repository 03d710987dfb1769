"""qa-engine rules lint."""

from __future__ import annotations

from typing import Annotated

import typer

from qa_engine.cli.options import Source
from qa_engine.cli.words import stdout, tell
from qa_engine.scorecards import load_scorecard
from qa_engine.scorecards.lint import lint

HELP = "检查评分表：写错了报错（退出码 2），可疑的地方提醒。\n\n例：qa-engine rules lint 我的评分表.yaml"


def check(
    source: Source, strict: Annotated[bool, typer.Option("--strict", help="有提醒时退出码为 1。")] = False
) -> None:
    """Tell what is doubtful about a scorecard."""
    warnings = lint(load_scorecard(source))
    for warning in warnings:
        tell(stdout, str(warning), "yellow")
    tell(stdout, "没有发现问题。" if not warnings else f"共 {len(warnings)} 条提醒。")
    raise typer.Exit(1 if strict and warnings else 0)
