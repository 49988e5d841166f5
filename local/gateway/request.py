"""What a client sent, taken from the ASGI scope."""

import secrets
import time
import uuid
from base64 import b64encode
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from local.functions.invocation import new_trace_id
from local.gateway.refusal import Refusal

BODY_LIMIT = 10 * 1024 * 1024  # bytes
# What API Gateway keeps to itself before a Lambda proxy integration ("Important notes" of its developer guide).
_DROPPED = frozenset(
    {
        "connection",
        "content-md5",
        "expect",
        "keep-alive",
        "max-forwards",
        "proxy-authenticate",
        "proxy-authorization",
        "server",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "www-authenticate",
    }
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(slots=True)
class Request:
    method: str
    raw_path: str  # percent-encoded, base path included, no query
    query: list[tuple[str, str]]
    headers: list[tuple[str, str]]  # names in lower case
    source_ip: str
    http_version: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    extended_id: str = field(default_factory=lambda: b64encode(secrets.token_bytes(11)).decode())
    received_at: float = field(default_factory=time.time)  # unix seconds
    trace_id: str = ""

    @classmethod
    def of(cls, scope: Message) -> "Request":
        raw_path = scope.get("raw_path") or scope["path"].encode()
        request = cls(
            method=scope["method"],
            raw_path=raw_path.decode("ascii", "backslashreplace"),
            query=_query(scope["query_string"]),
            headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]],
            source_ip=(scope.get("client") or ("127.0.0.1", 0))[0],
            http_version=scope.get("http_version", "1.1"),
        )
        request.trace_id = request.header("x-amzn-trace-id") or new_trace_id()
        return request

    def header(self, name: str) -> str:
        """A header's last value, or nothing."""
        return next((value for key, value in reversed(self.headers) if key == name), "")

    def forwarded(self, port: int) -> dict[str, list[str]]:
        """The headers a function sees: each under its usual spelling, with API Gateway's own."""
        many: dict[str, list[str]] = {}
        for name, value in self.headers:
            if name not in _DROPPED:
                many.setdefault(_spelling(name), []).append(value)
        before = many.get("X-Forwarded-For", [])
        many["X-Forwarded-For"] = [", ".join([*before, self.source_ip])]
        many["X-Forwarded-Port"] = [str(port)]
        many["X-Forwarded-Proto"] = ["http"]
        many["X-Amzn-Trace-Id"] = [self.trace_id]
        return many

    def refuse_large(self) -> None:
        """Raise before a body is read that says it is too large."""
        length = self.header("content-length")
        if length.isdecimal() and int(length) > BODY_LIMIT:
            raise Refusal("REQUEST_TOO_LARGE")


async def read_body(receive: Receive) -> bytes:
    """The whole body, whatever it says of its length. Raises Refusal over the limit, ClientGone when it breaks off."""
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise Refusal("REQUEST_TOO_LARGE")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


class ClientGone(Exception):  # noqa: N818
    """The client hung up before it was answered."""


def _query(raw: bytes) -> list[tuple[str, str]]:
    # API Gateway splits at semicolons too.
    text = raw.decode("latin-1").replace(";", "&")
    return parse_qsl(text, keep_blank_values=True, errors="replace")


@lru_cache(maxsize=1024)
def _spelling(name: str) -> str:
    """`Content-Type`: clients of HTTP/1.1 write names so and API Gateway hands them on as written; ASGI forgot."""
    return "-".join(part.capitalize() for part in name.split("-"))
