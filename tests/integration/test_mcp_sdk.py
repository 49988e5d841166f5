"""The official MCP SDK against the function, and the function against Lambda's API as it looks on the wire.

API Gateway in front and the openai function behind are made up here; all between them is real.
"""

import json
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import anyio
import httpx2
import pytest
import uvicorn
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from pennyworth.settings import settings
from services.mcp import app, inference
from services.mcp.endpoint import Post
from services.mcp.headers import joined
from services.mcp.toolbox import CUT_NOTE
from tests.mcp_posts import CALLER, event

FUNCTION = "pennyworth-openai:live"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
MODELS = {"object": "list", "data": [{"id": "nova-lite", "object": "model", "created": 1, "owned_by": "amazon"}]}
REFUSAL = {"error": {"message": "The model 'x' does not exist here.", "type": "t", "param": "model", "code": "c"}}
ENVIRONMENT = {
    "PENNYWORTH_ENVIRONMENT": "local",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "PENNYWORTH_USER_POOL_ID": "pool",
    "PENNYWORTH_CLIENT_IDS": "client",
    "PENNYWORTH_IDENTITY_POOL_ID": "identities",
    "PENNYWORTH_DEVELOPER_PROVIDER": "provider",
    "PENNYWORTH_PEPPER_PARAMETER": "/pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
    "PENNYWORTH_OPENAI_FUNCTION": FUNCTION,
}


@dataclass
class World:
    """What stands around the function."""

    url: str = ""
    remaining_ms: int = 29_000  # the time Lambda leaves the function
    invocations: list[dict[str, Any]] = field(default_factory=list)  # events the openai function got
    signatures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)  # what a model waits for that never answers
    function: threading.Lock = field(default_factory=threading.Lock)  # one request at a time, as in Lambda

    def context(self) -> Any:
        return SimpleNamespace(
            function_name="mcp",
            memory_limit_in_mb=512,
            invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:mcp",
            aws_request_id="1",
            get_remaining_time_in_millis=lambda: self.remaining_ms,
        )

    def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        with self.function:
            return app.handler(request, self.context())

    def openai(self, request: dict[str, Any]) -> Iterator[bytes]:
        """The openai function: prelude, zeros, body."""
        self.invocations.append(request)
        if request["path"] == "/models":
            yield _prelude(200) + json.dumps(MODELS).encode()
            return
        body = json.loads(request["body"])
        if body["model"] == "x":
            yield _prelude(404) + json.dumps(REFUSAL).encode()
            return
        yield _prelude(200) + _chunk("You said: ")
        if body["model"] == "slow":
            self.over.wait(20)
        yield from (_chunk(part) for part in (body["messages"][-1]["content"], "."))
        yield _chunk(None, "stop") + _sse({"choices": [], "usage": USAGE}) + b"data: [DONE]\n\n"


def _prelude(status: int) -> bytes:
    return json.dumps({"statusCode": status, "headers": {}}).encode() + b"\0" * 8


def _chunk(content: str | None, finish_reason: str | None = None) -> bytes:
    return _sse({"model": "nova", "choices": [{"delta": {"content": content}, "finish_reason": finish_reason}]})


