"""The same handler under Lambda's stock bootstrap, which cannot stream: bodies are joined before they are returned.

Who calls decides, call by call: our runtime's context says `streams`, the stock one does not. No setting can be wrong.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any

from pennyworth.errors import Problem
from pennyworth.logs import fault
from pennyworth.runtime.reply import piece

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]

_LIMIT = 6 * 1024 * 1024  # bytes of JSON that Lambda takes as the answer of a buffered invocation
_ESCAPED = 6  # bytes that JSON needs at most for one byte of text (\u0000)


def buffered(handler: Handler) -> Handler:
    """The handler, with its body joined for a caller whose context does not say `streams`.

    An answer over Lambda's 6 MB, and an error inside the body, become the answer a client can read: the status has not
    left yet. Both kinds of caller get the same reply otherwise.
    """

    def answer(event: dict[str, Any], context: Any) -> dict[str, Any]:
        reply = handler(event, context)
        if getattr(context, "streams", False):
            return reply
        try:
            return _within_limit(_joined(reply))
        except Problem as problem:
            return _instead(reply, problem)
        except Exception as error:
            fault("unexpected error in a body", error)
            return _instead(reply, Problem("internal_error"))

    return answer


def _joined(reply: dict[str, Any]) -> dict[str, Any]:
    body = reply.get("body")
    if body is None or isinstance(body, str):
        return reply
    data = piece(body) if isinstance(body, bytes | bytearray | memoryview) else _collected(body)
    if reply.get("isBase64Encoded"):
        return reply | {"body": data.decode("ascii")}
    try:
        return reply | {"body": data.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return reply | {"body": b64encode(data).decode(), "isBase64Encoded": True}


def _collected(chunks: Iterable[object]) -> bytes:
    data = bytearray()
    try:
        for chunk in chunks:
            data += piece(chunk)
            if len(data) > _LIMIT:
                raise _too_large()
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return bytes(data)


def _within_limit(reply: dict[str, Any]) -> dict[str, Any]:
    """The limit counts the whole answer as JSON; only an answer that may reach it is serialised to be counted."""
    body = reply.get("body") or ""
    if (
        len(body) * _ESCAPED > _LIMIT // 2
        and len(json.dumps(reply, ensure_ascii=False).encode(errors="replace")) > _LIMIT
    ):
        raise _too_large()
    return reply


def _too_large() -> Problem:
    return Problem("response_too_large", limit="6 MB")


def _instead(reply: dict[str, Any], problem: Problem) -> dict[str, Any]:
    """The problem, under the reply's other headers (the request id among them)."""
    headers: dict[str, Any] = {
        name: values
        for name, values in (reply.get("multiValueHeaders") or {}).items()
        if not name.lower().startswith("content-")
    }
    headers |= {"Content-Type": ["application/json"]} | {name: [value] for name, value in problem.headers.items()}
    return {
        "statusCode": problem.status,
        "multiValueHeaders": headers,
        "body": json.dumps(problem.body, separators=(",", ":")),
        "isBase64Encoded": False,
    }
