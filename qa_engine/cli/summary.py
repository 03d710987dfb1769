"""What a run came to, told at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from qa_engine.batch.labels import code_name
from qa_engine.batch.tally import RunTally
from qa_engine.cli.words import tell


def tell_summary(console: Console, tally: RunTally, remarks: list[str]) -> None:
    """Print counts, what was not evaluated, and every kind of failure with its remedy."""
    if tally.scored:
        told = tally.mean_percent
        mean = (
            "没有会话评到任何一项"
            if told is None
            else f"平均 {told:.1f} 分（覆盖率大于 0 的 {tally.judged:,} 通）"
        )
        mean += f"，平均覆盖率 {tally.coverage_sum / tally.scored:.1%}"
        verdicts = f"通过 {tally.passed:,}，未通过 {tally.not_passed:,}，待定 {tally.undecided:,}"
        tell(
            console,
            f"已评 {tally.scored:,} 通：{verdicts}；"
            f"一票否决 {tally.critical:,}，建议复核 {tally.to_review:,}；{mean}。",
        )
    if tally.not_evaluated:
        parts = [f"{code_name(code)} {count:,} 项" for code, count in tally.not_evaluated.most_common()]
        tell(console, f"未判定内容：{'，'.join(parts)}（每通的理由见报告的 not_evaluated）。")
    for reason, count in tally.detector_failures.most_common():
        tell(console, f"判定出错 {count:,} 次：{reason}。", "yellow")
    for remark in remarks:
        tell(console, remark, "yellow")
    if tally.failures:
        console.print(_failures(tally))


def _failures(tally: RunTally) -> Table:
    table = Table(title=f"没有评成的记录：{tally.failed:,} 条", title_justify="left", title_style="bold red")
    for name in ("类别", "条数", "原因（首例）", "位置（前几例）", "处理办法"):
        table.add_column(
            name, overflow="fold", justify="right" if name == "条数" else "left", no_wrap=name == "条数"
        )
    for code, kind in sorted(tally.failures.items(), key=lambda item: -item[1].count):
        table.add_row(code_name(code), f"{kind.count:,}", kind.why, "\n".join(kind.places), kind.remedy)
    return table
