"""Phrases that give away which side of a service conversation is talking.

The weights were fitted by logistic regression on our own labelled corpus (even-numbered dialogues; the
odd ones served for measuring). A cue counts by the share of a speaker's turns that hold it, so that long
calls weigh no more than short ones, plus once for being there at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_AGENT_CUES = (
    ("offer",
     r"为您服务|为你服务|帮(到)?[您你](的|呢|吗|？|\?|$)|可以帮[您你]|"
     r"请问.{0,8}(帮|需要|什么|哪)|还有(什么|其他|别的).{0,8}(帮|需要|问题|可以)"),
    ("welcome", r"欢迎(致电|使用|光临|咨询|来电)|感谢(您|你)?的?(来电|致电|耐心|支持|理解|配合)|很高兴"),
    ("greeting", r"^(您好|你好|亲|早上好|下午好|晚上好)"),
    ("badge", r"工号|客服.{0,4}(为您|号)|这里是|热线|专线"),
    ("recording", r"(通话|电话|本次).{0,8}录音|服务质量"),
    ("hold",
     r"(您|你|请).{0,3}(稍等|等一下|稍候)|稍等.{0,4}(哈|一下|我)|久等|别挂|正在(帮|为)|"
     r"我(这边|先|来)?(帮您|查|看)(一下|下|看)"),
    ("you_formal", r"您"),
    ("for_you", r"[帮给为]您|跟您|向您|和您|麻烦您|请您|建议您|您这边|您的|您是"),
    ("verify",
     r"(核实|核对|确认|提供|报)(一下|下)?.{0,8}(身份|姓名|号|信息|证件|手机|地址|订单)|"
     r"方便(提供|报|说)"),
    ("apology", r"抱歉|不好意思|给您(带来|添)|非常(抱歉|理解)|请(您)?(谅解|理解)|理解您"),
    ("inform",
     r"系统(里|显示|上)|查(到|询到)|看到(了|您)|显示|登记|备注|工单|反馈|记录|受理|提交|"
     r"核实|工作日|到账|生效|处理"),
    ("honorific", r"先生|女士|小姐|亲[，,~～爱]|尊敬"),
    ("we_service", r"我(们)?这边|小妹|小[一-鿿]?(为您|帮您)|我司|本店|我行|我们(会|将)|专员"),
    ("closing", r"祝您|生活愉快|再见|请.{0,4}评价|满意度|随时(联系|致电)|不客气|应该的"),
    ("particle", r"(呢|哦|哈|哟)[~～。！!]?$"),
)  # fmt: skip
_CUSTOMER_CUES = (
    ("you_company", r"你们|你家|贵(司|公司|行)"),
    ("my_thing", r"我的|我(那|这)个|我(要|想|买|付|充|办|订|寄|收|刚|昨天|上个?月|家)"),
    ("complaint",
     r"投诉|什么(意思|情况|态度)|凭什么|怎么(回事|还|这么|又|办|不)|太(慢|差|过分)|骗|垃圾|"
     r"差评|曝光|消协|12315|12345"),
    ("demand", r"退(钱|款)|给我|赔|转人工|人工|找.{0,3}(领导|主管|经理)|快点|到底|能不能|可不可以|行不行"),
    ("question", r"吗[？?]?$|[？?]$|多久|什么时候|为什么|为啥|咋"),
    ("filler", r"喂|哎|唉|^嗯+$|^哦+$|^啊+$|^好(的|吧|嘞)?$|^对(对)*$|^行(吧)?$|在吗|在不"),
    ("thanks", r"谢谢|谢了|辛苦了|麻烦(你|了)"),
    ("you_plain", r"你"),
)  # fmt: skip
_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in (*_AGENT_CUES, *_CUSTOMER_CUES))
NAMES = (*(name for name, _ in _PATTERNS), "length", "speaks_first", "opens_formally")
WEIGHTS: dict[str, float] = {
    "offer": 0.44, "welcome": 0.18, "greeting": 0.93, "badge": 0.15, "recording": -0.04,
    "hold": 0.88, "you_formal": 5.83, "for_you": 0.26, "verify": 0.49, "apology": 0.59,
    "inform": 1.34, "honorific": 1.65, "we_service": 1.18, "closing": 1.78, "particle": 0.23,
    "you_company": -3.75, "my_thing": -1.95, "complaint": -1.10, "demand": -2.57, "question": -1.35,
    "filler": -1.07, "thanks": -2.03, "you_plain": -1.42, "length": 4.38, "speaks_first": -0.37,
    "opens_formally": 1.78,
}  # fmt: skip
_OPENING = re.compile(r"欢迎|工号|为您|请问|请讲|这里是|热线|专线|客服")


def features(texts: Sequence[str], speaks_first: bool) -> list[float]:
    """Describe all turns of one speaker; parallel to ``NAMES``, every value between 0 and 1.

    Args:
        texts: the speaker's turns in order, none empty.
        speaks_first: whether the conversation opens with this speaker.
    """
    size = max(len(texts), 1)
    found = [
        _strength(sum(pattern.search(text) is not None for text in texts), size) for _, pattern in _PATTERNS
    ]
    mean_length = sum(map(len, texts)) / size
    formal = any(_OPENING.search(text) for text in texts[:2])
    return [*found, min(mean_length / 40, 1.0), float(speaks_first), float(formal)]


def agent_logit(texts: Sequence[str], speaks_first: bool) -> float:
    """Weigh the cues of one speaker; the difference of two speakers is the log-odds of who is the agent."""
    values = features(texts, speaks_first)
    return sum(WEIGHTS[name] * value for name, value in zip(NAMES, values, strict=True))


def _strength(hits: int, size: int) -> float:
    return 0.0 if not hits else 0.3 + 0.7 * hits / size


def agent_cue_hits(texts: Sequence[str]) -> int:
    """Count turns holding a phrase that hardly any customer says."""
    strong = [pattern for name, pattern in _PATTERNS if name in ("offer", "welcome", "recording", "verify")]
    return sum(any(pattern.search(text) for pattern in strong) for text in texts)


def customer_cue_hits(texts: Sequence[str]) -> int:
    """Count turns holding a phrase that hardly any agent says."""
    strong = [pattern for name, pattern in _PATTERNS if name in ("you_company", "complaint")]
    return sum(any(pattern.search(text) for pattern in strong) for text in texts)
