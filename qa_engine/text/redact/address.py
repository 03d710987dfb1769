"""Addresses: administrative levels, roads with house numbers, estates with buildings and rooms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.view import View

# Characters that end a place name to the left: pronouns, verbs of living and sending, particles.
_STOP = (
    "我你您他她它们的了在到是住寄送就这那从去来给叫吧啊呢嗯哦呃吗把被跟和与或也都还又没不要请问说写填发改换为啥什么哪"
    "个位于往好对有收取派放号栋幢室址距离离走沿过隔看查先再以及但而能会可已经很太每各本该此其某另几件单上下"
)
_NUM_CHAR = "0-9零〇一二三四五六七八九十百幺两"
_KEEP = (
    "和平|和谐|和睦|来安|来广|太平|太湖|太原|上海|上城|下城|下沙|经开"
    "|经济|大有|有容|会展|发展|单县|以南|以北|号营|本溪|和县|兴和|和硕|太和|上饶"
    "|上虞|离石|各庄|先锋|对外|可园|好望|就业|天和|人和|春和|仁和|雍和|和园|中和|泰和"
    "|和苑|都江堰|成都|新都|都匀|发达|天府|来宾|收成"
)
_HAN = rf"(?:{_KEEP}|[^\W\d_A-Z{_STOP}{_NUM_CHAR}])"
_NAME = rf"(?:{_KEEP}|[^\W\d_A-Z{_STOP}])"
_PROVINCE = (
    r"(?:(?:北京|上海|天津|重庆)市?|(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南"
    r"|陕西|甘肃|青海|台湾)省?|内蒙古(?:自治区)?|广西(?:壮族自治区)?|西藏(?:自治区)?|宁夏(?:回族自治区)?|新疆(?:维吾尔自治区)?|香港|澳门)"
)
_SP = "[ ,]?"
_SHI = "(?<![超城门夜早晚上午菜股本全外集])市(?![场政面民区值级])"
_CITY = rf"{_HAN}{{1,6}}(?:{_SHI}|州|(?<![加联同])盟|地区)"
_DISTRICT = (
    rf"{_HAN}{{1,5}}(?:(?<![小社地片园专景校辖灾库领郊山市战禁特厂盲误时分])区(?![块域别间])"
    rf"|县|旗(?!舰|下|帜)|{_SHI})"
)
_TOWN = rf"{_NAME}{{1,6}}(?:镇|乡|街道|开发区)"
_ROAD_END = r"(?:路|大街|大道|街(?!道)|巷|弄|胡同|里弄)"
_ROAD = rf"{_NAME}{{1,8}}{_ROAD_END}(?:[东西南北中][路段街]?|[0-9一二三四五六七八九十]{{1,2}}段)?"
_ESTATE_END = (
    r"(?:小区|花园|新村|家园|公寓|花苑|雅苑|[苑庭湾邸墅]"
    r"|新城|名城|花城|大厦|广场|中心|科技园|产业园|宿舍|家属院|大院|[村庄屯寨坊里居])"
)
_ESTATE = rf"{_NAME}{{1,8}}{_ESTATE_END}(?:[0-9一二三四五六七八九十东西南北]{{1,2}}[期区])?"
_N = rf"[{_NUM_CHAR}A-Z][{_NUM_CHAR}A-Z\-#]{{0,6}}"
_HOUSE = (
    rf"{_N}(?:号(?!线|楼|店|台|窗|单|码|段|机|门店|口(?!腔)|桥|站|闸|柜|坑)(?:院|之[{_NUM_CHAR}]{{1,2}})?|弄)"
)
_BUILDING = rf"{_N}(?:号楼|[栋幢座](?!城|山|位|谈))"
_UNIT = rf"{_N}(?:单元|门(?!店|口|课|市))"
_DOOR = rf"[{_NUM_CHAR}]{{3,4}}(?![元块个天次点分年月人万千{_NUM_CHAR}号.\-])"
_ROOM = (
    rf"(?:{_N}(?:室|号房|户(?![主型口籍名号])|房(?![间型子东])|[层楼](?:{_SP}{_N}(?:室|号房|户)?)?)"
    rf"|[{_NUM_CHAR}]{{3,4}}(?![元块个天次点分年月人{_NUM_CHAR}号]))"
)
_INSIDE = (
    rf"(?:{_SP}(?:{_HOUSE}|{_ESTATE}))?(?:{_SP}{_HOUSE})?"
    rf"(?:{_SP}{_BUILDING}(?:{_SP}{_UNIT})?(?:{_SP}{_ROOM})?|{_SP}{_UNIT}(?:{_SP}{_ROOM})?"
    rf"|{_SP}{_N}(?:室|号房|[层楼](?:{_SP}{_N}(?:室|号房)?)?)|{_SP}{_DOOR})?"
)
_DOORS = rf"{_BUILDING}(?:{_SP}{_UNIT})?(?:{_SP}{_ROOM})?"
_ADMIN = rf"(?:(?:{_PROVINCE}{_SP})?(?:{_CITY}{_SP})?(?:{_DISTRICT}{_SP})?(?:{_TOWN}{_SP})?)"

_PLACE_BELOW = rf"(?:{_TOWN}{_SP}(?:{_ROAD}|{_ESTATE})?|{_ROAD}|{_ESTATE})"

_PATTERNS: tuple[tuple[re.Pattern[str], float], ...] = (
    # province … road/estate … house: at least a road with a number
    (re.compile(rf"{_ADMIN}{_ROAD}{_SP}{_HOUSE}{_INSIDE}"), 0.9),
    (re.compile(rf"{_ADMIN}{_ROAD}{_SP}(?:{_ESTATE}{_SP})?{_DOORS}"), 0.85),
    (re.compile(rf"{_ADMIN}{_ESTATE}{_SP}{_DOORS}"), 0.85),
    # two administrative levels and what stands below them
    (re.compile(rf"{_PROVINCE}{_SP}(?:{_CITY}{_SP})?{_DISTRICT}{_SP}{_PLACE_BELOW}?{_INSIDE}"), 0.8),
    (re.compile(rf"(?:{_CITY}{_SP})?{_DISTRICT}{_SP}{_PLACE_BELOW}{_INSIDE}"), 0.75),
    (re.compile(rf"{_HAN}{{1,6}}{_SHI}{_SP}{_DISTRICT}{_INSIDE}"), 0.6),
    # building and room without a road: short, but names one door
    (re.compile(rf"{_BUILDING}{_SP}{_UNIT}(?:{_SP}{_ROOM})?"), 0.75),
    (re.compile(rf"{_BUILDING}{_SP}{_ROOM}"), 0.7),
    (re.compile(rf"{_UNIT}{_SP}(?:{_DOOR}|[{_NUM_CHAR}]{{3,4}}[室号户房])"), 0.7),
)  # fmt: skip
_MAYBE = re.compile(
    r"[路街巷弄栋幢座元镇乡县区旗]|胡同|大道|号楼|[0-9零一二三四五六七八九十]门|省.*市|市.*市"
)
# "Names" that are words: what reads like a road or a district but is none.
_NOT_A_PLACE = re.compile(
    r"^(?:[^\W\d]{0,3}(?:线路|电路|网路|思路|套路|短路|回路|原路|一路|半路|顺路|铁路|退路|马路|油路|水路|气路|支路|光路|小区|社区|地区|片区|园区|库区|专区|景区"
    r"|自治区|灾区|辖区|城区|郊区|山区|市区|全市|城市|超市|夜市|股市|门市|上市|集市|本市|外市|同城|中心|广场|村里|家里|这里|那里|哪里|手里|夜里|屋里|心里|嘴里)"
    r"(?:[0-9一二三四五六七八九十]{0,3}号?)?)$"
)


def address_entities(view: View) -> Iterator[Entity]:
    """Yield addresses that name a street with a number, a door, or two levels and a place."""
    plain = view.plain
    if not _MAYBE.search(plain):
        return
    for pattern, confidence in _PATTERNS:
        for match in pattern.finditer(plain):
            end = match.start() + len(match.group().rstrip(" ,"))
            if not _NOT_A_PLACE.match(plain[match.start() : end]):
                yield Entity("address", match.start(), end, confidence)
