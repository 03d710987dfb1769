"""qa-engine scorecards … and qa-engine rules …"""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from qa_engine.cli import explain_command
from qa_engine.cli.words import Command, new_group, stderr, stdout, tell
from qa_engine.domain.finding import NotEvaluable
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Transcript
from qa_engine.inspector import Inspector
from qa_engine.scorecards import LoadedScorecard, builtin_scorecards, load_scorecard
from qa_engine.scorecards.file import ScorecardFile
from qa_engine.scorecards.lint import lint
from qa_engine.scorecards.testing import run_tests
from qa_engine.text.reading import read_transcript

scorecards = new_group("内置评分表。")
rules = new_group("检查、测试、解释评分表里的规则。")

Source = Annotated[
    str, typer.Argument(metavar="评分表", help="内置评分表的 key，或 YAML 文件路径。", show_default=False)
]


@scorecards.command("list", cls=Command, help="列出内置评分表。\n\n例：qa-engine scorecards list")
def list_scorecards() -> None:
    """List the shipped scorecards."""
    table = Table(box=None, header_style="dim")
    for name in ("key", "名称", "业务线", "版本", "质检项", "一票否决", "及格线"):
        table.add_column(name, no_wrap=name == "key", overflow="fold")
    for key in builtin_scorecards():
        card = load_scorecard(key).scorecard
        critical = sum(criterion.critical for criterion in card.criteria)
        table.add_row(
            key, card.name, card.business_line, str(card.revision), str(len(card.criteria)), str(critical),
            f"{card.pass_mark:g}",
        )  # fmt: skip
    stdout.print(table)


@rules.command(
    "test",
    cls=Command,
    help="运行评分表自带的用例；有不符的退出码为 1。\n\n例：qa-engine rules test 我的评分表.yaml",
)
def test(source: Source) -> None:
    """Run the tests inside a scorecard file."""
    loaded = load_scorecard(source)
    results = run_tests(loaded, _judge)
    for result in results:
        tell(stdout, str(result), None if result.passed else "red")
    failed = sum(not result.passed for result in results)
    if not results:
        tell(stderr, "这张评分表没有用例，什么也没有验证。处理办法：在 tests: 下至少写一个对话。", "yellow")
    tell(stdout, f"共 {len(results)} 个用例，通过 {len(results) - failed}，不符 {failed}。")
    raise typer.Exit(1 if failed or not results else 0)


@rules.command(
    "lint",
    cls=Command,
    help="检查评分表：写错了报错（退出码 2），可疑的地方提醒。\n\n例：qa-engine rules lint 我的评分表.yaml",
)
def check(
    source: Source, strict: Annotated[bool, typer.Option("--strict", help="有提醒时退出码为 1。")] = False
) -> None:
    """Tell what is doubtful about a scorecard."""
    warnings = lint(load_scorecard(source))
    for warning in warnings:
        tell(stdout, str(warning), "yellow")
    tell(stdout, "没有发现问题。" if not warnings else f"共 {len(warnings)} 条提醒。")
    raise typer.Exit(1 if strict and warnings else 0)


@rules.command(
    "schema",
    cls=Command,
    help="输出评分表文件的 JSON Schema，供编辑器校验。\n\n例：qa-engine rules schema > scorecard.schema.json",
)
def schema() -> None:
    """Print the JSON schema of scorecard files."""
    typer.echo(json.dumps(ScorecardFile.model_json_schema(), ensure_ascii=False, indent=2))


rules.command("explain", cls=Command, help=explain_command.HELP)(explain_command.explain_rules)


def _judge(
    loaded: LoadedScorecard, transcript: Transcript, prediction: Prediction | NotEvaluable
) -> InspectionReport:
    no_model = NotEvaluable("no_model", "用例没有给出模型信号")
    inspector = Inspector(loaded.scorecard, loaded.rules, no_model)
    return inspector.judge(read_transcript(transcript), prediction)
