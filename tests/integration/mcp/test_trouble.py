"""Servers that are dead, slow, huge, broken or hostile: a list stays whole, and a call says what happened."""

import json
import socket
import time
from typing import Any

import pytest

from services.mcp.aggregate import Aggregate
from services.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, RpcError
from services.mcp.source import Asked
from services.mcp.upstream.faults import Unreachable
from tests.mcp_upstreams import Exchange, modern, said, scripted, tool


def asked(seconds: float = 10, **members: Any) -> Asked:
    return Asked("2026-07-28", {}, time.monotonic() + seconds, **members)


def text(result: Any) -> str:
    assert result["isError"]
    return str(result["content"][0]["text"])


@pytest.fixture
def server():
    with scripted(modern()) as system:
        yield system


@pytest.fixture
def dead_url():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}/mcp"


def test_a_dead_server_leaves_the_others_lists_whole(server, upstream, dead_url):
    reports: list[Any] = []
    dead, alive = upstream(url=dead_url), upstream(url=server.url)
    dead.name, alive.name = "dead", "alive"
    offer = Aggregate([dead, alive], lambda *report: reports.append(report))
    assert [entry.name for entry in offer.entries("tools")] == ["alive_echo"]
    assert offer.ttl_ms("tools") == 0  # who asks again soon finds it, perhaps
    assert [(name, str(error)) for name, error in reports] == [("dead", "The server 'dead' cannot be reached.")]


def test_a_server_that_dies_is_still_listed_and_its_calls_name_it(server, upstream):
    there = upstream(url=server.url)
    assert there.tools()
    server.respond = lambda exchange: exchange.answer(503)
    there._served().lists._kept["tools"].until = 0.0  # the list is due again
    assert [each["name"] for each in there.tools()] == ["echo"]
    assert text(there.call_tool("echo", {}, asked())) == "The server 'there' answered with the status 503."
    with pytest.raises(RpcError, match="The server 'there' answered with the status 503") as raised:
        there.get_prompt("x", {}, asked())
    assert (raised.value.code, raised.value.status) == (INTERNAL_ERROR, 200)


def test_after_three_failures_a_server_is_left_alone(server, upstream):
    there = upstream(url=server.url)
    assert there.tools()
    server.respond = lambda exchange: exchange.answer(503)
    for _ in range(3):
        assert "status 503" in text(there.call_tool("echo", {}, asked()))
    asked_before = len(server.seen)
    assert "has failed several times and is asked again in" in text(there.call_tool("echo", {}, asked()))
    assert len(server.seen) == asked_before


def test_a_server_that_is_gone_is_left_alone(upstream):
    """Its calls alone are what counts here: it has listed its tools before."""
    with scripted(modern()) as server:
        there = upstream(url=server.url)
        assert there.tools()
    there._served().backend.close()  # what is kept open
    for _ in range(3):
        assert "cannot be reached" in text(there.call_tool("echo", {}, asked()))
    assert "has failed several times and is asked again in" in text(there.call_tool("echo", {}, asked()))


@pytest.mark.parametrize(
    ("hurts", "why"),
    [
        (lambda _exchange: time.sleep(2), "did not answer in time"),
        (lambda exchange: exchange.answer(500), "status 500"),
        (lambda exchange: exchange.answer(200, b"{", content_length="9"), "broke off its answer"),
        (lambda exchange: exchange.answer(200, b"<html>"), "not JSON"),
    ],
    ids=["slow", "fails", "cut", "no answer"],
)
def test_one_callers_calls_do_not_close_a_server_to_others(server, upstream, hurts, why):
    """The attack: a tool that is slow, or goes wrong, for the arguments that somebody gives it again and again."""

    def call(exchange: Exchange) -> None:
        if exchange.message["params"]["arguments"].get("hurt"):
            hurts(exchange)
            exchange.handler.close_connection = why in ("did not answer in time", "broke off its answer")
        else:
            exchange.result(said("well"))

    there = upstream(url=server.url, timeout_s=1)
    server.respond = modern(call=call)
    for _ in range(4):
        assert why in text(there.call_tool("echo", {"arguments": {"hurt": True}}, asked()))
    assert there.call_tool("echo", {}, asked())["content"] == said("well")["content"]


def test_what_a_server_says_of_the_request_opens_no_circuit(server, upstream):
    there = upstream(url=server.url)
    server.respond = modern(call=lambda exchange: exchange.error(-32602, "'a' must be a number", 400))
    for _ in range(5):
        assert text(there.call_tool("echo", {}, asked())) == "The server 'there' refused: 'a' must be a number"


