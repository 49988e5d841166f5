"""Frames of application/vnd.amazon.eventstream.

A frame is: total length, length of the headers, CRC-32 of those eight bytes, headers, payload, CRC-32 of all before.
All numbers are big-endian. Source: Amazon's event stream encoding (Smithy specification, event streams).
"""

import json
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
STRING = 7  # the type of a header's value
PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def frame(headers: bytes, payload: bytes) -> bytes:
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return message + struct.pack(">I", crc32(message))


@lru_cache
def headers(message_type: str, name: str) -> bytes:
    """The three headers of an event or exception called `name`."""
    pairs = ((f":{message_type}-type", name), (":content-type", "application/json"), (":message-type", message_type))
    return b"".join(
        struct.pack(">B", len(key)) + key.encode() + struct.pack(">BH", STRING, len(value)) + value.encode()
        for key, value in pairs
    )


def event(name: str, payload: Mapping[str, Any]) -> bytes:
    """An event whose payload, not empty, gets Bedrock's padding `p`, which hides the length of what was said."""
    text = encoded(payload)
    padding = PADDING[: len(text) % len(PADDING)]
    return frame(headers("event", name), f'{text[:-1]},"p":"{padding}"}}'.encode())


def exception(name: str, payload: Mapping[str, Any]) -> bytes:
    """`name` is the member of the output's stream, as `throttlingException`."""
    return frame(headers("exception", name), json.dumps(payload).encode())


def corrupted(message: bytes) -> bytes:
    """The same frame with a CRC that does not fit."""
    return message[:-1] + bytes([message[-1] ^ 0xFF])
