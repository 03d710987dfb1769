"""qa-engine score."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from qa_engine.batch.chunk import cut_chunks
from qa_engine.batch.errors import PagesMissing
from qa_engine.batch.finished import FinishedRun
from qa_engine.batch.job import (
    JobPlan,
    ScoringJob,
    already_finished,
    check_apart,
    check_errors_file,
    check_output,
)
from qa_engine.batch.pool import InspectionPool
from qa_engine.batch.run import score_to_stream
from qa_engine.batch.tally import RunTally
from qa_engine.batch.worker import InspectorPlan
from qa_engine.cli import options as o
from qa_engine.cli.failure_log import FailureLog
from qa_engine.cli.masking import masks_of, no_masks
from qa_engine.cli.progress import ProgressView
from qa_engine.cli.site import open_site
from qa_engine.cli.summary import tell_summary
from qa_engine.cli.words import stderr, tell
from qa_engine.domain.report_json import report_from_json
from qa_engine.inspector import Inspector
from qa_engine.intake.options import IntakeOptions
from qa_engine.intake.read import read_inputs, total_bytes
from qa_engine.wiring import build_inspector

# Starting a process costs more than scoring this many bytes.
_SMALL_INPUT = 512 * 1024
HELP = """
批量评分：读入会话，逐通出具质检报告。

结果格式由扩展名决定：.jsonl（inspection-report/1，一行一通，
与输入同序）、.parquet、.csv、.xlsx；写 - 则输出到标准输出。

评分随时可以中断，断电、kill -9 也不丢已评的结果；
用同样的命令再运行一次就会接着评。

.csv、.xlsx、.parquet 和网页里的引文默认遮盖敏感信息；
.jsonl 的引文始终与原文一字不差，请当作敏感文件保管。

退出码：
0 全部评完（或早已评完）　1 有记录没有评成（已列出）
2 参数或配置有误　130 被中断、143 被终止（可继续）

例：qa-engine score 通话/*.jsonl -s telecom_hotline -o 结果.jsonl
"""


class FailOn(StrEnum):
    """When the exit code tells of failed records."""

    ERRORS = "errors"
    NEVER = "never"


def score(
    inputs: o.Inputs,
    scorecard: o.ScorecardOption,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="文件", help="结果文件，或 - 。", show_default=False)
    ],
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            "-w",
            min=1,
            metavar="个数",
            help="评分进程数，至少 1；默认为 CPU 核数，输入很小时为 1。",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="--out、--errors、--html 处已有文件也覆盖，重新评分。")
    ] = False,
    errors: Annotated[
        Path | None,
        typer.Option(
            "--errors", metavar="文件", help="没有评成的记录写到哪里。", show_default="结果文件.errors.jsonl"
        ),
    ] = None,
    model: o.ModelOption = o.AUTO,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="文件夹", help="另外生成网页：每通一页加一个索引页。", show_default=False
        ),
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="网页和 .csv、.xlsx、.parquet 里的引文不遮盖敏感信息。")
    ] = False,
    fail_on: Annotated[
        FailOn, typer.Option("--fail-on", help="errors：有记录没有评成时退出码为 1；never：仍为 0。")
    ] = FailOn.ERRORS,
    channel: o.ChannelOption = None,
    agent_channel: o.AgentChannelOption = None,
    column: o.ColumnOption = None,
    encoding: o.EncodingOption = None,
    time_unit: o.TimeUnitOption = None,
) -> None:
    """Score inputs into a file, durably."""
    reading = o.intake_options(channel, agent_channel, column, encoding, time_unit)
    size = total_bytes(inputs)
    count = workers or (1 if 0 < size < _SMALL_INPUT else os.cpu_count() or 1)
    if out == "-":
        if html is not None:
            raise typer.BadParameter("输出到标准输出时不能同时生成网页", param_hint="--html")
        if errors is not None:
            check_apart(inputs, {"--errors": errors})
            check_errors_file(errors, overwrite=overwrite)
        inspector, plan = _inspector(scorecard, model)
        failed = _stream(inputs, reading, inspector, plan, count, errors)
    else:
        target = Path(out)
        error_file = errors or target.with_name(target.name + ".errors.jsonl")
        job_plan = JobPlan(tuple(inputs), reading, target, error_file, count, overwrite, site=html, raw=raw)
        check_output(job_plan)
        inspector, plan = _inspector(scorecard, model)
        if (run := already_finished(job_plan, inspector)) is not None:
            failed = _tell_finished(job_plan, run)
        else:
            failed = _to_file(job_plan, inspector, plan, size)
    raise typer.Exit(1 if failed and fail_on is FailOn.ERRORS else 0)


def _inspector(scorecard: str, model: str) -> tuple[Inspector, InspectorPlan]:
    inspector = build_inspector(scorecard, model=model)
    return inspector, InspectorPlan(scorecard, model, inspector.fingerprint)


def _tell_finished(job_plan: JobPlan, run: FinishedRun) -> bool:
    if job_plan.site is not None and not (job_plan.site / "index.html").exists():
        raise PagesMissing(job_plan.out)
    tell(stderr, f"已完成，无需重跑：{job_plan.out}（{run.scored:,} 通）。要重新评分请加 --overwrite。")
    if run.failed:
        tell(stderr, f"其中 {run.failed:,} 条没有评成，错误清单：{job_plan.errors}", "yellow")
    return bool(run.failed)


def _to_file(job_plan: JobPlan, inspector: Inspector, plan: InspectorPlan, size: int) -> bool:
    html, raw = job_plan.site, job_plan.raw
    with ScoringJob(job_plan, inspector, plan) as job:
        if job.resumed:
            tell(stderr, f"接着上次的进度继续：已有 {job.resumed:,} 条。")
        try:
            with ProgressView(stderr, size) as view:
                for progress in job.score():
                    view.show(progress)
            tally, remarks = job.assemble()
            if html is not None and tally.scored:
                with open_site(html, no_masks if raw else masks_of, masked=not raw) as site:
                    for transcript, scored in job.calls():
                        site.add(transcript, report_from_json(scored.fields()), inspector.scorecard)
                    remarks.append(f"网页索引：{site.finish(tally)}")
        except KeyboardInterrupt:
            tell(stderr, f"\n已评的 {job.done:,} 条结果已存好。用同样的命令再运行一次就会接着评。")
            raise
        job.finish()
    tell_summary(stderr, tally, remarks)
    if tally.scored:
        tell(stderr, f"结果：{job_plan.out}")
    else:
        tell(stderr, "没有任何会话评成，因此没有结果文件。", "red")
    if tally.failed:
        tell(stderr, f"错误清单：{job_plan.errors}")
    return bool(tally.failed) or not tally.scored


def _stream(
    inputs: list[str],
    reading: IntakeOptions,
    inspector: Inspector,
    plan: InspectorPlan,
    workers: int,
    errors: Path | None,
) -> bool:
    tally = RunTally()
    with InspectionPool(inspector, plan, workers) as pool, FailureLog(errors) as log:
        chunks = cut_chunks(read_inputs(inputs, reading))
        try:
            for _ in score_to_stream(chunks, pool, sys.stdout.buffer, tally, log.add):
                pass
        except KeyboardInterrupt:
            tell(stderr, "\n已输出的行都是完整的。要能接着评，请用 --out 文件。")
            raise
    tell_summary(stderr, tally, [])
    return bool(tally.failed) or not tally.scored
