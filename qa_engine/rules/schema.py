"""The rule language as JSON Schema (2020-12), for editors that complete and check YAML."""

from __future__ import annotations

from typing import Any

from qa_engine.rules.language import ConditionConfig
from qa_engine.rules.operators import OPERATORS

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"


def language_schema() -> dict[str, Any]:
    """The schema of EXPR, of a condition and of a test.

    The parts stand under ``$defs`` as ``expression``, ``condition``, ``test`` and ``operator.<name>``,
    so that a larger schema can take ``$defs`` over as they are; the root accepts an expression.
    """
    definitions: dict[str, Any] = {}
    for name, operator in OPERATORS.items():
        schema = operator.config_type.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
        definitions.update(schema.pop("$defs", {}))
        definitions[f"operator.{name}"] = {**schema, "title": operator.title}
    head = ConditionConfig.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions.update(head.pop("$defs", {}))
    head["properties"]["test"] = {"$ref": "#/$defs/test"}
    definitions["condition"] = {**head, "title": "条件"}
    definitions["test"] = {
        "title": "检查",
        "oneOf": [
            *_logic("#/$defs/test"),
            *(_single(name, {"$ref": f"#/$defs/operator.{name}"}) for name in OPERATORS),
        ],
    }
    definitions["expression"] = {
        "title": "表达式",
        "oneOf": [
            {"type": "string", "minLength": 1},
            *_logic("#/$defs/expression"),
            _single("ref", {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
            {"$ref": "#/$defs/condition"},
        ],
    }
    return {"$schema": _SCHEMA, "$ref": "#/$defs/expression", "$defs": definitions}


def _logic(part: str) -> list[dict[str, Any]]:
    several = {"type": "array", "minItems": 1, "items": {"$ref": part}}
    return [_single("all", several), _single("any", several), _single("not", {"$ref": part})]


def _single(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}
