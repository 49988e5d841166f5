"""One HTTP/1.1 connection, for what AWS's endpoints send: http.client's work at a third of its CPU.

Every wait ends at a deadline, a reading of `time.monotonic`. Faults are TransportError.
"""

import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any

from pennyworth.aws.endpoint import Endpoint
from pennyworth.aws.error import TransportError

if TYPE_CHECKING:
    from ssl import SSLContext

_MAX_HEAD = 64 * 1024
_MAX_LINE = 4096  # of a chunk's size or trailer
_PIECE = 64 * 1024
_HEX = frozenset(b"0123456789abcdefABCDEF")


def connect(endpoint: Endpoint, context: "SSLContext | None", deadline: float, address: str = "") -> "Connection":
    """An open connection, to the `address` where one is given instead of what the host's name stands for. What fails
    here was never sent."""
    try:
        at: Any = (ascii_host(address or endpoint.host), endpoint.port)
        sock = socket.create_connection(at, timeout=_left(deadline, sent=False))
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                sock.settimeout(_left(deadline, sent=False))
                # A reply without a length ends with the connection: only TLS's own goodbye tells that from a cut.
                sock = context.wrap_socket(sock, server_hostname=endpoint.host, suppress_ragged_eofs=False)
        except BaseException:
            sock.close()
            raise
    except TimeoutError:
        raise TransportError("Timeout", "no connection in time", sent=False) from None
    except OSError as error:
        raise TransportError("ConnectionError", f"no connection: {error}", sent=False) from error
    return Connection(sock)


def ascii_host(name: str) -> str | bytes:
    """A host as getaddrinfo takes it: text goes through a codec for international names, 2 ms to import."""
    return name.encode() if name.isascii() else name


def _left(deadline: float, *, sent: bool, answered: bool = False) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise TransportError("Timeout", "no answer in time", sent=sent, answered=answered)
    return left


class Connection:
    """Takes one request at a time; the next one when the reply was read to its end."""

    __slots__ = ("_sock", "buffer", "idle_since")

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.buffer = b""  # received and not yet used
        self.idle_since = 0.0  # for the pool

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()

    def exchange(
        self, head: bytes, body: bytes, deadline: float, release: Callable[["Connection"], None]
    ) -> "Response":
        """Send a request; the reply once its head is there. `release` is called with a reusable connection when the
        reply's body ends; after a fault, the connection is closed."""
        try:
            self._send(head, body, deadline)
            status, headers, keep = self._head(deadline)
            return Response(self, status, headers, release if keep else None, bodiless=head.startswith(b"HEAD "))
        except BaseException:
            self.close()
            raise

    def _send(self, head: bytes, body: bytes, deadline: float) -> None:
        try:
            self._sock.settimeout(_left(deadline, sent=False))
            if len(body) < _PIECE:
                self._sock.sendall(head + body)  # one packet where it fits
            else:
                self._sock.sendall(head)
                self._sock.sendall(body)
        except TimeoutError:
            raise TransportError("Timeout", "the request could not be sent in time", sent=True) from None
        except OSError:
            return  # the peer may have refused early, and said why: reading will tell

    def receive(self, deadline: float) -> bytes:
        """What arrives next; empty at the end."""
        try:
            self._sock.settimeout(_left(deadline, sent=True, answered=bool(self.buffer)))
            return self._sock.recv(_PIECE)
        except TimeoutError:
            raise TransportError("Timeout", "no answer in time", sent=True, answered=bool(self.buffer)) from None
        except OSError as error:
            raise TransportError("ConnectionError", str(error), sent=True, answered=bool(self.buffer)) from error

    def _head(self, deadline: float) -> tuple[int, dict[str, str], bool]:
        while True:
            while (end := self.buffer.find(b"\r\n\r\n")) < 0:
                if len(self.buffer) > _MAX_HEAD:
                    raise malformed("the head is too long")
                piece = self.receive(deadline)
                if not piece:
                    raise TransportError(
                        "ConnectionError", "closed without an answer", sent=True, answered=bool(self.buffer)
                    )
                self.buffer += piece
            head, self.buffer = self.buffer[:end], self.buffer[end + 4 :]
            status, headers, keep = _parse_head(head)
            if status >= 200:
                return status, headers, keep
            if status == 101:
                raise malformed("switching protocols")  # 100 Continue and other interim answers are passed over


def malformed(what: str) -> TransportError:
    return TransportError("ConnectionError", f"malformed reply: {what}", sent=True, answered=True)


