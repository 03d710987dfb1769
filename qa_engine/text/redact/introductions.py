"""Names that a relation, a role or the speaker introduces.

我老公张伟, 孩子叫李小明, 户名陈建国, 我是刘建国.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.surnames import COMPOUND, FULL, GIVENS, NO_NAME, STEADY
from qa_engine.text.redact.view import View

_RELATION = (
    r"(?:老公|老婆|爱人|丈夫|妻子|媳妇|对象|男朋友|女朋友|[爸妈]{1,2}|父亲|母亲|儿子|女儿|孩子|小孩|宝宝|闺女|姑娘|哥哥?|姐姐?|弟弟?"
    r"|妹妹?|爷爷|奶奶|外婆|外公|姥姥|姥爷|公公|婆婆|岳父|岳母|丈母娘|老丈人|老伴|孙子|孙女|朋友|同事|同学|室友|房东|老板|领导)"
)
# What may follow a name: the end of the clause, or a word that cannot be a part of the name.
_END = (
    r"(?=[ ,。!?;、:\x00的他她这那今在]|$|身份|手机|电话|名下|名字|本人|生日|先生|女士|和我|跟我|是我"
    r"|也|就是|我们|您|你|啊|呀|吧|呢|哈|[0-9])"
)
# Everyday words that begin with a family name and follow the same words as a name does.
_WORDS = (
    "(?:"
    "安[装卓徽心检]|白[天金班领酒]|包[月年头工]|常[州用客年来]|车[主祸贷险]"
    "|成[都人年]|程序|代[表理替扣购]|单[身位亲]|丁克|东[北莞]"
    "|段子|范围|方[便案向式]|房[东产贷主]|高[级血烧考中铁三二一校龄管兴度]|古董"
    "|关[于心注]|广[东州西]|国[企外内]|海[南外]|韩[国企剧]|杭州"
    "|何[时必]|胡[说闹扯乱]|华[为东南北]|黄[金牌牛]|吉林|纪念|季[度卡]"
    "|江[苏西浙]|金[牌卡融额]|康复|兰州|乐[意于]|冷[静链]|连[续云]|林业"
    "|林[地区]|柳州|龙[江岩]|路[过上人]|洛阳|马[上来]|毛[坯病]"
    "|满[意额]|蒙古|孟[买加]|米[粉饭]|宁[波夏愿]|农[村民历行]|钱[都不]|全[款职]"
    "|沙[发盘]|上海|沈阳|盛[京大]|石[家油材]|时[间候]|史上|师[范傅]"
    "|舒服|水[果电]|苏[州打]|孙[子女]|泰国|唐[山代]|田[地里]|童装|万[一科]"
    "|王[者府牌]|温[州和度]|文[员盲科]|武[汉警昌]|夏[天季]|项目|辛苦"
    "|徐[州汇]|许[多可久]|严[重格]|叶酸|应[该届]|游[客戏]|于[是昨]|余[额款]"
    "|张家[口港界]|郑[州重]|钟[点头]|周[末日边期转岁]|祝[您你]|庄[园稼]|卓越"
    "|宗教|陈[述旧]|秦[皇岭]|杜绝|姜[汤片]|焦虑|熊[猫孩]|彭州"
    ")"
)
_NAME = rf"(?!{NO_NAME}|{_WORDS})(?P<name>{FULL})"
_STEADY_NAME = (
    rf"(?!{NO_NAME}|{_WORDS})(?P<name>(?:(?:{COMPOUND})|[{STEADY}黄周何马许曾顾史龙雷汤尹高谢])(?:{GIVENS}))"
)
_CALLED = re.compile(
    rf"(?:{_RELATION}|他|她|本人|小名|大名|真名|全名)(?:的?名字)?(?:[就也是]{{0,2}}叫做?|名叫|是叫|的?名字[是为:]){_NAME}{_END}"
)
_RELATED = re.compile(rf"(?:我们?家?|他|她|俺|咱)(?:的|那个?|家)?{_RELATION}[, ]?{_STEADY_NAME}{_END}")
_ROLE = re.compile(
    r"(?:户名|开户名|账户名|法人(?:代表)?|法定代表人|监护人|紧急联系人|担保人|借款人|承租人|房主|持卡人|开户人|机主|车主|投保人|被保险人"
    rf"|受益人)(?:姓名|名字)?(?:[ :,]|就?是|叫|为|写的是|填的是){{0,3}}{_NAME}{_END}"
)
_SELF = re.compile(
    rf"(?:^|[ ,。!?;、:\x00]|[啊呃嗯喂好哦哎])(?:我|俺|本人)(?:就?是|名叫){_STEADY_NAME}"
    r"(?=[ ,。!?;、\x00]|$|啊|呀|本人)"
)


def introduced_names(view: View) -> Iterator[Entity]:
    """Yield full names that a relation, a role or "我是" introduces and that end where a name may end."""
    for pattern, confidence in ((_CALLED, 0.85), (_ROLE, 0.85), (_RELATED, 0.75), (_SELF, 0.7)):
        for match in pattern.finditer(view.plain):
            yield Entity("name", *match.span("name"), confidence)
