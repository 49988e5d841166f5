"""Whatever another server says, every answer of ours is one that the official types take, and nobody else's list is
spoilt by it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from mcp_types.methods import validate_server_result

from services.mcp.endpoint import answer
from services.mcp.eras import HANDSHAKE, SUPPORTED
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.faults import Refused
from services.mcp.upstream.pages import Listed
from services.mcp.upstream.shapes import usable
from services.mcp.upstream.upstream import Served, Upstream
from tests.mcp_posts import MODERN, speak
from tests.mcp_sources import builtin, server

BAD: Sequence[Any] = (None, 5, "x", [], ["x"], {}, {"x": 1}, True, 1.5, [[1]], [{}], [None], 10**400)
ITEMS: Mapping[str, Mapping[str, Any]] = {
    "tools": {"name": "t", "inputSchema": {"type": "object"}},
    "prompts": {"name": "t"},
    "resources": {"uri": "x://t", "name": "t"},
    "resourceTemplates": {"uriTemplate": "x://{t}", "name": "t"},
}
METHODS = {
    "tools": "tools/list",
    "prompts": "prompts/list",
    "resources": "resources/list",
    "resourceTemplates": "resources/templates/list",
}
MEMBERS = {
    "tools": ("name", "title", "description", "inputSchema", "outputSchema", "annotations", "icons"),
    "prompts": ("name", "title", "description", "arguments", "icons"),
    "resources": ("uri", "name", "title", "description", "mimeType", "size", "annotations", "icons"),
    "resourceTemplates": ("uriTemplate", "name", "title", "description", "mimeType", "annotations", "icons"),
}
BLOCK = {"text": "a", "data": "YQ==", "mimeType": "a/b", "uri": "x://a", "name": "n"}
QUESTION = {"method": "elicitation/create", "params": {}}


class Saying:
    """A backend that says one thing more than what is right."""

    def __init__(self, lists: Mapping[str, Any], result: Any, ttl_ms: int = 1000) -> None:
        self._lists, self._result, self._ttl_ms = lists, result, ttl_ms

    def listed(self, kind: str, ends_at: float) -> Listed:
        return Listed([*self._lists.get(kind, ()), ITEMS[kind]], self._ttl_ms)

    def request(self, *_: Any) -> Any:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    def shows(self, text: str) -> bool:
        return False

    def close(self) -> None:
        pass


def body(version: str, method: str, params: Any = None, lists: Any = None, result: Any = None) -> dict[str, Any]:
    """The answer's body, which must be one that can be sent, and that the official types take."""
    declared = Declared.of("u", json.dumps({"type": "http", "url": "https://mcp.example.com/mcp"}))
    served = Served(declared, Saying(lists or {}, result))
    found = answer(speak(version, method, params), server(builtin(), Upstream("u", lambda: served)))
    assert found.body is not None
    json.dumps(found.body, ensure_ascii=False).encode()
    if "result" in found.body:
        validate_server_result(method, version, found.body["result"])
    return found.body


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("kind", ITEMS)
def test_an_item_of_a_wrong_shape_spoils_no_list(kind: str, version: str) -> None:
    key = "uriTemplate" if kind == "resourceTemplates" else "uri" if kind == "resources" else "name"
    for member in MEMBERS[kind]:
        for bad in BAD:
            odd = {**ITEMS[kind], key: "x://odd/{t}", **({"name": "odd"} if kind in ("tools", "prompts") else {})}
            found = body(version, METHODS[kind], lists={kind: [{**odd, member: bad}]})
            names = {item[key] for item in found["result"][kind]}
            assert ITEMS[kind][key] in names or f"u_{ITEMS[kind][key]}" in names, (member, bad)


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_part_of_a_wrong_shape_spoils_no_list(version: str) -> None:
    for bad in BAD:
        for part in ({"properties": bad}, {"required": bad}, {"properties": {"a": bad}}):
            for schema in ("inputSchema", "outputSchema"):
                odd = {**ITEMS["tools"], "name": "odd", schema: {"type": "object", **part}}
                assert body(version, "tools/list", lists={"tools": [odd]})["result"]
        for part in ({"readOnlyHint": bad}, {"title": bad}):
            assert body(version, "tools/list", lists={"tools": [{**ITEMS["tools"], "annotations": part}]})["result"]
        odd = {"name": "odd", "arguments": [{"name": "a"}, {"name": bad}]}
        assert body(version, "prompts/list", lists={"prompts": [odd]})["result"]


