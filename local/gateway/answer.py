"""A function's answer as an HTTP response, as strict as API Gateway's Lambda proxy integration."""

import json
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any

from local.functions.stream import Prelude
from local.gateway.refusal import Headers, Response

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # bytes of the function's JSON: Lambda's limit
_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
# "Important notes" of the API Gateway developer guide: what becomes of a function's response headers.
_REMAPPED = frozenset(
    {
        "authorization",
        "connection",
        "content-md5",
        "date",
        "max-forwards",
        "server",
        "user-agent",
        "www-authenticate",
    }
)
# Content-Length is API Gateway's to make, from the body.
_DROPPED = frozenset(
    {
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")


class Malformed(Exception):  # noqa: N818
    """An answer API Gateway does not understand: 502 to the client."""


def buffered(payload: bytes, *, binary: bool) -> Response:
    """The response in a function's JSON. `binary`: whether isBase64Encoded counts for this request."""
    if len(payload) > RESPONSE_LIMIT:
        raise Malformed(f"an answer of {len(payload)} bytes, over {RESPONSE_LIMIT}")
    try:
        answer = json.loads(payload)
    except ValueError:
        raise Malformed("the answer is not JSON") from None
    if not isinstance(answer, dict) or answer.keys() - _KEYS:
        raise Malformed("the answer is not of the form of a Lambda proxy integration")
    body, encoded = answer.get("body"), answer.get("isBase64Encoded")
    if not isinstance(body, str | None) or not isinstance(encoded, bool | None):
        raise Malformed("body must be a text, isBase64Encoded a boolean")
    status, headers = _head(answer.get("statusCode"), answer.get("headers"), answer.get("multiValueHeaders"))
    if not encoded or not binary:
        return Response(status, headers, (body or "").encode("utf-8", "replace"))
    try:
        return Response(status, headers, b64decode(body or "", validate=True))
    except ValueError:
        raise Malformed("the body is not base64") from None


def streamed(prelude: Prelude) -> Response:
    """The head of a streamed response; its body comes after."""
    status, headers = _head(prelude.status, prelude.headers, prelude.multi_value_headers)
    cookies = prelude.cookies if prelude.cookies is not None else []
    if not isinstance(cookies, list):
        raise Malformed("cookies must be a list")
    headers += [("set-cookie", _checked(cookie)) for cookie in cookies]
    return Response(status, headers, b"")


def binary_reply(accept: str, binary_types: Iterable[str]) -> bool:
    """Whether API Gateway decodes base64 for this request: it looks at the first type of Accept alone."""
    return declared_binary(accept.split(",")[0], binary_types)


def declared_binary(content_type: str, binary_types: Iterable[str]) -> bool:
    """Whether a media type is among x-amazon-apigateway-binary-media-types."""
    media_type = content_type.split(";")[0].strip().lower()
    return any(each in ("*/*", media_type) for each in binary_types)


def _head(status: Any, single: Any, multi: Any) -> tuple[int, Headers]:
    if isinstance(status, str) and status.isdecimal():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise Malformed("statusCode must be a number from 200 to 599")
    merged: dict[str, list[Any]] = {}
    for name, value in _mapping(single).items():
        if not isinstance(value, str | int | float):
            raise Malformed(f"the header {name!r} must be a text, a number or a boolean")
        merged[name.lower()] = [value]
    for name, values in _mapping(multi).items():  # of a name in both, these count
        if not isinstance(values, list):
            raise Malformed(f"the header {name!r} must be a list of texts")
        merged[name.lower()] = values
    merged.setdefault("content-type", ["application/json"])
    headers: Headers = []
    for name, values in merged.items():
        if not _NAME.fullmatch(name):
            raise Malformed("a header has an impossible name")
        if name not in _DROPPED:
            sent = f"x-amzn-remapped-{name}" if name in _REMAPPED else name
            headers += [(sent, _checked(value)) for value in values]
    return status, headers


def _mapping(value: Any) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed("headers must be an object")
    return value


def _checked(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not _VALUE.fullmatch(text):
        raise Malformed("a header has an impossible value")
    return text
