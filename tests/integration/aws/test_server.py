"""The stand-in as a server: who may ask, and one broken client among others."""

import re
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.config import Config

LIST = {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools", "Content-Type": "application/x-amz-json-1.1"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:4566"}, 200),
        ({"Host": "bucket.localhost"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:4566"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
    ],
)
def test_a_web_page_may_not_ask(aws_url: str, headers: dict[str, str], status: int) -> None:
    for path in ("/", "/_stand_in/access-keys/AKIAX"):
        answer = requests.post(aws_url + path, '{"MaxResults": 1}', headers=LIST | headers, timeout=5)
        expected = 404 if path != "/" and status == 200 else status
        assert answer.status_code == expected


def test_a_client_that_stops_half_way_does_not_stop_the_others(aws_url: str, client: Callable[..., Any]) -> None:
    place = urlsplit(aws_url)
    with socket.create_connection((place.hostname, place.port)) as stuck:
        stuck.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        assert client("sts", read_timeout=5).get_caller_identity()["Account"]


def test_an_unknown_access_key_is_nobodys(aws_url: str) -> None:
    assert requests.get(f"{aws_url}/_stand_in/access-keys/AKIAUNKNOWN", timeout=5).status_code == 404


def test_an_operation_fails_when_it_was_asked_to_and_no_other_does(aws_url: str, client: Callable[..., Any]) -> None:
    idp, faults = client("cognito-idp"), f"{aws_url}/_stand_in/faults"
    wish = {"operation": "ListUserPools", "error": "TooManyRequestsException"}
    requests.post(faults, json=wish, timeout=5).raise_for_status()
    with pytest.raises(idp.exceptions.TooManyRequestsException):
        idp.list_user_pools(MaxResults=1)
    idp.list_user_pools(MaxResults=1)
    requests.post(faults, json=wish | {"times": None}, timeout=5).raise_for_status()
    for _ in range(2):
        with pytest.raises(idp.exceptions.TooManyRequestsException):
            idp.list_user_pools(MaxResults=1)
    assert client("sts").get_caller_identity()["Account"]
    requests.delete(faults, timeout=5).raise_for_status()
    idp.list_user_pools(MaxResults=1)


@pytest.mark.parametrize("wish", ["[]", "{", '{"operation": "A"}', '{"operation": "A", "error": "B", "times": 0}'])
def test_a_fault_that_cannot_be_is_refused(aws_url: str, wish: str) -> None:
    assert requests.post(f"{aws_url}/_stand_in/faults", wish, timeout=5).status_code == 400


@contextmanager
def losing_an_answer(url: str) -> Iterator[tuple[str, list[bytes]]]:
    """A way to the server that hangs up before its first answer comes back, and the answers lost so."""
    place, lost = urlsplit(url), []

    class Way(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((place.hostname, place.port), timeout=10) as there:
                self.request.settimeout(10)
                there.sendall(request := self.request.recv(65536))
                while len(request.partition(b"\r\n\r\n")[2]) < _length(request):
                    there.sendall(more := self.request.recv(65536))
                    request += more
                answer = b"".join(iter(lambda: there.recv(65536), b""))
                if lost:
                    self.request.sendall(answer)
                else:
                    lost.append(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Way) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", lost
        finally:
            server.shutdown()


def _length(request: bytes) -> int:
    return int(re.search(rb"(?i)\r\ncontent-length: *(\d+)", request)[1])


def test_a_call_whose_answer_was_lost_is_answered_again_and_carried_out_once(
    aws_url: str, client: Callable[..., Any]
) -> None:
    name = f"/lost/{uuid4().hex}"
    with losing_an_answer(aws_url) as (url, lost):
        session = boto3.Session("test", "test", region_name="us-east-1")
        ssm = session.client("ssm", endpoint_url=url, config=Config(retries={"total_max_attempts": 2}))
        made = ssm.put_parameter(Name=name, Value="once", Type="String")  # a second time it would exist already
    assert [answer.partition(b"\r\n")[0] for answer in lost] == [b"HTTP/1.1 200 OK"]
    assert made["Version"] == 1
    with pytest.raises(client("ssm").exceptions.ParameterAlreadyExists):
        client("ssm").put_parameter(Name=name, Value="once", Type="String")


def test_only_what_was_done_is_answered_again(client: Callable[..., Any]) -> None:
    ssm, one_call, parameter = client("ssm"), str(uuid4()), {"Name": f"/late/{uuid4().hex}", "Type": "String"}

    def same_call(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = one_call

    client("ssm").put_parameter(**parameter, Value="before")
    ssm.meta.events.register("before-send.ssm.PutParameter", same_call)
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(**parameter, Value="after")
    client("ssm").delete_parameter(Name=parameter["Name"])
    assert ssm.put_parameter(**parameter, Value="after")["Version"] == 1
    client("ssm").delete_parameter(Name=parameter["Name"])
    assert ssm.put_parameter(**parameter, Value="after")["Version"] == 1  # an answer to the call before, nothing more
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        client("ssm").get_parameter(Name=parameter["Name"])
