"""A front door with fake functions behind it."""

import contextlib
import copy
import functools
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from local.functions import FunctionError, InvocationFailed, Prelude, Result
from local.gateway import GatewayConfig, Service, gateway

ROOT = Path(__file__).parents[3]
ALLOW_ALL = {
    "principalId": "ada",
    "policyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "arn:aws:execute-api:*/v1/*"}],
    },
    "context": {"user_id": "u-1", "name": "ada@example.com", "key_id": "key_1"},
}


class FakeStream:
    def __init__(self, prelude: Any, chunks: list[Any]) -> None:
        self.prelude = Prelude(
            prelude.get("statusCode"), prelude.get("headers"), prelude.get("multiValueHeaders"), prelude.get("cookies")
        )
        self.chunks, self.cold, self.request_id = chunks, False, "r"

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk if isinstance(chunk, bytes) else await chunk


class FakeFunctions:
    """Answers with what a test put into `answers`: a JSON value, bytes, an exception, or a coroutine function."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"authorizer": ALLOW_ALL}
        self.streams: dict[str, Any] = {}
        self.calls: list[tuple[str, Any]] = []

    def called(self, name: str) -> list[Any]:
        return [event for each, event in self.calls if each == name]

    async def invoke(self, name: str, payload: bytes, *, trace_id: str | None = None) -> Result:
        self.calls.append((name, json.loads(payload)))
        answer = self.answers.get(name, {"statusCode": 200, "body": name})
        if callable(answer):
            answer = await answer()
        if isinstance(answer, FunctionError):
            return Result(answer.payload, answer, "r", cold=False)
        if isinstance(answer, Exception):
            raise answer
        return Result(answer if isinstance(answer, bytes) else json.dumps(answer).encode(), None, "r", cold=False)

    @contextlib.asynccontextmanager
    async def stream(self, name: str, payload: bytes, *, trace_id: str | None = None) -> AsyncIterator[Any]:
        self.calls.append((name, json.loads(payload)))
        prelude, *chunks = self.streams.get(name, [{"statusCode": 200}, name.encode()])
        if callable(prelude):
            await prelude()
        if isinstance(prelude, Exception):
            raise prelude
        yield FakeStream(prelude, chunks)


@functools.cache
def contract() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    return document


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """The front door over the project's own contract."""

    def __init__(self) -> None:
        self.contract = copy.deepcopy(contract())
        self.functions = FakeFunctions()
        self.clock = Clock()
        self.lines: list[str] = []
        self.options: dict[str, Any] = {}
        self.api: Any = None

    def add(self, path: str, service: str = "admin", auth: str = "none", method: str = "post") -> None:
        operation = {"x-pennyworth": {"service": service, "auth": auth}}
        self.contract["paths"].setdefault(path, {})[method] = operation

    @property
    def app(self) -> Any:
        if self.api is None:
            config = {
                "services": {
                    "openai": Service("openai", streaming=True),
                    "mcp": Service("mcp"),
                    "admin": Service("admin"),
                },
                "authorizer": "authorizer",
                "authorizer_ttl_s": 60,
                "pool_id": "us-east-1_pool",
                "client_ids": ("client",),
                "aws_url": "http://127.0.0.1:9",
                "clock": self.clock,
                "log": self.lines.append,
            }
            self.api = gateway(self.contract, GatewayConfig(**{**config, **self.options}), self.functions)
        return self.api

    async def __call__(self, method: str, path: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost/v1") as client:
            return await client.request(method, path, **options)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def failed() -> InvocationFailed:
    return InvocationFailed(FunctionError.of("Model.Broken", "half-way"))


def error_code(response: httpx.Response) -> str:
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return str(error["code"])
