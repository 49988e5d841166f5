"""Server-sent events as Anthropic streams them: each with its name, and no `[DONE]`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pennyworth.errors import Problem
from pennyworth.logs import fault
from services.openai.messages.errors import error_body
from services.openai.sse import event


def named_events(told: Iterable[dict[str, Any] | None], pending: Callable[[], bool] = lambda: False) -> Iterator[bytes]:
    """Events leave together while `pending` says that more is here already. A failure after the first byte is an
    `error` event and the end."""
    held = b""
    try:
        for one in told:
            if one is not None:
                held += _named(one)
            if held and not pending():
                yield held
                held = b""
    except Problem as problem:
        yield held + _named(error_body(problem))
    except Exception as error:  # the client must read something; the log says what it was
        fault("unexpected error in a stream", error)
        yield held + _named(error_body(Problem("internal_error")))
    else:
        if held:
            yield held


def _named(told: dict[str, Any]) -> bytes:
    return f"event: {told['type']}\n".encode() + event(told)
