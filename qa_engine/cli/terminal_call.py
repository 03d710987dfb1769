"""One call in the terminal: the conversation with its evidence, then the curve and the criteria."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from qa_engine.batch.labels import RESOLUTIONS, UNKNOWN, passed_name, percent_text, yes_no
from qa_engine.cli.call_view import CallView, CriterionView, TurnView
from qa_engine.cli.curve import sparkline
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.scorecard import Outcome

# Background of evidence by section (in the order of `SectionView.tone`), readable on dark and light.
_TONES = (
    "black on sky_blue1", "black on plum1", "black on light_goldenrod1", "black on pale_green1",
    "black on light_pink1", "black on aquamarine1", "black on wheat1", "black on light_steel_blue1",
)  # fmt: skip
_OUTCOME_STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.NOT_EVALUATED: "yellow",
}
_SPEAKER_STYLES = {"agent": "bold cyan", "customer": "bold", "system": "dim", "unknown": "magenta"}
_EMOTION_STYLES = {1: "green", 0: "dim", -1: "red", -2: "bold red"}


def render_call(view: CallView, scorecard_name: str) -> RenderableType:
    """Lay out one call for the terminal."""
    report = view.report
    title = Text(view.name, style="bold")
    title.append(f"　{scorecard_name}（第 {report.scorecard_revision} 版）", style="dim")
    parts: list[RenderableType] = [title, _head(report), Rule("对话", style="dim"), _conversation(view)]
    parts += [Rule("客户情绪", style="dim"), *_emotion(view)]
    if view.grounds:
        parts += [Rule("判断依据", style="dim"), *_grounds(view)]
    parts += [Rule("质检项", style="dim"), _criteria(view)]
    if report.review.reasons:
        reasons = Text("\n".join(f"· {reason}" for reason in report.review.reasons))
        parts.append(
            Panel(reasons, title=f"复核：{yes_no(report.review.needed, '建议', '不必')}", title_align="left")
        )
    if view.missing:
        gaps = Table(title="未判定内容", title_justify="left", show_header=False, box=None)
        for what, reason in view.missing:
            gaps.add_row(Text(what, style="yellow"), Text(reason))
        parts.append(gaps)
    for flag in report.flags:
        parts.append(Text(f"转写存疑：{flag.message}", style="yellow"))
    return Group(*parts)


def _head(report: InspectionReport) -> Text:
    total, complaint = report.total, report.complaint
    style = {True: "bold green", False: "bold red", None: "bold yellow"}[total.passed]
    text = Text("得分 ")
    text.append(
        f"{percent_text(total.percent, total.upper_percent)} / 100　{passed_name(total.passed)}", style=style
    )
    if total.critical_failure:
        text.append("　一票否决", style="bold red")
    text.append(f"　覆盖率 {total.coverage:.0%}")
    level = f"{report.attitude.level} 级" if report.attitude.level else UNKNOWN
    types = f"　来电事由 {'、'.join(kind.name for kind in complaint.types)}" if complaint.types else ""
    text.append(
        f"\n态度 {level}　问题解决 {RESOLUTIONS.get(report.resolution.status or '', UNKNOWN)}"
        f"　投诉 {yes_no(complaint.is_complaint)}{types}"
    )
    return text


def _conversation(view: CallView) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), expand=True)
    table.add_column(justify="right", style="dim", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for turn in view.turns:
        number = f"{turn.index + 1}" + (f" {turn.time}" if turn.time else "")
        speaker = Text(turn.speaker_name, style=_SPEAKER_STYLES[turn.speaker])
        table.add_row(number, speaker, _said(turn))
    return table


def _said(turn: TurnView) -> Text:
    text = Text()
    for fragment in turn.fragments:
        style = (
            _TONES[fragment.tone] if fragment.tone is not None else ("italic dim" if fragment.masked else "")
        )
        text.append(fragment.text, style=style)
    if turn.emotion:
        text.append(f"　[{turn.emotion_name}]", style=_EMOTION_STYLES[turn.emotion])
        text.append(f" 情绪指数 {turn.emotion_index:.0f}", style="dim")
    for tag in turn.tags:
        text.append(f"　[{tag.name}]", style="red" if tag.kind == "fault" else "dim cyan")
        if tag.because:
            text.append(f"（依据第 {'、'.join(str(at + 1) for at in tag.because)} 句）", style="dim")
    for drop in turn.causes:
        text.append(f"\n▲ 引起第 {drop.turn + 1} 句情绪下跌：{drop.cause}", style="yellow")
    if turn.drop:
        text.append(f"\n▼ 情绪下跌 {turn.drop.from_index:.0f} → {turn.drop.to_index:.0f}", style="red")
    for drop in turn.recovers:
        text.append(f"\n↑ 第 {drop.turn + 1} 句的下跌到这里恢复", style="green")
    return text


def _emotion(view: CallView) -> Iterator[RenderableType]:
    emotion = view.report.emotion
    if not emotion.curve:
        yield Text("没有情绪曲线。", style="dim")
        return
    index = f"情绪指数 {emotion.index:.1f}" if emotion.index is not None else ""
    yield Text(f"{sparkline(emotion.curve)}　{index}（每格一句客户发言，越高越好）", style="cyan")
    for drop in view.drops:
        after = "此后未恢复" if drop.recovered_turn is None else f"到第 {drop.recovered_turn + 1} 句恢复"
        where = "" if drop.cause_turn is None else f"（第 {drop.cause_turn + 1} 句）"
        yield Text(
            f"第 {drop.turn + 1} 句下跌 {drop.depth:.0f} 点：{drop.cause}{where}，{after}", style="red"
        )


def _grounds(view: CallView) -> Iterator[RenderableType]:
    for ground in view.grounds:
        text = Text(ground.name)
        for quote in ground.quotes:
            text.append(f"\n  依据第 {quote.turn + 1} 句 “{quote.text}”", style="dim")
        yield text


def _criteria(view: CallView) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=2, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(ratio=3, overflow="fold")
    for section in view.sections:
        table.add_row("", Text(f" {section.name} ", style=_TONES[section.tone]))
        for item in section.criteria:
            result = item.result
            name = Text(result.name)
            if result.critical:
                name.append(" 一票否决", style="red")
            outcome = Text(item.outcome_name, style=_OUTCOME_STYLES[result.outcome])
            points = item.points
            if result.deducted_in:
                # A whole sentence: beside the reason it has room, in the column of points it has not.
                points = ""
            table.add_row(outcome, name, points, _why(item))
    return table


def _why(item: CriterionView) -> Text:
    text = Text(item.result.reason)
    if item.result.deducted_in:
        text.append(f"\n{item.points}", style="yellow")
    if item.result.outcome in {Outcome.PASSED, Outcome.NOT_APPLICABLE}:
        return text
    for quote in item.quotes:
        text.append(f"\n第 {quote.turn + 1} 句 “{quote.text}”", style="dim")
    if item.looked_at and not item.quotes:
        text.append(f"\n查找范围：{item.looked_at}", style="dim")
    if item.nearest:
        near = f"第 {item.nearest.turn + 1} 句 “{item.nearest.text}”"
        text.append(f"\n最接近：{near}（相似度 {item.similarity:.2f}）", style="dim")
    return text
