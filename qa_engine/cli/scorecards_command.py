"""qa-engine scorecards …"""

from __future__ import annotations

from rich.table import Table

from qa_engine.cli.words import Command, new_group, stdout
from qa_engine.scorecards import builtin_scorecards, load_scorecard

scorecards = new_group("内置评分表。")


@scorecards.command("list", cls=Command, help="列出内置评分表。\n\n例：qa-engine scorecards list")
def list_scorecards() -> None:
    """List the shipped scorecards."""
    table = Table(box=None, header_style="dim")
    for name in ("key", "名称", "业务线", "版本", "质检项", "一票否决", "及格线"):
        # A broken key could not be copied.
        table.add_column(name, no_wrap=name == "key", overflow="fold")
    for key in builtin_scorecards():
        card = load_scorecard(key).scorecard
        critical = sum(criterion.critical for criterion in card.criteria)
        table.add_row(
            key, card.name, card.business_line, str(card.revision), str(len(card.criteria)), str(critical),
            f"{card.pass_mark:g}",
        )  # fmt: skip
    stdout.print(table)
