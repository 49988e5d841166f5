"""The front door on a real server, before real functions, with real clients."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from local.functions import listen
from local.gateway import GatewayConfig, Service, gateway
from tests.integration.functions.conftest import Bench, Gate

pytestmark = pytest.mark.anyio
MB = 1024 * 1024

STREAMS = """
import json, os

def handler(event, exchange):
    told = json.loads(event["body"] or "{}")
    exchange.prelude(200, headers={"content-type": "text/event-stream"})
    for number in range(told.get("chunks", 1)):
        if "gate" in told:
            open(told["gate"], "rb", 0).read(1)
        exchange.send(b"data: %d\\n\\n" % number)
    match told.get("then"):
        case "break":
            exchange.end("Model.Broken", {"errorMessage": "half-way"})
        case "exit":
            os._exit(1)
        case "hang":
            open(told["gate"], "rb", 0).read(1)
        case _:
            exchange.end()
    print("at its end", flush=True)
"""

STOCK = """
import json, os, time

def handler(event, context):
    match json.loads(event["body"] or "{}").get("do"):
        case "exit":
            os._exit(1)
        case "hang":
            time.sleep(600)
    return {"statusCode": 200, "body": str(len(event["body"] or ""))}
"""


def contract() -> dict[str, Any]:
    def served_by(service: str, auth: str = "none") -> dict[str, Any]:
        return {"post": {"x-pennyworth": {"service": service, "auth": auth}}}

    return {
        "servers": [{"url": "/v1"}],
        "paths": {
            "/stream": served_by("streaming"),
            "/whole": served_by("stock"),
            "/closed": served_by("stock", "gateway"),
        },
    }


class Site:
    def __init__(self, bench: Bench, client: httpx.AsyncClient, lines: list[str]) -> None:
        self.bench, self.client, self.lines = bench, client, lines

    def stream(self, **told: Any) -> Any:
        return self.client.stream("POST", "/stream", json=told)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.close()


@contextlib.asynccontextmanager
async def site(bench: Bench, **limits: Any) -> AsyncIterator[Site]:
    """Both functions are warm already: no limit of a test meets a cold start."""
    streaming = bench.streaming(STREAMS, name="streaming", code=_code(bench, "streaming", STREAMS))
    stock = bench.function(STOCK, name="stock", code=_code(bench, "stock", STOCK))
    lines: list[str] = []
    config = GatewayConfig(
        services={"streaming": Service("streaming", streaming=True), "stock": Service("stock")},
        authorizer="stock",
        authorizer_ttl_s=0,
        pool_id="pool",
        client_ids=(),
        aws_url="http://127.0.0.1:9",
        log=lines.append,
        **limits,
    )
    async with contextlib.AsyncExitStack() as stack:
        functions = await stack.enter_async_context(bench.run(streaming, stock))
        for name in ("streaming", "stock"):
            await functions.invoke(name, b'{"body": null}')
        url = await stack.enter_async_context(_served(gateway(contract(), config, functions)))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=f"{url}/v1", timeout=10))
        bench.lines.clear()
        bench.records.clear()
        yield Site(bench, client, lines)


def _code(bench: Bench, name: str, source: str) -> Path:
    code = bench.folder / name
    code.mkdir()
    (code / "app.py").write_text(source)
    return code


@contextlib.asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    with listen() as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level=60))
        running = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await running


async def test_each_chunk_reaches_the_client_before_the_next_is_made(bench: Bench, gate: Gate) -> None:
    async with site(bench) as door, door.stream(chunks=3, gate=gate.path) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        chunks = response.aiter_raw()
        for number in range(3):
            gate.let()
            assert await anext(chunks) == b"data: %d\n\n" % number
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)


async def read(door: Site, gate: Gate, **told: Any) -> list[bytes]:
    """The chunks of a stream; its first comes through the gate."""
    chunks = []
    async with door.stream(gate=gate.path, **told) as response:
        gate.let()
        try:
            async for chunk in response.aiter_raw():
                chunks.append(chunk)  # noqa: PERF401, RUF100 -- what came before an error counts
        finally:
            assert chunks == [b"data: 0\n\n"]
    return chunks


@pytest.mark.parametrize("then", ["break", "exit", "hang"])
async def test_a_stream_that_fails_is_broken_off_and_not_ended(bench: Bench, gate: Gate, then: str) -> None:
    async with site(bench, stream_idle_s=0.3 if then == "hang" else 300) as door:
        with pytest.raises(httpx.RemoteProtocolError):
            await read(door, gate, then=then)
        gate.let()
        assert ", broken off, warm" in door.lines[-1]


async def test_a_stream_over_its_time_is_broken_off(bench: Bench, gate: Gate) -> None:
    async with site(bench, stream_timeout_s=0.3) as door:
        with pytest.raises(httpx.RemoteProtocolError):
            await read(door, gate, chunks=2)
        gate.let()
        await door.bench.until(lambda: "at its end" in door.bench.lines)


async def test_a_client_that_hangs_up_leaves_the_function_to_its_end(bench: Bench, gate: Gate) -> None:
    async with site(bench) as door:
        async with door.stream(chunks=2, gate=gate.path) as response:
            gate.let()
            assert await anext(response.aiter_raw()) == b"data: 0\n\n"
        async with asyncio.timeout(5):
            while not door.lines:
                await asyncio.sleep(0)
        gate.let()
        await door.bench.until(lambda: "at its end" in door.bench.lines)
        assert " 499 " in door.lines[0]
        assert (await door.client.post("/stream", json={})).status_code == 200
    assert {record.error for record in bench.records} == {None}
    assert len({record.environment for record in bench.records}) == 1


async def test_a_crash_is_a_502_and_a_function_over_its_time_a_504(bench: Bench) -> None:
    async with site(bench, integration_timeout_s=0.5) as door:
        assert (await door.client.post("/whole", json={"do": "exit"})).status_code == 502
        assert (await door.client.post("/whole", json={"do": "hang"})).status_code == 504


async def test_the_log_tells_a_cold_start_from_a_reuse(bench: Bench) -> None:
    async with site(bench) as door:
        for told in ({}, {"do": "exit"}, {}):
            await door.client.post("/whole", json=told)
    assert [line.rpartition(", ")[2] for line in door.lines] == ["warm", "warm", "cold"]


async def test_lambdas_own_limit_on_an_event_is_a_413(bench: Bench) -> None:
    async with site(bench) as door:
        fits = await door.client.post("/whole", content=json.dumps({"x": "y" * 5 * MB}))
        over = await door.client.post("/whole", content=b"x" * 6 * MB)
    assert (fits.status_code, over.status_code) == (200, 413)


@pytest.mark.parametrize("chunked", [True, False])
async def test_an_early_answer_reaches_a_client_that_is_still_sending(bench: Bench, chunked: bool) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield bytes(MB)

    async with site(bench) as door:
        content: Any = body() if chunked else bytes(12 * MB)
        assert (await door.client.post("/whole", content=content)).status_code == 413
        content = body() if chunked else bytes(9 * MB)
        assert (await door.client.post("/closed", content=content)).status_code == 401
        assert (await door.client.post("/whole", content=b"")).status_code == 200


@pytest.mark.parametrize(
    "target", [b"/v1/%ff%00", b"/v1/whole%", b"/v1/whole?%ff=%fe&;&=%", b"/v1/whole?" + b"a" * 5000]
)
async def test_what_is_no_utf8_gets_an_answer_all_the_same(bench: Bench, target: bytes) -> None:
    async with site(bench) as door:
        url = door.client.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        head = b"POST " + target + b" HTTP/1.1\r\nhost: x\r\nx-odd: \xff\xfe\r\ncontent-length: 10\r\n\r\n"
        writer.write(head + b'{"a":"\xff\xfe"}')
        line = await asyncio.wait_for(reader.readline(), 10)
        writer.close()
        await writer.wait_closed()
    assert line.split()[1] in (b"200", b"404", b"403")