def test_what_an_item_can_do_without_is_left_out_of_it() -> None:
    odd = {**ITEMS["tools"], "title": None, "icons": "x", "annotations": {"readOnlyHint": "yes"}, "x": 1}
    assert usable("tools", [odd]) == ([{**ITEMS["tools"], "x": 1}], 0)


@pytest.mark.parametrize("version", HANDSHAKE)
def test_a_property_that_may_be_anything_is_an_object_to_older_clients(version: str) -> None:
    schema = {"type": "object", "properties": {"any": True, "none": False, "text": {"type": "string"}}}
    odd = {**ITEMS["tools"], "name": "odd", "inputSchema": schema}
    for asked, shown in ((version, {"any": {}, "none": {"not": {}}}), (MODERN, {"any": True, "none": False})):
        tools = body(asked, "tools/list", lists={"tools": [odd]})["result"]["tools"]
        found = next(tool for tool in tools if tool["name"] == "u_odd")
        assert found["inputSchema"]["properties"] == {**shown, "text": {"type": "string"}}


def results() -> dict[str, tuple[str, Any, Mapping[str, Any]]]:
    """Method, parameters, and a good result, by what is in it."""
    call, prompt, read = ({"name": "u_t"},) * 2 + ({"uri": "x://t"},)
    complete = {"ref": {"type": "ref/prompt", "name": "u_t"}, "argument": {"name": "a", "value": "b"}}
    message = {"role": "user", "content": {"type": "text", "text": "a"}}
    asks = {"resultType": "input_required", "inputRequests": {"a": QUESTION}, "requestState": "s"}
    return {
        "a call": ("tools/call", call, {"content": [], "structuredContent": {}, "isError": False, "_meta": {}}),
        "a question": ("tools/call", call, asks),
        "a prompt": ("prompts/get", prompt, {"messages": [message], "description": "d", "_meta": {}}),
        "a resource": ("resources/read", read, {"contents": [], "ttlMs": 1, "cacheScope": "public"}),
        "a completion": ("completion/complete", complete, {"completion": {"values": ["a"]}}),
    }


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("what", results())
def test_a_result_of_a_wrong_shape_is_told_in_words(what: str, version: str) -> None:
    method, params, good = results()[what]
    for member in good:
        for bad in BAD:
            assert body(version, method, params, result={**good, member: bad})


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_part_of_a_result_of_a_wrong_shape_is_told_in_words(version: str) -> None:
    def call(block: Any) -> None:
        assert body(version, "tools/call", {"name": "u_t"}, result={"content": [block]})

    for bad in BAD:
        for kind in ("text", "image", "audio", "resource", "resource_link", "video"):
            block = {"type": kind, **BLOCK, "resource": {"uri": "x://a", "text": "a"}}
            for member in (*block, "annotations"):
                call({**block, member: bad})
        for member in ("uri", "text", "blob", "mimeType"):
            contents = {"uri": "x://t", "text": "a", member: bad}
            call({"type": "resource", "resource": contents})
            assert body(version, "resources/read", {"uri": "x://t"}, result={"contents": [contents]})
        for member in QUESTION:
            asks = {"resultType": "input_required", "inputRequests": {"a": {**QUESTION, member: bad}}}
            assert body(version, "tools/call", {"name": "u_t"}, result=asks)
        assert body(version, "tools/call", {"name": "u_t"}, result=Refused(-32021, "no", bad))


def test_good_content_of_every_kind_passes() -> None:
    blocks = [{"type": kind, **BLOCK} for kind in ("text", "image", "audio", "resource_link")]
    blocks += [{"type": "resource", "resource": {"uri": "x://a", inner: "YQ=="}} for inner in ("text", "blob")]
    found = body(MODERN, "tools/call", {"name": "u_t"}, result={"content": blocks})["result"]
    assert (found["content"], found.get("isError", False)) == (blocks, False)
