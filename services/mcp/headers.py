"""The HTTP side of a message: who may send it, in which form, and which headers must repeat its body."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from services.mcp.protocol import HEADER_MISMATCH, INVALID_REQUEST, RpcError

Headers = Mapping[str, str]  # by lower-case name; a repeated header's values joined with ", "

# One machine under three names. A page on another port of it is the same person's.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-amz-security-token"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a field name, RFC 9110 section 5.6.2
_DECIMAL = re.compile(r"-?\d+(\.0*)?", re.ASCII)
_PLAIN = re.compile(r"[!-~]([ -~]*[!-~])?")
_ENCODED = re.compile(r"=\?base64\?(.*)\?=")


def joined(values: Mapping[str, Sequence[str]]) -> Headers:
    """API Gateway's multiValueHeaders. Sent twice, a header equals nothing that a body says: the safe reading."""
    return {name.lower(): ", ".join(value.strip() for value in found) for name, found in values.items()}


def check_origin(headers: Headers, host: str, allowed: Sequence[str]) -> None:
    """Refuse (403) a browser page that is neither of this host nor of an allowed origin (`https://app.example.com`).

    Programs send no Origin. `host` is the name the API is served under, as API Gateway knows it, never the Host header
    alone: a page that rebinds its own name to this address would send both alike.
    """
    origin = headers.get("origin")
    if origin is None or origin in allowed:
        return
    page = _hostname(origin)
    own = _hostname(f"//{host}")
    addressed = _hostname(f"//{headers.get('host', host)}")
    if page is None or not (_same(page, own) and _same(page, addressed)):
        raise RpcError(INVALID_REQUEST, f"Pages of the origin '{origin[:200]}' may not call this server.", status=403)


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:  # a malformed IPv6 address
        return None


def _same(one: str, other: str | None) -> bool:
    return one == other or (one in _LOOPBACK and other in _LOOPBACK)


def check_accept(headers: Headers) -> None:
    """Refuse (406) a client that cannot read JSON, in which every refusal is written. Nothing said means anything."""
    accept = headers.get("accept", "").strip()
    if accept and not any(_takes_json(entry) for entry in accept.split(",")):
        raise RpcError(
            INVALID_REQUEST,
            "The header 'Accept' must list application/json (and, as MCP asks of clients, text/event-stream).",
            status=406,
        )


def takes_events(headers: Headers) -> bool:
    """Whether the client reads server-sent events. One that does not say so gets plain JSON."""
    kinds = (entry.split(";")[0].strip().lower() for entry in headers.get("accept", "").split(","))
    return "text/event-stream" in kinds


def passable(headers: Headers) -> Headers:
    """The headers that a source may see. What proves the caller to us goes to nobody else."""
    return {name: value for name, value in headers.items() if name not in _CREDENTIALS}


def _takes_json(entry: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in entry.split(";"))
    refused = any(re.fullmatch(r"q\s*=\s*0(\.0*)?", parameter) for parameter in parameters)
    return kind in {"application/json", "application/*", "*/*"} and not refused


def check_content_type(headers: Headers) -> None:
    """Refuse (415) what does not say it is JSON in UTF-8."""
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charset = [parameter for parameter in parameters if parameter.startswith("charset=")]
    if kind != "application/json" or charset not in ([], ["charset=utf-8"], ['charset="utf-8"']):
        raise RpcError(
            INVALID_REQUEST, "The body must be JSON in UTF-8: send 'Content-Type: application/json'.", status=415
        )


def check_equal(headers: Headers, name: str, expected: str, what: str, *, encoded: bool = False) -> None:
    """Refuse a header that is missing or differs from what the body says, which a router in between may have obeyed."""
    value = headers.get(name.lower())
    if value is None:
        raise RpcError(HEADER_MISMATCH, f"The header '{name}' is missing; it must equal {what}.")
    if (decoded(value) if encoded else value) != expected:
        raise RpcError(HEADER_MISMATCH, f"The header '{name}' does not equal {what}.")


def decoded(value: str) -> str | None:
    """`=?base64?…?=` as the text inside; any other value as it is; None for an encoding that is malformed."""
    match = _ENCODED.fullmatch(value)
    if match is None:
        return value
    try:
        raw = base64.b64decode(match[1], validate=True)
        # Base64 has more than one spelling of the same bytes; a value must have one only.
        return raw.decode() if base64.b64encode(raw).decode() == match[1] else None
    except (binascii.Error, UnicodeDecodeError):
        return None


def encoded(value: str) -> str:
    """The text as a header's value: what is no plain ASCII, or looks like this very encoding, in base64."""
    if _PLAIN.fullmatch(value) and not _ENCODED.fullmatch(value):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?=" if value else ""


def check_parameters(headers: Headers, schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Refuse a call whose `Mcp-Param-*` headers differ from the arguments that the tool's schema says they repeat."""
    for path, name, kind in mirrored(schema):
        header, what = f"Mcp-Param-{name}", f"the argument '{'.'.join(path)}'"
        sent = headers.get(header.lower())
        value = _at(arguments, path)
        if value is None or isinstance(value, dict | list):  # none that a header could repeat
            if sent is not None:
                raise RpcError(HEADER_MISMATCH, f"The header '{header}' was sent, but {what} holds no such value.")
        elif kind == "integer" and sent is not None and _equal_numbers(decoded(sent), value):
            continue
        else:
            check_equal(headers, header, _as_header(value), what, encoded=True)


def mirrored(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(path, header name, type) of every property annotated with `x-mcp-header`.

    Only a chain of `properties` reaches one. Names that are no field names, and types other than string, integer and
    boolean, make no header: clients drop tools that declare such.
    """
    properties = schema.get("properties")
    for key, child in properties.items() if isinstance(properties, Mapping) else ():
        if not isinstance(child, Mapping):  # `true` and `false` are schemas too
            continue
        name, kind = child.get("x-mcp-header"), child.get("type")
        if isinstance(name, str) and _TOKEN.fullmatch(name) and kind in ("string", "integer", "boolean"):
            yield (key,), name, kind
        for path, inner, inner_kind in mirrored(child):
            yield (key, *path), inner, inner_kind


def _at(arguments: object, path: Sequence[str]) -> object:
    for key in path:
        if not isinstance(arguments, Mapping):
            return None
        arguments = arguments.get(key)
    return arguments


def _as_header(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _equal_numbers(sent: str | None, value: object) -> bool:
    """`42.0` equals 42. Decimal notation only, and never through a float, which would round."""
    if sent is None or not _DECIMAL.fullmatch(sent) or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return len(sent) <= 32 and int(sent.partition(".")[0]) == value
