"""AWS's binary event stream: frames with two checksums (application/vnd.amazon.eventstream)."""

import struct
import zlib
from collections.abc import Mapping

_STRING = 7  # header value type


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message: total length, header length, CRC of both, headers, payload, CRC of it all."""
    lines = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", 16 + len(lines) + len(payload), len(lines))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + lines + payload
    return message + struct.pack(">I", zlib.crc32(message))


def event(type_: str, content_type: str, payload: bytes) -> bytes:
    return frame({":message-type": "event", ":event-type": type_, ":content-type": content_type}, payload)


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack(f">B{len(key)}sBH{len(text)}s", len(key), key, _STRING, len(text), text)
