"""Results and listed objects in each revision's shape, and what becomes of those that have none."""

import json
from typing import Any

import pytest

from services.mcp.endpoint import answer
from services.mcp.eras import SUPPORTED
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
