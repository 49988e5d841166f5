"""Whatever an OpenAPI document holds, in whatever place: operations, or words about it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.openapi.operations import operations

SCHEMA = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"], "nullable": True}
CONTENT = {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "paths": {
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "put": {
                "operationId": "putPet",
                "summary": "Put",
                "description": "A pet",
                "parameters": [
                    {"name": "near", "in": "query", "style": "deepObject", "explode": True, "content": CONTENT},
                    {"name": "X-Lang", "in": "header", "description": "Words", "schema": {"enum": ["de", 1]}},
                ],
                "requestBody": {"required": True, "content": CONTENT},
                "responses": {"200": {"description": "It", "content": CONTENT}},
            },
        },
        "/well": {"get": {"operationId": "well"}},
    },
    "components": {"schemas": {"Pet": {**SCHEMA, "items": {"$ref": "#/components/schemas/Pet"}, "minimum": 1}}},
}
ODD = st.sampled_from(
    [None, True, 7, 1.5, "", "x", [], ["x"], [[]], [{}], {}, {"x": []}, {"$ref": []}, {"$ref": "#/x"}]
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(child, (*at, key))


def holds(value: Any, key: Any) -> bool:
    return key in value if isinstance(value, dict) else isinstance(value, list) and key in range(len(value))


@given(st.lists(st.tuples(st.sampled_from(list(places(DOCUMENT))), ODD), min_size=1, max_size=3))
@settings(max_examples=300)
def test_something_odd_in_a_document_spoils_no_more_than_it_must(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(DOCUMENT)
    for (*above, last), odd in changes:
        found: Any = document
        for key in above:
            found = found[key] if holds(found, key) else None
        if holds(found, last):
            found[last] = copy.deepcopy(odd)
    try:
        made, _ = operations(document)
    except Unreachable:
        return
    json.dumps([operation.tool for operation in made.values()])


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": ["a"], "in": "query"},
        {"name": {"a": 1}, "in": "query"},
        {"name": "a", "in": ["query"]},
        {"name": "a", "in": "query", "content": {"application/json": "x"}},
        {"name": "a", "in": "query", "content": {"application/json": [1]}},
    ],
)
def test_an_odd_parameter_spoils_at_most_its_own_operation(parameter: dict[str, Any]) -> None:
    paths = {"/a": {"get": {"operationId": "odd", "parameters": [parameter]}}, "/b": {"get": {"operationId": "well"}}}
    made, _ = operations({"openapi": "3.0.0", "paths": paths})
    assert "well" in made


@pytest.mark.parametrize("path", ["/a\n\nGET /harmless", "/a GET /harmless", "/\u202ea", "/a\u200b", "/" + "a" * 1000])
def test_a_request_that_reads_as_another_is_no_tool(path: str) -> None:
    """Who approves a tool reads its request at the end of the description."""
    paths = {path: {"delete": {"operationId": "odd"}}, "/b": {"get": {"operationId": "well"}}}
    made, left_out = operations({"openapi": "3.0.0", "paths": paths}, base="/v1")
    assert (set(made), left_out) == ({"well"}, 1)
    assert made["well"].tool["description"] == "GET /v1/b"


SIMPLE = {"type": "object", "properties": {"a": {"type": "string"}}}
PET = {"description": "It", "content": {"application/json": {"schema": SIMPLE}}}


@pytest.mark.parametrize(
    ("responses", "promised"),
    [
        ({"200": PET}, True),
        ({"201": PET, "404": {"description": "No"}, "default": PET}, True),
        ({"2XX": PET}, True),
        ({"200": PET, "204": {"description": "Nothing"}}, False),
        ({"200": PET, "202": PET}, False),
        ({"204": {"description": "Nothing"}}, False),
        ({"default": PET}, False),
        ({}, False),
    ],
)
def test_an_answer_is_promised_where_there_is_one_kind_of_it(responses: dict[str, Any], promised: bool) -> None:
    """One that comes empty, or in another shape, went well all the same: no model should read that it failed."""
    paths = {"/a": {"get": {"operationId": "a", "responses": responses}}}
    made, _ = operations({"openapi": "3.1.0", "paths": paths})
    assert ("outputSchema" in made["a"].tool) is promised
