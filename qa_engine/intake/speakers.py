"""The words producers use for the two sides of a conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_engine.domain.transcript import Channel, Speaker

_WORDS: tuple[tuple[Speaker, tuple[str, ...]], ...] = (
    (Speaker.AGENT, (
        "agent", "a", "客服", "坐席", "座席", "人工客服", "在线客服", "客服人员", "坐席人员", "话务员",
        "接线员",
        "专员", "客服专员", "staff", "service", "operator", "seller", "商家", "卖家", "店家", "客服端",
        "坐席侧",
        "servicer", "support", "representative", "rep",
    )),
    (Speaker.CUSTOMER, (
        "customer", "c", "客户", "顾客", "用户", "来电人", "来电者", "访客", "买家", "市民", "客户侧",
        "会员",
        "user", "client", "caller", "buyer", "visitor", "guest", "投诉人", "诉求人", "消费者", "主叫客户",
    )),
    (Speaker.SYSTEM, (
        "system", "系统", "系统消息", "系统提示", "机器人", "智能客服", "智能机器人", "bot", "robot",
        "ivr", "语音导航",
        "chatbot", "自动回复", "notification",
    )),
)  # fmt: skip
_SPEAKER_OF = {word: speaker for speaker, words in _WORDS for word in words}
# "客服1", "客服A", "坐席(工号3021)", "客户01": the word decides, the rest tells two of a kind apart.
_NUMBERED = re.compile(
    r"^(?P<word>[一-鿿]{2,5})[\s_\-]*(?:[(（\[【].{0,20}[)）\]】]|[A-Za-z]?\d{0,6}|[A-Za-z])$"
)
_CHANNELS = {
    "voice": Channel.VOICE, "call": Channel.VOICE, "phone": Channel.VOICE, "语音": Channel.VOICE,
    "电话": Channel.VOICE, "热线": Channel.VOICE, "通话": Channel.VOICE,
    "chat": Channel.CHAT, "text": Channel.CHAT, "im": Channel.CHAT, "在线": Channel.CHAT,
    "文本": Channel.CHAT,
    "聊天": Channel.CHAT, "在线客服": Channel.CHAT, "网页": Channel.CHAT, "微信": Channel.CHAT,
    "app": Channel.CHAT,
    "unknown": Channel.UNKNOWN, "未知": Channel.UNKNOWN,
}  # fmt: skip


def speaker_of(word: str) -> Speaker | None:
    """Return the side a role word names, or None when it is only somebody's label."""
    lowered = word.strip().strip("[]【】").lower()
    if (known := _SPEAKER_OF.get(lowered)) is not None:
        return known
    found = _NUMBERED.match(word.strip())
    return _SPEAKER_OF.get(found["word"]) if found else None


def channel_of(word: str) -> Channel | None:
    """Return the channel a word names, or None when it names none we know."""
    return _CHANNELS.get(word.strip().lower())


def assign_speakers(words: Sequence[str]) -> list[tuple[Speaker, str | None]]:
    """Return role and label for the speaker column of one call (or the prefixes of one text).

    Single letters are roles only when they are A and C (坐席, 客户); A and B are mere labels.
    """
    letters = {word.strip().upper() for word in words if len(word.strip()) == 1}
    letters_are_roles = bool(letters) and letters <= {"A", "C"} and "C" in letters
    assigned: list[tuple[Speaker, str | None]] = []
    for word in words:
        label = word.strip() or None
        known = speaker_of(word) if label is not None and (len(label) > 1 or letters_are_roles) else None
        assigned.append((known or Speaker.UNKNOWN, label))
    return assigned
