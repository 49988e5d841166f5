"""Results and listed objects in each revision's shape, and what becomes of those that have none."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.mcp.endpoint import answer
from services.mcp.eras import SUPPORTED
from services.mcp.outputs import misfit
from tests.mcp_posts import MODERN, modern, speak
from tests.mcp_sources import Shelf, server, tool

MADE = {"type": "object", "properties": {"made": {"type": "integer"}}, "required": ["made"]}


def called(result: Any, version: str = MODERN, **members: Any) -> Any:
    has = Shelf(has={"tools": [tool("make", **members)]}, answers={"make": lambda *_: result})
    found = answer(speak(version, "tools/call", {"name": "shelf_make"}), server(has)).body
    assert found is not None
    return found["result"]


@pytest.mark.parametrize("version", SUPPORTED)
def test_what_comes_as_data_alone_comes_as_text_too(version: str) -> None:
    found = called({"content": [], "structuredContent": {"made": 1}}, version, outputSchema=MADE)

    assert json.loads(found["content"][0]["text"]) == {"made": 1}
    assert ("structuredContent" in found) == (version >= "2025-06-18")


def test_data_that_is_no_object_is_for_the_revision_that_has_such() -> None:
    listing = {"outputSchema": {"type": "array"}}

    for version in SUPPORTED:
        found = called({"content": [], "structuredContent": [1]}, version, **listing)
        assert json.loads(found["content"][0]["text"]) == [1]
        assert ("structuredContent" in found) == (version == MODERN)


@pytest.mark.parametrize("version", ["2025-03-26", "2024-11-05"])
def test_an_old_client_is_told_in_words_what_it_has_no_content_for(version: str) -> None:
    link = {"type": "resource_link", "uri": "test://a", "name": "a", "title": "The A"}
    audio = {"type": "audio", "data": "aQ==", "mimeType": "audio/wav"}

    kinds = [block["type"] for block in called({"content": [link, audio]}, version)["content"]]

    assert kinds == ["text", "audio" if version == "2025-03-26" else "text"]
    assert "test://a" in called({"content": [link]}, version)["content"][0]["text"]


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("bad", [{"content": "text"}, {"content": [None]}, {"content": {"type": "text"}}])
def test_an_answer_that_is_none_is_a_failure_that_the_model_can_read(version: str, bad: Any) -> None:
    found = called(bad, version)

    assert found["isError"] is True
    assert "MCP does not know" in found["content"][0]["text"]


def test_a_prompt_that_is_none_is_an_error() -> None:
    has = Shelf(has={"prompts": [{"name": "p"}]}, answers={"p": lambda *_: {"messages": [{"role": "user"}]}})

    body = answer(modern("prompts/get", {"name": "shelf_p"}), server(has)).body

    assert body is not None
    assert body["error"]["code"] == -32603


def test_calls_that_outlive_their_request_are_not_offered() -> None:
    has = Shelf(has={"tools": [tool("make", execution={"taskSupport": "required"})]})

    body = answer(modern("tools/list"), server(has)).body

    assert body is not None
    assert "execution" not in body["result"]["tools"][0]


@pytest.mark.parametrize("schema", [True, [], "x", {"type": ["object", "null"]}, {"type": 7}])
def test_a_schema_of_a_strange_shape_spoils_no_list(schema: Any) -> None:
    has = Shelf(has={"tools": [{"name": "odd", "inputSchema": schema, "outputSchema": schema}, tool("plain")]})

    for version in SUPPORTED:
        body = answer(speak(version, "tools/list"), server(has)).body
        assert body is not None
        assert len(body["result"]["tools"]) == 2
        assert answer(speak(version, "tools/call", {"name": "shelf_odd"}), server(has)).status == 200


def test_an_answer_that_is_not_what_was_promised_is_a_failure_that_says_where() -> None:
    said = [{"type": "text", "text": "many"}]

    found = called({"content": said, "structuredContent": {"made": "many"}}, outputSchema=MADE)

    assert found["isError"] is True
    assert "'made' must be of type integer" in found["content"][0]["text"]
    assert found["content"][1:] == said
    assert "structuredContent" not in found


def test_a_failure_needs_not_fit_what_was_promised() -> None:
    failure = {"content": [], "structuredContent": {"why": "x"}, "isError": True}

    assert called(failure, outputSchema=MADE)["structuredContent"] == {"why": "x"}


def test_no_reference_is_followed() -> None:
    promised = {"type": "object", "properties": {"a": {"$ref": "https://evil.example.net/schema.json"}}}

    assert called({"content": [], "structuredContent": {"a": 1}}, outputSchema=promised).get("isError") is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1.0]) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["object", "array", "string", "boolean", "integer", "number", "null"])
schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.fixed_dictionaries({}, optional={"type": kinds | st.lists(kinds, min_size=1, unique=True)}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": kinds,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "required": st.lists(st.sampled_from("abc"), unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["a", "^b"]), inner, max_size=1),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "enum": st.lists(values, min_size=1, max_size=2),
            "minLength": st.integers(0, 2),
        },
    ),
    max_leaves=6,
)


@given(values, schemas)
def test_what_is_found_not_to_fit_does_not(value: Any, schema: Any) -> None:
    if misfit(value, schema) is not None:
        assert not Draft202012Validator(schema).is_valid(value)


SIMPLE = st.recursive(
    st.fixed_dictionaries({"type": kinds}),
    lambda inner: (
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abc"), inner)},
            optional={
                "required": st.lists(st.sampled_from("abc"), unique=True),
                "additionalProperties": st.just(False),
            },
        )
        | st.fixed_dictionaries({"type": st.just("array"), "items": inner})
    ),
    max_leaves=6,
)


@given(values, SIMPLE)
def test_for_what_schemas_mostly_consist_of_everything_is_found(value: Any, schema: Any) -> None:
    assert (misfit(value, schema) is None) == Draft202012Validator(schema).is_valid(value)
