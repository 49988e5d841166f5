"""What is tried again, how often, and after how long."""

import socket
from collections.abc import Callable
from typing import Any

import pytest

from pennyworth.aws import Aws, AwsError
from pennyworth.aws.error import TransportError
from pennyworth.aws.retry import wait_s

THROTTLED = b'{"__type":"ThrottlingException","message":"slow down"}'


def read(aws: Aws) -> dict[str, Any]:
    return aws.json("cognito-idp", "AdminGetUser", {})


def chat(aws: Aws) -> dict[str, Any]:
    return aws.post("bedrock-runtime", "/model/m/converse", {})


def open_stream(aws: Aws) -> Any:
    return list(aws.stream("bedrock-runtime", "/model/m/converse-stream", {})) or {"a": 1}


OK = {read: b'{"a":1}', chat: b'{"a":1}', open_stream: b""}


@pytest.mark.parametrize("call", [read, chat, open_stream])
@pytest.mark.parametrize(("status", "naps_s"), [(429, [0.5, 1.0]), (503, [0.025, 0.05])])
def test_throttling_and_unavailability_are_tried_twice_more_with_jitter(
    server: Any, aws: Aws, naps: list[float], answer: Any, call: Any, status: int, naps_s: list[float]
) -> None:
    server.steps = [answer(status=status), answer(status=status), answer(OK[call])]
    assert call(aws) == {"a": 1}
    assert naps == naps_s  # half of 1 s and 2 s, or of 50 ms and 100 ms
    assert len(server.received) == 3


@pytest.mark.parametrize("call", [read, chat, open_stream])
def test_the_third_refusal_is_raised(server: Any, aws: Aws, naps: list[float], answer: Any, call: Any) -> None:
    server.steps = [answer(THROTTLED, 400)] * 4
    with pytest.raises(AwsError) as caught:
        call(aws)
    assert (caught.value.code, caught.value.status, caught.value.message) == ("ThrottlingException", 400, "slow down")
    assert len(server.received) == 3


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_failure_of_aws_is_tried_again_only_when_nothing_may_have_been_done(
    server: Any, aws: Aws, answer: Any, status: int
) -> None:
    server.steps = [answer(status=status), answer(b'{"a":1}'), answer(status=status), answer(b'{"a":1}')]
    assert read(aws) == {"a": 1}
    with pytest.raises(AwsError) as caught:
        chat(aws)
    assert (caught.value.code, caught.value.status) == (str(status), status)
    assert aws.post("lambda", "/x", {}, idempotent=True) == {"a": 1}


def test_a_read_whose_answer_was_cut_short_is_tried_again(server: Any, aws: Aws, answer: Any) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")
        connection.close()

    server.steps = [None, half, answer(b'{"a":1}')]
    assert read(aws) == {"a": 1}


@pytest.mark.parametrize("call", [read, chat])
@pytest.mark.parametrize("status", [400, 403, 404, 408, 424])
def test_a_refusal_that_will_stand_is_raised_at_once(
    server: Any, aws: Aws, naps: list[float], answer: Any, call: Any, status: int
) -> None:
    server.steps = [answer(b'{"message":"no"}', status, x_amzn_ErrorType="ValidationException:http://x/")]
    with pytest.raises(AwsError) as caught:
        call(aws)
    assert (caught.value.code, caught.value.status) == ("ValidationException", status)
    assert naps == []


def test_a_connection_that_is_refused_is_tried_again_whatever_the_call(
    server: Any, connect: Callable[..., Aws], naps: list[float]
) -> None:
    aws = connect()
    server.close()
    with pytest.raises(AwsError) as caught:
        chat(aws)
    assert (caught.value.code, caught.value.status) == ("ConnectionError", 0)
    assert naps == [0.025, 0.05]


def test_retry_after_is_waited_for_and_told(server: Any, aws: Aws, naps: list[float], answer: Any) -> None:
    server.steps = [answer(status=429, Retry_After="2"), answer(status=429, x_amz_retry_after="1500"), answer()]
    assert chat(aws) == {}
    assert naps == [2, 2]


def test_a_long_retry_after_is_left_to_the_client(server: Any, aws: Aws, naps: list[float], answer: Any) -> None:
    server.steps = [answer(status=429, Retry_After="30")]
    with pytest.raises(AwsError) as caught:
        chat(aws)
    assert caught.value.retry_after_s == 30
    assert naps == []


def test_no_attempt_is_begun_that_the_time_does_not_allow(
    server: Any, aws: Aws, naps: list[float], answer: Any
) -> None:
    server.steps = [answer(status=429, Retry_After="3")]
    with pytest.raises(AwsError) as caught:
        aws.post("bedrock-runtime", "/model/m/converse", {}, timeout_s=2)
    assert caught.value.status == 429
    assert naps == []


def test_the_number_of_retries_is_a_choice(server: Any, connect: Callable[..., Aws], answer: Any) -> None:
    server.steps = [answer(status=429)] * 2
    with pytest.raises(AwsError):
        chat(connect(retries=0))
    assert len(server.received) == 1


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_was_not_sent_may_always_be_tried_again(idempotent: bool) -> None:
    unsent, sent = (TransportError("Timeout", "", sent=done) for done in (False, True))
    assert wait_s(unsent, 0, idempotent=idempotent, random=lambda: 0.0) == 0
    assert (wait_s(sent, 0, idempotent=idempotent, random=lambda: 0.0) == 0) is idempotent
