"""Event streams as their reader sees them."""

import gc
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest

from pennyworth.aws import Aws, AwsError, Events

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"


def frame(payload: bytes, **headers: str) -> bytes:
    block = b""
    for name, value in headers.items():
        key = f":{name.replace('_', '-')}".encode()
        block += struct.pack(f"!B{len(key)}sBH", len(key), key, 7, len(value)) + value.encode()
    prelude = struct.pack("!II", len(block) + len(payload) + 16, len(block))
    message = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return message + struct.pack("!I", crc32(message))


def event(kind: str, payload: bytes) -> bytes:
    return frame(payload, event_type=kind, content_type="application/json", message_type="event")


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


HELLO = [("contentBlockDelta", b'{"delta":1}'), ("metadata", b"{}")]
HELLO_BYTES = chunk(event(*HELLO[0])) + chunk(event(*HELLO[1]))


def open_stream(aws: Aws, **options: Any) -> Events:
    return aws.stream("bedrock-runtime", "/model/m/converse-stream", {}, **options)


def test_a_stream_read_to_its_end_gives_its_connection_back(server: Any, aws: Aws) -> None:
    server.steps = [HEAD + HELLO_BYTES + END] * 2
    for _ in range(2):
        assert list(open_stream(aws)) == HELLO
    assert [request.connection for request in server.received] == [0, 0]


def test_events_come_as_they_arrive(server: Any, aws: Aws) -> None:
    seen: list[str] = []
    go = threading.Event()

    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(event("first", b"")))
        go.wait(10)  # the client has had the first
        connection.sendall(chunk(event("second", b"")) + END)

    server.steps = [step]
    for kind, _ in open_stream(aws):
        seen.append(kind)
        go.set()
    assert seen == ["first", "second"]


def test_a_refusal_is_raised_before_there_is_a_stream(server: Any, aws: Aws, answer: Any) -> None:
    server.steps = [answer(b'{"message":"no"}', 400, x_amzn_ErrorType="ValidationException", x_amzn_RequestId="r1")]
    with pytest.raises(AwsError) as caught:
        open_stream(aws)
    error = caught.value
    assert (error.code, error.status, error.message, error.request_id) == ("ValidationException", 400, "no", "r1")


EXCEPTIONS = {
    "modelled": (
        frame(b'{"message":"slow"}', exception_type="throttlingException", message_type="exception"),
        ("ThrottlingException", "slow"),
    ),
    "unmodelled": (
        frame(b"", error_code="InternalFailure", error_message="broken", message_type="error"),
        ("InternalFailure", "broken"),
    ),
}


@pytest.mark.parametrize(("bad", "told"), EXCEPTIONS.values(), ids=EXCEPTIONS)
def test_an_exception_in_the_stream_is_raised_where_it_stands(
    server: Any, aws: Aws, bad: bytes, told: tuple[str, str]
) -> None:
    server.steps = [HEAD + chunk(event("first", b"") + bad) + END, HEAD + END]
    events = open_stream(aws)
    assert next(events) == ("first", b"")
    with pytest.raises(AwsError) as caught:
        next(events)
    assert (caught.value.code, caught.value.message, caught.value.status) == (*told, 0)
    assert list(events) == []


BROKEN = {
    "cut between messages": (HEAD + chunk(event("first", b"")), "cut short"),
    "cut inside a message": (HEAD + chunk(event("first", b"") + event("second", b"")[:-1]), "cut short"),
    "ended inside a message": (HEAD + chunk(event("first", b"") + event("second", b"")[:-1]) + END, "inside a message"),
    "corrupt": (HEAD + chunk(event("first", b"") + event("x", b"ab").replace(b"ab", b"aB")) + END, "checksum"),
}


@pytest.mark.parametrize(("sent", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_stream_is_a_connection_error_after_what_was_sound(
    server: Any, aws: Aws, answer: Any, sent: bytes, said: str
) -> None:
    def step(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.close()

    server.steps = [step, answer()]
    events = open_stream(aws)
    assert next(events) == ("first", b"")
    with pytest.raises(AwsError, match=said) as caught:
        next(events)
    assert (caught.value.code, caught.value.status) == ("ConnectionError", 0)
    assert aws.post("lambda", "/x", {}) == {}


def test_a_stream_that_falls_silent_times_out(server: Any, aws: Aws) -> None:
    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(event("first", b"")))
        server.over.wait(10)

    server.steps = [step]
    events = open_stream(aws, timeout_s=0.1)
    assert next(events) == ("first", b"")
    with pytest.raises(AwsError) as caught:
        next(events)
    assert caught.value.code == "Timeout"


def test_a_stream_with_a_deadline_ends_then_however_long_it_might_wait(server: Any, aws: Aws) -> None:
    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD + chunk(event("first", b"")))
        server.over.wait(10)

    server.steps = [step]
    ends_at = time.monotonic() + 0.2
    events = open_stream(aws, timeout_s=60, deadline=ends_at)
    assert next(events) == ("first", b"")
    with pytest.raises(AwsError) as caught:
        next(events)
    assert caught.value.code == "Timeout"
    assert ends_at <= time.monotonic() < ends_at + 5


def test_a_stream_is_opened_by_its_deadline_or_not_at_all(server: Any, aws: Aws) -> None:
    server.steps = [lambda connection: server.over.wait(10) and None]
    with pytest.raises(AwsError) as caught:
        open_stream(aws, timeout_s=60, deadline=time.monotonic() + 0.1)
    assert caught.value.code == "Timeout"


def close(events: list[Events]) -> None:
    events.pop().close()


def drop(events: list[Events]) -> None:
    events.pop()
    gc.collect()


@pytest.mark.parametrize("leave", [close, drop])
@pytest.mark.parametrize("read_first", [True, False])
def test_a_stream_left_early_closes_its_connection(
    server: Any, aws: Aws, answer: Any, leave: Callable[[list[Events]], None], read_first: bool
) -> None:
    hung_up = threading.Event()

    def step(connection: socket.socket) -> None:
        connection.sendall(HEAD + HELLO_BYTES)
        assert connection.recv(1) == b""
        hung_up.set()

    server.steps = [step, answer()]
    events = [open_stream(aws)]
    if read_first:
        assert next(events[0]) == HELLO[0]
    leave(events)
    assert hung_up.wait(10)
    assert aws.post("lambda", "/x", {}) == {}
    assert [request.connection for request in server.received] == [0, 1]


def test_a_closed_stream_has_nothing_more_to_say(server: Any, aws: Aws) -> None:
    server.steps = [HEAD + HELLO_BYTES + END]
    events = open_stream(aws)
    assert next(events) == HELLO[0]
    events.close()
    events.close()
    assert list(events) == []


def test_a_large_message_in_small_pieces_is_whole(server: Any, aws: Aws) -> None:
    payload = json.dumps({"x": "y" * 300_000}).encode()
    message = event("chunk", payload)
    server.steps = [HEAD + b"".join(chunk(message[at : at + 1000]) for at in range(0, len(message), 1000)) + END]
    assert list(open_stream(aws)) == [("chunk", payload)]
