"""The stand-in as a server: who may ask, and one broken client among others."""

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

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