def _parse_head(head: bytes) -> tuple[int, dict[str, str], bool]:
    """Status, headers by lower-case name, and whether the connection may be kept."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    code = rest[:3]
    if version not in ("HTTP/1.1", "HTTP/1.0") or not (code.isascii() and code.isdigit() and len(code) == 3):
        raise malformed("status line")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise malformed("header")
        name, value = name.lower(), value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    connection = headers.get("connection", "").lower()
    keep = "keep-alive" in connection if version == "HTTP/1.0" else "close" not in connection
    return int(code), headers, keep


class Response:
    """A reply whose body is read as it comes. Close it, or read it to its end."""

    __slots__ = ("_chunked", "_connection", "_ended", "_left", "_line", "_release", "headers", "status")

    def __init__(
        self,
        connection: Connection,
        status: int,
        headers: dict[str, str],
        release: Callable[[Connection], None] | None,
        *,
        bodiless: bool = False,
    ) -> None:
        self.status, self.headers = status, headers
        self._connection, self._release = connection, release
        self._chunked = False
        self._ended = False
        self._left: int | None = None  # bytes to come, of the body or of the chunk; None: until the connection closes
        self._line = "size"  # what the next line of a chunked body is: size, end (of a chunk), trailer
        self._frame(bodiless)

    def _frame(self, bodiless: bool) -> None:
        """How the body's end is known (RFC 9112, section 6.3). HEAD is answered with the length of what GET would."""
        coding, length = self.headers.get("transfer-encoding"), self.headers.get("content-length")
        if bodiless or self.status in (204, 304):
            self._left = 0
        elif coding is not None:
            if coding.lower() != "chunked":
                raise malformed("transfer coding")
            self._chunked, self._left = True, 0
        elif length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 16):
                raise malformed("content length")
            self._left = int(length)
        if self._left == 0 and not self._chunked:
            self._end()

    def read(self, deadline: float) -> bytes:
        """The body's next bytes, as soon as there are any; empty at its end."""
        while not self._ended:
            piece = self._decode()
            if piece:
                return piece
            self._fill(deadline)
        return b""

    def read_all(self, limit: int, deadline: float) -> bytes:
        """The whole body. Raises TransportError when it is over `limit` bytes."""
        pieces, size = [], 0
        while piece := self.read(deadline):
            pieces.append(piece)
            size += len(piece)
            if size > limit:
                self.close()
                raise TransportError("ConnectionError", f"the reply is over {limit} bytes", sent=True, answered=True)
        return b"".join(pieces)

    def close(self) -> None:
        """Give the rest up, and the connection with it. Harmless once the body has ended."""
        if not self._ended:
            self._ended = True
            self._connection.close()

    def _fill(self, deadline: float) -> None:
        if self._ended:
            return
        try:
            piece = self._connection.receive(deadline)
        except BaseException:  # the end of the function's time comes as one, in the middle of a wait
            self.close()
            raise
        if piece:
            self._connection.buffer += piece
        elif self._left is None:
            self._release = None
            self._end()
        else:
            self.close()
            raise TransportError("ConnectionError", "the reply was cut short", sent=True, answered=True)

    def _end(self) -> None:
        self._ended = True
        if self._release is not None and not self._connection.buffer:
            self._release(self._connection)
        else:
            self._connection.close()

    def _decode(self) -> bytes:
        """What the received bytes hold of the body; none when they stop inside a chunk's line."""
        data, self._connection.buffer = self._connection.buffer, b""
        if not data or self._left is None:
            return data
        if self._chunked:
            try:
                return self._dechunk(data)
            except TransportError:
                self.close()
                raise
        piece, self._connection.buffer = data[: self._left], data[self._left :]
        self._left -= len(piece)
        if not self._left:
            self._end()
        return piece

    def _dechunk(self, data: bytes) -> bytes:
        """All the data of all the chunks that are there; what is no whole line yet goes back to the buffer."""
        at, pieces = 0, []
        while True:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece)
                if self._left:
                    return b"".join(pieces)
                self._line = "end"
            end = data.find(b"\r\n", at)
            if end < 0:
                if len(data) - at > _MAX_LINE:
                    raise malformed("chunk line")
                self._connection.buffer = data[at:]
                return b"".join(pieces)
            line, at = data[at:end], end + 2
            if self._line == "trailer":
                if not line:
                    self._connection.buffer = data[at:]
                    self._end()
                    return b"".join(pieces)
            elif self._line == "end":
                if line:
                    raise malformed("chunk")
                self._line = "size"
            else:
                self._left = _chunk_size(line)
                self._line = "trailer" if not self._left else "data"


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].strip(b" \t")
    if not 0 < len(digits) < 16 or not _HEX.issuperset(digits):
        raise malformed("chunk size")
    return int(digits, 16)
