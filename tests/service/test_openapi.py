"""The OpenAPI document says everything there is to say: whoever reads only it can use the service."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest

from api.app import build
from api.errors import MEDIA_TYPE
from api.reference import example, groups
from qa_engine.settings import Settings

METHODS = ("get", "post", "put", "patch", "delete")
CHINESE = re.compile(r"[一-鿿]")


def operations(document):
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


DOCUMENT: dict[str, Any] = build(Settings(model="none")).openapi()
OPERATIONS = dict(operations(DOCUMENT))
SCHEMAS = DOCUMENT["components"]["schemas"]


def content(carrier):
    yield from ((carrier or {}).get("content") or {}).items()


def without_formats(schema):
    """The schema with its components at hand."""
    return {**schema, "components": {"schemas": SCHEMAS}}


@pytest.mark.parametrize("name", OPERATIONS)
class TestEveryOperation:
    def test_is_named_and_sorted_in_chinese(self, name):
        operation = OPERATIONS[name]
        assert CHINESE.search(operation["summary"])
        assert len(operation["tags"]) == 1
        assert re.fullmatch(r"[a-z][a-z0-9_]*", operation["operationId"])

    def test_says_what_its_parameters_are(self, name):
        for parameter in OPERATIONS[name].get("parameters", ()):
            if parameter["in"] == "cookie":
                continue  # nobody writes these: they are sent back as they came
            told = parameter.get("description") or parameter["schema"].get("description", "")
            assert CHINESE.search(told) or told == "key", parameter["name"]

    def test_declares_every_refusal_as_a_problem_document(self, name):
        operation = OPERATIONS[name]
        statuses = set(operation["responses"])
        assert {"429", "500", "503"} <= statuses
        if "security" in operation:
            assert {"401", "403"} <= statuses
        if "requestBody" in operation:
            assert {"400", "413", "422"} <= statuses
        if "{" in name:
            assert "404" in statuses
        if not name.startswith("GET"):
            assert "409" in statuses
        for status in statuses - {"200", "201", "202", "204"}:
            assert status[0] in "2345"
            if status[0] in "45" and name != "GET /readyz":
                assert list(operation["responses"][status]["content"]) == [MEDIA_TYPE]

    def test_declares_what_it_answers(self, name):
        responses = OPERATIONS[name]["responses"]
        assert [status for status in responses if status[0] in "23"]
        good = [one for status, one in responses.items() if status[0] == "2"]
        for one in good:
            for _, body in content(one):
                assert body.get("schema") not in ({}, None)

    def test_shows_an_example_of_what_it_takes_that_it_would_take(self, name):
        for media, one in content(OPERATIONS[name].get("requestBody")):
            if media != "application/json":
                continue
            shown = one["example"] if "example" in one else example(one["schema"], SCHEMAS)
            assert shown not in (None, {}, [])
            jsonschema.validate(shown, {**one["schema"], "components": {"schemas": SCHEMAS}})


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_field_is_described_in_chinese(name):
    for field, schema in SCHEMAS[name].get("properties", {}).items():
        told = schema.get("description", "")
        assert CHINESE.search(told), f"{name}.{field}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_request_refuses_unknown_fields(name):
    sent = {
        one["schema"]["$ref"].rsplit("/", 1)[-1]
        for operation in OPERATIONS.values()
        for media, one in content(operation.get("requestBody"))
        if media == "application/json" and "$ref" in one["schema"]
    }
    if name in sent:
        assert SCHEMAS[name].get("additionalProperties") is False


def test_nobody_is_let_in_without_proof_except_where_that_is_the_point():
    open_to_all = {name for name, operation in OPERATIONS.items() if "security" not in operation}
    assert {name for name in open_to_all if "/v1/" not in name} == {"GET /healthz", "GET /readyz"}
    assert all(
        name.split()[1].startswith(("/v1/sessions", "/v1/oidc")) for name in open_to_all if "/v1/" in name
    )


def test_the_schemes_of_proof_are_declared():
    schemes = DOCUMENT["components"]["securitySchemes"]
    kinds = {(one["type"], one.get("scheme") or one.get("in")) for one in schemes.values()}
    assert kinds == {("http", "bearer"), ("apiKey", "cookie")}


def test_names_of_operations_are_unique():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(ids) == len(set(ids))


def test_every_tag_is_chinese_and_listed():
    assert {tag["name"] for tag in DOCUMENT["tags"]} == {one["tags"][0] for one in OPERATIONS.values()}


def test_the_reference_page_shows_every_operation():
    shown = [f"{one['method']} {one['path']}" for tag in groups(DOCUMENT).values() for one in tag]
    assert sorted(shown) == sorted(OPERATIONS)
