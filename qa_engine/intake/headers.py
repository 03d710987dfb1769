"""Column headers of turn tables (one turn a row), in the Chinese and English people really use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from qa_engine.intake.fields import TimeUnit

# Our column name → accepted headers, compared after ``plain`` (lower case, no blanks, no unit).
SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "会话id", "通话id", "录音id", "对话id", "呼叫id", "会话编号", "通话编号", "录音编号", "会话号",
        "通话流水号",
        "流水号", "录音流水号", "会话流水号", "录音文件名", "录音文件",
        "会话标识", "callid", "id", "sessionid", "conversationid", "contactid", "dialogueid",
        "ticketid",
        "recordid", "transcriptid", "taskid", "任务id",
    ),
    "speaker": (
        "角色", "说话人", "说话人角色", "发言人", "发送方", "发送人", "发送者", "讲话人", "身份",
        "speaker", "role",
        "sender", "from", "party", "participant", "说话方", "发送者类型", "消息来源",
    ),
    "text": (
        "内容", "文本", "对话内容", "消息内容", "聊天内容", "通话内容", "发言内容", "话术", "转写文本",
        "转写内容",
        "识别结果", "消息", "text", "content", "message", "utterance", "words", "transcript", "对话文本",
        "语句", "转写结果", "识别文本", "语音内容", "消息正文", "sentence",
    ),
    "start": (
        "开始时间", "起始时间", "开始", "起始", "begin", "start", "begintime", "starttime", "startms",
        "beginms",
        "句子开始时间", "beginoffset", "startoffset", "offset",
    ),
    "end": (
        "结束时间", "终止时间", "结束", "截止时间", "end", "endtime", "endms", "句子结束时间",
        "endoffset", "stop",
    ),
    "sent_at": (
        "发送时间", "消息时间", "时间", "时间戳", "sentat", "time", "timestamp", "datetime", "sendtime",
    ),
    "channel": ("渠道", "渠道类型", "channel", "媒体类型", "接入渠道"),
    "started_at": (
        "通话开始时间", "会话开始时间", "来电时间", "进线时间", "呼叫时间", "calltime", "startedat",
    ),
    "agent_id": ("工号", "坐席工号", "客服工号", "坐席id", "座席工号", "agentid", "staffid", "员工编号"),
    "agent_name": ("坐席", "坐席姓名", "客服姓名", "座席", "座席姓名", "agent", "agentname", "客服名称"),
    "team": ("班组", "团队", "小组", "坐席班组", "team", "group"),
    "skill_group": ("技能组", "队列", "业务组", "skillgroup", "queue", "skill"),
    "customer_id": ("客户", "客户id", "客户编号", "用户id", "customer", "customerid", "userid"),
    "customer_tier": ("客户等级", "客户级别", "会员等级", "customertier", "tier", "viplevel"),
    "customer_region": ("地区", "区域", "省份", "客户地区", "region", "province"),
    "duration": ("通话时长", "录音时长", "时长", "duration"),
    "speaker_label": (
        "声道", "声道号", "通道", "通道号", "channelid", "说话人id", "speakerid", "spk", "说话人编号",
        "speakerlabel",
    ),
}  # fmt: skip

_UNITS: tuple[tuple[re.Pattern[str], TimeUnit], ...] = (
    (re.compile(r"毫秒|millis|(?<![a-z])ms\b|ms\s*[)）\]】]?$"), "ms"),
    (re.compile(r"微秒|usec|micros|(?<![a-z])us\b"), "us"),
    (re.compile(r"秒|seconds?|(?<![a-z])secs?\b|[(（\[_]s[)）\]]?$"), "s"),
)
_NOISE = re.compile(
    r"[(（\[【].*?[)）\]】]|毫秒|微秒|(?<=[时间始束])秒$|[\s_\-](ms|us|usec|s|secs?|millis|seconds)$|(?<=[一-鿿])ms$"
)
_GAPS = re.compile(r"[\s_\-*:：#\ufeff]")
_WHO_OR_WHICH = frozenset({"speaker", "id", "speaker_label", "agent_id"})
_KNOWN = {synonym: name for name, synonyms in SYNONYMS.items() for synonym in synonyms}


def plain(header: str) -> str:
    """Reduce a header to what is compared: lower case without blanks, brackets, underscores."""
    return _GAPS.sub("", _NOISE.sub("", header.strip().lower()))


def unit_of(header: str) -> TimeUnit | None:
    """Return the unit a header states, e.g. ``开始时间(ms)``, ``end_sec``; None when it states none."""
    lowered = header.strip().lower().replace("_", " ")
    return next((unit for pattern, unit in _UNITS if pattern.search(lowered)), None)


def columns_of(header: Sequence[str], named: Mapping[str, str]) -> dict[str, int]:
    """Map our column names to positions in a header row.

    ``named`` is the user's own mapping (our name → their header) and wins over the synonyms. The first
    column of several with one meaning is taken.
    """
    positions: dict[str, int] = {}
    wanted = {theirs.strip(): ours for ours, theirs in named.items()}
    for position, cell in enumerate(header):
        ours = wanted.get(cell.strip())
        if ours is not None:
            positions[ours] = position
    for position, cell in enumerate(header):
        known = _KNOWN.get(plain(cell)) or _KNOWN.get(cell.strip().lower())
        if known is not None and known not in named and position not in positions.values():
            positions.setdefault(known, position)
    return positions


def missing_columns(columns: Mapping[str, int]) -> list[str]:
    """Name in Chinese what a header row lacks to be that of a turn table; [] when it lacks nothing."""
    lacking = [] if "text" in columns else ["说了什么（如“内容”）"]
    if not columns.keys() & _WHO_OR_WHICH:
        lacking.append("谁说的或属于哪一通（如“角色”“声道”“会话ID”）")
    return lacking


def names_a_turn_table(cells: Sequence[str], named: frozenset[str] = frozenset()) -> bool:
    """Tell whether a row is the header of a turn table: a text column and one more that we know."""
    if named and named & {cell.strip() for cell in cells}:
        return True
    return not missing_columns(columns_of(cells, {}))
