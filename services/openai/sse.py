"""Server-sent events, as OpenAI streams a chat and as others do."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.logs import fault
from services.openai.eventdata import DONE, event


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
