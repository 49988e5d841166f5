"""Connections are kept, and no kept connection ever costs a request."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from pennyworth.aws import Aws, AwsError
from pennyworth.aws.error import TransportError


def reset(connection: socket.socket) -> None:
    """Hang up rudely: the client reads a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def test_requests_one_after_the_other_share_a_connection(server: Any, aws: Aws, answer: Callable[..., bytes]) -> None:
    server.steps = [answer()] * 3
    for _ in range(3):
        aws.json("ssm", "GetParameter", {"Name": "x"})
    assert [request.connection for request in server.received] == [0, 0, 0]


@pytest.mark.parametrize("hang_up", [None, reset], ids=["ended", "reset"])
def test_a_kept_connection_that_went_stale_is_replaced_unnoticed(
    server: Any, aws: Aws, naps: list[float], answer: Callable[..., bytes], hang_up: Any
) -> None:
    server.steps = [answer(), hang_up, answer(b'{"a":1}')]
    aws.post("bedrock-runtime", "/model/m/converse", {})
    assert aws.post("bedrock-runtime", "/model/m/converse", {"b": 2}) == {"a": 1}
    assert [request.connection for request in server.received] == [0, 0, 1]
    assert server.received[1].body == server.received[2].body
    assert naps == []


def test_what_must_not_happen_twice_is_not_sent_again(server: Any, aws: Aws, answer: Callable[..., bytes]) -> None:
    server.steps = [answer(), None, answer()]
    aws.invoke("lambda", "/x", {}, again=False)
    with pytest.raises(AwsError, match="closed without an answer"):
        aws.invoke("lambda", "/x", {}, again=False)
    assert len(server.received) == 2


def test_a_kept_connection_the_server_has_closed_is_not_written_to(
    server: Any, aws: Aws, answer: Callable[..., bytes]
) -> None:
    closed = threading.Event()

    def last(connection: socket.socket) -> None:
        connection.sendall(answer())
        connection.shutdown(socket.SHUT_WR)
        closed.set()

    server.steps = [last, answer()]
    aws.post("lambda", "/x", {})
    assert closed.wait(10)
    aws.post("lambda", "/x", {})
    assert [request.connection for request in server.received] == [0, 1]


def test_a_new_connection_without_an_answer_is_a_fault_and_not_repeated_when_it_may_cost(server: Any, aws: Aws) -> None:
    server.steps = [None]
    with pytest.raises(AwsError) as caught:
        aws.post("bedrock-runtime", "/model/m/converse", {})
    assert caught.value.code == "ConnectionError"
    assert len(server.received) == 1


def test_a_kept_connection_that_breaks_inside_the_answer_is_a_fault(
    server: Any, aws: Aws, answer: Callable[..., bytes]
) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        connection.close()

    server.steps = [answer(), half]
    aws.post("bedrock-runtime", "/model/m/converse", {})
    with pytest.raises(AwsError, match="cut short"):
        aws.post("bedrock-runtime", "/model/m/converse", {})
    assert len(server.received) == 2


def test_a_request_whose_answer_began_is_not_sent_again(server: Any, aws: Aws, answer: Callable[..., bytes]) -> None:
    def begin(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200")
        connection.close()

    server.steps = [answer(), begin, answer()]
    aws.post("bedrock-runtime", "/model/m/converse", {})
    with pytest.raises(AwsError, match="closed"):
        aws.post("bedrock-runtime", "/model/m/converse", {})
    assert len(server.received) == 2


def test_a_kept_connection_that_stays_silent_is_a_timeout_of_what_was_sent(
    server: Any, aws: Aws, answer: Callable[..., bytes]
) -> None:
    server.steps = [answer(), lambda _: server.over.wait(10)]
    aws.post("bedrock-runtime", "/model/m/converse", {})
    with pytest.raises(TransportError) as caught:
        aws.post("bedrock-runtime", "/model/m/converse", {}, timeout_s=0.1)
    assert (caught.value.code, caught.value.sent) == ("Timeout", True)


def test_threads_do_not_share_a_connection_at_one_time(server: Any, aws: Aws, answer: Callable[..., bytes]) -> None:
    together = threading.Barrier(4)

    def wait(connection: socket.socket) -> None:
        together.wait(10)  # all four requests are under way at once
        connection.sendall(answer())

    server.steps = [wait] * 8
    with ThreadPoolExecutor(4) as threads:
        for _ in range(2):
            list(threads.map(lambda _: aws.post("lambda", "/x", {}), range(4)))
    assert sorted(request.connection for request in server.received) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_close_closes_what_is_idle_and_the_next_call_opens_anew(
    server: Any, aws: Aws, answer: Callable[..., bytes]
) -> None:
    server.steps = [answer(), answer()]
    aws.post("lambda", "/x", {})
    aws.close()
    aws.post("lambda", "/x", {})
    assert [request.connection for request in server.received] == [0, 1]


def test_a_connection_idle_for_long_is_not_trusted(
    server: Any, connect: Callable[..., Aws], answer: Callable[..., bytes]
) -> None:
    clock = [1_780_000_000.0]
    aws = connect(clock=lambda: clock[0])
    server.steps = [answer()] * 3
    for wait_s in (0, 49, 51):
        clock[0] += wait_s
        aws.post("lambda", "/x", {})
    assert [request.connection for request in server.received] == [0, 0, 1]


def test_no_more_than_a_few_idle_connections_are_kept(server: Any, aws: Aws, answer: Callable[..., bytes]) -> None:
    together = threading.Barrier(10)

    def wait(connection: socket.socket) -> None:
        together.wait(10)
        connection.sendall(answer())

    server.steps = [wait] * 20
    with ThreadPoolExecutor(10) as threads:
        for _ in range(2):
            list(threads.map(lambda _: aws.post("lambda", "/x", {}), range(10)))
    assert max(request.connection for request in server.received) == 11  # 8 kept, 2 made again
