"""Names of people: after a cue (我叫…, 收件人…) or before a title (…先生, …女士)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.surnames import ANY, COMPOUND, FULL, FULL_ANY, GIVEN, NO_NAME, NOT_SURNAME, SURE
from qa_engine.text.redact.view import View

_TITLE = r"(?:先生|女士|小姐(?!姐)|太太)"

_AFTER_CUE = re.compile(
    r"(?:(?<!客服)我叫|我的名字[是叫]|名字[是叫就]{0,2}|(?:姓名|收件人|收货人|寄件人|联系人|户主|机主|持卡人|车主|投保人|被保人|被保险人"
    r"|受益人|申请人|乘机人|开户人|经办人)(?:名字|姓名)?)"
    rf"(?:[ :：,]|是|叫|为|写的是|就是|填的是){{0,3}}(?!{NO_NAME})(?P<name>{FULL}|[{SURE}](?=[ ,。]|$))"
)
_SAID_SURNAME = re.compile(
    rf"(?:我|免贵|贵|本人|人|主|他|她|是|,|。| |^)姓[ ]?(?P<name>(?:{COMPOUND})|[{ANY}])(?![{{}}名])"
)
# 我姓佟 佟大力: the surname again, now with the given name; not 薛宝钗的薛.
_SAID_TWICE = re.compile(
    rf"(?:姓[ ]?|^)(?P<surname>[{ANY}])[ ,]{{0,2}}(?:我?叫|名字叫)?"
    rf"(?P<name>(?P=surname){GIVEN}{{1,2}})(?!的|[^\W\d_]的)"
)
_BEFORE_NUMBER = re.compile(
    rf"(?:^|[ ,。:：])(?P<name>{FULL})(?=[ ,]?(?:1[3-9][0-9]|[1-6][0-9]{{5}})[0-9 ]{{6,}})"
)
_ANSWER = re.compile(
    rf"^[ ,]*(?:嗯|呃|哦|啊|好|对|是)*[ ,]*(?:我|免贵)?(?:叫|姓|是)?(?!{NO_NAME})(?P<name>{FULL_ANY}"
    rf"|(?:{COMPOUND})|[{SURE}])(?=[ ,。!吧啊哦]|$)"
)
_TITLE_AT = re.compile(_TITLE)
_INTRODUCED = re.compile(
    rf"(?:^|[^\u4e00-\u9fff]|[是问好的了谢歉那跟和给找叫对主人啊哦嗯行见位])(?P<name>{FULL})$"
)
# Two-character words that begin with a surname and precede a title without being a name.
_WORDY = re.compile(
    r"(?:方便|高兴|明白|常用|安排|安装|平时|应该|程序|时候|包括|严重|路上|金额|关系|全部|相关|车上|田间|祝|谢谢|麻烦)"
)
_SURNAME_END = re.compile(rf"(?:(?:{COMPOUND})|[{SURE}])$")


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
        elif NOT_SURNAME.search(plain, max(0, at - 3), at) is None:
            surname = _SURNAME_END.search(plain, max(0, at - 2), at)
            if surname:
                yield Entity("name", surname.start(), at, 0.85)
