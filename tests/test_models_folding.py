"""Masks, digits and punctuation styles that look alike after folding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.folding import EMOTICON, ENTITY, PICTURE, fold
from models.ngrams import build_vocabulary, hashed_ngrams


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("订单[数字x]元", "订单0元"),
        ("订单 128.50 元", "订单 0 元"),
        ("[姓名]您好", ENTITY + "您好"),
        ("[订单号]", ENTITY),
        ("[orderid_10124449]", ENTITY),
        ("好的#e-s[数字x]", "好的" + EMOTICON),
        ("好的#e-s02", "好的" + EMOTICON),
        ("你看[图片]", "你看" + PICTURE),
        ("亲&nbsp;稍等", "亲 稍等"),
        ("看 https://example.com/a?b=1 这个", f"看 {ENTITY} 这个"),
        ("不是说今天到吗???", "不是说今天到吗"),
        ("不是说,今天到吗。。。", "不是说 今天到吗"),
        ("啊啊啊啊啊", "啊啊"),
        ("??", ""),
        ("", ""),
    ],
)
def test_folding(text, folded):
    assert fold(text) == folded


@given(st.text(alphabet="好的[]#&<>;0123数字姓名e-s。,?! ", max_size=30))
def test_folding_is_stable(text):
    once = fold(text)
    assert not once.startswith(" ")
    assert "  " not in once
    assert fold(once) == once


def test_ngrams_never_cross_from_one_text_to_the_next():
    owner, code = hashed_ngrams(["甲乙", "丙"])
    # START 甲 乙 END: 4 + 3 + 2 + 1 n-grams; START 丙 END: 3 + 2 + 1
    assert [(owner == i).sum() for i in (0, 1)] == [10, 6]
    assert set(code[owner == 1]) - set(code[owner == 0])


@given(st.lists(st.text(alphabet="甲乙丙丁", max_size=6), min_size=1, max_size=8))
def test_rows_have_length_one_or_nothing_known(texts):
    vocabulary = build_vocabulary([["甲乙丙"], ["甲乙"], ["乙丙"]], min_documents=2, limit=50)
    rows = vocabulary.rows(texts)
    alone = [vocabulary.rows([text]).toarray()[0] for text in texts]
    lengths = (rows.toarray() ** 2).sum(axis=1)
    assert all(abs(length - 1) < 1e-5 for length in lengths)  # start and end marks are always known
    assert (rows.toarray() == alone).all()
