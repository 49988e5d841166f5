"""Server-sent events of a streamed chat."""

import json
from collections.abc import Iterator
from typing import Any

import requests

from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.http import unreachable

_DATA = b"data:"
_DONE = b"[DONE]"


def events(response: requests.Response) -> Iterator[dict[str, Any]]:
    """The chunks of an open answer, as they come. Raises Failure for an error among them, and where it breaks off."""
    request_id = response.headers.get("x-request-id", "")
    for line in _lines(response):
        data = line[len(_DATA) :].strip() if line.startswith(_DATA) else b""
        if data == _DONE:
            return
        if data:
            chunk = _chunk(data)
            if "error" in chunk:
                raise Failure(str((chunk["error"] or {}).get("message", "The answer failed.")), Code.FAILED, request_id)
            yield chunk
    raise Failure("The answer broke off. Try again.", Code.FAILED, request_id)


def _lines(response: requests.Response) -> Iterator[bytes]:
    # Chunks as they come where there are any; else byte by byte, or a read would wait for a full buffer.
    size = None if response.headers.get("transfer-encoding") == "chunked" else 1
    try:
        yield from response.iter_lines(chunk_size=size)
    except requests.RequestException as error:
        raise unreachable(response.url, error) from None


def _chunk(data: bytes) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except ValueError:
        chunk = None
    if not isinstance(chunk, dict):
        raise Failure("The answer holds what is no chunk of a chat. Check the endpoint.", Code.FAILED)
    return chunk
