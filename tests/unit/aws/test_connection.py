"""HTTP/1.1 as AWS and its stand-ins speak it, and as broken things between us do."""

import socket
from collections.abc import Callable
from time import monotonic
from typing import Any, cast

import pytest

from pennyworth.aws import Aws, AwsError
from pennyworth.aws.connection import Connection
from pennyworth.aws.error import TransportError

HEAD = b"HTTP/1.1 200 OK\r\n"


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body + b"0\r\n" + trailer + b"\r\n"


def closing(data: bytes) -> Callable[[socket.socket], None]:
    def step(connection: socket.socket) -> None:
        connection.sendall(data)
        connection.close()

    return step


def in_bytes(data: bytes) -> Callable[[socket.socket], None]:
    """One packet per byte, as good as the kernel lets us."""

    def step(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])

    return step


READABLE = {
    "with a length": HEAD + b'Content-Length: 7\r\n\r\n{"a":1}',
    "chunked": chunked(b'{"a"', b":1}"),
    "chunked, with an extension and trailers": HEAD
    + b'transfer-encoding: Chunked\r\n\r\n4;x="y"\r\n{"a"\r\n003 \r\n:1}\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n',
    "after 100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b'Content-Length: 7\r\n\r\n{"a":1}',
    "after early hints": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + chunked(b'{"a":1}'),
    "without a reason phrase": b'HTTP/1.1 200\r\nContent-Length: 7\r\n\r\n{"a":1}',
}


@pytest.mark.parametrize("reply", READABLE.values(), ids=READABLE)
@pytest.mark.parametrize("sent", [bytes, in_bytes], ids=["at once", "in bytes"])
def test_a_reply_is_read_whatever_its_form_and_the_connection_kept(
    server: Any, aws: Aws, reply: bytes, sent: Callable[[bytes], Any]
) -> None:
    server.steps = [sent(reply), reply]
    for _ in range(2):
        assert aws.post("lambda", "/x", {}) == {"a": 1}
    assert [request.connection for request in server.received] == [0, 0]


def test_a_body_without_a_length_ends_with_the_connection(server: Any, aws: Aws) -> None:
    server.steps = [closing(HEAD + b'\r\n{"a":1}')]
    assert aws.post("lambda", "/x", {}) == {"a": 1}


@pytest.mark.parametrize("head", [b"HTTP/1.1 204 No Content\r\n\r\n", HEAD + b"Content-Length: 0\r\n\r\n"])
def test_no_body_is_an_empty_object_and_the_connection_is_kept(server: Any, aws: Aws, head: bytes) -> None:
    server.steps = [head, head]
    assert aws.post("lambda", "/x", {}) == {}
    assert aws.post("lambda", "/x", {}) == {}
    assert [request.connection for request in server.received] == [0, 0]


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"], ids=["asked to", "HTTP/1.0"]
)
def test_a_connection_that_is_to_close_is_not_kept(server: Any, aws: Aws, head: bytes) -> None:
    reply = head + b"Content-Length: 2\r\n\r\n{}"
    server.steps = [reply, reply]
    for _ in range(2):
        aws.post("lambda", "/x", {})
    assert [request.connection for request in server.received] == [0, 1]


def test_a_connection_that_said_more_than_asked_is_not_kept(server: Any, aws: Aws) -> None:
    server.steps = [HEAD + b"Content-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n", HEAD + b"Content-Length: 2\r\n\r\n{}"]
    for _ in range(2):
        assert aws.post("lambda", "/x", {}) == {}
    assert [request.connection for request in server.received] == [0, 1]


MALFORMED = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "switched protocols": b"HTTP/1.1 101 Switching\r\n\r\n",
    "a header without a colon": HEAD + b"what\r\n\r\n",
    "a folded header": HEAD + b"X-A: 1\r\n 2\r\n\r\n",
    "a header name with a space": HEAD + b"Content-Length : 2\r\n\r\n{}",
    "an endless head": HEAD + b"X-A: " + b"a" * 70_000,
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
    "another transfer coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a chunk size with a prefix": HEAD + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk size with a sign": HEAD + b"Transfer-Encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
    "no chunk size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
    "a chunk longer than it said": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n",
    "an endless chunk line": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 5000,
    "a body cut short": HEAD + b"Content-Length: 3\r\n\r\n{}",
    "chunks cut short": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "chunks cut inside a size": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n1",
    "a head cut short": b"HTTP/1.1 200 OK\r\nX-A",
    "no JSON": HEAD + b"Content-Length: 4\r\n\r\n<ok>",
    "no JSON object": HEAD + b"Content-Length: 2\r\n\r\n[]",
    "no UTF-8": HEAD + b'Content-Length: 3\r\n\r\n"\xff"',
}


@pytest.mark.parametrize("reply", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_reply_is_a_connection_error_and_a_call_that_may_cost_is_not_repeated(
    server: Any, aws: Aws, naps: list[float], reply: bytes
) -> None:
    server.steps = [closing(reply)]
    with pytest.raises(AwsError) as caught:
        aws.post("bedrock-runtime", "/model/m/converse", {})
    assert (caught.value.code, caught.value.status) == ("ConnectionError", 0)
    assert len(server.received) == 1
    assert naps == []


class HalfDeaf:
    """A socket whose other side answered and stopped listening."""

    def __init__(self, *replies: bytes) -> None:
        self._replies = [*replies, b""]

    def settimeout(self, seconds: float) -> None: ...

    def close(self) -> None: ...

    def sendall(self, data: bytes) -> None:
        raise BrokenPipeError

    def recv(self, size: int) -> bytes:
        return self._replies.pop(0)


def test_a_refusal_is_read_although_the_request_was_not_taken_whole() -> None:
    """AWS answers 413 before all of a large body has arrived."""
    connection = Connection(cast(socket.socket, HalfDeaf(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")))
    response = connection.exchange(b"POST / HTTP/1.1\r\n\r\n", b"x" * 100_000, monotonic() + 5, lambda _: None)
    assert response.status == 413


def test_a_request_that_is_not_taken_nor_answered_is_a_connection_error() -> None:
    connection = Connection(cast(socket.socket, HalfDeaf(b"")))
    with pytest.raises(TransportError) as caught:
        connection.exchange(b"POST / HTTP/1.1\r\n\r\n", b"", monotonic() + 5, lambda _: None)
    assert (caught.value.code, caught.value.sent, caught.value.answered) == ("ConnectionError", True, False)


def test_a_connection_whose_end_was_the_bodys_is_not_given_back() -> None:
    given_back: list[Connection] = []
    connection = Connection(cast(socket.socket, HalfDeaf(HEAD + b"\r\nab", b"c")))
    response = connection.exchange(b"", b"", monotonic() + 5, given_back.append)
    assert response.read_all(10, monotonic() + 5) == b"abc"
    assert given_back == []


def test_an_endless_head_is_given_up_while_it_still_comes() -> None:
    connection = Connection(cast(socket.socket, HalfDeaf(HEAD, *[b"x" * 40_000] * 2, b"\r\n\r\n")))
    with pytest.raises(TransportError, match="too long"):
        connection.exchange(b"", b"", monotonic() + 5, lambda _: None)
