"""qa-engine demo: score the shipped samples and look at the result."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.table import Table
from rich.text import Text

from qa_engine.batch.labels import RESOLUTIONS, UNKNOWN, passed_name, percent_text, yes_no
from qa_engine.batch.places import check_folder, check_not_foreign, check_site, is_report_list
from qa_engine.batch.record import Failure
from qa_engine.batch.run import RunProgress
from qa_engine.batch.tally import RunTally
from qa_engine.cli import options as o
from qa_engine.cli.masking import masks_of, shown_id
from qa_engine.cli.progress import ProgressView
from qa_engine.cli.site import Site, open_site
from qa_engine.cli.summary import tell_summary
from qa_engine.cli.words import stderr, stdout, tell
from qa_engine.domain.errors import QAEngineError
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.report_json import report_to_json
from qa_engine.domain.transcript import Transcript
from qa_engine.intake.read import read_inputs, total_bytes
from qa_engine.scorecards import builtin_scorecards
from qa_engine.wiring import build_inspector

HELP = """
演示：给样例会话评分，在终端列出结果，并生成网页。

样例文件夹下的子文件夹名就是所用评分表的 key；
直接放在样例文件夹里的文件用 --scorecard 指定的评分表。

例：qa-engine demo --samples data/samples --out out/demo
"""


# Terminal width below which a column is left out, least important first.
_NEEDED_WIDTH = {"覆盖率": 96, "情绪": 100, "来电事由": 90}


class NoSamples(QAEngineError):
    """The samples folder holds nothing that can be scored."""


def demo(
    samples: Annotated[Path, typer.Option("--samples", metavar="文件夹", help="样例文件夹。")] = Path(
        "data/samples"
    ),
    out: Annotated[Path, typer.Option("--out", "-o", metavar="文件夹", help="网页和结果写到哪里。")] = Path(
        "out/demo"
    ),
    scorecard: Annotated[
        str, typer.Option("--scorecard", "-s", metavar="评分表", help="没有子文件夹时所用的评分表。")
    ] = "general_service",
    model: o.ModelOption = o.AUTO,
) -> None:
    """Score the samples, print a table, write pages."""
    groups = sample_groups(samples, scorecard)
    check_folder(out, "--out")
    check_site(out, "--out")
    results = out / "reports.jsonl"
    check_not_foreign(results, "--out", is_report_list)
    out.mkdir(parents=True, exist_ok=True)
    hidden = _hidden(stdout.width)
    tally, table = RunTally(), _table(hidden)
    told = ""
    with open_site(out, masks_of) as site, results.open("wb") as file:
        for report, name in _scored(groups, model, tally, site):
            if name != told:
                table.add_row(Text(f"《{name}》", style="bold"))
                told = name
            file.write(orjson.dumps(report_to_json(report)) + b"\n")
            _add(table, report, hidden)
        index = site.finish(tally)
    stdout.print(table)
    tell_summary(stderr, tally, [])
    tell(stdout, f"结果：{results}")
    tell(stdout, f"每通一页：{out / 'calls'}")
    tell(stdout, f"网页索引：{index.resolve()}")
    raise typer.Exit(1 if tally.failed or not tally.scored else 0)


def _scored(
    groups: list[tuple[str, list[str]]], model: str, tally: RunTally, site: Site
) -> Iterator[tuple[InspectionReport, str]]:
    """Score every group by its scorecard, counting and writing pages; yields (report, scorecard name)."""
    sizes = [total_bytes(inputs) for _, inputs in groups]
    before = read = 0

    def count(taken: int, _total: int) -> None:
        nonlocal read
        read = taken

    with ProgressView(stderr, sum(sizes)) as view:
        for (key, inputs), size in zip(groups, sizes, strict=True):
            inspector = build_inspector(key, model=model)
            read = 0
            for item in read_inputs(inputs, None, count):
                if isinstance(item, Transcript):
                    report = inspector.inspect(item)
                    tally.add(report_to_json(report))
                    site.add(item, report, inspector.scorecard)
                    yield report, inspector.scorecard.name
                else:
                    tally.add_failure(Failure.of_intake(item))
                view.show(RunProgress(tally.scored + tally.failed, tally.failed, 0, before + read))
            before += size


def sample_groups(samples: Path, fallback: str) -> list[tuple[str, list[str]]]:
    """Inputs by the key of the scorecard that judges them.

    Raises:
        NoSamples: there is no such folder, or nothing in it.
    """
    if not samples.is_dir():
        raise NoSamples(f"样例文件夹不存在：{samples}。处理办法：在项目根目录运行，或用 --samples 指定。")
    known = builtin_scorecards()
    groups = [(key, [str(samples / key)]) for key in known if (samples / key).is_dir()]
    loose = sorted(
        str(path)
        for path in samples.iterdir()
        if (path.is_file() and path.suffix not in {".py", ".md"})
        or (path.is_dir() and path.name not in known)
    )
    if loose:
        groups.append((fallback, loose))
    if not groups:
        raise NoSamples(f"样例文件夹是空的：{samples}。处理办法：放入转写文件，或用 --samples 指定别处。")
    return groups


def _hidden(width: int) -> frozenset[str]:
    """Columns that a narrow terminal has no room for; pages show them all."""
    return frozenset(name for name, needed in _NEEDED_WIDTH.items() if width < needed)


def _table(hidden: frozenset[str]) -> Table:
    table = Table(title="质检结果", title_justify="left", box=None, header_style="dim")
    for name in ("会话", "得分", "结论", "覆盖率", "情绪", "问题解决", "来电事由", "复核"):
        if name in hidden:
            continue
        table.add_column(
            name,
            justify="right" if name in {"得分", "覆盖率", "情绪"} else "left",
            overflow="fold",
            no_wrap=name not in {"来电事由", "会话"},
        )
    return table


def _add(table: Table, report: InspectionReport, hidden: frozenset[str]) -> None:
    total, review, complaint = report.total, report.review, report.complaint
    style = {True: "green", False: "red", None: "yellow"}[total.passed]
    verdict = passed_name(total.passed) + ("·否决" if total.critical_failure else "")
    types = "、".join(kind.name for kind in complaint.types)
    cells: dict[str, str | Text] = {
        # Ids made from file names are long; the page names them in full.
        "会话": shown_id(report.transcript_id, masked=True).rsplit("/", 1)[-1],
        "得分": percent_text(total.percent, total.upper_percent),
        "结论": Text(verdict, style=style),
        "覆盖率": f"{total.coverage:.0%}",
        "情绪": UNKNOWN if report.emotion.index is None else f"{report.emotion.index:.0f}",
        "问题解决": RESOLUTIONS.get(report.resolution.status or "", UNKNOWN),
        "来电事由": f"{'投诉：' if complaint.is_complaint else ''}{types or UNKNOWN}",
        "复核": Text(
            yes_no(review.needed, "需要", "—") + (f" {review.priority:.0%}" if review.priority else ""),
            style="yellow" if review.needed else "dim",
        ),
    }
    table.add_row(*(cell for name, cell in cells.items() if name not in hidden))
