"""MCP servers that are Lambda functions: real ones, under AWS's own bootstrap, invoked through Lambda's API."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from local.functions import Function, Functions, lambda_api, listen
from services.mcp import inference
from services.mcp.source import Asked

# Answers the event it is made for, as servers in the field do; `mode` of its environment says which that is.
SOURCE = """
import base64, json, os

TOOLS = [{"name": "echo", "description": "Say it.", "inputSchema": {"type": "object"}}]


def answer(message):
    method = message["method"]
    if "id" not in message:
        return None
    reply = {"jsonrpc": "2.0", "id": message["id"]}
    if method == "initialize":
        known = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "f"}}
        return {**reply, "result": known}
    if method == "tools/list":
        return {**reply, "result": {"tools": TOOLS}}
    if method == "tools/call":
        arguments = message["params"].get("arguments", {})
        if arguments.get("crash"):
            raise RuntimeError("out of order: secret detail")
        text = "x" * arguments.get("size", 0) or json.dumps(arguments)
        return {**reply, "result": {"content": [{"type": "text", "text": text}]}}
    return {**reply, "error": {"code": -32601, "message": "Method not found"}}


def handler(event, context):
    mode = os.environ["mode"]
    if mode == "message":
        return answer(event)
    version = "1.0" if mode == "rest" else event["version"]
    method = event["httpMethod"] if mode == "rest" else event["requestContext"]["http"]["method"]
    assert version in ("1.0", "2.0") and method == "POST", event
    assert event["headers"]["content-type"] == "application/json", event
    assert "sk-pw" not in json.dumps(event), event
    found = answer(json.loads(event["body"]))
    if found is None:
        return {"statusCode": 202, "body": ""}
    status = 200 if "result" in found else 404
    body = base64.b64encode(json.dumps(found).encode()).decode() if mode == "rest" else json.dumps(found)
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": mode == "rest"}
"""
MODES = ("rest", "http", "message")


def arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"


@pytest.fixture(scope="module")
def lambda_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    code: Path = tmp_path_factory.mktemp("code")
    (code / "app.py").write_text(SOURCE)
    functions = [Function(mode, "app.handler", code, environment={"mode": mode}, timeout_s=10) for mode in MODES]
    ready, url, loop = threading.Event(), [""], asyncio.new_event_loop()
    over = asyncio.Event()

    async def serve() -> None:
        async with Functions(functions, grace_s=0.5) as service:
            with listen() as listener:
                server = uvicorn.Server(uvicorn.Config(lambda_api(service), lifespan="off", log_level="critical"))
                running = asyncio.create_task(server.serve([listener]))
                url[0] = f"http://127.0.0.1:{listener.getsockname()[1]}"
                ready.set()
                await over.wait()
                server.should_exit = True
                await running

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield url[0]
    loop.call_soon_threadsafe(over.set)
    thread.join(20)
    loop.close()


@pytest.fixture(autouse=True)
def lambdas(lambda_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", lambda_url)
    inference.lambda_api.cache_clear()
    yield
    inference.lambda_api().close()
    inference.lambda_api.cache_clear()


def asked(**members: Any) -> Asked:
    return Asked("2026-07-28", {}, time.monotonic() + 20, **members)


@pytest.mark.parametrize("payload", MODES)
def test_a_function_is_asked_in_the_form_it_takes(upstream, payload):
    there = upstream(type="lambda", function=arn(payload), payload=payload, timeout_s=15, max_kb=64)
    assert [tool["name"] for tool in there.tools()] == ["echo"]
    held = asked(headers={"authorization": "Bearer sk-pw-of-the-caller"})
    result = there.call_tool("echo", {"arguments": {"a": "Zürich"}}, held)
    assert result["content"][0]["text"] == '{"a": "Z\\u00fcrich"}'

    crashed = there.call_tool("echo", {"arguments": {"crash": True}}, asked())
    assert crashed["content"][0]["text"] == "The server 'there' failed."
    assert crashed["isError"]


@pytest.mark.parametrize("payload", MODES)
def test_a_function_may_not_say_more_than_is_allowed(upstream, payload):
    there = upstream(type="lambda", function=arn(payload), payload=payload, timeout_s=15, max_kb=64)
    result = there.call_tool("echo", {"arguments": {"size": 70_000}}, asked())
    assert "answered with more than the 64 KB allowed" in result["content"][0]["text"]


def test_a_function_that_does_not_exist_is_said_so(upstream):
    with pytest.raises(Exception, match="The server 'there' cannot be invoked"):
        upstream(type="lambda", function=arn("missing")).tools()
