"""A server on the loopback that answers as it is told, byte by byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pennyworth.aws import Aws, Credentials

Step = bytes | Callable[[socket.socket], None] | None  # what to answer; None: hang up without a word


@dataclass(frozen=True)
class Received:
    connection: int  # counted from 0
    target: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Answers each request with the next step; hangs up when there is none."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.received: list[Received] = []
        self.over = threading.Event()  # what a step waits for when it wants to say nothing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        if self.over.is_set():
            return
        self.over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        for number in range(1000):
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(10)
            thread = threading.Thread(target=self._serve, args=(connection, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                while (request := _read(connection, number)) is not None:
                    self.received.append(request)
                    step = self.steps.pop(0) if self.steps else None
                    if step is None:
                        return
                    if isinstance(step, bytes):
                        connection.sendall(step)
                    else:
                        step(connection)
            except OSError:
                return  # the client went, or a step ended the connection


def _read(connection: socket.socket, number: int) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Received(number, first.split(" ")[1], headers, body)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def naps() -> list[float]:
    """Seconds the client slept between attempts, without sleeping."""
    return []


@pytest.fixture
def connect(server: Server, naps: list[float]) -> Iterator[Callable[..., Aws]]:
    """Makes clients of the server; they are closed at the end."""
    made: list[Aws] = []

    def client(**options: Any) -> Aws:
        options = {"sleep": naps.append, "random": lambda: 0.5, **options}
        environ = {"AWS_ENDPOINT_URL": server.url}
        made.append(Aws("us-east-1", lambda: Credentials("AKIDEXAMPLE", "secret"), environ, **options))
        return made[-1]

    yield client
    for aws in made:
        aws.close()


@pytest.fixture
def aws(connect: Callable[..., Aws]) -> Aws:
    return connect()


@pytest.fixture
def answer() -> Callable[..., bytes]:
    """An HTTP reply with a length."""

    def reply(body: bytes = b"{}", status: int = 200, **headers: str) -> bytes:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {status} Whatever\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return reply
