"""Calls as their callers see them: what goes out, deadlines, limits, clocks, credentials."""

import json
import socket
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from pennyworth.aws import UNSIGNED, Aws, AwsError, Credentials, environment_credentials

NOW = 1_780_000_000.0  # 2026-05-28T20:26:40Z


def test_a_json_call_names_its_operation_and_is_signed(server: Any, connect: Any, answer: Any) -> None:
    server.steps = [answer(b'{"Parameter":{"Value":"x"}}')]
    reply = connect(clock=lambda: NOW).json("ssm", "GetParameter", {"Name": "é"})
    assert reply == {"Parameter": {"Value": "x"}}
    request = server.received[0]
    assert request.target == "/"
    assert request.headers["x-amz-target"] == "AmazonSSM.GetParameter"
    assert request.headers["content-type"] == "application/x-amz-json-1.1"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["x-amz-date"] == "20260528T202640Z"
    assert "Credential=AKIDEXAMPLE/20260528/us-east-1/ssm/aws4_request" in request.headers["authorization"]
    assert "accept-encoding" not in request.headers
    assert json.loads(request.body) == {"Name": "é"}


def test_a_call_may_bring_its_own_credentials(server: Any, aws: Aws, answer: Any) -> None:
    server.steps = [answer(), answer()]
    aws.post("lambda", "/x", b"[1]", credentials=Credentials("ASIAUSER", "s", "token"), headers={"X-Amz-Thing": "1"})
    aws.post("lambda", "/x", {}, credentials=UNSIGNED)
    signed, unsigned = (request.headers for request in server.received)
    assert "Credential=ASIAUSER/" in signed["authorization"]
    assert "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-thing" in signed["authorization"]
    assert signed["x-amz-security-token"] == "token"
    assert "authorization" not in unsigned
    assert server.received[0].body == b"[1]"


def test_an_invocation_tells_its_headers(server: Any, aws: Aws) -> None:
    body = b'{"embedding":[1.5]}'
    head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nX-Amzn-Bedrock-Input-Token-Count: 5\r\n\r\n"
    server.steps = [head.encode() + body]
    reply, headers = aws.invoke("bedrock-runtime", "/model/m/invoke", {"inputText": "é"})
    assert reply == {"embedding": [1.5]}
    assert headers["x-amzn-bedrock-input-token-count"] == "5"
    assert json.loads(server.received[0].body) == {"inputText": "é"}


def test_a_call_without_time_left_is_out_of_time(server: Any, aws: Aws) -> None:
    with pytest.raises(AwsError) as raised:
        aws.invoke("bedrock-runtime", "/model/m/invoke", {}, timeout_s=-1)
    assert raised.value.code == "Timeout"
    assert server.received == []


def test_an_endpoints_own_path_comes_before_the_calls(server: Any, answer: Any) -> None:
    aws = Aws("us-east-1", lambda: UNSIGNED, {"AWS_ENDPOINT_URL_LAMBDA": f"{server.url}/base/"})
    server.steps = [answer()]
    aws.post("lambda", "/x?y=1", {})
    aws.close()
    assert server.received[0].target == "/base/x?y=1"


@pytest.mark.parametrize("headers", [{"x": "a\r\nb: c"}, {"x": "a\nb"}, {"x\r\ny": "a"}, {"x": "é"}])
def test_no_value_can_break_out_of_its_header(aws: Aws, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"line break|ascii"):
        aws.post("lambda", "/x", {}, headers=headers)


@pytest.mark.parametrize("path", ["/x HTTP/1.1\r\nhost: evil\r\n\r\n", "/x y", "/x\n"])
def test_no_path_can_break_out_of_the_request_line(aws: Aws, path: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        aws.post("lambda", path, {})


def silent(server: Any) -> Callable[[socket.socket], None]:
    return lambda _: server.over.wait(10) and None


def dripping(server: Any) -> Callable[[socket.socket], None]:
    def step(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not server.over.wait(0.005):
            connection.sendall(b" ")

    return step


@pytest.mark.parametrize("kind", [silent, dripping])
def test_a_call_ends_at_its_time_whatever_the_server_does(server: Any, aws: Aws, kind: Any) -> None:
    server.steps = [kind(server)] * 3
    started = monotonic()
    with pytest.raises(AwsError) as caught:
        aws.json("ssm", "GetParameter", {}, timeout_s=1)
    assert (caught.value.code, caught.value.status) == ("Timeout", 0)
    assert monotonic() - started < 5
    assert len(server.received) == 1


def test_an_endless_reply_is_given_up(server: Any, aws: Aws) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        while True:
            connection.sendall(chunk)  # until the client hangs up

    server.steps = [endless]
    with pytest.raises(AwsError, match="over") as caught:
        aws.post("lambda", "/x", {})
    assert caught.value.code == "ConnectionError"


SKEWED = b'{"__type":"InvalidSignatureException","message":"Signature expired"}'
DATE = "Thu, 28 May 2026 21:26:40 GMT"  # an hour after NOW


def test_a_clock_that_is_wrong_is_corrected_once_and_remembered(server: Any, connect: Any, answer: Any) -> None:
    aws = connect(clock=lambda: NOW)
    server.steps = [answer(SKEWED, 403, Date=DATE), answer(), answer()]
    for _ in range(2):
        aws.post("bedrock-runtime", "/model/m/converse", {})
    dates = [request.headers["x-amz-date"] for request in server.received]
    assert dates == ["20260528T202640Z", "20260528T212640Z", "20260528T212640Z"]
    assert aws.now() == NOW + 3600


@pytest.mark.parametrize("date", ["Thu, 28 May 2026 20:26:45 GMT", "soon", ""])
def test_a_signature_refused_with_a_right_clock_is_raised(server: Any, connect: Any, answer: Any, date: str) -> None:
    aws = connect(clock=lambda: NOW)
    server.steps = [answer(SKEWED, 403, Date=date)]
    with pytest.raises(AwsError) as caught:
        aws.post("lambda", "/x", {})
    assert caught.value.code == "InvalidSignatureException"
    assert len(server.received) == 1


def test_a_clock_is_corrected_only_once_a_call(server: Any, connect: Any, answer: Any) -> None:
    aws = connect(clock=lambda: NOW)
    later = "Thu, 28 May 2026 23:26:40 GMT"
    server.steps = [answer(SKEWED, 403, Date=DATE), answer(SKEWED, 403, Date=later)]
    with pytest.raises(AwsError):
        aws.post("lambda", "/x", {})
    assert len(server.received) == 2


def test_credentials_are_the_functions_own() -> None:
    environ = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    made = environment_credentials(environ)
    assert (made.access_key_id, made.secret_access_key, made.session_token) == ("a", "b", "c")
    assert "'b'" not in repr(made)
    assert "'c'" not in repr(made)


def test_missing_credentials_are_named() -> None:
    with pytest.raises(AwsError) as caught:
        environment_credentials({"AWS_ACCESS_KEY_ID": "a"})
    assert (caught.value.code, caught.value.message) == (
        "NoCredentialsError",
        "AWS_SECRET_ACCESS_KEY is not set",
    )
