"""Chinese words for what a report says, shared by tables, pages and the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from qa_engine.domain.taxonomy import AGENT_ACTS, AGENT_FAULTS, COMPLAINT_TYPES, CUSTOMER_ACTS, DROP_CAUSES

OUTCOMES: Mapping[str, str] = {
    "PASSED": "合格",
    "FAILED": "不合格",
    "NOT_APPLICABLE": "不适用",
    "NOT_EVALUATED": "未判定",
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

# Why something was not judged, and why a record was not read.
CODES: Mapping[str, str] = {
    "no_times": "没有时间戳", "no_timestamps": "没有时间戳", "no_roles": "分不清角色",
    "no_words": "没有词级时间", "no_model": "没有模型", "no_prediction": "模型没有给出判断",
    "no_channel": "不知道渠道", "no_customer_turns": "没有客户发言", "no_agent_turns": "没有坐席发言",
    "no_turns": "没有发言", "one_sided": "只有一方的发言",
    "detector_failed": "判定出错", "no_attribute": "缺少随路数据",
    "no_loudness": "没有音量数据", "no_signal": "缺少模型信号", "shaky_evidence": "依据不牢",
    "model_fallback": "使用了备用模型", "operator_failed": "算子出错", "call_not_finished": "会话未结束",
    "unknown_format": "认不出格式", "unknown_encoding": "没有这种编码", "bad_encoding": "编码有误",
    "bad_json": "JSON 有误", "bad_value": "值不合要求", "bad_cue": "字幕时间行有误", "bad_time": "时间有误",
    "wrong_type": "类型不对", "missing_field": "缺少字段", "missing_column": "缺少列",
    "duplicate_id": "会话号重复", "empty_call": "没有文字的会话", "empty_file": "空文件",
    "empty_folder": "空文件夹", "file_not_found": "找不到文件", "cannot_open": "打不开文件",
    "truncated_file": "文件中途断掉", "too_long": "超过长度上限", "too_deep": "嵌套过深",
    "bad_csv": "CSV 有误", "bad_workbook": "工作簿有误", "broken_json": "JSON 有误",
    "truncated_json": "JSON 没有写完", "duplicate_key": "字段名重复", "incomplete_call": "会话不完整",
    "lone_surrogate": "残缺的字符", "nul_character": "空字符", "no_header": "没有表头",
    "no_speaker_lines": "没有分说话人的行", "not_finished": "转写未完成", "not_finite": "不是有限的数",
    "empty_document": "空文件", "wrong_columns": "列数不对",
    "not_a_transcript": "不是转写文件", "worker_died": "评分进程退出", "inspection_crashed": "评分出错",
}  # fmt: skip
UNKNOWN = "未判定"


def yes_no(value: bool | None, yes: str = "是", no: str = "否") -> str:
    """Say a judgement that may be missing."""
    if value is None:
        return UNKNOWN
    return yes if value else no


def passed_name(passed: bool | None) -> str:
    """Say whether a call passed."""
    return "待定" if passed is None else yes_no(passed, "通过", "未通过")


def code_name(code: str) -> str:
    """Name a stable code; one we have no name for is shown as it is, marked as a code."""
    return CODES.get(code, f"其他（{code}）" if code else "")


def deducted_note(deducted_in: str | None, names: Mapping[str, str]) -> str:
    """Say where a failed criterion was paid for already; ``names`` maps criterion keys to names."""
    return f"（已在「{names.get(deducted_in, deducted_in)}」扣分）" if deducted_in else ""


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
