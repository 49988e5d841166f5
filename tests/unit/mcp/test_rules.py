"""The rules of the wire, one row each: what is sent, the HTTP status, and the JSON-RPC error code (None for none)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from services.mcp.endpoint import Post, Server, answer
from services.mcp.eras import CAPABILITIES_KEY, HANDSHAKE, LOG_LEVEL_KEY, SUPPORTED, VERSION_KEY
from services.mcp.protocol import MAX_BYTES, MAX_DEPTH
from services.mcp.tools import TOOLS, Tool
from tests.mcp_posts import META, MODERN, handshake, modern, raw
from tests.mcp_sources import builtin
from tests.mcp_sources import server as made

MIRROR = Tool(
    "mirror",
    "Mirror",
    "Has arguments that headers repeat",
    {
        "type": "object",
        "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "size": {"type": "integer", "x-mcp-header": "Size"},
            "dry": {"type": "boolean", "x-mcp-header": "Dry"},
            "inner": {"type": "object", "properties": {"deep": {"type": "string", "x-mcp-header": "Deep"}}},
        },
    },
    {"type": "object"},
    {},
)
SAMPLER = Tool("sampler", "", "", {"type": "object"}, {"type": "object"}, {}, client_capabilities=("sampling",))
TEN = {"jsonrpc": "2.0", "id": 10, "method": "ping"}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


def server() -> Server:
    tools = {**TOOLS, "mirror": MIRROR, "sampler": SAMPLER, "über": replace(MIRROR, name="über")}
    return made(builtin(tools))


def meta(**changes: Any) -> dict[str, Any]:
    """The envelope with changes; a value of None leaves a key out."""
    names = {"version": VERSION_KEY, "capabilities": CAPABILITIES_KEY}
    changed = {**META, **{names[name]: value for name, value in changes.items()}}
    return {key: value for key, value in changed.items() if value is not None}


def call(name: Any = "mirror", arguments: Any = None, **headers: str | None) -> Post:
    """A 2026-07-28 tools/call; keywords are headers, Mcp_Param_Region for Mcp-Param-Region."""
    params = {"name": name, **({} if arguments is None else {"arguments": arguments})}
    return modern("tools/call", params, {key.replace("_", "-"): value for key, value in headers.items()})


def nested(depth: int) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * depth + b"]" * depth + b"}}"


RULES: dict[str, tuple[Post, int, int | None]] = {
    # who may call, and how a body travels
    "no origin is a program": (modern("tools/list"), 200, None),
    "the own origin": (modern("tools/list", headers={"Origin": "https://api.example.com"}), 200, None),
    "the own origin on another port": (
        modern("tools/list", headers={"Origin": "http://api.example.com:81"}),
        200,
        None,
    ),
    "an allowed origin": (modern("tools/list", headers={"Origin": "https://app.example.com"}), 200, None),
    "an allowed host by another scheme": (
        modern("tools/list", headers={"Origin": "http://app.example.com"}),
        403,
        -32600,
    ),
    "a foreign origin": (modern("tools/list", headers={"Origin": "https://evil.example.net"}), 403, -32600),
    "a rebound name": (
        modern("tools/list", headers={"Origin": "http://evil.example.net", "Host": "evil.example.net"}),
        403,
        -32600,
    ),
    "the own origin under a foreign host": (
        modern("tools/list", headers={"Origin": "https://api.example.com", "Host": "evil.example.net"}),
        403,
        -32600,
    ),
    "an opaque origin": (modern("tools/list", headers={"Origin": "null"}), 403, -32600),
    "a malformed origin": (modern("tools/list", headers={"Origin": "http://[::1"}), 403, -32600),
    "a foreign origin in the handshake era": (
        handshake("ping", headers={"Origin": "https://evil.example.net"}),
        403,
        -32600,
    ),
    "accept of JSON alone": (modern("tools/list", headers={"Accept": "application/json"}), 200, None),
    "accept of anything": (modern("tools/list", headers={"Accept": "*/*"}), 200, None),
    "accept of any application type": (modern("tools/list", headers={"Accept": "application/*;q=0.1"}), 200, None),
    "accept not sent": (modern("tools/list", headers={"Accept": None}), 200, None),
    "accept of SSE alone": (modern("tools/list", headers={"Accept": "text/event-stream"}), 406, -32600),
    "accept that rules JSON out": (
        modern("tools/list", headers={"Accept": "application/json;q=0, text/html"}),
        406,
        -32600,
    ),
    "accept of SSE alone in the handshake era": (
        handshake("ping", headers={"Accept": "text/event-stream"}),
        406,
        -32600,
    ),
    "a charset of UTF-8": (
        modern("tools/list", headers={"Content-Type": "application/json; charset=UTF-8"}),
        200,
        None,
    ),
    "another charset": (
        modern("tools/list", headers={"Content-Type": "application/json; charset=latin1"}),
        415,
        -32600,
    ),
    "another content type": (modern("tools/list", headers={"Content-Type": "text/plain"}), 415, -32600),
    "no content type": (modern("tools/list", headers={"Content-Type": None}), 415, -32600),
    "an oversized body": (raw(b" " * (MAX_BYTES + 1)), 413, -32600),
    # JSON and JSON-RPC
    "no body": (raw(b""), 400, -32700),
    "no JSON": (raw(b"{"), 400, -32700),
    "no UTF-8": (raw(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'), 400, -32700),
    "UTF-16": (raw('{"jsonrpc":"2.0","id":1,"method":"ping"}'.encode("utf-16")), 400, -32700),
    "infinity in disguise": (raw(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":-1e999}}'), 400, -32700),
    "NaN": (raw(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}'), 400, -32700),
    "an unpaired surrogate": (raw(b'{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}'), 400, -32700),
    "a pair of surrogates": (raw(b'{"jsonrpc":"2.0","id":"\\ud83d\\ude00","method":"ping"}'), 200, None),
    "an integer of 5000 digits": (raw(b'{"jsonrpc":"2.0","id":' + b"1" * 5000 + b',"method":"ping"}'), 400, -32700),
    "a batch": (raw([TEN, TEN]), 400, -32600),
    "a batch in the revision that had them": (raw([TEN, TEN], {"MCP-Protocol-Version": "2025-03-26"}), 400, -32600),
    "an empty batch": (raw([]), 400, -32600),
    "a string": (raw("ping"), 400, -32600),
    "null": (raw(None), 400, -32600),
    "a posted result": (raw({"jsonrpc": "2.0", "id": 1, "result": {}}), 400, -32600),
    "a posted error": (raw({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": ""}}), 400, -32600),
    "no jsonrpc": (raw({"id": 1, "method": "ping"}), 400, -32600),
    "JSON-RPC 1.0": (raw({"jsonrpc": "1.0", "id": 1, "method": "ping"}), 400, -32600),
    "no method": (raw({"jsonrpc": "2.0", "id": 1}), 400, -32600),
    "a method that is no string": (raw({"jsonrpc": "2.0", "id": 1, "method": 7}), 400, -32600),
    "an id of null": (handshake("ping", number=None), 400, -32600),
    "an id of true": (handshake("ping", number=True), 400, -32600),
    "an id of 1.5": (handshake("ping", number=1.5), 400, -32600),
    "an id that is an object": (handshake("ping", number={}), 400, -32600),
    "an id that is a string": (handshake("ping", number="a"), 200, None),
    "an id of 0": (handshake("ping", number=0), 200, None),
    "an empty id": (handshake("ping", number=""), 200, None),
    "params that are a list": (raw({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}), 400, -32600),
    "params of null": (raw({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": None}), 200, None),
    "as deep as may be": (raw(nested(MAX_DEPTH - 2)), 200, None),
    "one deeper": (raw(nested(MAX_DEPTH - 1)), 400, -32600),
    "so deep that a parser breaks": (raw(nested(200_000)), 400, -32600),
    # 2026-07-28: the envelope
    "discover": (modern("server/discover"), 200, None),
    "no _meta": (handshake("tools/list", {}, {"Mcp-Method": "tools/list"}, version=MODERN), 400, -32602),
    "no params": (handshake("tools/list", None, {"Mcp-Method": "tools/list"}, version=MODERN), 400, -32602),
    "_meta that is no object": (
        handshake("tools/list", {"_meta": "x"}, {"Mcp-Method": "tools/list"}, version=MODERN),
        400,
        -32602,
    ),
    "no version in _meta": (modern("tools/list", meta=meta(version=None)), 400, -32602),
    "no version anywhere": (
        modern("tools/list", None, {"MCP-Protocol-Version": None}, meta(version=None)),
        400,
        -32602,
    ),
    "a version that is no string": (modern("tools/list", meta=meta(version=20260728)), 400, -32602),
    "no capabilities in _meta": (modern("tools/list", meta=meta(capabilities=None)), 400, -32602),
    "capabilities that are no object": (modern("tools/list", meta=meta(capabilities=[])), 400, -32602),
    "no client info": (modern("tools/list", meta={VERSION_KEY: MODERN, CAPABILITIES_KEY: {}}), 200, None),
    # 2026-07-28: the headers
    "no version header": (modern("tools/list", headers={"MCP-Protocol-Version": None}), 400, -32020),
    "another version in the header": (
        modern("tools/list", headers={"MCP-Protocol-Version": "2025-11-25"}),
        400,
        -32020,
    ),
    "another version in _meta": (modern("tools/list", meta=meta(version="2025-11-25")), 400, -32020),
    "the version header twice": (
        modern("tools/list", headers={"MCP-Protocol-Version": "2026-07-28, 2026-07-28"}),
        400,
        -32020,
    ),
    "an unknown version": (
        modern("tools/list", None, {"MCP-Protocol-Version": "v999"}, meta(version="v999")),
        400,
        -32022,
    ),
    "no method header": (modern("tools/list", headers={"Mcp-Method": None}), 400, -32020),
    "another method in the header": (modern("tools/list", headers={"Mcp-Method": "tools/call"}), 400, -32020),
    "the method in capitals": (modern("tools/list", headers={"Mcp-Method": "TOOLS/LIST"}), 400, -32020),
    "the method header encoded": (
        modern("tools/list", headers={"Mcp-Method": "=?base64?dG9vbHMvbGlzdA==?="}),
        400,
        -32020,
    ),
    "a header name in capitals": (
        modern("tools/list", headers={"Mcp-Method": None, "MCP-METHOD": "tools/list"}),
        200,
        None,
    ),
    "blanks around a header": (call(Mcp_Name="  mirror  "), 200, None),
    "no name header": (call(Mcp_Name=None), 400, -32020),
    "another name in the header": (call(Mcp_Name="chat"), 400, -32020),
    "the name encoded": (call("über", Mcp_Name="=?base64?w7xiZXI=?="), 200, None),
    "another name encoded": (call("über", Mcp_Name="=?base64?bWlycm9y?="), 400, -32020),
    "a name encoded without padding": (call("über", Mcp_Name="=?base64?w7xiZXI?="), 400, -32020),
    "a name encoded with stray bits": (call("über", Mcp_Name="=?base64?w7xiZXJ=?="), 400, -32020),
    "a name encoded with foreign characters": (call("über", Mcp_Name="=?base64?w7xi!ZXI=?="), 400, -32020),
    "a name encoded in another charset": (call("über", Mcp_Name="=?base64?/GJlcg==?="), 400, -32020),
    "a name header for a method that has none": (modern("tools/list", headers={"Mcp-Name": "x"}), 200, None),
    "sessions and resumption are ignored": (
        modern("tools/list", headers={"Mcp-Session-Id": "x", "Last-Event-ID": "7"}),
        200,
        None,
    ),
    # 2026-07-28: arguments that headers repeat
    "a parameter header": (call(arguments={"region": "eu"}, Mcp_Param_Region="eu"), 200, None),
    "a parameter header in small letters": (call(arguments={"region": "eu"}, mcp_param_region="eu"), 200, None),
    "a parameter header encoded": (call(arguments={"region": "é"}, Mcp_Param_Region="=?base64?w6k=?="), 200, None),
    "a parameter that looks encoded": (
        call(arguments={"region": "=?base64?x?="}, Mcp_Param_Region="=?base64?PT9iYXNlNjQ/eD89?="),
        200,
        None,
    ),
    "half a marker is plain text": (
        call(arguments={"region": "=?base64?ZXU="}, Mcp_Param_Region="=?base64?ZXU="),
        200,
        None,
    ),
    "no parameter header": (call(arguments={"region": "eu"}), 400, -32020),
    "another value in the parameter header": (call(arguments={"region": "eu"}, Mcp_Param_Region="us"), 400, -32020),
    "a malformed parameter header": (call(arguments={"region": "eu"}, Mcp_Param_Region="=?base64?!?="), 400, -32020),
    "a parameter header without argument": (call(arguments={}, Mcp_Param_Region="eu"), 400, -32020),
    "a parameter header for null": (call(arguments={"region": None}, Mcp_Param_Region="null"), 400, -32020),
    "a parameter header for a list": (call(arguments={"region": ["eu"]}, Mcp_Param_Region="eu"), 400, -32020),
    "a parameter header nobody knows": (call(arguments={}, Mcp_Param_Other="eu"), 200, None),
    "an integer": (call(arguments={"size": 42}, Mcp_Param_Size="42"), 200, None),
    "an integer with a point": (call(arguments={"size": 42}, Mcp_Param_Size="42.0"), 200, None),
    "an integer that has one in the body": (call(arguments={"size": 42.0}, Mcp_Param_Size="42"), 200, None),
    "an integer that floats would round": (
        call(arguments={"size": 9007199254740993}, Mcp_Param_Size="9007199254740992"),
        400,
        -32020,
    ),
    "an integer in scientific notation": (call(arguments={"size": 100}, Mcp_Param_Size="1e2"), 400, -32020),
    "another integer": (call(arguments={"size": 42}, Mcp_Param_Size="43"), 400, -32020),
    "true": (call(arguments={"dry": True}, Mcp_Param_Dry="true"), 200, None),
    "True": (call(arguments={"dry": True}, Mcp_Param_Dry="True"), 400, -32020),
    "a nested argument": (call(arguments={"inner": {"deep": "x"}}, Mcp_Param_Deep="x"), 200, None),
    "a nested argument without header": (call(arguments={"inner": {"deep": "x"}}), 400, -32020),
    "parameter headers in the handshake era": (
        handshake("tools/call", {"name": "mirror", "arguments": {"region": "eu"}}, {"Mcp-Param-Region": "us"}),
        200,
        None,
    ),
    # 2026-07-28: methods, tools
    **{
        f"{method} is gone": (modern(method), 404, -32601)
        for method in ("initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe")
    },
    **{
        f"{method} is not offered": (modern(method), 404, -32601)
        for method in ("subscriptions/listen", "tasks/get", "roots/list", "sampling/createMessage", "unknown/method")
    },
    "an unknown tool": (call("nope"), 400, -32602),
    "a tool name that is no string": (call(7), 400, -32602),
    "no tool name": (modern("tools/call", {}), 400, -32602),
    "arguments that are no object": (call("chat", []), 400, -32602),
    "arguments of null": (modern("tools/call", {"name": "mirror", "arguments": None}), 200, None),
    "a cursor nobody gave out": (modern("tools/list", {"cursor": "x"}), 400, -32602),
    "an empty cursor": (modern("tools/list", {"cursor": ""}), 400, -32602),
    "a capability the client lacks": (call("sampler"), 400, -32021),
    "a capability the client has": (
        modern("tools/call", {"name": "sampler"}, meta=meta(capabilities={"sampling": {}})),
        200,
        None,
    ),
    "members nobody knows": (modern("tools/call", {"name": "mirror", "task": {}}), 200, None),
    # lists
    **{
        f"{what} for {method}": (modern(method, {"cursor": cursor}), 400, -32602)
        for method in ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
        for what, cursor in {
            "a cursor of nobody's": "x",
            "a cursor of base64 alone": "e30",
            "a cursor of another list": "WyJjYXRzL2xpc3QiLCAiIiwgImNoYXQiXQ",
            "a cursor of one part": "WyJ0b29scy9saXN0Il0",
            "a cursor that is a number": 7,
            "a cursor that is an object": {},
            "a cursor beyond ASCII": "é",
            "a cursor that nests": "W" * 9_999,
        }.items()
    },
    "a cursor of null": (modern("tools/list", {"cursor": None}), 200, None),
    "a cursor written otherwise": (modern("tools/list", {"cursor": "WyJ0b29scy9saXN0IiwiIiwiY2hhdCJd"}), 400, -32602),
    # prompts, resources, completion
    "prompts": (modern("prompts/list"), 200, None),
    "resources": (modern("resources/list"), 200, None),
    "templates": (modern("resources/templates/list"), 200, None),
    "an unknown prompt": (modern("prompts/get", {"name": "nope"}), 400, -32602),
    "no prompt name": (modern("prompts/get", {}), 400, -32602),
    "a prompt's name in another header": (modern("prompts/get", {"name": "a"}, {"Mcp-Name": "b"}), 400, -32020),
    "prompt arguments that are no strings": (
        modern("prompts/get", {"name": "nope", "arguments": {"a": 1}}),
        400,
        -32602,
    ),
    "prompt arguments that are a list": (modern("prompts/get", {"name": "nope", "arguments": []}), 400, -32602),
    "an unknown resource": (modern("resources/read", {"uri": "test://nope"}), 400, -32602),
    "a resource without its header": (modern("resources/read", {"uri": "test://a"}, {"Mcp-Name": None}), 400, -32020),
    "a URI that is no string": (modern("resources/read", {"uri": 1}), 400, -32602),
    "an unknown resource, to an old client": (handshake("resources/read", {"uri": "test://nope"}), 200, -32002),
    **{
        f"completion of {what}": (modern("completion/complete", params), 400, -32602)
        for what, params in {
            "nothing": {},
            "a kind that is a list": {"ref": {"type": []}, "argument": {"name": "a", "value": ""}},
            "a kind that is an object": {"ref": {"type": {}}, "argument": {"name": "a", "value": ""}},
            "an unknown prompt": {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a", "value": ""}},
            "an unknown template": {
                "ref": {"type": "ref/resource", "uri": "x"},
                "argument": {"name": "a", "value": ""},
            },
            "an unknown kind": {"ref": {"type": "ref/tool", "name": "x"}, "argument": {"name": "a", "value": ""}},
            "a reference without a name": {"ref": {"type": "ref/prompt"}, "argument": {"name": "a", "value": ""}},
            "a reference that is text": {"ref": "x", "argument": {"name": "a", "value": ""}},
            "no argument": {"ref": {"type": "ref/prompt", "name": "x"}},
            "an argument without a value": {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "a"}},
            "an argument that is no string": {
                "ref": {"type": "ref/prompt", "name": "x"},
                "argument": {"name": "a", "value": 1},
            },
        }.items()
    },
    # several rounds
    "a state nobody gave out": (modern("tools/call", {"name": "mirror", "requestState": "x"}), 400, -32602),
    "a state that is no text": (modern("tools/call", {"name": "mirror", "requestState": {}}), 400, -32602),
    "a state of null": (modern("tools/call", {"name": "mirror", "requestState": None}), 400, -32602),
    "answers of null": (modern("tools/call", {"name": "mirror", "inputResponses": None}), 400, -32602),
    "answers that are a list": (modern("tools/call", {"name": "mirror", "inputResponses": []}), 400, -32602),
    "an answer that is a number": (modern("tools/call", {"name": "mirror", "inputResponses": {"a": 1}}), 400, -32602),
    "answers that nobody asked for": (
        modern("tools/call", {"name": "mirror", "inputResponses": {"a": {}}}),
        200,
        None,
    ),
    "a state from an old client": (handshake("tools/call", {"name": "mirror", "requestState": "x"}), 200, None),
    # progress and logs
    "a progress token that is text": (modern("tools/list", meta={**META, "progressToken": "a"}), 200, None),
    "a progress token that is a number": (modern("tools/list", meta={**META, "progressToken": 7}), 200, None),
    "a progress token that is true": (modern("tools/list", meta={**META, "progressToken": True}), 400, -32602),
    "a progress token that is an object": (modern("tools/list", meta={**META, "progressToken": {}}), 400, -32602),
    "an old client's token that is an object": (
        handshake("tools/list", {"_meta": {"progressToken": {}}}),
        200,
        -32602,
    ),
    "a log level": (modern("tools/list", meta={**META, LOG_LEVEL_KEY: "debug"}), 200, None),
    "an unknown log level": (modern("tools/list", meta={**META, LOG_LEVEL_KEY: "loud"}), 400, -32602),
    "a log level that is a number": (modern("tools/list", meta={**META, LOG_LEVEL_KEY: 7}), 400, -32602),
    "a log level that is a list": (modern("tools/list", meta={**META, LOG_LEVEL_KEY: []}), 400, -32602),
    "an old client's log level": (handshake("logging/setLevel", {"level": "debug"}), 200, None),
    "an unknown level of an old client": (handshake("logging/setLevel", {"level": "loud"}), 200, -32602),
    "an old client's subscription": (handshake("resources/subscribe", {"uri": "test://a"}), 200, None),
    "a subscription to nothing": (handshake("resources/subscribe", {}), 200, -32602),
    # the handshake era
    **{f"{version} lists tools": (handshake("tools/list", version=version), 200, None) for version in HANDSHAKE},
    "initialize": (handshake("initialize", INITIALIZE, version=None), 200, None),
    "initialize with a header of the future": (handshake("initialize", INITIALIZE, version="2030-01-01"), 200, None),
    "initialize without a version": (handshake("initialize", {"capabilities": {}}, version=None), 200, -32602),
    "ping": (handshake("ping"), 200, None),
    "no version header means an old client": (handshake("tools/list", version=None), 200, None),
    "an unknown version header": (handshake("tools/list", version="1.0.0"), 400, -32022),
    "discover before its time": (handshake("server/discover"), 200, -32601),
    "a method not offered": (handshake("tasks/list"), 200, -32601),
    "an unknown tool, to an old client": (handshake("tools/call", {"name": "nope"}), 200, -32602),
    "_meta of an old client": (handshake("tools/list", {"_meta": {"progressToken": 1}}), 200, None),
    "_meta of null": (handshake("tools/list", {"_meta": None}), 200, None),
    "_meta of an old client that is no object": (handshake("tools/list", {"_meta": 1}), 400, -32602),
    "an old version in an envelope": (
        modern("ping", None, {"MCP-Protocol-Version": "2025-11-25"}, meta(version="2025-11-25")),
        200,
        None,
    ),
    "a session nobody opened": (handshake("tools/list", headers={"Mcp-Session-Id": "x"}), 200, None),
}


@pytest.mark.parametrize("name", RULES)
def test_the_rules_of_the_wire_hold(name: str) -> None:
    post, status, code = RULES[name]

    found = answer(post, server())

    assert found.body is not None
    assert (found.status, found.body.get("error", {}).get("code")) == (status, code), found.body


@pytest.mark.parametrize("name", RULES)
def test_every_answer_is_one_json_rpc_response_that_can_be_sent(name: str) -> None:
    body = answer(RULES[name][0], server()).body

    assert body is not None
    assert body["jsonrpc"] == "2.0"
    assert ("result" in body) != ("error" in body)
    json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
    if "error" in body:
        assert body["error"]["message"].endswith((".", "nope"))


@pytest.mark.parametrize("headers", [{}, {"MCP-Protocol-Version": MODERN}, {"MCP-Protocol-Version": "2025-06-18"}])
def test_a_notification_is_taken_and_answered_by_nothing(headers: dict[str, str]) -> None:
    found = answer(raw({"jsonrpc": "2.0", "method": "notifications/initialized"}, headers), server())

    assert (found.status, found.body) == (202, None)


def test_a_notification_in_an_unknown_version_is_refused() -> None:
    post = raw({"jsonrpc": "2.0", "method": "notifications/initialized"}, {"MCP-Protocol-Version": "v999"})

    assert answer(post, server()).status == 400


@pytest.mark.parametrize(
    ("post", "expected"),
    [
        (modern("unknown/method", number="abc"), "abc"),
        (modern("tools/list", meta={}, number=7), 7),
        (raw({"jsonrpc": "1.0", "id": 8, "method": "ping"}), 8),
        (raw(nested(MAX_DEPTH)), 1),
        (raw(b"{"), None),
        (raw([TEN]), None),
        (raw({"jsonrpc": "2.0", "id": None, "method": "ping"}), None),
    ],
)
def test_an_error_carries_the_id_of_its_request_where_it_can_be_read(post: Post, expected: object) -> None:
    body = answer(post, server()).body

    assert body is not None
    assert "error" in body
    assert body["id"] == expected


def test_an_unsupported_version_is_told_what_is_supported() -> None:
    post = modern("tools/list", None, {"MCP-Protocol-Version": "v999"}, meta(version="v999"))

    body = answer(post, server()).body

    assert body is not None
    assert body["error"]["data"] == {"supported": list(SUPPORTED), "requested": "v999"}


def test_a_missing_capability_is_named_as_an_object() -> None:
    body = answer(call("sampler"), server()).body

    assert body is not None
    assert body["error"]["data"] == {"requiredCapabilities": {"sampling": {}}}


def test_an_incomplete_envelope_is_told_what_it_lacks() -> None:
    body = answer(modern("tools/list", meta=meta(capabilities=None)), server()).body

    assert body is not None
    assert CAPABILITIES_KEY in body["error"]["message"]


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
@pytest.mark.parametrize("origin", ["http://localhost:6274", "http://127.0.0.1:8080", "http://[::1]"])
def test_pages_of_this_machine_may_call_a_server_on_it_under_any_of_its_names(host: str, origin: str) -> None:
    post = replace(modern("tools/list", headers={"Origin": origin, "Host": host}), host=host)

    assert answer(post, server()).status == 200


def test_a_page_elsewhere_may_not_call_a_server_on_this_machine() -> None:
    post = replace(
        modern("tools/list", headers={"Origin": "http://evil.example.net", "Host": "evil.example.net"}),
        host="127.0.0.1",
    )

    assert answer(post, server()).status == 403
