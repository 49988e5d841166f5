"""Lambda's API where it, or the function behind it, goes wrong: told in words, and no call is made twice."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from services.mcp import inference
from services.mcp.source import Asked
from tests.mcp_upstreams import Exchange, Scripted, scripted, tool

ARN = "arn:aws:lambda:us-east-1:123456789012:function:crm"
Behave = Callable[[Exchange], None]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    with scripted(lambda exchange: exchange.answer(500)) as system:
        monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", system.url.removesuffix("/mcp"))
        inference.lambda_api.cache_clear()
        yield system
        inference.lambda_api().close()
        inference.lambda_api.cache_clear()


def asked() -> Asked:
    return Asked("2026-07-28", {}, time.monotonic() + 10)


def message(exchange: Exchange) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(exchange.message["body"])
    return found


def function(**otherwise: Behave) -> Behave:
    """A function of a handshake revision, with a session; keywords say what it does instead, by the method's end."""

    def respond(exchange: Exchange) -> None:
        if exchange.message["httpMethod"] == "DELETE":
            return exchange.answer(200, {"statusCode": 200, "body": ""})
        asked_for = message(exchange)
        ending = asked_for["method"].rpartition("/")[2]
        if ending in otherwise:
            return otherwise[ending](exchange)
        results = {
            "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {}},
            "list": {"tools": [tool()]},
            "call": {"content": [{"type": "text", "text": "done"}]},
        }
        if "id" not in asked_for:
            return exchange.answer(200, {"statusCode": 202, "body": ""})
        known = {"result": results[ending]} if ending in results else {"error": {"code": -32601, "message": "no"}}
        body = json.dumps({"jsonrpc": "2.0", "id": asked_for["id"], **known})
        headers = {"Content-Type": "application/json", "Mcp-Session-Id": "s1"}
        return exchange.answer(200, {"statusCode": 200, "headers": headers, "body": body})

    return respond


def calls(api: Scripted, method: str) -> int:
    return sum(message(each)["method"] == method for each in api.seen if each.message["httpMethod"] == "POST")


def test_a_call_of_a_function_is_not_sent_again_over_another_connection(api, upstream):
    """A kept connection that ends without a word may have carried the call: the function may have run."""

    def hang_up(exchange: Exchange) -> None:
        exchange.handler.connection.shutdown(socket.SHUT_RDWR)
        exchange.handler.close_connection = True

    api.respond = function()
    there = upstream(type="lambda", function=ARN)
    assert there.tools()  # the connection is kept
    api.respond = function(call=hang_up)
    result = there.call_tool("echo", {}, asked())
    assert "cannot be invoked" in result["content"][0]["text"]
    assert calls(api, "tools/call") == 1


def test_a_function_that_forgot_its_sessions_is_greeted_again(api, upstream):
    def forgotten(exchange: Exchange) -> None:
        api.respond = function()
        error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": "Invalid session"}}
        exchange.answer(200, {"statusCode": 404, "body": json.dumps(error)})

    api.respond = function()
    there = upstream(type="lambda", function=ARN)
    assert there.tools()
    there._served().lists._kept["tools"].until = 0.0  # the list is due again
    api.respond = function(list=forgotten)
    assert [each["name"] for each in there.tools()] == ["echo"]
    assert calls(api, "initialize") == 2


def test_an_answer_too_deep_for_a_parser_is_told_in_words(api, upstream):
    api.respond = function()
    there = upstream(type="lambda", function=ARN)
    assert there.tools()
    api.respond = function(call=lambda exchange: exchange.answer(200, b'{"a":' * 200_000 + b"1" + b"}" * 200_000))
    assert "nested too deep" in there.call_tool("echo", {}, asked())["content"][0]["text"]


def test_a_status_may_be_a_text_as_api_gateway_takes_it(api, upstream):
    def call(exchange: Exchange) -> None:
        result = {"content": [{"type": "text", "text": "done"}]}
        body = json.dumps({"jsonrpc": "2.0", "id": message(exchange)["id"], "result": result})
        exchange.answer(200, {"statusCode": "200", "headers": {"Content-Type": "application/json"}, "body": body})

    api.respond = function(call=call)
    there = upstream(type="lambda", function=ARN, era="2025-06-18")
    assert there.call_tool("echo", {}, asked())["content"][0]["text"] == "done"
    api.respond = function(call=lambda exchange: exchange.answer(200, {"statusCode": "many", "body": "x"}))
    assert "status 500" in there.call_tool("echo", {}, asked())["content"][0]["text"]
