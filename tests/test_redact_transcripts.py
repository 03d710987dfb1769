"""Masking whole conversations: everything a producer may have put personal data into."""

from dataclasses import replace

import pytest

from qa_engine.domain.staff import Agent, Customer
from qa_engine.domain.transcript import Speaker, Transcript, Turn, Word
from qa_engine.text.redact import redact_transcript


def call(*lines: str) -> Transcript:
    roles = {"客服": Speaker.AGENT, "客户": Speaker.CUSTOMER}
    parts = [line.split("：", 1) for line in lines]
    return Transcript("c-1", tuple(Turn(roles[who], text) for who, text in parts))


def texts(transcript: Transcript) -> list[str]:
    return [turn.text for turn in redact_transcript(transcript).turns]


SPLIT = [
    (["客户：手机是幺三八零零", "客户：零零幺二三四"], ["手机是[手机号]", "[手机号]"]),
    (
        ["客户：幺三八，", "客服：嗯", "客户：零零零零，", "客服：好的", "客户：幺二三四。"],
        ["[手机号]，", "嗯", "[手机号]，", "好的", "[手机号]。"],
    ),
    (["客户：1101011990", "客户：03071233"], ["[身份证号]", "[身份证号]"]),
    (["客户：我买了三", "客户：五天没到"], ["我买了三", "五天没到"]),
    (
        ["客户：幺三八零零", "客服：您这边稍等我查询一下再说", "客户：零零幺二三四"],
        ["幺三八零零", "您这边稍等我查询一下再说", "零零幺二三四"],
    ),
    (["客户：幺三八零零", "客服：零零幺二三四"], ["幺三八零零", "零零幺二三四"]),
]


@pytest.mark.parametrize(("lines", "expected"), SPLIT)
def test_a_number_read_out_over_turns(lines, expected):
    assert texts(call(*lines)) == expected


def test_a_number_found_later_still_answers_the_question():
    asked = call(
        "客服：身份证号报一下",
        "客户：等下我找找",
        "客服：好",
        "客户：三二零五零二，幺九九三，幺幺零八，四零二幺",
    )
    assert texts(asked)[-1] == "[身份证号]"


ANSWERED = [
    # A card in pieces, check digit or not, with talk between.
    (
        [
            "客服：您把卡号完整念给我",
            "客户：我戴个眼镜啊，六二二七，零零幺九，然后是……后面还有十一位呢",
            "客服：对都要的",
            "客户：那我念了啊，五三幺零，二二八七，六零四",
        ],
        [
            "您把卡号完整念给我",
            "我戴个眼镜啊，[银行卡号]，然后是……后面还有十一位呢",
            "对都要的",
            "那我念了啊，[银行卡号]",
        ],
    ),
    # A code that comes some turns after the word was said.
    (
        ["客户：不是说验证码不能给别人吗", "客服：我是官方客服", "客户：哦也是，来了，七七四零幺三"],
        ["不是说验证码不能给别人吗", "我是官方客服", "哦也是，来了，[验证码]"],
    ),
    # Nobody asked: pieces that begin like a card and have its length, misheard.
    (
        ["客户：六二二七零零幺九", "客服：嗯", "客户：五三幺零二二八七", "客服：好", "客户：六零四"],
        ["[银行卡号]", "嗯", "[银行卡号]", "好", "[银行卡号]"],
    ),
    # The agent says it again.
    (
        ["客服：您的会员卡号", "客户：二八零零四四幺三", "客服：二八零零四四幺三 对吧"],
        ["您的会员卡号", "[账户号]", "[账户号] 对吧"],
    ),
    (["客服：告诉我密码是多少", "客户：五零七七幺二"], ["告诉我密码是多少", "[密码]"]),
    (["客服：卡号的密码不要告诉我", "客户：六零零八"], ["卡号的密码不要告诉我", "[银行卡号]"]),
    (["客服：卡号报一下", "客户：95588"], ["卡号报一下", "95588"]),
    (["客服：卡号报一下", "客户：扣了我8000元"], ["卡号报一下", "扣了我8000元"]),
    (["客服：卡号后四位报一下", "客户：六零零八"], ["卡号后四位报一下", "六零零八"]),
    (["客服：验证码报一下", "客户：我等了三四五六天"], ["验证码报一下", "我等了三四五六天"]),
    (["客服：还有别的吗", "客户：六零零八"], ["还有别的吗", "六零零八"]),
    (["客服：银行卡上退了多少", "客户：航班是七八幺二"], ["银行卡上退了多少", "航班是七八幺二"]),
]


@pytest.mark.parametrize(("lines", "expected"), ANSWERED)
def test_digits_that_answer_a_question(lines, expected):
    assert texts(call(*lines)) == expected


def test_words_follow_the_text_and_keep_their_times():
    words = tuple(
        Word(w, i * 100, i * 100 + 90) for i, w in enumerate(["手机", "是", "138", "0000", "1234", "谢谢"])
    )
    transcript = Transcript("c", (Turn(Speaker.CUSTOMER, "手机是13800001234，谢谢。", 0, 600, words),))
    masked = redact_transcript(transcript).turns[0]
    assert masked.text == "手机是[手机号]，谢谢。"
    assert [w.text for w in masked.words] == ["手机", "是", "[手机号]", "", "", "谢谢"]
    assert [w.start_ms for w in masked.words] == [w.start_ms for w in words]


def test_words_that_do_not_fit_the_text_are_dropped_rather_than_leaked():
    words = (Word("电话"), Word("幺三八零零零零幺二三四"))
    transcript = Transcript("c", (Turn(Speaker.CUSTOMER, "手机是13800001234", words=words),))
    assert redact_transcript(transcript).turns[0].words == ()


def test_attributes_signals_and_customer_are_masked_agent_and_ids_kept():
    transcript = replace(
        call("客户：你好"),
        agent=Agent("13900005678", "王芳", "一组", "售后"),
        customer=Customer("13800001234", "金卡", "华东"),
        attributes={
            "caller": "13800001234",
            "ani": 13800001234,
            "hold_ms": 3200,
            "姓名": "李小明",
            "vip": True,
            "rate": 0.5,
            "nested": {"list": ["卡号6217000012345670", None, {"email": "a@example.com"}]},
        },
    )
    transcript = replace(
        transcript,
        turns=(replace(transcript.turns[0], signals={"note": "回拨13800001234", "loudness": 6.1}),),
    )
    masked = redact_transcript(transcript)
    assert masked.agent == transcript.agent
    assert masked.id == transcript.id
    assert masked.customer == Customer("[手机号]", "金卡", "华东")
    assert dict(masked.attributes) == {
        "caller": "[手机号]",
        "ani": "[手机号]",
        "hold_ms": 3200,
        "姓名": "[姓名]",
        "vip": True,
        "rate": 0.5,
        "nested": {"list": ["卡号[银行卡号]", None, {"email": "[邮箱]"}]},
    }
    assert dict(masked.turns[0].signals) == {"note": "回拨[手机号]", "loudness": 6.1}


def test_masking_a_masked_conversation_changes_nothing():
    once = redact_transcript(
        call("客户：我叫王小明，手机13800001234", "客服：王先生您好", "客户：住建国路88号3栋")
    )
    assert redact_transcript(once) == once
    assert [t.text for t in once.turns] == ["我叫[姓名]，手机[手机号]", "[姓名]先生您好", "住[地址]"]
