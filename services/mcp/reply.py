"""What a streaming Lambda function answers, taken apart: status, then body, then how the invocation ended.

The function's answer is made for API Gateway: a JSON prelude, eight NUL bytes, the body. Lambda hands it over in pieces
cut anywhere (`PayloadChunk`) and says at the end whether it is whole (`InvokeComplete`).
Source: AWS Lambda API reference, InvokeWithResponseStream; Lambda developer guide, response streaming.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pennyworth.errors import Problem

_SEPARATOR = b"\0" * 8
_PRELUDE_LIMIT = 16 * 1024  # API Gateway's own for the metadata

StreamEvent = tuple[str, bytes]  # an AWS event stream's: (type, payload)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: Iterator[bytes]  # in pieces cut anywhere; raises Problem where the stream breaks


def unwrapped(events: Iterable[StreamEvent]) -> Reply:
    """The reply inside an invocation's stream, read up to its status. Raises Problem upstream_error without one."""
    pieces = _pieces(events)
    head = b""
    for piece in pieces:
        head += piece
        prelude, found, rest = head.partition(_SEPARATOR)
        if found:
            return Reply(_status(prelude), _chain(rest, pieces))
        if len(head) > _PRELUDE_LIMIT:
            break
    raise Problem("upstream_error")


def _pieces(events: Iterable[StreamEvent]) -> Iterator[bytes]:
    for kind, payload in events:
        if kind == "PayloadChunk":
            yield payload
        elif kind == "InvokeComplete":
            # A function that crashed or ran out of time leaves its answer unfinished, and says so here alone.
            if payload and json.loads(payload).get("ErrorCode"):
                raise Problem("upstream_error")
            return
    raise Problem("upstream_error")  # the connection ended before the invocation did


def _status(prelude: bytes) -> int:
    try:
        return int(json.loads(prelude)["statusCode"])
    except (ValueError, KeyError, TypeError):
        raise Problem("upstream_error") from None


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
