"""Any OpenAI-compatible provider: client and provider speak the same language, so all but the model's name passes
unchanged."""

import json
import re
import time
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.provider import Provider
from services.openai.providers.server import READ_S, Server, document
from services.openai.sse import event

if TYPE_CHECKING:
    import requests

_BLANK = re.compile(rb"\r?\n\r?\n")  # ends an event; some servers write lines as HTTP does
_USAGE = re.compile(rb'"usage"\s*:\s*\{')  # within a text the quotes would be escaped; most chunks say null
_DATA = re.compile(rb"^data: ?(.*)$", re.MULTILINE)
# What providers call it when they say in a stream that they are asked too much: no status came with it.
_THROTTLED = frozenset({"rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "too_many_requests"})


class Upstream(Provider):
    """One model there."""

    retries = 2  # plain HTTP below, which tries once

    def __init__(self, server: Server, model: Model, deadline: float = inf) -> None:
        """`deadline`: a reading of time.monotonic, until which an answer is waited for."""
        self._server, self._model, self._deadline = server, model, deadline

    def complete(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """The provider's completion, unchanged. Raises Problem."""
        return document(self._post("/chat/completions", body))

    def stream(self, body: dict[str, Any], _: Envelope, meter: Meter) -> Iterator[bytes]:
        """The provider's server-sent events, unchanged; its status is known when this returns. It tells its usage if
        the client asked for that."""
        return self._streamed("/chat/completions", body, meter)

    def complete_prompt(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """As `complete`, of the older API."""
        return document(self._post("/completions", body))

    def stream_prompt(self, body: dict[str, Any], _: Envelope, meter: Meter) -> Iterator[bytes]:
        """As `stream`, of the older API."""
        return self._streamed("/completions", body, meter)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The provider's list of embeddings, unchanged. Raises Problem."""
        return document(self._post("/embeddings", body))

    def _streamed(self, path: str, body: dict[str, Any], meter: Meter) -> Iterator[bytes]:
        return _metered(self._honest(_events(self._post(path, body, stream=True))), meter)

    def _post(self, path: str, body: dict[str, Any], *, stream: bool = False) -> "requests.Response":
        wait_s = max(min(READ_S, self._deadline - time.monotonic()), 0.001)
        return self._server.post(path, {**body, "model": self._model.id}, stream=stream, wait_s=wait_s)

    def _honest(self, events: Iterator[bytes]) -> Iterator[bytes]:
        """The same events; an error that comes before anything else is raised, while a status can be chosen."""
        held = b""
        begun = False
        for piece in events:
            if not begun:
                held += piece  # a comment keeps a connection open and says nothing
                said = _DATA.search(held)
                if said is None:
                    continue
                if (error := _error(said[1])) is not None:
                    events.close()  # type: ignore[attr-defined]  # a generator
                    raise self._server.problem(_status(error), error)
                begun, piece, held = True, held, b""
            yield piece
        if held:
            yield held


def _metered(events: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    for piece in events:
        if _USAGE.search(piece):
            for line in piece.splitlines():
                if _USAGE.search(line):
                    meter.read(_usage(line))
        yield piece


def _usage(line: bytes) -> object:
    read = _read(line.removeprefix(b"data:"))
    return read.get("usage") if isinstance(read, dict) else None


def _error(data: bytes) -> object:
    """The error an event tells, if it tells nothing else."""
    read = _read(data)
    return read.get("error") if isinstance(read, dict) and "choices" not in read else None


def _status(error: object) -> int:
    """The status an error object would have come with."""
    code = error.get("code") if isinstance(error, dict) else None
    kind = error.get("type") if isinstance(error, dict) else None
    if code in _THROTTLED or kind in _THROTTLED:
        return 429
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() and 400 <= int(text[:4]) <= 599 else 502


def _read(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _events(response: "requests.Response") -> Iterator[bytes]:
    """Whole events, so that no client reads half of one before an error."""
    import requests

    with response:
        pending = b""
        try:
            for piece in response.iter_content(chunk_size=None):
                pending += piece
                end = max((found.end() for found in _BLANK.finditer(pending)), default=0)
                if end:
                    yield pending[:end]
                    pending = pending[end:]
        except requests.RequestException:
            yield event(Problem("upstream_error").body)
        else:
            if pending.strip():  # some leave out the blank line after their last event
                yield pending.rstrip() + b"\n\n"
