"""切分 JSON：从哪里断开读入都一样；完好的值一个不少。"""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa_engine.intake.json_values import split_values

FRAGMENTS = [
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    '\\"',
    "\n",
    " ",
    "a",
    ":",
    "1",
    '"x"',
    '{"a":1}',
    "[1]",
    "\\\\",
    "\n{",
]
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def split(pieces, limit=10**6):
    return [(value.kind, value.line, value.data) for value in split_values(pieces, limit)]


@given(
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join), st.lists(st.integers(0, 60), max_size=4)
)
@settings(max_examples=300, deadline=None)
def test_piece_boundaries_do_not_matter(text, cuts):
    data = text.encode()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[a:b] for a, b in pairwise(edges)]
    assert split(pieces) == split([data])


@given(st.lists(DOCUMENTS, max_size=6), st.sampled_from([None, 0, 2]), st.booleans())
@settings(max_examples=200, deadline=None)
def test_every_element_of_a_sound_array_comes_out(documents, indent, ascii_only):
    data = json.dumps(documents, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    values = split([data])
    assert [json.loads(data) for kind, _, data in values if kind == "element"] == documents
    assert [kind for kind, _, _ in values if kind != "element"] == ["array_end"]


@given(
    st.lists(st.dictionaries(st.text(max_size=4), DOCUMENTS, max_size=3), max_size=5),
    st.sampled_from([None, 2]),
)
@settings(max_examples=150, deadline=None)
def test_documents_one_after_another(documents, indent):
    data = "\n".join(json.dumps(document, indent=indent) for document in documents).encode()
    assert [json.loads(data) for _, _, data in split([data])] == documents


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[\n{"a":1},\n{"b":[}],\n {"c":1}\n]', [("element", 2), ("broken", 3), ("value", 4)]),
        ('[{"a":1},{"b":2', [("element", 1), ("broken", 1)]),
        ('[{"a":1}', [("element", 1), ("broken", 1)]),
        ('乱码\n{"a":1}', [("value", 1), ("value", 2)]),
        ('[{"a":"' + "x" * 200 + '"},\n{"b":1}]', [("too_long", 1), ("element", 2), ("array_end", 2)]),
    ],
)
def test_damage_stays_where_it_is(text, expected):
    assert [(kind, line) for kind, line, _ in split([text.encode()], limit=100)] == expected
