"""A streamed chat completion read back into one: server-sent events in, text out."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pennyworth.errors import Problem

CUT = "timeout"  # the finish reason of an answer that the clock ended; no model gives it


class Refused(Exception):  # noqa: N818 -- the model's side said no: what it said is the message
    """An error object of OpenAI's shape, sent instead of an answer or in the middle of one."""


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    finish_reason: str
    model: str | None = None
    usage: dict[str, int] | None = None


def glued(pieces: Iterable[bytes]) -> Completion:
    """The chunks of a stream as one completion. A stream that `Problem("timeout")` ends gives what had come by then.

    Raises Refused for an error in the stream, Problem: timeout when nothing had come, upstream_error for a stream that
    ends without its `[DONE]`.
    """
    texts: list[str] = []
    model = finish_reason = usage = None
    try:
        for chunk in _chunks(pieces):
            if chunk.get("error"):
                raise Refused(message_of(chunk))
            model, usage = chunk.get("model") or model, chunk.get("usage") or usage
            for choice in chunk.get("choices") or ():
                texts.append((choice.get("delta") or {}).get("content") or "")
                finish_reason = choice.get("finish_reason") or finish_reason
    except Problem as problem:
        if problem.code != "timeout" or not any(texts):
            raise
        finish_reason = finish_reason or CUT
    return Completion("".join(texts), finish_reason or "stop", model, usage and _counts(usage))


def message_of(document: Any) -> str:
    """The sentence in an error body of OpenAI's shape. Raises Problem upstream_error for any other body."""
    try:
        return str(document["error"]["message"])
    except (TypeError, KeyError):
        raise Problem("upstream_error") from None


def _chunks(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for data in _events(pieces):
        if data == b"[DONE]":
            return
        yield _object(data)
    raise Problem("upstream_error")


def _object(data: bytes) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except ValueError:
        raise Problem("upstream_error") from None
    if not isinstance(chunk, dict):
        raise Problem("upstream_error")
    return chunk


def _events(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The data of each server-sent event. Comments, and fields other than `data`, say nothing here."""
    data: list[bytes] = []
    for line in _lines(pieces):
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield b"\n".join(data)
            data = []


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")


def _counts(usage: dict[str, Any]) -> dict[str, int]:
    return {name: int(usage.get(name) or 0) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
