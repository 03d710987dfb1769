"""Cutting a turn at evidence and masks: nothing lost, nothing twice, evidence never off by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa_engine.cli.curve import draw, sparkline
from qa_engine.cli.fragments import Quote, Span, cut, quoted
from qa_engine.domain.report import EmotionPoint

TEXT = "我的手机是13800000000，麻烦您查一下"


def shown(fragments):
    return [(fragment.text, fragment.marks) for fragment in fragments]


@pytest.mark.parametrize(
    ("quotes", "masks", "expected"),
    [
        ([], [], [(TEXT, ())]),
        ([Quote(2, 4, "a", 0)], [], [("我的", ()), ("手机", ("a",)), (TEXT[4:], ())]),
        (
            [Quote(0, 4, "a", 0), Quote(2, 5, "b", 1)],
            [],
            [("我的", ("a",)), ("手机", ("a", "b")), ("是", ("b",)), (TEXT[5:], ())],
        ),
        ([], [Span(5, 16, "[手机号]")], [("我的手机是", ()), ("[手机号]", ()), ("，麻烦您查一下", ())]),
        (
            [Quote(17, 20, "a", 0)],
            [Span(5, 16, "[手机号]")],
            [("我的手机是", ()), ("[手机号]", ()), ("，", ()), ("麻烦您", ("a",)), ("查一下", ())],
        ),
        (
            [Quote(8, 18, "a", 0)],
            [Span(5, 16, "[手机号]")],
            [("我的手机是", ()), ("[手机号]", ("a",)), ("，麻", ("a",)), ("烦您查一下", ())],
        ),
    ],
)
def test_cuts(quotes, masks, expected):
    assert shown(cut(TEXT, quotes, masks)) == expected


spans = st.tuples(st.integers(0, 22), st.integers(0, 22)).map(sorted)


@given(
    st.lists(spans, max_size=4),
    st.lists(spans, max_size=3),
)
def test_all_text_is_shown_once_and_no_masked_character_leaks(quotes, masks):
    text = "".join(chr(0x4E00 + i) for i in range(22))
    hidden = [Span(start, end, "#") for start, end in masks]
    marked = [Quote(start, end, f"k{i}", i) for i, (start, end) in enumerate(quotes)]
    fragments = cut(text, marked, hidden)
    masked = [any(mask.start <= i < mask.end for mask in hidden) for i in range(22)]
    open_text = "".join(fragment.text for fragment in fragments if not fragment.masked)
    kept = "".join(char for char, is_masked in zip(text, masked, strict=True) if not is_masked)
    assert open_text == kept
    if not hidden:
        for quote in marked:
            assert quoted(fragments, quote.mark).replace(" … ", "") == text[quote.start : quote.end]


def test_separate_stretches_are_told_apart():
    assert quoted(cut("甲乙丙丁戊", [Quote(0, 1, "a", 0), Quote(3, 5, "a", 0)], []), "a") == "甲 … 丁戊"


def test_curve_is_drawn_higher_for_better():
    points = [EmotionPoint(0, 0, 75.0, {}), EmotionPoint(4, -2, 0.0, {}), EmotionPoint(8, 1, 100.0, {})]
    drawing = draw(points, 9)
    assert drawing is not None
    assert [dot.turn for dot in drawing.dots] == [0, 4, 8]
    assert drawing.dots[2].y < drawing.dots[0].y < drawing.alarm_y < drawing.dots[1].y
    assert drawing.dots[0].x < drawing.dots[1].x < drawing.dots[2].x
    assert sparkline(points) == "▇▁█"
    assert draw([], 9) is None
