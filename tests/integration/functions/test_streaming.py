"""Functions that stream, started by an exec wrapper in place of the stock bootstrap."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from local.functions import InvocationFailed, MalformedResponse

pytestmark = pytest.mark.anyio

STREAMS = """
import os

def handler(event, exchange):
    wait = lambda: open(event["gate"], "rb", 0).read(1)
    match event["do"]:
        case "chunks":
            exchange.prelude(201, multiValueHeaders={"x-many": ["1", "2"]}, cookies=["a=b"])
            for number in range(3):
                wait()
                exchange.send(b"chunk %d;" % number)
            exchange.end()
        case "trailer":
            exchange.prelude()
            exchange.send(b"partial")
            exchange.end("Model.Broken", {"errorType": "Model.Broken", "errorMessage": "half-way"})
        case "exit":
            exchange.prelude()
            exchange.send(b"partial")
            wait()
            os._exit(9)
        case "hang up":
            exchange.prelude()
            exchange.send(b"partial")
            exchange.socket.close()
            wait()
        case "hang":
            exchange.prelude()
            exchange.send(b"partial")
            wait()
        case "split prelude":
            head = b'{"statusCode": 418}' + bytes(8) + b"tea"
            for place in range(len(head)):
                exchange.send(head[place:place + 1])
            exchange.end()
        case "bytes":
            exchange.send(bytes.fromhex(event["hex"]) * event.get("times", 1))
            exchange.end()
        case "flood":
            exchange.prelude()
            for _ in range(64):
                exchange.send(bytes(65536))
            exchange.end()
            print("flooded", flush=True)
        case "pid":
            exchange.prelude(200, headers={"pid": os.getpid()})
            exchange.end()
"""


def event(do: str, gate: Any = None, **more: object) -> bytes:
    return json.dumps({"do": do, "gate": gate and gate.path, **more}).encode()


async def whole(stream: Any) -> bytes:
    return b"".join([chunk async for chunk in stream])


async def test_chunks_arrive_as_they_are_sent(bench: Any, gate: Any) -> None:
    async with (
        bench.run(bench.streaming(STREAMS)) as functions,
        functions.stream("tiny", event("chunks", gate)) as stream,
    ):
        assert stream.prelude.status == 201
        assert stream.prelude.headers == {"content-type": "text/plain"}
        assert stream.prelude.multi_value_headers == {"x-many": ["1", "2"]}
        assert stream.prelude.cookies == ["a=b"]
        assert stream.cold
        chunks = aiter(stream)
        for number in range(3):
            gate.let()
            assert await anext(chunks) == f"chunk {number};".encode()
        with pytest.raises(StopAsyncIteration):
            await anext(chunks)


async def test_a_prelude_in_pieces_is_put_together(bench: Any) -> None:
    async with (
        bench.run(bench.streaming(STREAMS)) as functions,
        functions.stream("tiny", event("split prelude")) as stream,
    ):
        assert stream.prelude.status == 418
        assert await whole(stream) == b"tea"


@pytest.mark.parametrize(
    ("body", "times"),
    [(b"no json" + bytes(8), 1), (b"[1]" + bytes(8), 1), (b'{"statusCode": 200}', 1), (b"", 1), (b" " * 1024, 17)],
    ids=["not JSON", "no object", "no delimiter", "nothing", "too long"],
)
async def test_an_answer_without_a_prelude_is_malformed(bench: Any, body: bytes, times: int) -> None:
    payload = event("bytes", hex=body.hex(), times=times) if body else event("none")
    source = STREAMS + '\n        case "none":\n            exchange.end()\n'
    async with bench.run(bench.streaming(source)) as functions:
        with pytest.raises(MalformedResponse):
            async with functions.stream("tiny", payload):
                pass


async def test_an_error_in_the_trailers_follows_the_bytes(bench: Any) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions:
        async with functions.stream("tiny", event("trailer")) as stream:
            chunks = aiter(stream)
            assert await anext(chunks) == b"partial"
            with pytest.raises(InvocationFailed) as caught:
                await anext(chunks)
        assert (caught.value.error.type, caught.value.error.message) == ("Model.Broken", "half-way")
        await functions.invoke("tiny", event("pid"))
    assert [(record.cold, record.error) for record in bench.records] == [(True, "Model.Broken"), (False, None)]


@pytest.mark.parametrize(
    ("do", "type_"),
    [("exit", "Runtime.ExitError"), ("hang up", "Runtime.TruncatedResponse"), ("hang", "Sandbox.Timedout")],
)
async def test_a_stream_that_breaks_off_is_no_clean_end(bench: Any, gate: Any, do: str, type_: str) -> None:
    async with bench.run(bench.streaming(STREAMS, timeout_s=0.5 if do == "hang" else 10)) as functions:
        async with functions.stream("tiny", event(do, gate)) as stream:
            chunks = aiter(stream)
            assert await anext(chunks) == b"partial"
            if do == "exit":
                gate.let()
            with pytest.raises(InvocationFailed) as caught:
                await anext(chunks)
        assert caught.value.error.type == type_
        assert (await functions.invoke("tiny", event("pid"))).error is None


async def test_a_reader_that_leaves_lets_the_function_run_to_its_end(bench: Any, alive: Callable[[int], bool]) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions:
        async with functions.stream("tiny", event("flood")):
            (pid,) = functions.pids
        await bench.until(lambda: "flooded" in bench.lines)
        await functions.invoke("tiny", event("pid"))
        assert functions.pids == {pid}
        assert alive(pid)
    assert [record.error for record in bench.records] == [None, None]


async def test_a_slow_reader_slows_the_function_down(bench: Any) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions, functions.stream("tiny", event("flood")) as stream:
        chunks = aiter(stream)
        first = await anext(chunks)
        assert "flooded" not in bench.lines
        rest = [chunk async for chunk in chunks]
    assert len(first) + sum(map(len, rest)) == 64 * 65536


async def test_a_streamed_answer_can_be_had_whole(bench: Any) -> None:
    async with bench.run(bench.streaming(STREAMS)) as functions:
        result = await functions.invoke("tiny", event("split prelude"))
        broken = await functions.invoke("tiny", event("trailer"))
    assert result.payload == b'{"statusCode": 418}' + bytes(8) + b"tea"
    assert broken.error is not None
    assert broken.error.type == "Model.Broken"


async def test_streams_at_once_do_not_mix(bench: Any, gate: Any) -> None:
    async def read(functions: Any) -> bytes:
        async with functions.stream("tiny", event("chunks", gate)) as stream:
            return await whole(stream)

    async with bench.run(bench.streaming(STREAMS)) as functions:
        async with asyncio.timeout(15):
            reads = [asyncio.create_task(read(functions)) for _ in range(3)]
            gate.let(9)
            bodies = await asyncio.gather(*reads)
    assert bodies == [b"chunk 0;chunk 1;chunk 2;"] * 3
