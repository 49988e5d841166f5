"""Server-sent events as OpenAI streams them."""

from collections.abc import Iterable, Iterator
from typing import Any

from pennyworth.errors import Problem
from pennyworth.http import dumps
from pennyworth.logs import fault


def sse(chunks: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Each chunk as an event, then `[DONE]`. A failure after the first byte is one event with OpenAI's error object and
    no `[DONE]`: the status is sent, and a clean end would be a lie."""
    try:
        for chunk in chunks:
            yield f"data: {dumps(chunk)}\n\n"
    except Problem as problem:
        yield f"data: {dumps(problem.body)}\n\n"
    except Exception as error:
        fault("unexpected error in a stream", error)
        yield f"data: {dumps(Problem('internal_error').body)}\n\n"
    else:
        yield "data: [DONE]\n\n"