@pytest.mark.parametrize(("method", "times"), [("tools/call", 1), ("prompts/get", 2)])
def test_a_call_is_not_sent_again_over_another_connection(server, upstream, method, times):
    """A kept connection that ends without a word may have carried the call: what was asked for may be done already."""

    def respond(exchange: Exchange) -> None:
        if exchange.message["method"] == method:
            exchange.handler.connection.shutdown(socket.SHUT_RDWR)
            exchange.handler.close_connection = True
        else:
            modern()(exchange)

    there = upstream(url=server.url)
    assert there.tools()  # the connection is kept
    server.respond = respond
    if method == "tools/call":
        assert "cannot be reached" in text(there.call_tool("echo", {}, asked()))
    else:
        with pytest.raises(RpcError, match="cannot be reached"):
            there.get_prompt("x", {}, asked())
    assert server.asked.count(method) == times


def test_a_slow_server_ends_with_its_time(server, upstream):
    def slow(exchange: Exchange) -> None:
        time.sleep(3)

    there = upstream(url=server.url, timeout_s=1)
    server.respond = modern(call=slow)
    assert there.tools()
    began = time.monotonic()
    assert text(there.call_tool("echo", {}, asked())) == "The server 'there' did not answer in time."
    assert time.monotonic() - began < 2.5


def test_a_server_that_trickles_gains_no_time(server, upstream):
    def trickle(exchange: Exchange) -> None:
        exchange.answer(200, b"", content_type="text/event-stream", content_length="1000000")
        for _ in range(30):
            exchange.handler.wfile.write(b": still here\n\n")
            time.sleep(0.1)

    there = upstream(url=server.url, timeout_s=1)
    server.respond = modern(call=trickle)
    began = time.monotonic()
    assert "did not answer in time" in text(there.call_tool("echo", {}, asked()))
    assert time.monotonic() - began < 2.5


def test_the_requests_own_end_counts_before_the_servers_time(server, upstream):
    there = upstream(url=server.url)
    assert there.tools()
    assert "did not answer in time" in text(there.call_tool("echo", {}, asked(seconds=0)))


NESTED = b'{"jsonrpc":"2.0","id":1,"result":' + b'{"a":' * 80 + b"1" + b"}" * 80 + b"}"
VERY_NESTED = b"[" * 60_000


@pytest.mark.parametrize(
    ("answer", "headers", "why"),
    [
        (b"{", {}, "not JSON"),
        (b"\xff\xfe", {}, "not JSON"),
        (b'{"jsonrpc":"2.0","id":1,"result":NaN}', {}, "not JSON"),
        (b"[]", {}, "no message of MCP"),
        (b'{"jsonrpc":"2.0","id":1}', {}, "no message of MCP"),
        (b'{"jsonrpc":"2.0","id":1,"result":{"content":"x"}}', {}, "no tool's result"),
        (b'{"jsonrpc":"2.0","id":1,"result":{"content":[1]}}', {}, "no tool's result"),
        (b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"task"}}', {}, "a kind of result"),
        (b'{"jsonrpc":"2.0","id":1,"result":{"resultType":"input_required","requestState":7}}', {}, "cannot pass on"),
        (NESTED, {}, "nested deeper"),
        (VERY_NESTED, {}, "nested deeper"),
        (b"x" * 70_000, {}, "more than the 64 KB"),
        (b"<html>", {"content_type": "text/html"}, "neither JSON nor an event stream"),
        (b"\x1f\x8b", {"content_encoding": "gzip"}, "a coding that it was not asked for"),
        (b"data: {}\n\n", {"content_type": "text/event-stream"}, "no message of MCP"),
        (b": nothing\n\n", {"content_type": "text/event-stream"}, "without a result"),
        (b"data: " + b"x" * 70_000, {"content_type": "text/event-stream"}, "more than the 64 KB"),
        (b"{}", {"content_length": "100"}, "broke off its answer"),
    ],
)
def test_what_is_no_answer_is_told_in_words(server, upstream, answer, headers, why):
    def call(exchange: Exchange) -> None:
        exchange.answer(200, answer, **headers)
        exchange.handler.close_connection = True

    server.respond = modern(call=call)
    assert why in text(upstream(url=server.url, max_kb=64).call_tool("echo", {}, asked()))


