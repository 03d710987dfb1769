"""Secrets and technical marks: passwords, card security codes and expiry, IMEI, IP addresses, tax numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum import luhn
from stdnum.cn import uscc

from qa_engine.text.redact.entity import Entity
from qa_engine.text.redact.view import View

_LINK = r"(?:[ :,是为叫]|就是|设的?是?|改成了?|填的?是?|应该|我的|嗯|呃|啊){0,4}"
_PASSWORD = re.compile(
    rf"(?:(?<!动态)密码|口令|PIN码){_LINK}"
    r"(?P<value>[A-Z0-9@#$%&!*_+\-.]{4,32})(?![A-Z0-9])(?![ ]?[位次个元块年月天分秒遍条])"
)
_SECURITY_CODE = re.compile(
    rf"(?:CVV2?|CVC2?|CVN2?|安全码|背面(?:的|那|后|最后)*[三3]位(?:数字?|码)?|后[三3]码){_LINK}"
    r"(?P<value>[0-9](?:[ ,]?[0-9]){2,3})(?![ ,]?[0-9位次个元块天年])"
)
_EXPIRY = re.compile(
    r"有效期(?:限|至|到|是|为|[ :,]|就是|写的是|截止)*(?P<value>(?:0[1-9]|1[0-2])[ ]?[/\-,]?[ ]?[2-4][0-9])"
    r"(?![0-9年月日天个/\-.]|[, ][0-9])"
)
_IMEI_CUED = re.compile(
    r"(?:IMEI[12]?码?|设备识别码|手机串[号码]|串[号码])"
    rf"{_LINK}(?P<value>[0-9](?:[ \-,]?[0-9]){{13,15}})(?![0-9])"
)
_IMEI = re.compile(r"(?<![A-Z0-9.\-])(?P<value>(?:35|86|01|99)[0-9]{13})(?![A-Z0-9.元])")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP = re.compile(
    rf"(?:(?<![A-Z0-9.])|(?<=IP))(?P<value>{_OCTET}(?:[.点]{_OCTET}){{3}})(?![A-Z0-9.点]*[A-Z0-9])"
)
# Private networks and the loopback identify nobody: every router is 192.168.1.1.
_PRIVATE = re.compile(r"(?:10|127|0|255|192.168|172.(?:1[6-9]|2[0-9]|3[01]))[.点]")
_NO_IP = re.compile("(?:版本|固件|驱动|系统|升级到|更新到|软件|V)(?:号|是|为|到|[ :])*$")
_IP_CUE = re.compile("(?:IP|地址|服务器|网关|DNS)(?:是|为|[ :])*$")
_USCC = re.compile(r"(?<![A-Z0-9])(?P<value>[1-9AN-Y][1-9][0-9]{6}[0-9A-HJ-NP-RTUW-Y]{10})(?![A-Z0-9])")
_TAX_CUED = re.compile(
    r"(?:税号|纳税人识别号|识别号|信用代码|税务登记号)"
    rf"{_LINK}(?P<value>[0-9A-Z](?:[ \-,]?[0-9A-Z]){{14,19}})(?![A-Z0-9])"
)
_LEAST_DIGITS = 8
_LETTER = re.compile("[A-Z]")


def credential_entities(view: View) -> Iterator[Entity]:
    """Yield secrets after their cue, and marks whose format or check digit proves them."""
    for kind, pattern, confidence in (
        ("security_code", _SECURITY_CODE, 0.9), ("card_expiry", _EXPIRY, 0.85), ("imei", _IMEI_CUED, 0.9),
    ):  # fmt: skip
        for match in pattern.finditer(view.digits):
            yield Entity(kind, *match.span("value"), confidence)
    for match in _PASSWORD.finditer(view.digits):
        if _is_secret(match["value"]):
            yield Entity("password", *match.span("value"), 0.85)
    for match in _IMEI.finditer(view.digits):
        if luhn.is_valid(match["value"]):
            yield Entity("imei", *match.span("value"), 0.8)
    yield from _ip_addresses(view)
    yield from _tax_numbers(view)


def _is_secret(value: str) -> bool:
    """Letters alone are as likely a word (密码是WiFi的), so a digit or a sign must take part."""
    return any(char.isdigit() for char in value) or ("@" in value or "#" in value or "_" in value)


def _ip_addresses(view: View) -> Iterator[Entity]:
    for match in _IP.finditer(view.digits):
        before = view.plain[max(0, match.start() - 8) : match.start()]
        written = match["value"].count(".") == 3 and view.plain[match.start() : match.end()].isascii()
        if _PRIVATE.match(match["value"]):
            continue
        if _NO_IP.search(before) is None and (written or _IP_CUE.search(before)):
            yield Entity("ip_address", *match.span("value"), 0.9)


def _tax_numbers(view: View) -> Iterator[Entity]:
    for match in _TAX_CUED.finditer(view.digits):
        if sum(map(str.isdigit, match["value"])) < _LEAST_DIGITS:
            continue
        yield Entity("tax_number", *match.span("value"), 0.9)
    for match in _USCC.finditer(view.plain):
        # Digits alone pass the check character once in 31; only a letter makes the format sure.
        if _LETTER.search(match["value"]) and uscc.is_valid(match["value"]):
            yield Entity("tax_number", *match.span("value"), 1.0)
