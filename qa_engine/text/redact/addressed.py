"""Family names in forms of address: 王姐, 李哥, 张师傅, 赵总. Only the family name is masked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.surnames import COMPOUND, NOT_SURNAME, STEADY, SURE
from qa_engine.text.redact.view import View

_FORM = re.compile(
    r"姐(?![姐妹夫弟])|哥(?![哥伦特们俩斯德])|姨(?![妈夫父])|叔|总(?=[您你好那,。!?吗吧呢啊 ]|$)"
    r"|老师|师傅|经理|主任|阿姨|大姐|大哥|大爷|大妈|医生|大夫"
)
# Family names that are mostly the end of another word before these forms (派单师傅, 门店经理, 谢谢哥).
_NEVER = "车单包管房路门项班师边国东费金计党祝应解盖养满游农查习练关钱段谢傅广展由连成时店水业户华文"
_PLACED = "".join(char for char in SURE if char not in _NEVER)
_BOUNDED = re.compile(
    rf"(?:^|[^\u4e00-\u9fff]|[是问好的了歉那跟和给找叫对啊哦嗯哎喂行见让请老小谢])(?P<name>(?:{COMPOUND})|[{_PLACED}])$"
)
_STEADY_END = re.compile(rf"(?P<name>[{STEADY}])$")
# Words that end in a family name, as people say them before 师傅, 老师, 经理, 大姐.
_WORD = re.compile(
    r"(?:[周万易]|工程|课程|流程|园林|树林|体育|宝石|音乐|历史|武术|水龙|分钟|点钟|保安|健康|羊毛|如何|任何|责任|感谢|照顾|也许"
    r"|经常|日常|交易|容易|规范|登陆|设施|文章|高等|好高|也高|太高|很高|更高|都白|不严|老何|不温|好冷|太冷|很冷|都冷|好慎)$"
)
_ELDERS = ("阿姨", "大姐", "大哥", "大爷", "大妈")
_WORD_REACH = 3


def addressed_names(view: View) -> Iterator[Entity]:
    """Yield the family name before a form of address."""
    plain = view.plain
    for form in _FORM.finditer(plain):
        at = form.start()
        before = max(0, at - _WORD_REACH)
        if NOT_SURNAME.search(plain, before, at):
            continue
        name = _BOUNDED.search(plain, before, at) or _STEADY_END.search(plain, before, at)
        # 客服小顾 大爷您好: the name is the agent's, the form of address begins a new clause.
        elder = form.group() in _ELDERS and plain[at - 2 : at - 1] == "小"
        if name is None or elder or _is_word(plain, before, at):
            continue
        yield Entity("name", *name.span("name"), 0.75)


def _is_word(plain: str, before: int, at: int) -> bool:
    word = _WORD.search(plain, before, at)
    # 周, 万, 易 alone are names after a break (周姐), the end of a word after a Han character (上周).
    return word is not None and (word.end() - word.start() > 1 or _inside_word(plain, at - 2))


def _inside_word(plain: str, at: int) -> bool:
    return at >= 0 and plain[at] in "上下这本一二两三四五六七八九十每几整半周百千多交容平简轻"