def _sse(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _frame(kind: str, payload: bytes) -> bytes:
    """A message of an AWS event stream."""
    block = b""
    for name, value in ((b":event-type", kind.encode()), (b":message-type", b"event")):
        block += bytes([len(name)]) + name + b"\7" + struct.pack("!H", len(value)) + value
    prelude = struct.pack("!II", len(block) + len(payload) + 16, len(block))
    message = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return message + struct.pack("!I", crc32(message))


def _application(world: World) -> Starlette:
    async def gateway(request: Request) -> Response:
        headers: dict[str, list[str]] = {}
        for name, value in request.headers.items():
            headers.setdefault(name, []).append(value)
        post = Post(joined(headers), await request.body(), request.url.netloc)
        reply = await run_in_threadpool(world.invoke, event(post, CALLER))
        found = {name: values[0] for name, values in reply["multiValueHeaders"].items()}
        return Response(reply["body"] or b"", reply["statusCode"], found)

    async def lambda_api(request: Request) -> Response:
        world.signatures.append(request.headers["authorization"])
        if request.path_params["name"] != FUNCTION:
            return Response('{"Message":"Function not found"}', 404, {"x-amzn-errortype": "ResourceNotFoundException"})
        pieces = world.openai(await request.json())

        def frames() -> Iterator[bytes]:
            yield from (_frame("PayloadChunk", piece) for piece in pieces)
            yield _frame("InvokeComplete", b"{}")

        return StreamingResponse(frames(), media_type="application/vnd.amazon.eventstream")

    return Starlette(
        routes=[
            Route("/v1/mcp", gateway, methods=["POST"]),
            Route("/2021-11-15/functions/{name}/response-streaming-invocations", lambda_api, methods=["POST"]),
        ]
    )


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    world = World()
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    world.url = f"{address}/v1/mcp"
    config = uvicorn.Config(_application(world), log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL_LAMBDA": address}.items():
            patch.setenv(name, value)
        settings.cache_clear()
        inference.lambda_api.cache_clear()
        thread.start()
        yield world
        world.over.set()
        server.should_exit = True
        thread.join(10)
        inference.lambda_api().close()
        inference.lambda_api.cache_clear()
        settings.cache_clear()
    listener.close()


@pytest.fixture
def world(running: World) -> World:
    running.remaining_ms = 29_000
    running.invocations.clear()
    running.signatures.clear()
    return running


def talk(world: World, mode: str, story: Callable[[Client], Awaitable[Any]]) -> Any:
    """What `story` returns, told to a client that opens in the given mode."""

    async def run() -> Any:
        with anyio.fail_after(20):
            async with (
                httpx2.AsyncClient(trust_env=False) as http,
                Client(streamable_http_client(world.url, http_client=http), mode=mode) as client,
            ):
                return await story(client)

    return anyio.run(run)


MODES = {"auto": "2026-07-28", "2026-07-28": "2026-07-28", "legacy": "2025-11-25"}


@pytest.mark.parametrize("mode", MODES)
def test_a_client_connects_in_its_era(world: World, mode: str) -> None:
    async def story(client: Client) -> Any:
        return client.protocol_version, client.server_info

    version, info = talk(world, mode, story)

    assert version == MODES[mode]
    if mode != "2026-07-28":  # pinned, the client asks nobody
        assert (info.name, info.version) == ("pennyworth", "1.2.3")


@pytest.mark.parametrize("mode", MODES)
def test_a_client_lists_the_tools(world: World, mode: str) -> None:
    listed = talk(world, mode, lambda client: client.list_tools())

    ours = ["chat", "count_tokens", "embed", "list_models", "my_keys", "my_usage"]
    assert [tool.name for tool in listed.tools] == ours
    assert all(tool.output_schema and tool.description for tool in listed.tools)


@pytest.mark.parametrize("mode", MODES)
def test_a_client_lists_the_models(world: World, mode: str) -> None:
    result = talk(world, mode, lambda client: client.call_tool("list_models"))

    assert result.structured_content == {"models": [{"id": "nova-lite", "owned_by": "amazon"}]}
    assert json.loads(result.content[0].text) == result.structured_content


@pytest.mark.parametrize("mode", MODES)
def test_a_client_asks_a_model(world: World, mode: str) -> None:
    result = talk(world, mode, lambda client: client.call_tool("chat", {"model": "nova", "prompt": "Grüß Gott"}))

    assert result.content[0].text == "You said: Grüß Gott."
    assert result.structured_content == {
        "text": "You said: Grüß Gott.",
        "model": "nova",
        "finish_reason": "stop",
        "usage": USAGE,
    }
    [invocation] = world.invocations
    assert invocation["requestContext"]["authorizer"] == CALLER
    assert "sk-pw-secret" not in json.dumps(invocation)
    assert world.signatures[0].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


@pytest.mark.parametrize("mode", MODES)
def test_a_client_reads_what_was_refused(world: World, mode: str) -> None:
    result = talk(world, mode, lambda client: client.call_tool("chat", {"model": "x", "prompt": "Hi"}))

    assert result.is_error
    assert result.content[0].text == "The model 'x' does not exist here."


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_that_stops_half_way_comes_cut_within_the_time(world: World, mode: str) -> None:
    world.remaining_ms = 2_000

    result = talk(world, mode, lambda client: client.call_tool("chat", {"model": "slow", "prompt": "Hi"}))

    assert not result.is_error
    assert [content.text for content in result.content] == ["You said: ", CUT_NOTE]
    assert result.structured_content["finish_reason"] == "timeout"


def test_a_client_may_ping_in_the_era_that_has_it(world: World) -> None:
    talk(world, "legacy", lambda client: client.session.send_ping())
