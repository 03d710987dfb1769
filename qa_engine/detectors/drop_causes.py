"""What a fall of the customer's emotion is put down to (诱因): who said what just before.

A cause is read off, strongest evidence first: what the customer says it is, questions nobody answered,
a fault of the agent, the clock (talk-over, silence), the news the agent gave, a missing word of comfort,
an answer the customer disputes, and else the customer's own grievance.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa_engine.detectors.base import at_least
from qa_engine.domain.prediction import Prediction
from qa_engine.domain.report import DropCause
from qa_engine.domain.transcript import Channel, Speaker
from qa_engine.text.reading import Reading, TurnReading

# How far back (turns of any speaker) the agent's last words may lie.
REACH = 12
# An unanswered wait this long is noticed; a call goes quiet much sooner than a chat.
SILENCE_MS = {Channel.VOICE: 10_000, Channel.CHAT: 120_000, Channel.UNKNOWN: 120_000}
TALK_OVER_MS = 1_000
# So many customer turns in a row, one of them urging, are a question nobody answers.
UNANSWERED_TURNS = 2

# What the customer names as the reason, in the very turn of the fall.
CUSTOMER_WORDS: Sequence[tuple[str, re.Pattern[str]]] = [
    ("repeat_question", re.compile(
        r"(说|讲|问|报|发|填|答)(过|了)?(好?几|多少|[两二三四五六七八]|[0-9])(遍|次|回)|还要我?(再)?(说|讲|报|发)"
        r"|(又|再)(要)?(说|讲|报|发|问|打)一(遍|次)|(刚才?|昨天|上次|前面|早就?)(已经)?(发|说|讲|报|给)过"
        r"|又要?从头|怎么又(问|要)|重复(问|说)|复制粘贴")),
    ("transfer", re.compile(
        r"转来转去|踢皮球|推来推去|推来|又要?转(?!账|钱|款)|(还|再)要?转(给|到|接)|让(我|我们)(去)?找(你|他|别|商家|厂家|客服)"
        r"|都?说(是)?(不归|不是)(你们|他们)管|谁都不管|到底(谁|哪个)(负责|管)")),
    ("no_answer", re.compile(
        r"(没|沒)(有)?人(接|理|回|管|联系|打|找|来)|(不|没)回(我|消息|复|话)|人呢"
        r"|(^|[,，。?？!！ ])(还|你)?在(不在|吗|么|嘛)"
        r"|等(了|半|这么|多)(半天|好久|久|多久|[0-9一二两三四五六七八十几]{1,4}(个)?(分钟|小时|天))|不理人|说话[啊呀]|死哪")),
]  # fmt: skip

# The news in the agent's words.
AGENT_WORDS: Sequence[tuple[str, re.Pattern[str]]] = [
    ("refusal", re.compile(
        r"(不|无法|没法|没办法|不能|不可以|不予|不支持|不给|不在).{0,8}"
        r"(退|换|赔|补|保|取消|改|办|申请|处理|受理|操作|提供|支持|范围|减免|查|修|领|用|发|送|加急|通过)"
        r"|不(对外|报销?|含|包括|包含|退|换|赔|保|接受|允许|补|送)(的|哦|呢|了|[,，。]|$)|不能作为|(不|没)在.{0,6}范围"
        r"|没(有)?(这个|这种|该|相关)?(权限|办法|权利|政策)|(没|无)法|不符合|不受理|不予|办不了|退不了|改不了|查不到"
        r"|做不了|解决不了|弄不了|(已经?|都)(过期|失效|过了|结束)|不可以|不行的?")),
    ("transfer", re.compile(
        r"(联系|咨询|找|拨打|问)(一下)?(商家|卖家|店铺|厂家|品牌|官方|快递|物流|站点|网点|银行|运营商|柜台|门店|平台|当地|他们|专席|专员)"
        r"|转(接)?(给|到|至|接)|不(归|属于|是)(我|我们|咱|这边|本部门).{0,6}(管|负责|处理)?|(由|归).{2,10}(负责|处理)")),
    ("price_news", re.compile(
        r"(收|扣|付|交|补|需要?|费用?|价格?|合计|一共|赔付?|退|原价).{0,10}([0-9]{1,9}(\.[0-9]{1,4})?|[一二两三四五六七八九十百千]{1,6}|\[金额\])\s*(元|块|%|个点|万|百|千)"
        r"|手续费|违约金|服务费|差价|运费|滞纳金|利息|\[金额\]")),
    ("delay_news", re.compile(
        r"([0-9一二两三四五六七八九十几]|\[数字\]|\[时间\])(到|至|-|~)?.{0,3}(个)?(工作日|小时|天|周|星期|分钟|月)"
        r"|耐心等|再等|延迟|延误|晚点|缺货|无货|未(发货|入库|到|揽收|更新)|还没(到|发|有)|(尽快|稍后|后续).{0,6}(处理|联系|回复)"
        r"|预计|排队|排期|暂时没有|中转|(明|后)天")),
]  # fmt: skip

# Faults that explain a fall by themselves, plainest first; a missing word of comfort only fails to stop it.
FAULTS = (
    "rude", "blame", "impatient", "privacy_breach", "misinform", "risk_undisclosed", "over_promise",
    "shirk", "cold", "ignored",
)  # fmt: skip
WEAK_FAULTS = ("no_soothing",)
ANSWERS = ("inform", "solution", "follow_up_commit", "escalate")
GRIEVANCES = ("complain", "urge", "threaten", "reject", "inform", "ask", "request")


def drop_cause(reading: Reading, prediction: Prediction, turn: int) -> DropCause | None:
    """Name the turn, the party and the kind (AGENT_FAULTS or DROP_CAUSES) behind the fall at ``turn``.

    None when neither what was said before it nor the customer's own words give a hint.
    """
    block = _agent_block(reading, turn)
    for kind, words in CUSTOMER_WORDS:
        if words.search(reading.turns[turn].text):
            return _by_agent(block[-1], kind) if block else _by_customer(turn, kind)
    if block and _nudged(prediction, reading.turns[block[-1].index + 1 : turn + 1]):
        return _by_agent(block[-1], "no_answer")
    return (
        _fault(prediction, block, FAULTS)
        or _clock(reading, block, turn)
        or _news(block)
        or _fault(prediction, block, WEAK_FAULTS)
        or _whose_turn(prediction, block, turn)
    )


def _by_agent(said: TurnReading, kind: str) -> DropCause:
    return DropCause(said.index, Speaker.AGENT.value, kind)


def _by_customer(turn: int, kind: str) -> DropCause:
    return DropCause(turn, Speaker.CUSTOMER.value, kind)


def _agent_block(reading: Reading, turn: int) -> list[TurnReading]:
    """The agent's last words before ``turn``, in order."""
    block: list[TurnReading] = []
    for said in reversed(reading.turns[max(0, turn - REACH) : turn]):
        if said.speaker is Speaker.AGENT:
            block.append(said)
        elif said.speaker is Speaker.CUSTOMER and block:
            break
    return block[::-1]


