"""A Lambda function as an MCP server, invoked as the gateway's own role."""

import json
import re
import time
from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pennyworth.aws.error import AwsError
from pennyworth.http import dumps
from pennyworth.logs import logger
from services.mcp.upstream import frames
from services.mcp.upstream.channel import ACCEPT, SESSION, STREAM, Headers, Message, Reply
from services.mcp.upstream.faults import BadStatus, Unreachable

if TYPE_CHECKING:
    from pennyworth.aws import Aws

_SAID = {
    "Timeout": "did not answer in time",
    "TooManyRequestsException": "is asked too much just now. Try again shortly",
    "RequestTooLargeException": "finds the request too large",
}
_ASKED_WRONGLY = frozenset(_SAID) - {"Timeout"}  # too much, or too often: it says nothing of the function's health


class LambdaChannel:
    """Most are made for API Gateway: they take its event, of a REST API (`rest`) or of an HTTP API or function URL
    (`http`), and answer with a status and a body. Others take the `message` itself and answer with one.
    """

    def __init__(self, function: str, payload: str, aws: "Aws", max_bytes: int) -> None:
        self._function, self._payload, self._aws, self._max_bytes = function, payload, aws, max_bytes

    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        event = self._event("POST", {**ACCEPT, **headers}, dumps(message))
        again = message.get("method") != "tools/call"
        try:
            found = self._invoke(event, deadline, again=again)
        except Unreachable:
            if "id" in message:
                raise
            return Reply({}, iter(()))  # what a function makes of a notification is nobody's concern
        if self._payload == "message":
            return Reply({}, iter((frames.message(self._bounded(json.dumps(found).encode())),) if found else ()))
        return self._unwrapped(found, in_session=SESSION in headers)

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

    def _invoke(self, event: bytes, deadline: float, *, again: bool = True) -> dict[str, Any]:
        path = f"/2015-03-31/functions/{quote(self._function, safe='')}/invocations"
        try:
            timeout_s = deadline - time.monotonic()
            found, headers = self._aws.invoke("lambda", path, event, timeout_s=timeout_s, again=again)
        except RecursionError:
            raise Unreachable("answered with JSON that is nested too deep") from None
        except AwsError as error:
            logger.warning("mcp function gave no answer", function=self._function, aws_code=error.code)
            why = _SAID.get(error.code, "cannot be invoked")
            raise Unreachable(why, counts=error.code not in _ASKED_WRONGLY, down=error.code not in _SAID) from None
        if "x-amz-function-error" in headers:
            raise Unreachable("failed")
        return found

    def _unwrapped(self, found: dict[str, Any], *, in_session: bool) -> Reply:
        # An answer to an HTTP API's event may be the body alone.
        status, body = _status(found), found.get("body") if "statusCode" in found else json.dumps(found)
        headers, data = _headers(found), self._bounded(_decoded(body, found.get("isBase64Encoded")))
        if status == 404 and in_session:
            raise BadStatus(404)  # it knows the session no more, whatever else it says
        if status in (202, 204) or (status == 200 and not data):
            return Reply(headers, iter(()))
        if status == 200 and headers.get("content-type", "").partition(";")[0].strip().lower() == STREAM:
            return Reply(headers, frames.events((data,)))
        if status == 200:
            return Reply(headers, iter((frames.message(data),)))
        try:
            answered = frames.message(data)
        except Unreachable:
            answered = {}
        if not isinstance(answered.get("error"), dict):
            raise BadStatus(status)
        return Reply(headers, iter((answered,)))

    def _bounded(self, data: bytes) -> bytes:
        if len(data) > self._max_bytes:
            raise Unreachable(f"answered with more than the {self._max_bytes // 1024} KB allowed", counts=False)
        return data


def _status(found: Mapping[str, Any]) -> int:
    """API Gateway takes it as a text too, and many a function writes one. 500 for what is none."""
    status = found.get("statusCode", 200)
    if isinstance(status, str) and re.fullmatch("[1-5][0-9]{2}", status):
        return int(status)
    return status if isinstance(status, int) else 500


def _headers(found: Mapping[str, Any]) -> dict[str, str]:
    single, several = found.get("headers"), found.get("multiValueHeaders")
    named = {str(name).lower(): str(value) for name, value in (single.items() if isinstance(single, dict) else ())}
    for name, values in several.items() if isinstance(several, dict) else ():
        if isinstance(values, list):
            named.setdefault(str(name).lower(), ", ".join(map(str, values)))
    return named


def _decoded(body: object, encoded: object) -> bytes:
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
