"""Lambda's Runtime API over one connection that is kept open.

It parses by itself the little HTTP that this API speaks: http.client spends more time in its e-mail parser than the
rest of the runtime takes for a whole invocation. Each call is one write.

AWS's documentation has a custom runtime close the connection after a streamed response. AWS's own Node.js runtime keeps
it, and so does this one, unless the API closes it or says `Connection: close`.
"""

import json
import select
import socket
from base64 import b64encode
from collections.abc import Mapping

_ROOT = "/2018-06-01/runtime"
_HEAD_LIMIT = 65536  # bytes; Lambda's client context, the longest header, has at most 3583


class RuntimeApiLost(Exception):  # noqa: N818 -- it says what happened
    """The connection broke, or what came over it was not HTTP. The next call connects anew."""


class RuntimeApiGone(Exception):  # noqa: N818
    """There is no going on: no next invocation to be had, or the API declared the container broken (a 5xx)."""


class RuntimeApi:
    """One function's end of the Runtime API at `address`, "host:port". Calls that answer an invocation return the
    API's status: 202, or a 4xx when it refused. They raise RuntimeApiLost and RuntimeApiGone."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = (host.strip("[]").encode(), int(port))  # text would import a codec, which takes 2 ms
        self._socket: socket.socket | None = None
        self._readable = select.poll()
        self._next = f"GET {_ROOT}/invocation/next HTTP/1.1\r\nHost: {address}\r\n\r\n".encode()
        self._attempt = ""  # a header line: which attempt at the request this is, as AWS's own runtimes say it back
        self._post = f"POST {_ROOT}%s HTTP/1.1\r\nHost: {address}\r\n%s"
        self._streaming = self._post + (
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Content-Type: application/vnd.awslambda.http-integration-response\r\n"
            "Transfer-Encoding: chunked\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
        )

    def next(self) -> tuple[Mapping[str, str], bytes]:
        """Wait, however long, for an invocation: its headers (names in lower case) and its event."""
        try:
            self._begin(self._next)
            status, headers, body = self._reply()
        except RuntimeApiLost:
            # The connection may have died while nobody looked; an API that is there takes a second one.
            try:
                self._begin(self._next)
                status, headers, body = self._reply()
            except RuntimeApiLost as error:
                raise RuntimeApiGone("the Runtime API does not answer") from error
        if status != 200:
            raise RuntimeApiGone(f"the Runtime API answered {status} to the call for an invocation")
        attempt = headers.get("lambda-runtime-invocation-id")
        self._attempt = f"Lambda-Runtime-Invocation-Id: {attempt}\r\n" if attempt else ""
        return headers, body

    def respond(self, request_id: str, payload: bytes) -> int:
        """Answer with all of the payload (prelude, eight NULs, body) in one write."""
        self._begin(b"%b%x\r\n%b\r\n0\r\n\r\n" % (self._head_of_response(request_id), len(payload), payload))
        return self._accepted()

    def begin(self, request_id: str, payload: bytes) -> None:
        """Begin to answer, with the first part of the payload. Then `send` the others and `end`."""
        self._begin(b"%b%x\r\n%b\r\n" % (self._head_of_response(request_id), len(payload), payload))

    def send(self, payload: bytes) -> None:
        """The next part of a streamed answer. It must not be empty: that would end the body."""
        self._send(b"%x\r\n%b\r\n" % (len(payload), payload))

    def end(self, fault: Mapping[str, object] | None = None) -> int:
        """End a streamed answer; a fault (see pennyworth.runtime.faults) travels in the trailers."""
        trailers = b""
        if fault is not None:
            trailers = b"Lambda-Runtime-Function-Error-Type: %b\r\nLambda-Runtime-Function-Error-Body: %b\r\n" % (
                _header_value(fault["errorType"]),
                b64encode(json.dumps(fault).encode()),
            )
        self._send(b"0\r\n%b\r\n" % trailers)
        return self._accepted()

    def fail(self, request_id: str, fault: Mapping[str, object]) -> int:
        """Report that the invocation failed before the first byte of an answer."""
        return self._fail(f"/invocation/{request_id}/error", fault)

    def fail_init(self, fault: Mapping[str, object]) -> int:
        """Report that the function could not be loaded. The process must exit after it."""
        return self._fail("/init/error", fault)

    def _head_of_response(self, request_id: str) -> bytes:
        return (self._streaming % (f"/invocation/{request_id}/response", self._attempt)).encode()

    def _fail(self, path: str, fault: Mapping[str, object]) -> int:
        body = json.dumps(fault).encode()
        head = (
            b"%bContent-Type: application/json\r\nContent-Length: %d\r\nLambda-Runtime-Function-Error-Type: %b\r\n\r\n"
        )
        post = (self._post % (path, self._attempt)).encode()
        self._begin(head % (post, len(body), _header_value(fault["errorType"])) + body)
        return self._accepted()

    def _accepted(self) -> int:
        status = self._reply()[0]
        if status >= 500:  # "Container error. Non-recoverable state. Runtime should exit promptly."
            raise RuntimeApiGone(f"the Runtime API answered {status}")
        return status

    def _begin(self, data: bytes) -> None:
        """Send the beginning of a request, on a new connection if the API closed the last one in the meantime."""
        if self._socket is not None and self._readable.poll(0):
            self._drop()  # closed, or speaking out of turn
        if self._socket is None:
            self._connect()
        self._send(data)

    def _connect(self) -> None:
        try:
            self._socket = socket.create_connection(self._address)  # type: ignore[arg-type]  # getaddrinfo takes bytes
        except OSError as error:
            raise RuntimeApiLost from error
        # A token must not wait for the acknowledgement of the one before it.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._readable = select.poll()
        self._readable.register(self._socket, select.POLLIN)

    def _send(self, data: bytes) -> None:
        if self._socket is None:
            raise RuntimeApiLost
        try:
            self._socket.sendall(data)
        except OSError as error:
            self._drop()
            raise RuntimeApiLost from error

    def _receive(self) -> bytes:
        assert self._socket is not None
        try:
            data = self._socket.recv(65536)
        except OSError as error:
            self._drop()
            raise RuntimeApiLost from error
        if not data:
            self._drop()
            raise RuntimeApiLost
        return data

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _reply(self) -> tuple[int, dict[str, str], bytes]:
        try:
            status, headers, buffer = self._head_of_reply(bytearray(self._receive()))
            while status < 200:  # 100 Continue and its like come before the reply
                status, headers, buffer = self._head_of_reply(buffer or bytearray(self._receive()))
            body = self._body(headers, buffer)
        except ValueError as error:
            self._drop()
            raise RuntimeApiLost from error
        if buffer or headers.get("connection", "").lower() == "close":
            self._drop()
        return status, headers, body

    def _head_of_reply(self, buffer: bytearray) -> tuple[int, dict[str, str], bytearray]:
        while (end := buffer.find(b"\r\n\r\n")) < 0:
            if len(buffer) > _HEAD_LIMIT:
                raise ValueError("not the head of an HTTP reply")
            buffer += self._receive()
        status_line, *lines = buffer[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if status_line.startswith("HTTP/1.0 "):
            headers["connection"] = "close"
        elif not status_line.startswith("HTTP/1.1 "):
            raise ValueError("not the head of an HTTP reply")
        del buffer[: end + 4]
        return int(status_line[9:12]), headers, buffer

    def _body(self, headers: Mapping[str, str], buffer: bytearray) -> bytes:
        """Take the body off the buffer and the connection. Go's server sends longer events in chunks."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._chunked(buffer)
        return self._taken(buffer, int(headers.get("content-length", 0)))

    def _chunked(self, buffer: bytearray) -> bytes:
        body = bytearray()
        while size := int(self._line(buffer).partition(b";")[0], 16):
            body += self._taken(buffer, size)
            self._line(buffer)
        while self._line(buffer):
            pass  # trailers
        return bytes(body)

    def _line(self, buffer: bytearray) -> bytes:
        while (end := buffer.find(b"\r\n")) < 0:
            buffer += self._receive()
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line

    def _taken(self, buffer: bytearray, size: int) -> bytes:
        while len(buffer) < size:
            buffer += self._receive()
        taken = bytes(buffer[:size])
        del buffer[:size]
        return taken


def _header_value(text: object) -> bytes:
    """A class name may hold any letter of Unicode; a header may not."""
    return str(text).encode("ascii", "replace")
