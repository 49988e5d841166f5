"""Tiny real functions under AWS's own bootstrap, and under a streaming client of the Runtime API written here."""

import asyncio
import contextlib
import os
import stat
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from local.functions import Function, Functions, Record

# What an exec wrapper starts in place of the stock bootstrap: it hands each event to the handler together with a
# `send` that puts raw bytes into the chunked response, so that a test decides every byte.
STREAMING_RUNTIME = """
import base64, http.client, importlib, json, os, socket

HOST, PORT = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
ROOT = "/2018-06-01/runtime/invocation"
HEAD = (
    "POST {root}/{id}/response HTTP/1.1\\r\\nHost: {host}\\r\\nTransfer-Encoding: chunked\\r\\n"
    "Content-Type: application/vnd.awslambda.http-integration-response\\r\\n"
    "Lambda-Runtime-Function-Response-Mode: streaming\\r\\n"
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\\r\\n\\r\\n"
)


class Exchange:
    def __init__(self, request_id):
        self.id = request_id
        self.socket = socket.create_connection((HOST, int(PORT)))
        self.socket.sendall(HEAD.format(root=ROOT, id=request_id, host=HOST).encode())

    def prelude(self, status=200, **more):
        head = {"statusCode": status, "headers": {"content-type": "text/plain"}, **more}
        self.send(json.dumps(head).encode() + bytes(8))

    def send(self, data):
        self.socket.sendall(b"%x\\r\\n%s\\r\\n" % (len(data), data))

    def end(self, error_type=None, error=None):
        lines = b""
        if error_type:
            body = base64.b64encode(json.dumps(error).encode())
            lines = b"Lambda-Runtime-Function-Error-Type: %s\\r\\n" % error_type.encode()
            lines += b"Lambda-Runtime-Function-Error-Body: %s\\r\\n" % body
        self.socket.sendall(b"0\\r\\n" + lines + b"\\r\\n")
        answer = self.socket.makefile("rb").readline()
        self.socket.close()
        assert b" 202 " in answer, answer


def main():
    module, name = os.environ["_HANDLER"].rsplit(".", 1)
    handler = getattr(importlib.import_module(module), name)
    while True:
        connection = http.client.HTTPConnection(HOST, int(PORT))
        connection.request("GET", ROOT + "/next")
        event = connection.getresponse()
        handler(json.loads(event.read()), Exchange(event.headers["Lambda-Runtime-Aws-Request-Id"]))
        connection.close()


main()
"""


class Bench:
    """Writes functions and runs them; gathers what they print and what became of each invocation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.records: list[Record] = []
        self._news = asyncio.Event()

    def function(self, source: str, **options: Any) -> Function:
        code = self.folder / "code"
        code.mkdir(exist_ok=True)
        (code / "app.py").write_text(dedent(source))
        options.setdefault("timeout_s", 10)
        return Function(**{"name": "tiny", "handler": "app.handler", "code": code, **options})

    def streaming(self, source: str, **options: Any) -> Function:
        layer = self.folder / "layer"
        (layer / "python").mkdir(parents=True, exist_ok=True)
        (layer / "python" / "tiny_runtime.py").write_text(STREAMING_RUNTIME)
        wrapper = layer / "stream"
        wrapper.write_text('#!/bin/sh\nexec "$1" -m tiny_runtime\n')
        wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
        environment = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/stream", **options.pop("environment", {})}
        return self.function(source, layer=layer, environment=environment, **options)

    @contextlib.asynccontextmanager
    async def run(self, *functions: Function, **options: Any) -> AsyncIterator[Functions]:
        options.setdefault("grace_s", 0.5)
        async with Functions(functions, on_line=self._line, on_record=self._record, **options) as service:
            yield service

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until a line or a record makes it true."""
        async with asyncio.timeout(10):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def _line(self, _: str, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    def _record(self, record: Record) -> None:
        self.records.append(record)
        self._news.set()


class Gate:
    """Functions wait at it (`open(event["gate"], "rb", 0).read(1)`) until the test lets so many of them through."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = str(path)
        self._pipe = os.open(path, os.O_RDWR)

    def let(self, number: int = 1) -> None:
        os.write(self._pipe, bytes(number))

    def close(self) -> None:
        os.close(self._pipe)


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


@pytest.fixture
def alive() -> Callable[[int], bool]:
    """Whether a process runs; one that is dead but not yet reaped does not."""

    def check(pid: int) -> bool:
        if not Path("/proc/self/stat").exists():  # macOS
            return subprocess.run(["ps", "-p", str(pid)], check=False, capture_output=True).returncode == 0
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        return state not in "ZX"

    return check
