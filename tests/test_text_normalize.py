"""Normalisation and its way back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.text.normalize import normalize

TABLE = [
    ("您好，请讲！", "您好,请讲!"),
    ("ＡＢＣ１２３", "abc123"),
    ("WiFi", "wifi"),
    ("（备注）：好；", "(备注):好;"),
    ("他说“不行”，‘真的’", "他说\"不行\",'真的'"),
    ("【退款】", "[退款]"),
    ("好的。谢谢、再见", "好的。谢谢、再见"),
    ("等等……", "等等......"),
    ("一——二", "一--二"),
    ("㎏和㈱", "kg和(株)"),
    ("①②", "12"),
    ("½", "1⁄2"),
    ("客\u200b服", "客服"),
    ("❤\ufe0f好", "❤好"),
    ("👨\u200d👩\u200d👧", "👨👩👧"),
    ("\ufeff喂", "喂"),
    ("e\u0301", "é"),
    ("ﬁe\u0301", "fié"),
    ("ｶﾞ", "ガ"),
    ("\u1112\u1161\u11ab", "한"),
    ("İ", "i\u0307"),
    ("\ud83d坏", "\ud83d坏"),
    ("體驗", "體驗"),
    ("　全角空格", " 全角空格"),
    ("", ""),
]


@pytest.mark.parametrize(("original", "expected"), TABLE)
def test_normalized_text(original, expected):
    assert normalize(original).text == expected


@pytest.mark.parametrize(
    ("original", "wanted", "quote"),
    [
        ("价格㎏算", "算", "算"),
        ("ﬁe\u0301x", "é", "e\u0301"),
        ("ﬁe\u0301x", "x", "x"),
        ("客\u200b服好", "客服", "客\u200b服"),
        ("客服\u200b好", "客服", "客服"),
        ("等……好吧", "好吧", "好吧"),
        ("👨\u200d👩说：Ｏｋ", "ok", "Ｏｋ"),
        ("\ufeff喂", "喂", "喂"),
    ],
)
def test_evidence_is_quoted_from_the_original(original, wanted, quote):
    normalized = normalize(original)
    at = normalized.text.index(wanted)
    start, end = normalized.to_original(at, at + len(wanted))
    assert original[start:end] == quote


TRICKY = (
    "aＡ中，。…“”—①㎏½ﬁ½e\u0301\u0308ｶﾞﾟ\u1112\u1161\u11ab\u200b\u200d\ufe0f\ufeffİΣß👍🏽\ud83d\n 　⁉가힣ྲཱྀ\u0344"
)
texts = st.one_of(st.text(max_size=40), st.text(TRICKY, max_size=20))


@given(texts)
def test_every_span_maps_inside_and_monotonically(original):
    normalized = normalize(original)
    last_start = last_end = 0
    for at in range(len(normalized.text)):
        start, end = normalized.to_original(at, at + 1)
        assert 0 <= start < end <= len(original)
        assert last_start <= start
        assert last_end <= end
        last_start, last_end = start, end


@given(texts)
def test_each_normalised_character_comes_from_the_span_it_maps_to(original):
    normalized = normalize(original)
    for at, char in enumerate(normalized.text):
        start, end = normalized.to_original(at, at + 1)
        assert char in normalize(original[start:end]).text


@given(texts)
def test_normalising_twice_is_normalising_once(original):
    once = normalize(original).text
    assert normalize(once).text == once


@given(texts)
def test_empty_spans_stay_empty(original):
    normalized = normalize(original)
    for at in range(len(normalized.text) + 1):
        start, end = normalized.to_original(at, at)
        assert start == end
        assert 0 <= start <= len(original)


@given(st.text("您好请问退款abc123 ,.!?。、", max_size=40))
def test_a_text_that_is_already_normal_has_no_map(original):
    normalized = normalize(original)
    assert normalized.text == original
    assert normalized.starts is None
    assert normalized.ends is None


@given(st.text(st.characters(max_codepoint=126, exclude_characters="`'\""), max_size=40))
def test_ascii_is_only_lowered(original):
    assert normalize(original).text == original.lower()


@given(st.text("Ａｂ９，！？：；（）％＋", max_size=20))
def test_full_width_becomes_what_nfkc_says(original):
    assert normalize(original).text == unicodedata.normalize("NFKC", original).lower()
