"""Text that comes bit by bit, as its reader sees it."""

import socket
from typing import Any

import pytest

from pennyworth.aws import Aws, AwsError, Pieces

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
PATH = "/openai/v1/chat/completions"
END = b"0\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def opened(aws: Aws, **options: Any) -> Pieces:
    return aws.pieces("bedrock-runtime", PATH, {"model": "m"}, **options)


def test_what_is_read_to_its_end_gives_its_connection_back(server: Any, aws: Aws) -> None:
    server.steps = [HEAD + chunk(b"data: 1\n\n") + chunk(b"data: 2\n\n") + END] * 2
    for _ in range(2):
        assert b"".join(opened(aws)) == b"data: 1\n\ndata: 2\n\n"
    assert [request.connection for request in server.received] == [0, 0]
    assert server.received[0].body == b'{"model":"m"}'


def test_a_refusal_is_raised_before_anything_is_read(server: Any, aws: Aws) -> None:
    body = b'{"error": {"message": "No.", "code": "validation_error", "param": null, "type": "invalid_request_error"}}'
    server.steps = [b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)]
    with pytest.raises(AwsError) as raised:
        opened(aws)
    assert (raised.value.status, raised.value.code) == (400, "400")
    assert raised.value.error is not None
    assert raised.value.error["message"] == "No."


@pytest.mark.parametrize("body", [b'{"error": "No."}', b'["error"]', b'"error"', b'{"error'])
def test_what_is_no_error_object_of_openais_is_none(server: Any, aws: Aws, body: bytes) -> None:
    server.steps = [b"HTTP/1.1 400 Bad\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)]
    with pytest.raises(AwsError) as raised:
        opened(aws)
    assert raised.value.error is None


def test_a_cut_is_an_error_after_what_arrived(server: Any, aws: Aws) -> None:
    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(b"data: 1\n\n"))
        connection.shutdown(socket.SHUT_RDWR)

    server.steps = [step]
    pieces = opened(aws)
    assert next(pieces) == b"data: 1\n\n"
    with pytest.raises(AwsError) as raised:
        next(pieces)
    assert raised.value.code == "ConnectionError"


def test_a_reader_that_leaves_takes_the_connection_along(server: Any, aws: Aws) -> None:
    server.steps = [HEAD + chunk(b"data: 1\n\n"), HEAD + END]
    pieces = opened(aws)
    pieces.close()
    pieces.close()
    assert list(pieces) == []
    assert list(opened(aws)) == []
    assert [request.connection for request in server.received] == [0, 1]


def test_silence_has_an_end(server: Any, aws: Aws) -> None:
    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD)
        server.over.wait(10)

    server.steps = [step]
    with pytest.raises(AwsError) as raised:
        next(opened(aws, timeout_s=0.2))
    assert raised.value.code == "Timeout"
