"""Names of people: after a cue (我叫…, 收件人…) or before a title (…先生, …女士)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.text.lexicon import word_list
from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.view import View

_SURNAMES = word_list("surnames")
_SURE = "".join(_SURNAMES.in_category("common"))
_ANY = _SURE + "".join(_SURNAMES.in_category("ambiguous"))
_COMPOUND = "|".join(sorted(_SURNAMES.in_category("compound")))
# Characters that do not stand in given names but often follow a name or make a word with a surname.
_NOT_GIVEN = (
    "的了吗呢啊吧呀哦嗯呃额哈么我你您他她它们这那哪是在有没不要就都也还又再很把被跟和与或从到去来给让对向为叫姓"
    "先女师什谁几少个位号码手电话身份证地址住请麻烦好行可以能会说问听看查报办买卖退换想先太姐哥"
    "嘛练经区县市镇路街一二三四五六七八九十零幺两百千万后前上下里外左右，。！？、者员客户服本所其已经因于此各每当但而且"
)
_GIVEN = rf"[^\W\d_A-Za-z{_NOT_GIVEN}]"
_GIVENS = rf"(?:一{_GIVEN}|{_GIVEN}{{1,2}})"
_FULL = rf"(?:(?:{_COMPOUND})|[{_SURE}]){_GIVENS}"
_FULL_ANY = rf"(?:(?:{_COMPOUND})|[{_ANY}]){_GIVENS}"
_TITLE = r"(?:先生|女士|小姐(?!姐)|太太)"

# Words that begin like a name and follow the same cues: 联系人关系, 姓名查询, 机主解除…
_NO_NAME = (
    r"(?:关系|查询|解除|房产|付钱|付款|安全|管理|单位|方式|成功|连续|解释|国籍|计划|时间|习惯|支付|水电|包括|包含|简单|钱款|钱包|左右"
    r"|金额|程序|程度|应该|平时|常用|符合|高兴|满意|项目|景区|车牌|车辆|班级|党员|盖章|单独|单号|印章|阳光|通过|通知|年龄|年纪|干嘛|经过|公司|怀疑)"
)
_AFTER_CUE = re.compile(
    r"(?:(?<!客服)我叫|我的名字[是叫]|名字[是叫就]{0,2}|(?:姓名|收件人|收货人|寄件人|联系人|户主|机主|持卡人|车主|投保人|被保人|被保险人"
    r"|受益人|申请人|乘机人|开户人|经办人)(?:名字|姓名)?)"
    rf"(?:[ :：,]|是|叫|为|写的是|就是|填的是){{0,3}}(?!{_NO_NAME})(?P<name>{_FULL}|[{_SURE}](?=[ ,。]|$))"
)
_SAID_SURNAME = re.compile(
    rf"(?:我|免贵|贵|本人|人|主|他|她|是|,|。| |^)姓[ ]?(?P<name>(?:{_COMPOUND})|[{_ANY}])(?![{{}}名])"
)
# 我姓佟 佟大力: the surname again, now with the given name; not 薛宝钗的薛.
_SAID_TWICE = re.compile(
    rf"(?:姓[ ]?|^)(?P<surname>[{_ANY}])[ ,]{{0,2}}(?:我?叫|名字叫)?"
    rf"(?P<name>(?P=surname){_GIVEN}{{1,2}})(?!的|[^\W\d_]的)"
)
_BEFORE_NUMBER = re.compile(
    rf"(?:^|[ ,。:：])(?P<name>{_FULL})(?=[ ,]?(?:1[3-9][0-9]|[1-6][0-9]{{5}})[0-9 ]{{6,}})"
)
_ANSWER = re.compile(
    rf"^[ ,]*(?:嗯|呃|哦|啊|好|对|是)*[ ,]*(?:我|免贵)?(?:叫|姓|是)?(?!{_NO_NAME})(?P<name>{_FULL_ANY}"
    rf"|(?:{_COMPOUND})|[{_SURE}])(?=[ ,。!吧啊哦]|$)"
)
_TITLE_AT = re.compile(_TITLE)
_INTRODUCED = re.compile(
    rf"(?:^|[^\u4e00-\u9fff]|[是问好的了谢歉那跟和给找叫对主人啊哦嗯行见位])(?P<name>{_FULL})$"
)
# Two-character words that begin with a surname and precede a title without being a name.
_WORDY = re.compile(
    r"(?:方便|高兴|明白|常用|安排|安装|平时|应该|程序|时候|包括|严重|路上|金额|关系|全部|相关|车上|田间|祝|谢谢|麻烦)"
)
_SURNAME_END = re.compile(rf"(?:(?:{_COMPOUND})|[{_SURE}])$")
_NOT_SURNAME = re.compile(
    r"(?:意思|不容|非常|平常|不管|尽管|主管|经管|这边|那边|旁边|方向|广告|面单|账单|订单|工单|下单|保单|简单|钱包|红包|明白"
    r"|查询|正常|地方|对方|官方|双方|一方|多方|提高|不高|完全|系统|解除|理解|了解|公司|上司|回家|儿童|计时|设计|预计|教师|律师"
    r"|厨师|老师|千万|一万|两万|三万|五万|十万|百万|问路|线路|网路|原路|半路|水表|手表|开车|上车|下车|停车|货车|派车|黄金|现金"
    r"|押金|基金|租金|违约金|定金|奖金|冬季|夏季|四季|秋季|熟练|训练|教练|附近|网单|门牌|名牌|车牌|品牌|金牌)$"
)


def name_entities(view: View, asked: str | None) -> Iterator[Entity]:
    """Yield names; ``asked`` is "name" when the other party just asked for one."""
    plain = view.plain
    for match in _AFTER_CUE.finditer(plain):
        yield Entity("name", *match.span("name"), 0.9)
    if "姓" in plain:
        for match in _SAID_SURNAME.finditer(plain):
            yield Entity("name", *match.span("name"), 0.8)
        for match in _SAID_TWICE.finditer(plain):
            yield Entity("name", *match.span("name"), 0.75)
    yield from _titled(plain)
    for match in _BEFORE_NUMBER.finditer(view.digits):
        yield Entity("name", *match.span("name"), 0.7)
    if asked == "name" and (answer := _ANSWER.match(plain)):
        yield Entity("name", *answer.span("name"), 0.7)


def _titled(plain: str) -> Iterator[Entity]:
    """Names before a title.

    "好的李先生" must give 李, "请问是戚桂英女士" the whole name: a full name is believed when a break or
    a word that introduces people stands before it; else only the character at the title counts.
    """
    for title in _TITLE_AT.finditer(plain):
        at = title.start()
        begin = max(0, at - 6)
        full = _INTRODUCED.search(plain, begin, at)
        if full and not _WORDY.match(full["name"]):
            yield Entity("name", full.start("name"), at, 0.85)
        elif _NOT_SURNAME.search(plain, max(0, at - 3), at) is None:
            surname = _SURNAME_END.search(plain, max(0, at - 2), at)
            if surname:
                yield Entity("name", surname.start(), at, 0.85)
