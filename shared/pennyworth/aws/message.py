"""A request to AWS before it is signed, and its reply: what HTTP carries, and the JSON in it. Pure."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pennyworth.aws.credentials import Credentials
from pennyworth.aws.error import AwsError

Payload = Mapping[str, Any] | bytes


class Request(NamedTuple):
    """What is asked of a service, as often as it takes."""

    service: str
    target: str  # path and query as they go over the wire
    headers: Mapping[str, str]
    body: bytes
    credentials: Credentials | None
    idempotent: bool
    method: str = "POST"
    bucket: str = ""
    again: bool = True  # whether it moves to a new connection where a kept one ends without a word


class Reply(NamedTuple):
    status: int  # 200 to 299
    headers: Mapping[str, str]  # by lower-case name
    body: bytes


def head(method: str, target: str, headers: Mapping[str, str], length: int) -> bytes:
    """The request's head. Raises ValueError for a value that would end its line."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    text = f"{method} {target} HTTP/1.1\r\n{lines}content-length: {length}\r\nuser-agent: pennyworth\r\n\r\n"
    breaks = len(headers) + 4
    if text.count("\n") != breaks or text.count("\r") != breaks or " " in target:
        raise ValueError("a line break or a space where none may be")
    return text.encode("ascii")


def json_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    return {"content-type": "application/json"} | {name.lower(): value for name, value in (headers or {}).items()}


def content(payload: Payload) -> bytes:
    return payload if isinstance(payload, bytes) else dumps(payload)


def dumps(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()


def document(reply: Reply) -> dict[str, Any]:
    """The JSON object; of an empty body an empty one. Raises AwsError for what is none."""
    try:
        read = json.loads(reply.body) if reply.body else {}
    except ValueError:
        raise unreadable(reply, "not JSON") from None
    if not isinstance(read, dict):
        raise unreadable(reply, "not a JSON object")
    return read


def unreadable(reply: Reply, what: str) -> AwsError:
    request_id = reply.headers.get("x-amzn-requestid", "")
    return AwsError("ConnectionError", message=f"unreadable reply: {what}", request_id=request_id)
