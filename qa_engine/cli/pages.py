"""Self-contained HTML pages: one call, and the index of many. No request ever leaves them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from qa_engine.batch.labels import RESOLUTIONS, UNKNOWN, code_name, passed_name, percent_text, yes_no
from qa_engine.batch.places import PAGE_MARK
from qa_engine.batch.tally import RunTally
from qa_engine.cli.call_view import CallView
from qa_engine.cli.curve import draw
from qa_engine.cli.visible import visible
from qa_engine.domain.report import InspectionReport
from qa_engine.domain.transcript import Channel

_CHANNELS = {Channel.VOICE: "语音", Channel.CHAT: "文本", Channel.UNKNOWN: ""}
_COLUMNS = (
    ("id", "会话"), ("percent", "得分"), ("passed", "结论"), ("coverage", "覆盖率"), ("attitude", "态度"),
    ("emotion", "情绪指数"), ("resolution", "问题解决"), ("types", "来电事由"), ("priority", "复核优先级"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure in a page's head; ``share`` (0–1) draws a bar."""

    name: str
    value: str
    note: str = ""
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Odd:
    """One probability with its name."""

    name: str
    probability: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class OddGroup:
    """Probabilities that belong together."""

    name: str
    rows: tuple[Odd, ...]


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("qa_engine.cli", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["page_mark"] = Markup(PAGE_MARK)
    environment.filters["code_name"] = code_name
    return environment


def _harmless(value: Any) -> Any:
    # Markup is of our own making; everything else may turn a line around or carry a control character.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


_ENVIRONMENT = _environment()


def call_page(view: CallView, scorecard_name: str, index_href: str = "") -> str:
    """Render the page of one call."""
    transcript, report = view.transcript, view.report
    agent = transcript.agent
    return _ENVIRONMENT.get_template("call.html.j2").render(
        view=view,
        transcript=transcript,
        report=report,
        names={item.key: item.name for item in report.criteria},
        scorecard_name=scorecard_name,
        channel=_CHANNELS[transcript.channel],
        agent=" ".join(part for part in (agent.name, agent.id, agent.team) if part),
        percent=percent_text(report.total.percent, report.total.upper_percent),
        verdict=passed_name(report.total.passed),
        facts=_facts(report),
        drawing=draw(report.emotion.curve, len(transcript.turns)),
        no_curve=_no_curve(report),
        odds=_odds(report),
        index_href=index_href,
    )


def write_index(
    file: BinaryIO,
    rows: Iterable[str],
    todo: Iterable[Mapping[str, Any]],
    tally: RunTally,
    scorecards: str,
) -> None:
    """Stream the index page; ``rows`` are JSON objects with their separating commas."""
    stream = _ENVIRONMENT.get_template("index.html.j2").stream(
        # JSON of our own making; the caller has escaped every "<".
        rows=(Markup(row) for row in rows),
        todo=list(todo),
        to_review=tally.to_review,
        stats=_stats(tally),
        columns=_COLUMNS,
        failures=tally.failures,
        scorecards=scorecards,
    )
    stream.enable_buffering(200)
    stream.dump(file, encoding="utf-8")


def _facts(report: InspectionReport) -> list[Fact]:
    total, complaint = report.total, report.complaint
    low = [drop for drop in report.emotion.drops if drop.recovered_turn is None]
    drops = (
        f"下跌 {len(report.emotion.drops)} 次，{len(low)} 次未恢复" if report.emotion.drops else "没有下跌"
    )
    return [
        Fact("覆盖率", f"{total.coverage:.0%}", "已评 ÷ 适用", total.coverage),
        Fact(
            "服务态度", f"{report.attitude.level} 级" if report.attitude.level else UNKNOWN, "1 最差，5 最好"
        ),
        Fact("问题解决", RESOLUTIONS.get(report.resolution.status or "", UNKNOWN)),
        Fact("预期满意度", _number(report.satisfaction.expected), "1–5"),
        Fact("投诉", yes_no(complaint.is_complaint)),
        Fact("来电事由", "、".join(kind.name for kind in complaint.types) or UNKNOWN),
        Fact("情绪指数", _number(report.emotion.index), drops if report.emotion.curve else ""),
    ]


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"


def _no_curve(report: InspectionReport) -> str:
    told = [gap.reason for gap in report.not_evaluated if gap.what in {"emotion", "model"}]
    return told[0] if told else "这通会话没有可判断情绪的客户发言"


def _odds(report: InspectionReport) -> list[OddGroup]:
    groups: list[OddGroup] = []
    resolution = report.resolution
    if resolution.probabilities:
        rows = [
            Odd(RESOLUTIONS.get(key, key), p, key == resolution.status)
            for key, p in resolution.probabilities.items()
        ]
        groups.append(OddGroup("问题解决", tuple(rows)))
    if report.satisfaction.distribution:
        likely = max(report.satisfaction.distribution)
        rows = [Odd(f"{i} 分", p, p == likely) for i, p in enumerate(report.satisfaction.distribution, 1)]
        groups.append(OddGroup("客户满意度", tuple(rows)))
    if report.complaint.probability is not None:
        rows = [Odd("投诉", report.complaint.probability, bool(report.complaint.is_complaint))]
        rows += [Odd(kind.name, kind.probability, True) for kind in report.complaint.types]
        groups.append(OddGroup("投诉与来电事由", tuple(rows)))
    return groups


def _stats(tally: RunTally) -> list[Fact]:
    count = tally.scored
    if not count:
        return [Fact("会话", "0"), Fact("没有评成", str(tally.failed))]
    decided = f"{tally.passed:,} / {tally.decided:,} 通" if tally.decided else ""
    pending = f"{tally.undecided:,} 通待定" if tally.undecided else ""
    mean = tally.mean_percent
    return [
        Fact("会话", f"{count:,}", f"另有 {tally.failed:,} 条没有评成" if tally.failed else ""),
        Fact(
            "通过率",
            f"{tally.passed / tally.decided:.1%}" if tally.decided else "待定",
            "，另有 ".join(part for part in (decided, pending) if part),
        ),
        Fact("平均得分", UNKNOWN if mean is None else f"{mean:.1f}", f"覆盖率大于 0 的 {tally.judged:,} 通"),
        Fact("平均覆盖率", f"{tally.coverage_sum / count:.1%}", f"{tally.complete:,} 通全部评到"),
        Fact("一票否决", f"{tally.critical:,}"),
        Fact("建议复核", f"{tally.to_review:,}"),
    ]
