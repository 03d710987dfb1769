"""The language reference names every operator, parameter, need and code there is, and no other operator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qa_engine.rules.operators import OPERATORS

TEXT = (Path(__file__).parents[1] / "docs" / "rule-language.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)`(?: ●)? (\|.*)$", TEXT, re.MULTILINE))


def test_exactly_the_operators_that_exist_are_documented() -> None:
    assert set(ROWS) == set(OPERATORS)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_parameter_is_documented(name: str) -> None:
    for field, info in OPERATORS[name].config_type.model_fields.items():
        assert re.search(rf"`{info.alias or field}\b", ROWS[name]), field


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_the_mark_of_text_operators_is_true(name: str) -> None:
    assert (f"| `{name}` ●" in TEXT) is OPERATORS[name].reads_text


def test_every_code_is_documented() -> None:
    sources = (Path(__file__).parents[1] / "qa_engine" / "rules").rglob("*.py")
    codes = {
        code
        for path in sources
        for code in re.findall(r'missing\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert codes
    assert {code for code in codes if f"`{code}`" not in TEXT} == set()