def test_half_a_character_does_not_get_through(server, upstream):
    half = b'{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"a\\ud800b"}]}}'
    server.respond = modern(call=lambda exchange: exchange.answer(200, half))
    result = upstream(url=server.url).call_tool("echo", {}, asked())
    assert result["content"][0]["text"] == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(server, upstream, status):
    with scripted(lambda exchange: exchange.result(said("stolen"))) as elsewhere:
        server.respond = modern(call=lambda exchange: exchange.answer(status, b"", location=elsewhere.url))
        result = upstream(url=server.url, auth={"type": "header"}).call_tool("echo", {}, asked())
        assert "answered with a redirect, and none is followed" in text(result)
        assert elsewhere.seen == []


def test_a_server_that_asks_in_between_is_told_that_nobody_answers(upstream):
    """Handshake revisions let a server send requests of its own; a gateway without a way back declares nothing."""
    answered: list[Any] = []

    def respond(exchange: Exchange) -> None:
        message = exchange.message
        if "method" not in message:
            answered.append(message)
            exchange.answer(202)
        elif message["method"] == "initialize":
            assert message["params"]["capabilities"] == {}
            result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {}}
            exchange.result(result, mcp_session_id="one")
        elif message["method"] == "notifications/initialized":
            exchange.answer(202)
        elif message["method"] == "tools/list":
            exchange.result({"tools": [tool()]})
        else:
            question = {"jsonrpc": "2.0", "id": "q", "method": "sampling/createMessage", "params": {}}
            ping = {"jsonrpc": "2.0", "id": "p", "method": "ping"}
            last = {"jsonrpc": "2.0", "id": message["id"], "result": said("done without you")}
            body = "".join(f"data: {json.dumps(each)}\r\n\r\n" for each in (question, ping, last)).encode()
            exchange.answer(200, body, content_type="text/event-stream")

    with scripted(respond) as server:
        result = upstream(url=server.url, era="2025-06-18").call_tool("echo", {}, asked())
    assert result["content"][0]["text"] == "done without you"
    assert [(each["id"], "error" in each) for each in answered] == [("q", True), ("p", False)]


def test_a_server_of_an_older_revision_is_found_out(upstream):
    """It knows no server/discover, and says so with a status and a page."""

    def respond(exchange: Exchange) -> None:
        method = exchange.message["method"]
        if method == "server/discover":
            exchange.answer(400, b"<h1>Bad Request</h1>", content_type="text/html")
        elif method == "initialize":
            exchange.result({"protocolVersion": "2024-11-05", "capabilities": {"tools": {}}, "serverInfo": {}})
        elif method == "notifications/initialized":
            exchange.answer(202)
        else:
            exchange.result({"tools": [tool()]} if method == "tools/list" else said("old but well"))

    with scripted(respond) as server:
        there = upstream(url=server.url)
        assert there.call_tool("echo", {}, asked())["content"][0]["text"] == "old but well"
        assert there.prompts() == []
        assert server.asked == [
            "server/discover",
            "initialize",
            "notifications/initialized",
            "tools/list",
            "tools/call",
        ]
        assert server.seen[-1].headers["mcp-protocol-version"] == "2024-11-05"


def test_a_server_of_revisions_to_come_is_no_server_for_us(server, upstream):
    server.respond = lambda exchange: exchange.error(-32022, "no", 400, data={"supported": ["2031-01-01"]})
    with pytest.raises(Unreachable, match="'there' speaks no revision of MCP that the gateway knows"):
        upstream(url=server.url).tools()
    assert server.asked == ["server/discover"]


def test_a_list_is_read_to_its_end_and_kept_for_as_long_as_it_says(server, upstream):
    pages = {None: ("a", "2"), "2": ("b", "3"), "3": ("c", None)}

    def respond(exchange: Exchange) -> None:
        if exchange.message["method"] != "tools/list":
            modern()(exchange)
            return
        name, following = pages[exchange.message["params"].get("cursor")]
        page = {"tools": [tool(name)], "ttlMs": 20_000, "cacheScope": "private", "resultType": "complete"}
        exchange.result({**page, **({"nextCursor": following} if following else {})})

    server.respond = respond
    there = upstream(url=server.url)
    assert [each["name"] for each in there.tools()] == ["a", "b", "c"]
    assert there.tools()
    assert server.asked.count("tools/list") == 3
    assert 19_000 < there.ttl_ms("tools") <= 20_000


