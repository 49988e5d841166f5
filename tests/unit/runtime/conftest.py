"""A Lambda platform of raw sockets: what the runtime wrote is looked at byte for byte, and as it arrives."""

import contextlib
import json
import os
import queue
import select
import shutil
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PATIENCE_S = 10


@dataclass
class Post:
    """One POST of the runtime, taken apart by the letter of RFC 9112."""

    path: str
    headers: dict[str, str]
    chunks: list[bytes] = field(default_factory=list)
    trailers: dict[str, str] = field(default_factory=dict)

    @property
    def payload(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def prelude(self) -> Any:
        return json.loads(self.payload.partition(bytes(8))[0])

    @property
    def body(self) -> bytes:
        return self.payload.partition(bytes(8))[2]

    @property
    def error(self) -> Any:
        return json.loads(self.payload)


class Wire:
    """A connection's incoming side."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.buffer = b""

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self._more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def headers(self) -> dict[str, str]:
        found = {}
        while line := self.line():
            name, _, value = line.decode("ascii").partition(": ")
            found[name.lower()] = value
        return found

    def _more(self) -> None:
        data = self.connection.recv(65536)
        if not data:
            raise EOFError
        self.buffer += data


class Platform:
    """The Runtime API of one function. `invoke` queues an event, `post` waits for what the runtime reports."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.invocations: queue.Queue[bytes] = queue.Queue()
        self.posts: queue.Queue[Post] = queue.Queue()
        self.chunks: queue.Queue[bytes] = queue.Queue()  # of streamed answers, as they arrive
        self.connections: list[socket.socket] = []
        self.accepted = b"HTTP/1.1 202 Accepted\r\nContent-Length: 16\r\n\r\n" + b'{"status":"OK"}\n'
        self.hang_up_on: Callable[[bytes], bool] = lambda chunk: False
        self.close_after_answer = False
        self._count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def invoke(
        self,
        event: object = None,
        *,
        raw: bytes | None = None,
        time_s: float = 60,
        headers: tuple[str, ...] = (),
        chunked: int = 0,
    ) -> str:
        """Queue an event, its body in chunks of `chunked` bytes if that is not 0; the request id."""
        self._count += 1
        request_id = f"request-{self._count}"
        body = json.dumps(event).encode() if raw is None else raw
        head = [
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            f"Lambda-Runtime-Aws-Request-Id: {request_id}",
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + time_s) * 1000)}",
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:f",
            *headers,
        ]
        if chunked:
            parts = [body[at : at + chunked] for at in range(0, len(body), chunked)]
            head.append("Transfer-Encoding: chunked")
            body = b"".join(b"%x;ext=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Trailer: t\r\n\r\n"
        else:
            head.append(f"Content-Length: {len(body)}")
        self.invocations.put("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return request_id

    def post(self) -> Post:
        return self.posts.get(timeout=PATIENCE_S)

    def chunk(self) -> bytes:
        return self.chunks.get(timeout=PATIENCE_S)

    def call(self, event: object = None, **options: Any) -> Post:
        self.invoke(event, **options)
        return self.post()

    def close(self) -> None:
        """Hang up on everybody."""
        for connection in (self.listener, *self.connections):
            with contextlib.suppress(OSError):  # it has hung up first
                connection.shutdown(socket.SHUT_RDWR)
            self.invocations.put(b"")  # wakes the thread that serves it
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        wire = Wire(connection)
        try:
            while True:
                method, path, version = wire.line().decode().split(" ")
                assert version == "HTTP/1.1"
                headers = wire.headers()
                if method == "GET":
                    assert path == "/2018-06-01/runtime/invocation/next"
                    connection.sendall(self.invocations.get())
                else:
                    self.posts.put(self._post(wire, path, headers))
                    connection.sendall(self.accepted)
                    if self.close_after_answer:
                        return
        except (OSError, EOFError):
            return
        finally:
            connection.close()

    def _post(self, wire: Wire, path: str, headers: dict[str, str]) -> Post:
        post = Post(path, headers)
        if "content-length" in headers:
            post.chunks.append(wire.exactly(int(headers["content-length"])))
            return post
        assert headers["transfer-encoding"] == "chunked"
        while size := int(wire.line(), 16):
            chunk = wire.exactly(size)
            assert wire.exactly(2) == b"\r\n"
            post.chunks.append(chunk)
            self.chunks.put(chunk)
            if self.hang_up_on(chunk):
                raise EOFError
        post.trailers = wire.headers()
        return post


class Function:
    """A function's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ended(self) -> int:
        return self.process.wait(PATIENCE_S)

    def line(self) -> str:
        """The next line it logs."""
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        assert ready, "nothing was logged"
        return self.process.stdout.readline()

    def output(self) -> str:
        """All it logged, once it has ended."""
        self.process.kill()
        return self.process.communicate(timeout=PATIENCE_S)[0]


Start = Callable[..., Function]


@pytest.fixture
def platform() -> Iterator[Platform]:
    platform = Platform()
    yield platform
    platform.close()


@pytest.fixture
def start(platform: Platform, tmp_path: Path) -> Iterator[Start]:
    """Start a function from the source of its module `app`: under our runtime, or under AWS's own (`stock`)."""
    started = []
    layer = tmp_path / "opt"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "pennyworth").symlink_to(ROOT / "shared" / "pennyworth")
    shutil.copy(ROOT / "shared" / "stream", layer / "stream")
    task = tmp_path / "task"
    task.mkdir()

    def function(source: str, *, handler: str = "app.handler", stock: bool = False, **environment: str) -> Function:
        (task / "app.py").write_text(textwrap.dedent(source))
        command = [sys.executable, "-m", "awslambdaric", handler]
        settings = {
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_LAMBDA_RUNTIME_API": platform.address,
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": handler,
            "AWS_LAMBDA_FUNCTION_NAME": "f",
            "AWS_LAMBDA_FUNCTION_VERSION": "7",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/f",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/22/[7]0",
        }
        if stock:
            settings["PYTHONPATH"] = f"{task}:{ROOT / 'shared'}"
        else:
            command.insert(0, str(layer / "stream"))
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=settings | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return Function(process)

    yield function
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE_S)
