"""What server-sent events say, and a value as one: pure translation."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from pydantic_core import from_json, to_json

from pennyworth.errors import Problem

DONE = b"data: [DONE]\n\n"
_DATA = re.compile(rb"^data:[ \t]*([^\r\n]+)", re.MULTILINE)


def encoded(value: object) -> bytes:
    """The value as JSON, which pydantic writes at a fraction of what the standard library takes."""
    try:
        return to_json(value)
    except ValueError:  # half a surrogate pair, which JSON can say and UTF-8 cannot: the next chunk holds the rest
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(text: bytes) -> Any:
    """What the JSON says, likewise. Raises ValueError."""
    try:
        return from_json(text)
    except ValueError:  # half a surrogate pair again, or no JSON
        return json.loads(text)


def event(value: object) -> bytes:
    """The value as one event."""
    return b"data: " + encoded(value) + b"\n\n"


def data(events: bytes) -> list[bytes]:
    """What whole events say: a JSON text each, or OpenAI's word for the end."""
    return _DATA.findall(events)


def read(said: bytes) -> dict[str, Any] | None:
    """The JSON object; None for what is none."""
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def chunks(events: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """What a provider's stream of whole events says, up to `[DONE]`: chunks, or OpenAI's error object as it is. The
    source is closed when this ends, however it ends. Raises Problem upstream_error for what is no JSON object."""
    with closing(events):  # type: ignore[type-var]  # a generator, as every stream of ours
        for together in events:
            for said in data(together):
                if said.startswith(b"[DONE]"):
                    return
                if (value := read(said)) is None:
                    raise Problem("upstream_error")
                yield value