def test_a_list_without_end_is_given_up(server, upstream):
    def respond(exchange: Exchange) -> None:
        if exchange.message["method"] != "tools/list":
            modern()(exchange)
            return
        page = {"tools": [], "ttlMs": 0, "cacheScope": "private", "resultType": "complete"}
        exchange.result({**page, "nextCursor": str(exchange.message["id"])})

    server.respond = respond
    with pytest.raises(Unreachable, match="on more than 50 pages"):
        upstream(url=server.url).tools()


def test_a_list_is_held_to_the_size_of_one_answer_however_many_pages_it_has(server, upstream):
    """Fifty answers of a megabyte would be more memory than the function has."""

    def respond(exchange: Exchange) -> None:
        if exchange.message["method"] != "tools/list":
            modern()(exchange)
            return
        number = int(exchange.message["params"].get("cursor", "0"))
        page = {"tools": [tool(f"t{number}", description="x" * 20_000)], "ttlMs": 0, "resultType": "complete"}
        exchange.result({**page, "cacheScope": "private", **({"nextCursor": str(number + 1)} if number < 9 else {})})

    server.respond = respond
    assert len(upstream(url=server.url, max_kb=220).tools()) == 10
    with pytest.raises(Unreachable, match="lists tools of more than the 64 KB allowed"):
        upstream(url=server.url, max_kb=64).tools()


def test_tools_that_clients_could_not_use_are_left_out(server, upstream):
    server.respond = modern(
        tool("good"),
        tool("good", description="a second of the name"),
        tool("no spaces"),
        tool("x" * 200),
        {"name": "no_schema"},
        tool("array", inputSchema={"type": "array"}),
        tool("header", inputSchema={"type": "object", "properties": {"a": {"type": "object", "x-mcp-header": "A"}}}),
        tool("", description="nameless"),
        tool("well", inputSchema={"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "A"}}}),
    )
    found = upstream(url=server.url).tools()
    assert [each["name"] for each in found] == ["good", "well"]
    assert found[0]["description"] == "Say it."


def test_arguments_that_a_header_repeats_are_sent_there_too(server, upstream):
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "x-mcp-header": "City"},
            "deep": {"type": "object", "properties": {"on": {"type": "boolean", "x-mcp-header": "On"}}},
        },
    }
    server.respond = modern(tool("echo", inputSchema=schema))
    there = upstream(url=server.url)
    there.call_tool("echo", {"arguments": {"city": "Zürich", "deep": {"on": True}}}, asked())
    sent = server.seen[-1].headers
    assert (sent["mcp-name"], sent["mcp-param-city"], sent["mcp-param-on"]) == (
        "echo",
        "=?base64?WsO8cmljaA==?=",
        "true",
    )


def test_a_missing_capability_is_the_clients_to_know(server, upstream):
    refusal = {"requiredCapabilities": {"sampling": {}}}
    server.respond = modern(call=lambda exchange: exchange.error(-32021, "needs sampling", 400, data=refusal))
    with pytest.raises(RpcError) as raised:
        upstream(url=server.url).call_tool("echo", {}, asked())
    assert (raised.value.code, raised.value.data) == (MISSING_CLIENT_CAPABILITY, refusal)


def test_a_tool_nobody_listed_is_unknown(server, upstream):
    with pytest.raises(RpcError) as raised:
        upstream(url=server.url).call_tool("other", {}, asked())
    assert raised.value.code == INVALID_PARAMS
    assert "tools/call" not in server.asked


def test_a_list_that_holds_longer_than_numbers_go_is_a_list(server, upstream):
    server.respond = modern(ttl_ms=10**400)
    assert [each["name"] for each in upstream(url=server.url).tools()] == ["echo"]


def test_a_server_that_takes_no_log_level_is_asked_nevertheless(upstream):
    """It promised to, in a session of a handshake revision."""

    def respond(exchange: Exchange) -> None:
        method = exchange.message.get("method", "")
        if exchange.method == "DELETE" or method == "notifications/initialized":
            exchange.answer(202)
        elif method == "initialize":
            capabilities = {"tools": {}, "logging": {}}
            result = {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": {}}
            exchange.result(result, mcp_session_id="one")
        elif method == "logging/setLevel":
            exchange.error(-32601, "Method not found")
        else:
            exchange.result({"tools": [tool()]} if method == "tools/list" else said("well"))

    with scripted(respond) as server:
        there = upstream(url=server.url, era="2025-06-18")
        assert there.call_tool("echo", {}, asked(log_level="info"))["content"][0]["text"] == "well"
        assert "logging/setLevel" in server.asked
