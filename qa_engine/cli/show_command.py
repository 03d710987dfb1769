"""qa-engine show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from qa_engine.batch.places import check_not_foreign, check_place, is_page
from qa_engine.cli import options as o
from qa_engine.cli.call_view import view_call
from qa_engine.cli.calls import CallNotFound, find_call, readable
from qa_engine.cli.masking import masks_of, shown_id
from qa_engine.cli.pages import call_page
from qa_engine.cli.terminal_call import render_call
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.domain.errors import ConfigErrors, ReportFormatError
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.report_json import report_from_json
from qa_engine.domain.scorecard import Scorecard
from qa_engine.scorecards import builtin_scorecards, load_scorecard
from qa_engine.wiring import build_inspector

HELP = """
查看一通会话：对话、证据、情绪曲线、质检项和复核理由。

已有结果：给出编号（或第几通）、--reports 和 --transcripts。
没有结果：给出转写文件和 --scorecard，当场评分。
敏感信息默认遮盖。

例：qa-engine show tc-0044 --reports 结果.jsonl --transcripts 通话.jsonl --html 一通.html

例：qa-engine show 通话.jsonl --scorecard telecom_hotline --call 3
"""


def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="编号|文件",
            help="会话编号或第几通（配合 --reports），或转写文件（配合 --scorecard）。",
            show_default=False,
        ),
    ],
    reports: Annotated[
        Path | None,
        typer.Option("--reports", metavar="文件", help="score 输出的 JSONL 结果。", show_default=False),
    ] = None,
    transcripts: Annotated[
        str | None,
        typer.Option("--transcripts", metavar="输入", help="评分时的转写输入。", show_default=False),
    ] = None,
    scorecard: Annotated[
        str | None,
        typer.Option(
            "--scorecard", "-s", metavar="评分表", help="内置评分表的 key，或 YAML 文件。", show_default=False
        ),
    ] = None,
    call: Annotated[
        str | None,
        typer.Option(
            "--call", metavar="编号", help="文件里的哪一通：会话编号或第几通。", show_default="第 1 通"
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="文件", help="写成一个独立网页。", show_default=False)
    ] = None,
    raw: Annotated[bool, typer.Option("--raw/--mask", help="显示原文，或遮盖敏感信息。")] = False,
    model: o.ModelOption = o.AUTO,
    channel: o.ChannelOption = None,
    agent_channel: o.AgentChannelOption = None,
    column: o.ColumnOption = None,
    encoding: o.EncodingOption = None,
    time_unit: o.TimeUnitOption = None,
) -> None:
    """Show one call."""
    if html is not None:
        check_place(html, "--html")
        check_not_foreign(html, "--html", is_page)
    reading = o.intake_options(channel, agent_channel, column, encoding, time_unit)
    if reports is not None and transcripts is not None:
        report = _find_report(reports, target)
        transcript = find_call(readable([transcripts], reading), report.transcript_id, transcripts)
        card = _card_of(report, scorecard)
    elif reports is None and transcripts is None and scorecard is not None:
        transcript = find_call(readable([target], reading), call, target)
        inspector = build_inspector(scorecard, model=model)
        report, card = inspector.inspect(transcript), inspector.scorecard
    else:
        raise typer.BadParameter(
            "请同时给出 --reports 和 --transcripts，或只给出 --scorecard 当场评分", param_hint="show"
        )
    sections = {section.key: section.name for section in card.sections} if card else {}
    view = view_call(
        transcript,
        report,
        sections,
        None if raw else masks_of(transcript),
        shown_id(report.transcript_id, masked=not raw),
    )
    name = card.name if card else report.scorecard_key
    if html is not None:
        html.write_text(call_page(view, name), encoding="utf-8")
        tell(stderr, f"网页：{html}")
    else:
        stdout.print(render_call(view, name))


def _find_report(path: Path, wanted: str) -> InspectionReport:
    if path.suffix != ".jsonl":
        raise CallNotFound(
            f"--reports 只能读 .jsonl 结果，给的是 {path.name}。处理办法：用 score --out 结果.jsonl 导出。"
        )
    nth = None
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if str(number) == wanted or orjson.dumps(wanted)[1:-1] in line:
                    fields = orjson.loads(line)
                    if fields.get("transcript_id") == wanted:
                        return report_from_json(fields)
                    if str(number) == wanted:
                        nth = fields
    except (FileNotFoundError, IsADirectoryError):
        raise CallNotFound(f"找不到结果文件：{path}。处理办法：检查 --reports 的路径。") from None
    except orjson.JSONDecodeError:
        raise ReportFormatError(f"{path} 第 {number} 行不是合法的 JSON，文件可能被改动或截断") from None
    if nth is None:
        raise CallNotFound(f"{path} 里没有会话“{wanted}”的报告。处理办法：检查编号，或写第几通（从 1 起）。")
    return report_from_json(nth)


def _card_of(report: InspectionReport, given: str | None) -> Scorecard | None:
    """Find the scorecard for names of sections; a report stands on its own without it."""
    source = given or (report.scorecard_key if report.scorecard_key in builtin_scorecards() else None)
    if source is None:
        return None
    try:
        return load_scorecard(source).scorecard
    except ConfigErrors:
        if given:
            raise
        return None
