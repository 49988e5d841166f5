"""MCP's official packages as judges: every answer in every revision, the versions, and how clients write headers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from mcp.shared.inbound import ERROR_CODE_HTTP_STATUS, encode_header_value, mcp_param_headers, x_mcp_header_map
from mcp_types import (
    JSONRPCError,
    JSONRPCResponse,
    MissingRequiredClientCapabilityErrorData,
    UnsupportedProtocolVersionErrorData,
    jsonrpc,
    methods,
    version,
)

from services.mcp import eras, protocol
from services.mcp.endpoint import answer
from services.mcp.headers import check_parameters, decoded, mirrored
from services.mcp.methods import HANDSHAKE_METHODS, MODERN_METHODS
from services.mcp.reply import Reply
from services.mcp.toolbox import call
from services.mcp.tools import TOOLS
from tests.mcp_posts import META, MODERN, modern, raw, speak
from tests.mcp_sources import Shelf, builtin, server, tool

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
MODELS = {"object": "list", "data": [{"id": "nova-lite", "object": "model", "created": 1, "owned_by": "amazon"}]}
CHUNKS: list[dict[str, Any]] = [
    {"model": "nova-lite", "choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]},
    {"choices": [], "usage": USAGE},
]


def infer(_method: str, path: str, _body: object) -> Reply:
    return Reply(200, iter([json.dumps(MODELS).encode()]) if path == "/models" else _streamed())


def _streamed() -> Iterator[bytes]:
    yield from (b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in CHUNKS)
    yield b"data: [DONE]\n\n"


# A source that has everything there is in the newest revision.
ICONS = [{"src": "https://example.com/icon.png", "mimeType": "image/png", "sizes": ["48x48"]}]
NAMED = {"title": "A title", "description": "What it is", "icons": ICONS, "_meta": {"example.com/a": 1}}
NOTED = {"annotations": {"audience": ["user"], "priority": 0.5, "lastModified": "2026-11-01T00:00:00Z"}}
PIECES: list[dict[str, Any]] = [
    {"type": "text", "text": "a", **NOTED, "_meta": {"example.com/a": 1}},
    {"type": "image", "data": "aQ==", "mimeType": "image/png"},
    {"type": "audio", "data": "aQ==", "mimeType": "audio/wav"},
    {"type": "resource", "resource": {"uri": "test://text", "mimeType": "text/plain", "text": "a"}},
    {"type": "resource_link", "uri": "test://text", "name": "text", **NAMED, **NOTED},
]
ASKS = {
    "resultType": "input_required",
    "requestState": "where we were",
    "inputRequests": {
        "name": {
            "method": "elicitation/create",
            "params": {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}},
        },
        "thought": {
            "method": "sampling/createMessage",
            "params": {"messages": [{"role": "user", "content": {"type": "text", "text": "a"}}], "maxTokens": 9},
        },
        "roots": {"method": "roots/list"},
    },
}
ASKABLE = {"elicitation": {}, "sampling": {}, "roots": {}}
SHELF = Shelf(
    "shelf",
    {
        "tools": [
            tool("rich", **NAMED, annotations={"title": "A"}, outputSchema={"type": "object"}, execution={}),
            tool("listing", outputSchema={"type": "array"}),
            tool("asks"),
        ],
        "prompts": [
            {"name": "hello", **NAMED, "arguments": [{"name": "who", "title": "Who", "required": True}]},
            {"name": "asks"},
        ],
        "resources": [
            {"uri": "test://text", "name": "text", "mimeType": "text/plain", "size": 1, **NAMED, **NOTED},
            {"uri": "test://asks", "name": "asks"},
        ],
        "templates": [{"uriTemplate": "test://{id}/data", "name": "data", **NAMED, **NOTED}],
    },
    {
        "rich": lambda *_: {"content": PIECES, "structuredContent": {"a": 1}, "_meta": {"example.com/a": 1}},
        "listing": lambda *_: {"content": [], "structuredContent": [1, 2]},
        "asks": lambda *_: ASKS,
        "test://asks": lambda *_: ASKS,
        "hello": lambda *_: {"messages": [{"role": "user", "content": piece} for piece in PIECES]},
    },
)
SERVER = server(builtin(call=lambda name, arguments: call(name, arguments, infer)), SHELF)
REQUESTS: dict[str, list[dict[str, Any]]] = {
    "server/discover": [{}],
    "initialize": [{"protocolVersion": found} for found in (*version.KNOWN_PROTOCOL_VERSIONS, "2030-01-01")],
    "ping": [{}],
    "tools/list": [{}],
    "tools/call": [
        {"name": "list_models"},
        {"name": "chat", "arguments": {"model": "nova-lite", "prompt": "Hi"}},
        {"name": "chat", "arguments": {}},
        {"name": "shelf_rich"},
        {"name": "shelf_listing"},
        {"name": "shelf_asks"},
    ],
    "prompts/list": [{}],
    "prompts/get": [{"name": "shelf_hello", "arguments": {"who": "you"}}, {"name": "shelf_asks"}],
    "resources/list": [{}],
    "resources/templates/list": [{}],
    "resources/read": [{"uri": "test://text"}, {"uri": "test://7/data"}, {"uri": "test://asks"}],
    "resources/subscribe": [{"uri": "test://text"}],
    "resources/unsubscribe": [{"uri": "test://text"}],
    "logging/setLevel": [{"level": "debug"}],
    "completion/complete": [
        {"ref": {"type": "ref/prompt", "name": "shelf_hello"}, "argument": {"name": "who", "value": "y"}},
        {"ref": {"type": "ref/resource", "uri": "test://{id}/data"}, "argument": {"name": "id", "value": ""}},
    ],
}
CASES = [
    (revision, method, params)
    for revision in eras.SUPPORTED
    for method in (MODERN_METHODS if revision == MODERN else HANDSHAKE_METHODS)
    for params in REQUESTS[method]
]


@pytest.mark.parametrize(("revision", "method", "params"), CASES)
def test_every_result_is_what_its_revision_says(revision: str, method: str, params: dict[str, Any]) -> None:
    modern_meta = {**META, eras.CAPABILITIES_KEY: ASKABLE}
    post = modern(method, params, meta=modern_meta) if revision == MODERN else speak(revision, method, params)
    body = answer(post, SERVER).body

    assert body is not None
    if revision != MODERN and str(params.get("name", params.get("uri"))).endswith("asks") and method != "tools/call":
        JSONRPCError.model_validate(body)  # there is no result in which it could say so
        return
    response = JSONRPCResponse.model_validate(body)
    methods.validate_server_result(method, revision, response.result)
    known = methods.serialize_server_result(method, revision, response.result)
    assert response.result.keys() == known.keys()  # nothing that the revision would drop


@pytest.mark.parametrize("revision", eras.SUPPORTED)
def test_every_structured_result_fits_the_schema_that_was_listed(revision: str) -> None:
    tools = answer(speak(revision, "tools/list"), SERVER).body
    assert tools is not None
    listed = {tool["name"]: tool for tool in tools["result"]["tools"]}

    for params in REQUESTS["tools/call"][:2]:
        body = answer(speak(revision, "tools/call", params), SERVER).body
        assert body is not None
        if "outputSchema" in listed[params["name"]]:
            Draft202012Validator(listed[params["name"]]["outputSchema"]).validate(body["result"]["structuredContent"])


def test_the_versions_are_those_that_exist() -> None:
    assert sorted(eras.SUPPORTED) == list(version.KNOWN_PROTOCOL_VERSIONS)
    assert sorted(eras.HANDSHAKE) == list(version.HANDSHAKE_PROTOCOL_VERSIONS)
    assert set(eras.CACHING) == methods.CACHEABLE_METHODS & MODERN_METHODS.keys()


def test_the_error_codes_are_the_specifications() -> None:
    ours = {
        "PARSE_ERROR": protocol.PARSE_ERROR,
        "INVALID_REQUEST": protocol.INVALID_REQUEST,
        "METHOD_NOT_FOUND": protocol.METHOD_NOT_FOUND,
        "INVALID_PARAMS": protocol.INVALID_PARAMS,
        "HEADER_MISMATCH": protocol.HEADER_MISMATCH,
        "MISSING_REQUIRED_CLIENT_CAPABILITY": protocol.MISSING_CLIENT_CAPABILITY,
        "UNSUPPORTED_PROTOCOL_VERSION": protocol.UNSUPPORTED_VERSION,
    }

    assert ours == {name: getattr(jsonrpc, name) for name in ours}
    for code in ours.values():
        assert protocol.RpcError(code, "").status == ERROR_CODE_HTTP_STATUS[code]


def test_errors_are_what_clients_parse() -> None:
    unsupported = {**META, eras.VERSION_KEY: "v999"}
    posts = [raw(b"{"), modern("nope"), modern("tools/list", None, {"MCP-Protocol-Version": "v999"}, unsupported)]

    errors = [JSONRPCError.model_validate(answer(post, SERVER).body) for post in posts]

    assert [error.id for error in errors] == [None, 1, 1]
    UnsupportedProtocolVersionErrorData.model_validate(errors[2].error.data)


def test_a_missing_capability_is_what_clients_parse() -> None:
    needy = {"chat": TOOLS["chat"].__class__("chat", "", "", {"type": "object"}, {}, {}, ("sampling",))}

    body = answer(modern("tools/call", {"name": "chat"}), server(builtin(needy))).body

    data = JSONRPCError.model_validate(body).error.data
    required = MissingRequiredClientCapabilityErrorData.model_validate(data).required_capabilities
    assert required.sampling is not None


@given(st.text())
def test_headers_are_decoded_as_clients_encode_them(value: str) -> None:
    assert decoded(encode_header_value(value)) == value


MIRRORED = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "x-mcp-header": "Text"},
        "count": {"type": "integer", "x-mcp-header": "Count"},
        "flag": {"type": "boolean", "x-mcp-header": "Flag"},
        "inner": {"type": "object", "properties": {"deep": {"type": "string", "x-mcp-header": "Deep"}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"no": {"type": "string"}}}},
        "plain": {"type": "string"},
    },
}


def test_the_same_arguments_are_repeated_in_headers_as_by_clients() -> None:
    assert {path: name for path, name, _ in mirrored(MIRRORED)} == x_mcp_header_map(MIRRORED)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "text": st.none() | st.text(),
            "count": st.none() | st.integers(-(2**53) + 1, 2**53 - 1),
            "flag": st.booleans(),
            "inner": st.fixed_dictionaries({}, optional={"deep": st.text()}),
            "plain": st.text(),
        },
    )
)
def test_parameter_headers_as_clients_write_them_are_accepted(arguments: dict[str, Any]) -> None:
    written = mcp_param_headers(x_mcp_header_map(MIRRORED), arguments)

    check_parameters({name.lower(): value for name, value in written.items()}, MIRRORED, arguments)
