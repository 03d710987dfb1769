"""The labels of the house: acts, faults and complaint types, with their Chinese names."""

from __future__ import annotations

CUSTOMER_ACTS: dict[str, str] = {
    "ask": "询问",
    "request": "请求",
    "inform": "告知",
    "complain": "抱怨",
    "urge": "催促",
    "threaten": "扬言投诉或曝光",
    "thank": "致谢",
    "confirm_resolved": "确认解决",
    "reject": "拒绝",
    "accept": "接受",
}

AGENT_ACTS: dict[str, str] = {
    "greeting": "问候",
    "recording_notice": "录音告知",
    "verify_identity": "核身",
    "hold_notice": "请客户稍等",
    "ask_info": "询问信息",
    "inform": "告知",
    "solution": "给出方案",
    "empathy": "共情",
    "apology": "致歉",
    "follow_up_commit": "承诺跟进",
    "escalate": "升级",
    "further_help": "询问其他需求",
    "closing": "结束语",
}

AGENT_FAULTS: dict[str, str] = {
    "impatient": "不耐烦",
    "cold": "敷衍冷漠",
    "blame": "指责客户",
    "shirk": "推诿",
    "rude": "粗鲁",
    "no_soothing": "未安抚",
    "ignored": "答非所问或未答",
    "over_promise": "过度承诺",
    "privacy_breach": "泄露或索取隐私",
    "misinform": "误导或前后矛盾",
    "risk_undisclosed": "未提示风险",
}

COMPLAINT_TYPES: dict[str, str] = {
    "logistics.delay": "物流/延误",
    "logistics.status": "物流/进度查询",
    "logistics.damage_loss": "物流/破损丢失",
    "product.quality": "商品/质量",
    "product.mismatch": "商品/货不对板或虚假宣传",
    "product.info": "商品/信息咨询",
    "aftersales.return_exchange": "售后/退换货",
    "aftersales.repair_warranty": "售后/维修保修",
    "aftersales.installation": "售后/安装",
    "money.refund": "资金/退款",
    "money.billing_dispute": "资金/乱扣费争议",
    "money.price_protection": "资金/价保",
    "money.promotion_coupon": "资金/优惠活动",
    "money.invoice": "资金/发票",
    "money.payment": "资金/支付",
    "order.change_cancel": "订单/修改取消",
    "order.stock_purchase": "订单/库存购买",
    "account.login_realname": "账户/登录实名",
    "account.privacy_leak": "账户/隐私泄露",
    "account.close_service": "账户/销户退订携转",
    "service.attitude": "服务/态度",
    "service.waiting": "服务/等待",
    "service.inconsistent_info": "服务/口径不一",
    "service.not_followed_up": "服务/未跟进",
    "system.fault": "系统/故障",
    "system.network_quality": "系统/网络质量",
    "finance.repayment": "金融/还款",
    "finance.claim": "金融/理赔",
    "finance.fraud_loss": "金融/被骗被盗",
    "other": "其他",
}

# What a fall of emotion is put down to; the agent faults (AGENT_FAULTS) are causes as well.
DROP_CAUSES: dict[str, str] = {
    "no_answer": "长时间未回复或追问无人应答", "repeat_question": "反复询问", "transfer": "转接推诿",
    "refusal": "拒绝诉求", "delay_news": "告知延误或需等待", "price_news": "告知费用或扣款",
    "disputed_answer": "不认可坐席答复", "silence": "长时间静音", "talk_over": "抢话",
    "own_grievance": "客户自述不满",
}  # fmt: skip
