"""What a piece of personal data is: its kind, where it stands, and what it is masked with.

Kinds whose name does not say it all: ``security_code`` is the CVV of a card, ``card_expiry`` its
month and year (MM/YY), ``tax_number`` also the 统一社会信用代码 (GB 32100), ``account_number`` what a
supplier or broker numbers its customers with (户号, 资金账号, 会员卡号), ``verification_code`` one-time
codes, ``password`` secrets the customer chose.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

# kind → the name shown in a mask. The order is the order of documentation, nothing else.
LABELS = MappingProxyType({
    "mobile": "手机号", "landline": "座机号", "id_card": "身份证号", "bank_card": "银行卡号",
    "plate": "车牌号", "email": "邮箱", "address": "地址", "name": "姓名", "order_number": "订单号",
    "policy_number": "保单号", "tracking_number": "运单号", "hk_macau_permit": "港澳通行证号",
    "taiwan_permit": "台胞证号", "passport": "护照号", "wechat": "微信号", "qq": "QQ号",
    "verification_code": "验证码", "birth_date": "出生日期", "password": "密码", "security_code": "安全码",
    "card_expiry": "有效期", "imei": "设备识别码", "ip_address": "IP地址", "tax_number": "税号",
    "account_number": "账户号",
})  # fmt: skip
KINDS = tuple(LABELS)


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of personal data: ``text[start:end]`` of the original text.

    Attributes:
        kind: one of ``KINDS``.
        start, end: half-open span in the original text.
        confidence: 0–1; 1.0 when a check digit proves it, about 0.9 for a sure format, lower when
            only a cue word ("订单号是…") or a weak format speaks for it.
    """

    kind: str
    start: int
    end: int
    confidence: float


def without_overlap(candidates: list[Entity]) -> list[Entity]:
    """Keep the longest of overlapping candidates, then the surest; result in text order."""
    chosen: list[Entity] = []
    for entity in sorted(candidates, key=lambda e: (e.start - e.end, -e.confidence, e.start)):
        if all(entity.end <= other.start or other.end <= entity.start for other in chosen):
            chosen.append(entity)
    return sorted(chosen, key=lambda e: e.start)
