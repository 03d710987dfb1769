"""What a run came to, told at its end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from qa_engine.batch.tally import RunTally
from qa_engine.cli.words import tell

_CODES = {
    "no_times": "没有时间戳", "no_timestamps": "没有时间戳", "no_roles": "分不清角色",
    "no_words": "没有词级时间",
    "no_model": "没有模型", "no_channel": "不知道渠道",
    "detector_failed": "判定出错", "no_attribute": "缺少随路数据", "no_loudness": "没有音量数据",
    "shaky_evidence": "依据不牢", "model_fallback": "使用了备用模型", "operator_failed": "算子出错",
    "call_not_finished": "会话未结束",
}  # fmt: skip


def tell_summary(console: Console, tally: RunTally, remarks: list[str]) -> None:
    """Print counts, what was not evaluated, and every kind of failure with its remedy."""
    if tally.scored:
        mean = (
            f"平均 {tally.percent_sum / tally.scored:.1f} 分，覆盖率 {tally.coverage_sum / tally.scored:.1%}"
        )
        verdicts = f"通过 {tally.passed:,}，未通过 {tally.not_passed:,}，未判定 {tally.undecided:,}"
        tell(
            console,
            f"已评 {tally.scored:,} 通：{verdicts}；"
            f"一票否决 {tally.critical:,}，建议复核 {tally.to_review:,}；{mean}。",
        )
    if tally.not_evaluated:
        parts = [
            f"{_CODES.get(code, code)} {count:,} 项" for code, count in tally.not_evaluated.most_common()
        ]
        tell(console, f"未评内容：{'，'.join(parts)}（每通的理由见报告的 not_evaluated）。")
    for reason, count in tally.detector_failures.most_common():
        tell(console, f"判定出错 {count:,} 次：{reason}。", "yellow")
    for remark in remarks:
        tell(console, remark, "yellow")
    if tally.failures:
        console.print(_failures(tally))


def _failures(tally: RunTally) -> Table:
    table = Table(title=f"没有评成的记录：{tally.failed:,} 条", title_justify="left", title_style="bold red")
    for name in ("类别", "条数", "原因（首例）", "位置（前几例）", "处理办法"):
        table.add_column(name, overflow="fold", justify="right" if name == "条数" else "left")
    for code, kind in sorted(tally.failures.items(), key=lambda item: -item[1].count):
        table.add_row(code, f"{kind.count:,}", kind.why, "\n".join(kind.places), kind.remedy)
    return table
