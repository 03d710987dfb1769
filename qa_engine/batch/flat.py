"""A report as rows of a table, with Chinese headers (csv and xlsx share them)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from qa_engine.batch.labels import (
    CAUSES,
    OUTCOMES,
    RESOLUTIONS,
    SPEAKERS,
    UNKNOWN,
    code_name,
    deducted_note,
    part_name,
    passed_name,
    yes_no,
)

Fields = Mapping[str, Any]
Cell = str | float | int | None


def _types(report: Fields) -> str:
    return "；".join(kind["name"] for kind in report["complaint"]["types"])


def _unrecovered(report: Fields) -> int:
    return sum(drop["recovered_turn"] is None for drop in report["emotion"]["drops"])


_COLUMNS: tuple[tuple[str, Callable[[Fields], Cell]], ...] = (
    ("会话编号", lambda r: r["transcript_id"]),
    ("评分表", lambda r: r["scorecard"]["key"]),
    ("评分表版本", lambda r: r["scorecard"]["revision"]),
    ("得分率", lambda r: r["total"]["percent"]),
    ("得分率上限", lambda r: r["total"]["upper_percent"]),
    ("得分", lambda r: r["total"]["points"]),
    ("满分", lambda r: r["total"]["max"]),
    ("结论", lambda r: passed_name(r["total"]["passed"])),
    ("一票否决", lambda r: yes_no(r["total"]["critical_failure"])),
    ("覆盖率（%）", lambda r: round(100 * r["total"]["coverage"], 1)),
    ("态度等级", lambda r: r["attitude"]["level"]),
    ("态度分", lambda r: r["attitude"]["score"]),
    ("问题解决", lambda r: RESOLUTIONS.get(r["resolution"]["status"], UNKNOWN)),
    ("预期满意度", lambda r: r["satisfaction"]["expected"]),
    ("是否投诉", lambda r: yes_no(r["complaint"]["is_complaint"])),
    ("来电事由", _types),
    ("情绪指数", lambda r: r["emotion"]["index"]),
    ("情绪下跌次数", lambda r: len(r["emotion"]["drops"])),
    ("未恢复次数", _unrecovered),
    ("需要复核", lambda r: yes_no(r["review"]["needed"])),
    ("复核优先级", lambda r: r["review"]["priority"]),
    ("复核理由", lambda r: "；".join(r["review"]["reasons"])),
    ("未判定项数", lambda r: len(r["not_evaluated"])),
    ("模型", lambda r: r["engine"]["model"] or "无"),
)

CALL_HEADERS: tuple[str, ...] = tuple(name for name, _ in _COLUMNS)
CRITERION_HEADERS = (
    "会话编号", "大项", "质检项", "质检项名称", "结果", "得分", "满分", "置信度", "一票否决", "说明",
    "查找范围", "最接近的话", "相似度", "证据条数",
)  # fmt: skip
EVIDENCE_HEADERS = ("会话编号", "质检项", "质检项名称", "结果", "句次", "起始字", "结束字", "原文")
DROP_HEADERS = (
    "会话编号", "下跌句次", "下跌前指数", "下跌后指数", "原因", "原因句次", "原因方", "恢复句次",
)  # fmt: skip
MISSING_HEADERS = ("会话编号", "未判定内容", "理由", "类别")
FAILURE_HEADERS = ("类别", "位置", "会话编号", "原因", "处理办法")


def call_row(report: Fields) -> tuple[Cell, ...]:
    """One row for the whole call, parallel to ``CALL_HEADERS``."""
    return tuple(column(report) for _, column in _COLUMNS)


def criterion_headers(report: Fields) -> tuple[str, ...]:
    """Two columns a criterion; names that occur twice carry their key."""
    names = [item["name"] for item in report["criteria"]]
    told = [
        item["name"] if names.count(item["name"]) == 1 else f"{item['name']}（{item['key']}）"
        for item in report["criteria"]
    ]
    return tuple(header for name in told for header in (name, f"{name}·得分"))


def criterion_cells(report: Fields) -> tuple[Cell, ...]:
    """Outcome and points of every criterion, parallel to ``criterion_headers``."""
    return tuple(cell for item in report["criteria"] for cell in (OUTCOMES[item["outcome"]], _points(item)))


def criterion_rows(report: Fields) -> Iterator[tuple[Cell, ...]]:
    """One row a criterion."""
    names = _names(report)
    for item in report["criteria"]:
        nearest = item["nearest"]
        yield (
            report["transcript_id"], item["section"], item["key"], item["name"], OUTCOMES[item["outcome"]],
            _points(item), item["max"], item["confidence"], yes_no(item["critical"]),
            item["reason"] + deducted_note(item["deducted_in"], names),
            _ranges(item["looked_at"]), nearest and nearest["quote"], nearest and nearest["similarity"],
            len(item["evidence"]),
        )  # fmt: skip


def evidence_rows(report: Fields) -> Iterator[tuple[Cell, ...]]:
    """One row a quotation, of criteria and then of what the model judged.

    Turns count from 1 for people, offsets from 0 as in the JSON report.
    """
    for item in report["criteria"]:
        for quote in item["evidence"]:
            yield (
                report["transcript_id"], item["key"], item["name"], OUTCOMES[item["outcome"]],
                quote["turn"] + 1, quote["start"], quote["end"], quote["quote"],
            )  # fmt: skip
    for part, verdict in (("complaint", "is_complaint"), ("review", "needed")):
        # Reports of before this field have none.
        for quote in report[part].get("evidence", ()):
            yield (
                report["transcript_id"], part, part_name(part, {}), yes_no(report[part][verdict]),
                quote["turn"] + 1, quote["start"], quote["end"], quote["quote"],
            )  # fmt: skip


def drop_rows(report: Fields) -> Iterator[tuple[Cell, ...]]:
    """One row a fall of the customer's emotion."""
    for drop in report["emotion"]["drops"]:
        cause = drop["cause"]
        yield (
            report["transcript_id"], drop["turn"] + 1, drop["from_index"], drop["to_index"],
            CAUSES.get(cause["kind"], cause["kind"]) if cause else "未找到", cause and cause["turn"] + 1,
            cause and SPEAKERS.get(cause["speaker"], cause["speaker"]),
            "未恢复" if drop["recovered_turn"] is None else drop["recovered_turn"] + 1,
        )  # fmt: skip


def missing_rows(report: Fields) -> Iterator[tuple[Cell, ...]]:
    """One row for everything that was not evaluated."""
    names = _names(report)
    for missing in report["not_evaluated"]:
        yield (
            report["transcript_id"], part_name(missing["what"], names), missing["reason"],
            code_name(missing["code"]),
        )  # fmt: skip


def _names(report: Fields) -> dict[str, str]:
    return {item["key"]: item["name"] for item in report["criteria"]}


def _points(item: Fields) -> Cell:
    return None if item["outcome"] in {"NOT_EVALUATED", "NOT_APPLICABLE"} else item["earned"]


def _ranges(spans: list[Fields]) -> str:
    return "、".join(f"第 {span['from_turn'] + 1}–{span['to_turn'] + 1} 句" for span in spans)
