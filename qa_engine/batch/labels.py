"""Chinese words for what a report says, shared by tables, pages and the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS, DROP_CAUSES

OUTCOMES: Mapping[str, str] = {
    "PASSED": "合格",
    "FAILED": "不合格",
    "NOT_APPLICABLE": "不适用",
    "NOT_EVALUATED": "未评",
}
RESOLUTIONS: Mapping[str, str] = {"resolved": "已解决", "partial": "部分解决", "unresolved": "未解决"}
EMOTIONS: Mapping[int, str] = {1: "满意", 0: "平静", -1: "不满", -2: "愤怒"}
SPEAKERS: Mapping[str, str] = {"agent": "坐席", "customer": "客户", "system": "系统", "unknown": "未知"}
CAUSES: Mapping[str, str] = {**CUSTOMER_ACTS, **AGENT_ACTS, **AGENT_FAULTS, **DROP_CAUSES}
PARTS: Mapping[str, str] = {
    "emotion": "客户情绪",
    "attitude": "服务态度",
    "resolution": "问题解决",
    "satisfaction": "预期满意度",
    "complaint": "投诉判断",
    "review": "复核建议",
    "model": "模型",
}

UNKNOWN = "未判定"


def yes_no(value: bool | None, yes: str = "是", no: str = "否") -> str:
    """Say a judgement that may be missing."""
    if value is None:
        return UNKNOWN
    return yes if value else no


def passed_name(passed: bool | None) -> str:
    """Say whether a call passed."""
    return yes_no(passed, "通过", "未通过")


def percent_text(low: float, high: float) -> str:
    """Say a score: one number when proven, an interval when items were not evaluated."""
    if round(low, 1) == round(high, 1):
        return f"{low:.1f}"
    return f"{low:.1f}–{high:.1f}"


def complaint_type_name(key: str) -> str:
    """The Chinese name of a complaint type; a type we do not know keeps its key."""
    return COMPLAINT_TYPES.get(key, key)


def part_name(what: str, criteria: Mapping[str, str]) -> str:
    """Name what was not evaluated; ``criteria`` maps criterion keys to names."""
    kind, _, key = what.partition(":")
    if kind == "criterion":
        return criteria.get(key, key)
    return PARTS.get(what, what)
