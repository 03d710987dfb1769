"""Personal marks that mix letters and digits: plates, permits, passports, e-mail, order codes."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from qa_engine.text.redact.cues import cue_before
from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.view import View

_PLATE = re.compile(
    r"(?<![全最更])[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[A-HJ-NP-Z][ ·•.\-]?"
    r"(?P<tail>(?:[A-HJ-NP-Z0-9][ ]?){4,5}[A-HJ-NP-Z0-9学警挂港澳领试超])(?![A-Z0-9])"
)
_EMBASSY = re.compile(
    r"(?<![\u4e00-\u9fff])使[ ]?[0-9]{3}[ \-]?[0-9]{3}(?![0-9])|(?<![0-9])[0-9]{6}[ ]?使(?![\u4e00-\u9fff])"
)
_EMAIL = re.compile(
    r"(?<![A-Z0-9._%+\-])[A-Z0-9][A-Z0-9._%+\-]{0,63}@[A-Z0-9\-]+(?:\.[A-Z0-9\-]+)*\.[A-Z]{2,12}(?![A-Z0-9])"
)
# 幺八二二零九 at q q 点com: letters one by one, the sign and the dot by name.
_SPOKEN_EMAIL = re.compile(
    r"(?<![A-Z0-9._%+\-])[A-Z0-9](?:[ ._\-]?[A-Z0-9]){2,40}[ ]?(?:@|艾特|圈A| AT )[ ]?"
    r"[A-Z0-9](?:[ ]?[A-Z0-9]){0,20}"
    r"[ ]?(?:\.|点)[ ]?(?:COM|CN|NET|ORG|EDU|CC)(?![A-Z0-9])"
)
_HK_MACAU = re.compile(r"(?<![A-Z0-9])[HM][ ]?[0-9]{8}(?:[0-9]{2})?(?![A-Z0-9])")
_PASSPORT = re.compile(r"(?<![A-Z0-9\-])(?:[EGPDS][ ]?[0-9]{8}|E[ ]?[A-HJ-NP-Z][ ]?[0-9]{7})(?![A-Z0-9\-])")
_TRACKING = re.compile(
    r"(?<![A-Z0-9])(?:(?:SF|YT|JT|ZTO|STO|JDVA|JDV[A-Z]|JD|EMS|DPK|YD|DB|ZJS"
    r"|TT)[ ]?[0-9]{10,16}|[A-Z]{2}[ ]?[0-9]{9}[ ]?[A-Z]{2})(?![A-Z0-9])"
)
_LETTERED = re.compile(r"(?<![A-Z0-9])(?!IMEI)[A-Z]{1,6}[0-9]{12,28}(?![A-Z0-9])")
_CODE = re.compile(r"(?<![A-Z0-9])[A-Z0-9](?:[ \-]?[A-Z0-9]){5,31}(?![A-Z0-9])")
_SPOKEN_SIGN = re.compile("@|艾特|圈A| AT ")
_WECHAT = re.compile(
    r"(?:(?:微信|薇信|威信|WX|VX|V信)(?:号码?(?:[是为叫: ]|就是){0,3}|(?:就?是|叫|为|:){1,2}[ ]?)"
    r"|加[ ]?(?:我|个|一下)?(?:微信|VX?|WX)[ :]?)"
    r"(?P<account>[A-Z][A-Z0-9_\-]{5,19})(?![A-Z0-9_\-])"
)
_DATE = re.compile(
    r"(?P<year>(?:19|20)?[0-9]{2})[年\-./ ][ ]?(?P<month>[0-9十]{1,3})"
    r"(?:[月\-./ ][ ]?(?P<day>[0-9十]{1,3})[日号]?(?![0-9十])"
    r"|月)"
)
_COMPACT_DATE = re.compile(
    r"(?P<year>(?:19|20)[0-9]{2})[ ]?(?P<month>[01][0-9])[ ]?(?P<day>[0-3][0-9])(?![0-9])"
)
_CODE_KINDS = frozenset(
    {"order_number", "policy_number", "tracking_number", "passport", "hk_macau_permit", "taiwan_permit"}
)


def code_entities(view: View, asked: str | None) -> Iterator[Entity]:
    """Yield entities with letters in them; ``asked`` is the kind asked for a turn before."""
    if "@" in view.plain:
        for match in _EMAIL.finditer(view.plain):
            yield Entity("email", match.start(), match.end(), 0.95)
    if _SPOKEN_SIGN.search(view.plain):
        for match in _SPOKEN_EMAIL.finditer(view.digits):
            yield Entity("email", match.start(), match.end(), 0.85)
    for match in _PLATE.finditer(view.digits):
        if sum(char.isdigit() for char in match["tail"]) >= 3:
            yield Entity("plate", match.start(), match.end(), 0.9)
    if "使" in view.plain:
        for match in _EMBASSY.finditer(view.digits):
            yield Entity("plate", match.start(), match.end(), 0.8)
    if _has_letter(view.plain):
        yield from _lettered(view, asked)


def _has_letter(plain: str) -> bool:
    return _LETTER.search(plain) is not None


_LETTER = re.compile("[A-Z]")


def _lettered(view: View, asked: str | None) -> Iterator[Entity]:
    for kind, pattern, confidence in (
        ("hk_macau_permit", _HK_MACAU, 0.85), ("passport", _PASSPORT, 0.6),
        ("tracking_number", _TRACKING, 0.9), ("order_number", _LETTERED, 0.5),
    ):  # fmt: skip
        for match in pattern.finditer(view.digits):
            if kind in ("hk_macau_permit", "passport") and _cue(view, match.start(), asked) in (
                "other",
                "order_number",
            ):
                continue
            yield Entity(kind, match.start(), match.end(), confidence)
    for match in _CODE.finditer(view.digits):
        code = match.group()
        letters, digits = sum(map(str.isalpha, code)), sum(map(str.isdigit, code))
        if not letters or digits < 4:
            continue
        wanted = _cue(view, match.start(), asked)
        if wanted in _CODE_KINDS:
            yield Entity(str(wanted), match.start(), match.end(), 0.85)
    for match in _WECHAT.finditer(view.plain):
        yield Entity("wechat", *match.span("account"), 0.9)


def birth_dates(view: View, asked: str | None) -> Iterator[Entity]:
    """Yield dates that a cue (or the question before) says are dates of birth."""
    for pattern in (_COMPACT_DATE, _DATE):
        for match in pattern.finditer(view.digits):
            if _cue(view, match.start(), asked) == "birth_date" and _is_date(match):
                yield Entity("birth_date", match.start(), match.end(), 0.85)


def _is_date(match: re.Match[str]) -> bool:
    year = int(match["year"]) + (1900 if len(match["year"]) == 2 else 0)
    day = _small_number(match["day"]) if match["day"] else 1
    try:
        datetime.date(year, _small_number(match["month"]), day)
    except ValueError:
        return False
    return True


def _small_number(written: str) -> int:
    """Read 7, 07, 十, 十2, 2十, 2十8 (digits view); 0 when it is none of these."""
    tens, ten, units = written.partition("十")
    if not ten:
        return int(written)
    if len(tens) > 1 or len(units) > 1 or "十" in units:
        return 0
    return int(tens or 1) * 10 + int(units or 0)


def _cue(view: View, at: int, asked: str | None) -> str | None:
    cue = cue_before(view.plain, at)
    return cue.kind if cue else asked