def _nudged(prediction: Prediction, unanswered: Sequence[TurnReading]) -> bool:
    """Tell whether the customer wrote several times in a row and pressed for an answer."""
    spoken = [said for said in unanswered if said.speaker is Speaker.CUSTOMER]
    limits = prediction.thresholds.acts
    return len(spoken) >= UNANSWERED_TURNS and any(
        at_least(prediction.turns[said.index].acts.get("urge", 0.0), limits, "urge") for said in spoken
    )


def _fault(prediction: Prediction, block: Sequence[TurnReading], kinds: Sequence[str]) -> DropCause | None:
    limits = prediction.thresholds.faults
    for kind in kinds:
        for said in reversed(block):
            if at_least(prediction.turns[said.index].faults.get(kind, 0.0), limits, kind):
                return _by_agent(said, kind)
    return None


def _clock(reading: Reading, block: Sequence[TurnReading], turn: int) -> DropCause | None:
    """Talk-over by the agent, or a pause before the agent's words or before the fall."""
    limit = SILENCE_MS[reading.transcript.channel]
    for said in [*reversed(block), reading.turns[turn]]:
        before = reading.turns[said.index - 1] if said.index else None
        if before is None or before.speaker is Speaker.SYSTEM:
            continue
        start, end = said.turn.start_ms, before.turn.end_ms
        if start is None or end is None:
            continue
        if (
            said.speaker is Speaker.AGENT
            and before.speaker is Speaker.CUSTOMER
            and end - start >= TALK_OVER_MS
        ):
            return _by_agent(said, "talk_over")
        if start - end >= limit:
            return DropCause(said.index, said.speaker.value, "silence")
    return None


def _news(block: Sequence[TurnReading]) -> DropCause | None:
    for kind, words in AGENT_WORDS:
        for said in reversed(block):
            if words.search(said.text):
                return _by_agent(said, kind)
    return None


def _whose_turn(prediction: Prediction, block: Sequence[TurnReading], turn: int) -> DropCause | None:
    """An answer of the agent is disputed; after mere asking or greeting the grievance is the customer's."""
    limits = prediction.thresholds.acts
    for said in reversed(block):
        acts = prediction.turns[said.index].acts
        if any(at_least(acts.get(act, 0.0), limits, act) for act in ANSWERS):
            return _by_agent(said, "disputed_answer")
    acts = prediction.turns[turn].acts
    if any(at_least(acts.get(act, 0.0), limits, act) for act in GRIEVANCES):
        return _by_customer(turn, "own_grievance")
    return None
