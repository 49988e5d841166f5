"""A handler's reply as Lambda's streaming protocol has it: a JSON prelude, eight NUL bytes, the body."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from pennyworth.runtime.faults import Fault

_PRELUDE = ("statusCode", "headers", "multiValueHeaders", "cookies")
_PRELUDE_LIMIT = 16384  # bytes in which API Gateway looks for the end of the prelude, the NULs included
_NULS = bytes(8)
_encode = json.JSONEncoder(separators=(",", ":")).encode  # ASCII: no byte of it is NUL


def checked(reply: object) -> dict[str, Any]:
    """The reply, if it is one. Raises Fault."""
    if not isinstance(reply, dict):
        raise _invalid(f"The handler returned {type(reply).__name__}, not a dict")
    status = reply.get("statusCode")
    if type(status) is not int or not 100 <= status <= 599:
        raise _invalid("The reply's statusCode is not an integer from 100 to 599")
    return reply


def prelude(reply: Mapping[str, Any]) -> bytes:
    """Status, headers and cookies, with the NULs that end them. Raises Fault when they are over 16 KB."""
    try:
        text = _encode({name: reply[name] for name in _PRELUDE if reply.get(name)})
    except (TypeError, ValueError):
        raise _invalid("The reply's headers or cookies are not JSON") from None
    data = text.encode() + _NULS
    if len(data) > _PRELUDE_LIMIT:
        raise _invalid(f"The reply's headers and cookies take {len(data)} bytes; Lambda allows {_PRELUDE_LIMIT}")
    return data


def body(reply: Mapping[str, Any]) -> bytes | Iterator[Any]:
    """The body: bytes when it is whole, an iterator of str and bytes when it is to be streamed. Raises Fault."""
    value = reply.get("body")
    if reply.get("isBase64Encoded"):
        if not isinstance(value, str | bytes):
            raise _invalid("The reply says isBase64Encoded, but its body is neither str nor bytes")
        try:
            return b64decode(value, validate=True)
        except ValueError:
            raise _invalid("The reply says isBase64Encoded, but its body is not base64") from None
    if value is None:
        return b""
    if isinstance(value, str | bytes | bytearray | memoryview):
        return piece(value)
    if isinstance(value, Mapping):  # iterable, but its keys alone are nobody's body
        raise _invalid("The reply's body is a mapping: serialise it")
    try:
        chunks: Iterator[Any] = iter(value)
    except TypeError:
        raise _invalid(f"The reply's body is {type(value).__name__}: not str, bytes, None or an iterable") from None
    return chunks


def piece(value: object) -> bytes:
    """A piece of a body as bytes. A lone surrogate, which UTF-8 cannot say, becomes "?". Raises Fault."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError:
            return value.encode(errors="replace")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise _invalid(f"The reply's body yielded {type(value).__name__}: neither str nor bytes")


def _invalid(message: str) -> Fault:
    return Fault("Runtime.InvalidReply", f"{message}.")
