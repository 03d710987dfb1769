"""JSON Schema of scorecard files, for editors. Regenerate with ``python -m qa_engine.scorecards.schema``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qa_engine.rules.schema import language_schema
from qa_engine.scorecards.content import WORD_LISTS
from qa_engine.scorecards.file import ScorecardFile

PUBLISHED = Path(__file__).parent / "scorecard.schema.json"

_EXPRESSION = {"$ref": "#/$defs/expression"}
# A number without quotes is as good as the word, see `content.with_words_as_text`.
_WORD = {"type": ["string", "number"]}


def scorecard_schema() -> dict[str, Any]:
    """The schema of a whole file (JSON Schema 2020-12)."""
    schema = ScorecardFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    language = language_schema()
    for name, definition in language["$defs"].items():
        definitions[name] = _with_number_words(definition)
    criterion = definitions["CriterionFile"]
    for name in ("applies_when", "fail_when", "pass_when"):
        criterion["properties"][name] = {**_EXPRESSION, **_described(criterion["properties"][name])}
    criterion["oneOf"] = [{"required": ["fail_when"]}, {"required": ["pass_when"]}]
    conditions = schema["properties"]["conditions"]
    conditions["additionalProperties"] = _EXPRESSION
    schema["properties"]["phrases"]["additionalProperties"] = {"type": "array", "items": _WORD}
    test = definitions["TestFile"]
    test["oneOf"] = [{"required": ["dialogue"]}, {"required": ["turns"]}]
    return {
        "$schema": language["$schema"],
        "title": "评分表",
        **{k: v for k, v in schema.items() if k != "title"},
    }


def schema_text() -> str:
    """The published file, byte for byte."""
    return json.dumps(scorecard_schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _described(old: dict[str, Any]) -> dict[str, Any]:
    return {"description": old["description"]}


def _with_number_words(value: Any, key: str = "") -> Any:
    """Let lists of words hold numbers too."""
    if isinstance(value, list):
        return [_with_number_words(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    if key in WORD_LISTS and value.get("items") == {"type": "string"}:
        return {**value, "items": _WORD}
    properties = value.get("properties")
    changed = {k: _with_number_words(v, key) for k, v in value.items() if k != "properties"}
    if isinstance(properties, dict):
        changed["properties"] = {name: _with_number_words(v, name) for name, v in properties.items()}
    return changed


if __name__ == "__main__":
    PUBLISHED.write_text(schema_text(), encoding="utf-8")
