"""Laws of masking that hold for any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.domain.transcript import Speaker, Transcript, Turn
from qa_engine.text.redact import KINDS, find_entities, redact, redact_transcript

PIECES = [
    "手机号是",
    "13800001234",
    "幺三八",
    "零零零零",
    "一二三四",
    " ",
    "，",
    "嗯",
    "身份证",
    "110101199003071233",
    "X",
    "叉",
    "订单号",
    "SF1234567890123",
    "我叫",
    "王小明",
    "先生",
    "女士",
    "姓",
    "李",
    "朝阳区",
    "建国路",
    "八十八号",
    "三栋",
    "二单元",
    "502",
    "京A12345",
    "a_b@example.com",
    "微信号",
    "QQ",
    "验证码",
    "6217000012345670",
    "010-62345678",
    "转8001",
    "元",
    "2024-11-11",
    "[手机号]",
    "[姓名]",
    "[",
    "]",
    "H12345678",
    "生日",
    "1990年3月7日",
    "北京市",
    "\n",
    "。",
    "的",
    "是",
    "保单",
    "三个8",
    "妖",
    "使224578",
    "密码是",
    "abc123",
    "CVV",
    "有效期",
    "0928",
    "王姐",
    "张师傅",
    "我老公",
    "我是",
    "户名",
    "税号",
    "91350100M000100Y43",
    "IMEI",
    "356938035643809",
    "8.8.8.8",
    "户号",
    "卡号报一下",
    "六二二七",
    "[银行卡号]",
]
talk = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
anything = st.one_of(talk, st.text(max_size=60), st.text("0123456789一二幺零 -路号栋姓叫A@.", max_size=40))


@given(anything)
def test_spans_lie_inside_and_do_not_overlap(text):
    at = 0
    for entity in find_entities(text):
        assert at <= entity.start < entity.end <= len(text)
        assert entity.kind in KINDS
        assert 0 < entity.confidence <= 1
        at = entity.end


@given(anything)
def test_nothing_outside_entities_changes(text):
    entities = find_entities(text)
    masked = redact(text, mask=lambda _: "\x01")
    kept, at = "", 0
    for entity in entities:
        kept += text[at : entity.start] + "\x01"
        at = entity.end
    assert masked == kept + text[at:]


@given(anything)
def test_redacting_twice_is_redacting_once(text):
    once = redact(text)
    assert redact(once) == once


@given(talk, talk)
def test_a_question_before_never_breaks_the_laws(previous, text):
    once = redact(text, previous=previous)
    assert redact(once, previous=previous) == once


@given(st.lists(st.tuples(st.sampled_from([Speaker.AGENT, Speaker.CUSTOMER]), talk), max_size=8))
def test_masking_a_conversation_twice_is_masking_it_once(lines):
    once = redact_transcript(Transcript("c", tuple(Turn(speaker, text) for speaker, text in lines)))
    assert redact_transcript(once) == once


@given(st.text("的了啊嗯好谢请问退款快递发货什么时候到怎么还没处理", max_size=60))
def test_text_without_digits_and_cues_is_unchanged(text):
    assert redact(text) == text


@given(talk, st.sampled_from(KINDS))
def test_asking_for_one_kind_gives_a_part_of_all(text, kind):
    assert find_entities(text, [kind]) == tuple(e for e in find_entities(text) if e.kind == kind)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="没有这种隐私信息类别"):
        find_entities("x", ["phone"])


def test_mask_is_the_callers_choice():
    assert redact("手机13800001234", mask=lambda e: "*" * (e.end - e.start)) == "手机***********"
    assert redact("手机13800001234") == "手机[手机号]"


@pytest.mark.parametrize(
    ("previous", "text", "masked"),
    [
        ("麻烦报一下身份证号", "110101199003071230", "[身份证号]"),
        ("验证码多少", "三七二八一六", "[验证码]"),
        ("您贵姓", "王", "[姓名]"),
        ("请问您怎么称呼", "我叫李晓华", "我叫[姓名]"),
        ("报一下身份证后四位", "1233", "1233"),
        ("运单号发我一下", "773012345678", "[运单号]"),
        ("请稍等", "12345678", "12345678"),
        ("您的户号", "12345678", "[账户号]"),
        ("您的工号", "12345678", "12345678"),
    ],
)
def test_a_bare_number_answers_the_question_before(previous, text, masked):
    assert redact(text, previous=previous) == masked
