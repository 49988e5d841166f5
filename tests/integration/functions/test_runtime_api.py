"""The Runtime API's answers to a runtime that errs, asked by a plain HTTP client in a runtime's place."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from local.functions.failure import FunctionError
from local.functions.invocation import Invocation
from local.functions.runtime_api import RuntimeApi

pytestmark = pytest.mark.anyio

ROOT = "/2018-06-01/runtime"


class FakeHost:
    def __init__(self) -> None:
        self.current: Invocation | None = None
        self.may_ask = True
        self.idle = False
        self.init_error: FunctionError | None = None
        self.losses = 0

    def ask(self) -> "asyncio.Future[Invocation] | None":
        if not self.may_ask:
            return None
        self.current = Invocation(b'{"a": 1}', "Root=1")
        self.current.taken(3)
        future: asyncio.Future[Invocation] = asyncio.get_running_loop().create_future()
        if not self.idle:
            future.set_result(self.current)
        return future

    def arn(self) -> str:
        return "arn:tiny"

    def init_failed(self, error: FunctionError) -> bool:
        first, self.init_error = self.init_error is None, error
        return first

    def lost(self) -> None:
        self.losses += 1


@contextlib.asynccontextmanager
async def runtime() -> AsyncIterator[tuple[FakeHost, httpx.AsyncClient]]:
    host = FakeHost()
    api = RuntimeApi(host)
    address = await api.listen()
    async with httpx.AsyncClient(base_url=f"http://{address}", timeout=5) as client:
        yield host, client
    await api.close()


async def test_next_hands_out_the_event() -> None:
    async with runtime() as (host, client):
        reply = await client.get(f"{ROOT}/invocation/next")
    assert host.current is not None
    assert reply.content == b'{"a": 1}'
    assert {name: reply.headers[name] for name in reply.headers if name.startswith("lambda-")} == {
        "lambda-runtime-aws-request-id": host.current.id,
        "lambda-runtime-deadline-ms": str(host.current.deadline_ms),
        "lambda-runtime-invoked-function-arn": "arn:tiny",
        "lambda-runtime-trace-id": "Root=1",
    }


async def test_next_before_an_answer_is_an_invalid_transition() -> None:
    async with runtime() as (host, client):
        host.may_ask = False
        reply = await client.get(f"{ROOT}/invocation/next")
    assert (reply.status_code, reply.json()["errorType"]) == (403, "InvalidStateTransition")


async def test_an_answer_is_accepted_once() -> None:
    async with runtime() as (host, client):
        await client.get(f"{ROOT}/invocation/next")
        assert host.current is not None
        path = f"{ROOT}/invocation/{host.current.id}"
        first = await client.post(f"{path}/response", content=b"1")
        second = await client.post(f"{path}/response", content=b"2")
        third = await client.post(f"{path}/error", content=b"{}")
    assert (first.status_code, first.json()) == (202, {"status": "OK"})
    assert [reply.status_code for reply in (second, third)] == [403, 403]
    assert second.json()["errorType"] == "InvalidStateTransition"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "type_"),
    [
        ("POST", "/invocation/other/response", {}, 400, "InvalidRequestID"),
        ("POST", "/invocation/other/error", {}, 400, "InvalidRequestID"),
        ("POST", "/invocation/{id}/response", {"mode": "drip"}, 400, "InvalidFunctionResponseMode"),
        ("POST", "/invocation/{id}/response", {"large": "yes"}, 413, "RequestEntityTooLarge"),
        ("GET", "/invocation/{id}/response", {}, 404, None),
        ("GET", "/elsewhere", {}, 404, None),
    ],
)
async def test_what_lambda_refuses_is_refused(
    method: str, path: str, headers: dict[str, str], status: int, type_: str | None
) -> None:
    async with runtime() as (host, client):
        await client.get(f"{ROOT}/invocation/next")
        assert host.current is not None
        sent = {"Lambda-Runtime-Function-Response-Mode": headers["mode"]} if "mode" in headers else {}
        content = bytes(6 * 1024 * 1024 + 101) if "large" in headers else b"{}"
        reply = await client.request(method, ROOT + path.format(id=host.current.id), headers=sent, content=content)
    assert reply.status_code == status
    assert type_ is None or reply.json()["errorType"] == type_


async def test_an_init_error_is_accepted_once() -> None:
    async with runtime() as (host, client):
        headers = {"Lambda-Runtime-Function-Error-Type": "Runtime.Bad"}
        first = await client.post(f"{ROOT}/init/error", headers=headers, content=b'{"errorMessage": "no"}')
        second = await client.post(f"{ROOT}/init/error", content=b"")
    assert (first.status_code, second.status_code) == (202, 403)
    assert host.init_error is not None


async def test_a_runtime_that_leaves_while_it_waits_is_lost() -> None:
    host = FakeHost()
    host.idle = True
    api = RuntimeApi(host)
    address = await api.listen()
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(f"GET {ROOT}/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    await api.close()
    assert host.losses == 1


async def test_a_wait_for_permission_to_send_is_answered() -> None:
    api = RuntimeApi(FakeHost())
    address = await api.listen()
    reader, writer = await asyncio.open_connection(*address.split(":"))
    head = f"POST {ROOT}/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    writer.write(head.encode())
    assert await asyncio.wait_for(reader.readline(), 5) == b"HTTP/1.1 100 \r\n"
    writer.write(b"{}")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    await writer.wait_closed()
    await api.close()


@pytest.mark.parametrize(
    "sent", [b"nonsense\r\n\r\n", b"GET ", b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"]
)
async def test_a_peer_that_speaks_no_http_or_breaks_off_is_lost(sent: bytes) -> None:
    host = FakeHost()
    api: Any = RuntimeApi(host)
    address = await api.listen()
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(sent)
    writer.write_eof()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await writer.wait_closed()
    await api.close()
    assert host.losses == 1
