"""One message to a server and what comes back for it: over HTTP, or by invoking a Lambda function."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from pennyworth.aws.error import AwsError
from pennyworth.http import dumps
from pennyworth.logs import logger
from services.mcp.upstream import frames
from services.mcp.upstream.credentials import Proof
from services.mcp.upstream.faults import BadStatus, Unreachable
from services.mcp.upstream.web import Answer, Web

if TYPE_CHECKING:
    from pennyworth.aws import Aws

_ACCEPT = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
_JSON = "application/json"
_STREAM = "text/event-stream"

Headers = Mapping[str, str]
Message = Mapping[str, Any]


def _nothing() -> None:
    """What there is to close of an answer that came whole."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Messages up to the end of the answer; none for a notification. Close it."""

    headers: Headers  # by lower-case name
    messages: Iterator[dict[str, Any]]  # raises Unreachable
    close: Callable[[], None] = _nothing


class Channel(Protocol):
    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        """Raises Unreachable; BadStatus for a status that is an error, unless the body is a JSON-RPC error."""

    def end(self, headers: Headers, deadline: float) -> None:
        """Say that the session of these headers is over. Raises Unreachable."""

    def shows(self, text: str) -> bool:
        """Whether the text holds a secret of the gateway's."""

    def close(self) -> None:
        """Close what is idle."""


class HttpChannel:
    """Streamable HTTP."""

    def __init__(self, url: str, web: Web, proof: Proof, max_bytes: int) -> None:
        self._url, self._web, self._proof, self._max_bytes = url, web, proof, max_bytes

    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        answer = self._send("POST", dumps(message).encode(), {**_ACCEPT, **headers}, deadline)
        try:
            return Reply(answer.headers, _messages(answer), answer.close)
        except BaseException:
            answer.close()
            raise

    def end(self, headers: Headers, deadline: float) -> None:
        self._send("DELETE", b"", headers, deadline).close()

    def shows(self, text: str) -> bool:
        return self._proof.shows(text)

    def close(self) -> None:
        self._web.close()

    def _send(self, method: str, body: bytes, headers: Headers, deadline: float) -> Answer:
        answer = self._sent(method, body, headers, deadline)
        if answer.status == 401 and self._proof.renewed():  # refused, it has done nothing
            answer.close()
            answer = self._sent(method, body, headers, deadline)
        return answer

    def _sent(self, method: str, body: bytes, headers: Headers, deadline: float) -> Answer:
        proven = self._proof.headers(method, self._url, headers, body, deadline)
        return self._web.request(method, self._url, proven, body, deadline, self._max_bytes)


def _messages(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.status in (202, 204):
        return iter(())
    if answer.status != 200:
        return iter((_error(answer),))
    if answer.content_type == _STREAM:
        return frames.events(answer.pieces())
    if answer.content_type == _JSON:
        return iter((frames.message(answer.whole()),))
    raise Unreachable("answered with neither JSON nor an event stream")


def _error(answer: Answer) -> dict[str, Any]:
    """The JSON-RPC error in the body. Raises BadStatus where there is none."""
    try:
        found = frames.message(answer.whole()) if answer.content_type == _JSON else {}
    except Unreachable:
        found = {}
    if answer.status < 400 or answer.status in (401, 403) or not isinstance(found.get("error"), dict):
        raise BadStatus(answer.status)
    return found


class LambdaChannel:
    """A function, invoked as the gateway's own role.

    Most are made for API Gateway: they take its event, of a REST API (`rest`) or of an HTTP API or function URL
    (`http`), and answer with a status and a body. Others take the `message` itself and answer with one.
    """

    def __init__(self, function: str, payload: str, aws: "Aws", max_bytes: int) -> None:
        self._function, self._payload, self._aws, self._max_bytes = function, payload, aws, max_bytes

    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        body = dumps(message)
        found = self._invoke(self._event("POST", {**_ACCEPT, **headers}, body), deadline)
        if self._payload == "message":
            return Reply({}, iter((found,) if found else ()))
        return self._unwrapped(found)

    def end(self, headers: Headers, deadline: float) -> None:
        if self._payload != "message":
            self._invoke(self._event("DELETE", headers, ""), deadline)

    def shows(self, text: str) -> bool:
        return False

    def close(self) -> None:
        """The connections to Lambda are everyone's."""

    def _event(self, method: str, headers: Headers, body: str) -> bytes:
        if self._payload == "message":
            return body.encode()
        event = _rest(method, headers, body) if self._payload == "rest" else _http(method, headers, body)
        return dumps(event).encode()

    def _invoke(self, event: bytes, deadline: float) -> dict[str, Any]:
        path = f"/2015-03-31/functions/{quote(self._function, safe='')}/invocations"
        try:
            found, headers = self._aws.invoke("lambda", path, event, timeout_s=deadline - time.monotonic())
        except AwsError as error:
            logger.warning("mcp function gave no answer", function=self._function, aws_code=error.code)
            raise Unreachable(_LAMBDA_SAID.get(error.code, "cannot be invoked")) from None
        if "x-amz-function-error" in headers:
            raise Unreachable("failed")
        frames.bounded(found)
        return found

    def _unwrapped(self, found: dict[str, Any]) -> Reply:
        # An answer to an HTTP API's event may be the body alone.
        status, body = found.get("statusCode", 200), found.get("body", "" if "statusCode" in found else dumps(found))
        named = {str(name).lower(): str(value) for name, value in (found.get("headers") or {}).items()}
        for name, values in (found.get("multiValueHeaders") or {}).items():
            named.setdefault(str(name).lower(), ", ".join(map(str, values)))
        data = _decoded(body, found.get("isBase64Encoded"))
        if len(data) > self._max_bytes:
            raise Unreachable(f"answered with more than the {self._max_bytes // 1024} KB allowed", counts=False)
        if status in (202, 204) or (status == 200 and not data):
            return Reply(named, iter(()))
        kind = named.get("content-type", _JSON).partition(";")[0].strip().lower()
        if status == 200 and kind == _STREAM:
            return Reply(named, frames.events((data,)))
        try:
            answered = frames.message(data)
        except Unreachable:
            if status == 200:
                raise
            answered = {}
        if status != 200 and not isinstance(answered.get("error"), dict):
            raise BadStatus(status if isinstance(status, int) else 500)
        return Reply(named, iter((answered,)))


_LAMBDA_SAID = {
    "Timeout": "did not answer in time",
    "TooManyRequestsException": "is asked too much just now. Try again shortly",
    "RequestTooLargeException": "finds the request too large",
}


def _decoded(body: object, encoded: object) -> bytes:
    from base64 import b64decode

    if not isinstance(body, str):
        return json.dumps(body).encode() if body is not None else b""
    try:
        return b64decode(body, validate=True) if encoded else body.encode("utf-8", "replace")
    except ValueError:
        raise Unreachable("answered with something that is not base64") from None


def _rest(method: str, headers: Headers, body: str) -> dict[str, Any]:
    """As API Gateway's REST APIs have it (Lambda proxy integration)."""
    return {
        "resource": "/mcp",
        "path": "/mcp",
        "httpMethod": method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": "/mcp", "httpMethod": method, "path": "/mcp", "stage": "mcp"},
        "body": body,
        "isBase64Encoded": False,
    }


def _http(method: str, headers: Headers, body: str) -> dict[str, Any]:
    """As API Gateway's HTTP APIs and Lambda's function URLs have it (payload format version 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/mcp",
        "rawQueryString": "",
        "headers": dict(headers),
        "requestContext": {
            "http": {"method": method, "path": "/mcp", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }
