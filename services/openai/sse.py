"""Server-sent events, as OpenAI streams a chat and as others do."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

from pydantic_core import to_json

from pennyworth.errors import Problem
from pennyworth.logs import fault

DONE = b"data: [DONE]\n\n"


def event(value: object) -> bytes:
    """The value as one event."""
    try:
        text = to_json(value)
    except (
        ValueError
    ):  # half a surrogate pair, which JSON can say and UTF-8 cannot: the next chunk holds its other half
        text = json.dumps(value, separators=(",", ":")).encode()
    return b"data: " + text + b"\n\n"


class Form(NamedTuple):
    """How an API writes its stream."""

    event: Callable[[Any], bytes]
    error: Callable[[Problem], dict[str, Any]]  # what an event tells of a failure
    end: bytes  # after the last event


CHAT = Form(event, lambda problem: problem.body, DONE)


def sse(
    told: Iterable[dict[str, Any] | None], pending: Callable[[], bool] = lambda: False, form: Form = CHAT
) -> Iterator[bytes]:
    """Each as an event, then the form's end. Events leave together while `pending` says that more is here already; a
    None is a moment in which nothing was added and what is held may leave.

    A failure after the first event is one event with the API's error object and no end: the status is sent, and a
    clean end would be a lie. A failure before it is raised: a status, or another model, can still be chosen.
    """
    held, begun = b"", False
    try:
        for one in told:
            if one is not None:
                held += form.event(one)
                begun = True
            if held and not pending():
                yield held
                held = b""
    except Problem as problem:
        if not begun:
            raise
        yield held + form.event(form.error(problem))
    except Exception as error:  # the client must read something; the log says what it was
        if not begun:
            raise
        fault("unexpected error in a stream", error)
        yield held + form.event(form.error(Problem("internal_error")))
    else:
        if held or form.end:
            yield held + form.end


def named(value: dict[str, Any]) -> bytes:
    """The value as an event with its type for a name."""
    return f"event: {value['type']}\n".encode() + event(value)


def chunks(events: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """What a provider's stream of whole events says, up to `[DONE]`: chunks, or OpenAI's error object as it is. The
    source is closed when this ends, however it ends. Raises Problem upstream_error for what is no JSON object."""
    with closing(events):  # type: ignore[type-var]  # a generator, as every stream of ours
        for together in events:
            for line in together.splitlines():
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data == b"[DONE]":
                    return
                if data:
                    yield _object(data)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Problem("upstream_error")
    return value
