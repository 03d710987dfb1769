"""The schema that editors use is the one that is published, and it agrees with the loader."""

import json

import jsonschema
import pytest
import yaml

from qa_engine.scorecards import builtin_scorecards
from qa_engine.scorecards.loading import BUILTIN
from qa_engine.scorecards.schema import PUBLISHED, schema_text

SCHEMA = json.loads(PUBLISHED.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_published_schema_is_fresh():
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), (
        "请运行 python -m qa_engine.scorecards.schema"
    )


def test_it_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("key", builtin_scorecards())
def test_shipped_scorecards_name_it_and_follow_it(key):
    text = (BUILTIN / f"{key}.yaml").read_text(encoding="utf-8")
    first = text.splitlines()[0]
    assert first == "# yaml-language-server: $schema=../scorecard.schema.json"
    assert (BUILTIN / first.partition("$schema=")[2]).resolve() == PUBLISHED.resolve()
    assert [error.message for error in VALIDATOR.iter_errors(yaml.safe_load(text))] == []


MINIMAL = """\
schema: scorecard/1
key: demo
name: 演示
revision: 1
pass_mark: 80
phrases: {hot: [12315, 您好]}
conditions:
  greeted: {role: agent, test: {keywords: {of: [12345, "@hot"]}}}
sections:
  - {key: a, name: 甲, criteria: [{key: b, name: 乙, points: 1, pass_when: greeted}]}
"""


def test_a_minimal_file_with_unquoted_numbers_is_accepted():
    assert list(VALIDATOR.iter_errors(yaml.safe_load(MINIMAL))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("pass_mark: 80", "pass_mark: 180"),
        ("key: demo", "key: 演示"),
        ("name: 乙, ", "name: 乙, veto: true, "),
        ("pass_when: greeted", "pass_when: greeted, fail_when: greeted"),
        ("keywords:", "keyword:"),
        ("role: agent", "role: 客服"),
        (", pass_when: greeted", ""),
    ],
)
def test_what_the_loader_refuses_the_editor_underlines(old, new):
    assert old in MINIMAL
    assert list(VALIDATOR.iter_errors(yaml.safe_load(MINIMAL.replace(old, new, 1))))
