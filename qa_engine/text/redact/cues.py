"""Words that announce what the number after them is: 订单号是…, 手机号…"""

from __future__ import annotations

import re
from typing import NamedTuple

from qa_engine.text.redact.view import without_masks

# How far back a cue may stand; the words between may not end the sentence.
REACH = 14

_CUES: tuple[tuple[str, str], ...] = (
    ("verification_code", r"验证码|校验码|动态码|动态密码|短信码"),
    ("password", r"(?:密码|口令|PIN码)(?!不|别|千万|请不|请别|您别|忘|错)"),
    ("security_code", r"[Cc][Vv][VvCcNn]2?|安全码"),
    (
        "account_number",
        r"会员卡?号|资金账[号户]|证券账[号户]|户号(?!码)|客户号|客户编号|缴费号|社保卡?号|公积金账号"
        r"|宽带账号",
    ),
    ("tax_number", r"税号|纳税人识别号|信用代码|税务登记号"),
    ("imei", r"IMEI码?|设备识别码|串[号码]"),
    ("id_card", r"身份证(?:件)?(?:号码?)?|证件号码?|身份号码?"),
    ("bank_card", r"银行卡号?|卡号|储蓄卡|借记卡|信用卡(?:号|卡号)?|银行账[号户]|收款账[号户]"),
    ("policy_number", r"保单号?码?|保险单号?|投保单号?|报案号|保险合同号"),
    ("tracking_number", r"运单号?码?|快递单?号|物流单?号|面单号|快递单|母单号|子单号"),
    ("order_number", r"订单(?:编?号码?)?|工单号?|流水号|交易号|合同号|单号|订单编码|受理编?号|参考号"),
    ("qq", r"QQ(?:号码?)?|扣扣(?:号码?)?|企鹅号"),
    ("wechat", r"微信(?:号码?)?|薇信|威信号|WX号?|VX号?|V信号?|加V"),
    ("passport", r"护照(?:号码?)?"),
    ("taiwan_permit", r"台胞证(?:号码?)?|台湾居民(?:来往大陆)?通行证(?:号码?)?"),
    ("hk_macau_permit", r"回乡证(?:号码?)?|港澳(?:居民)?(?:来往内地)?通行证(?:号码?)?"),
    ("birth_date", r"出生日期|出生年月日?|生日"),
    ("landline", r"座机(?:号码?)?|固话(?:号码?)?|固定电话|办公电话|家里电话"),
    ("mobile", r"手机(?:号码?)?|电话(?:号码?)?|联系方式|联系号码"),
    (
        "other",
        r"工号|尾号|后[二三四五六234568]位|末[四六46]位|前[三四六346]位|票号|航班|房号"
        r"|门店编?号|型号|版本|热线|客服电话|服务电话|官方电话|群号",
    ),
    ("name", r"姓名|贵姓|怎么称呼|如何称呼|您姓什么|叫什么名字"),
)  # fmt: skip
_ANY_CUE = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _CUES))
# At least one of these is in every cue: a cheap "no" for most turns.
_CUE_CHARACTER = re.compile(
    "[证码卡单号信机话扣照日位方户票航型版热姓名呼QVW账交同期生企流密口IvV全编费税用识串]"
)
_SENTENCE_END = re.compile("[。！!？?；;\n\x00]")


class Cue(NamedTuple):
    """A cue word: the kind it announces and its span."""

    kind: str
    start: int
    end: int


def cue_before(plain: str, at: int) -> Cue | None:
    """The nearest cue in the ``REACH`` characters before ``at``, in the same sentence."""
    begin = max(0, at - REACH)
    window = plain[begin:at]
    ends = [match.end() for match in _SENTENCE_END.finditer(window)]
    if ends:
        begin += ends[-1]
        window = plain[begin:at]
    found = None
    for match in _ANY_CUE.finditer(window):
        found = Cue(match.lastgroup or "", begin + match.start(), begin + match.end())
    return found


def asked_kind(previous: str) -> str | None:
    """What the other party asked for in the turn before (its last cue), or None.

    A mask asks for nothing: "[银行卡号]" stands where a number was read out.
    """
    previous = without_masks(previous)
    if not _CUE_CHARACTER.search(previous):
        return None
    found = None
    for match in _ANY_CUE.finditer(previous):
        found = match.lastgroup
    return found
