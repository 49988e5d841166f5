"""POST /responses: from the request to its answer, whole or streamed, and its place in the store."""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.errors import Problem
from pennyworth.http import Event, dumps
from services.openai.call import Call, event_stream
from services.openai.eventdata import DONE, event
from services.openai.providers.provider import Provider
from services.openai.responses.keeping import Keeping
from services.openai.responses.passed import Passed
from services.openai.responses.passing import LAST
from services.openai.responses.state import state
from services.openai.responses.translated import Translated
from services.openai.sse import Form, named, sse

Way = Passed | Translated


def create(asked: Event) -> Response[Any]:
    call = Call(asked, "chat")
    keeping = Keeping(state(call.caller))
    ways: list[Way] = []

    def ask(provider: Provider) -> Any:
        ways.append(way := _way(call, provider, keeping))
        return way.stream() if call.streamed else way.complete()

    answer = call.answer(ask)
    if call.streamed:
        return event_stream(_written(answer, ways[-1]), call)
    headers = {"content-type": "application/json", **call.headers}
    return Response(200, headers=headers, body=dumps(ways[-1].response(answer)))


def _way(call: Call, provider: Provider, keeping: Keeping) -> Way:
    theirs = provider.responses()
    return Translated(call, provider, keeping) if theirs is None else Passed(call, theirs, keeping)


def _written(source: Iterator[bytes], way: Way) -> Iterator[bytes]:
    """Server-sent events. OpenAI's end with the response; clients of a chat's kind wait for `[DONE]`."""
    events = way.events(source)
    try:
        yield from sse(_told(events, kinds := set[object]()), form=_FORM)
        if kinds & LAST:
            yield DONE
    finally:
        events.close()  # type: ignore[attr-defined]  # a generator
        source.close()  # type: ignore[attr-defined]  # which was perhaps never begun


def _told(events: Iterator[dict[str, Any]], kinds: set[object]) -> Iterator[dict[str, Any]]:
    """The same events, and their kinds."""
    for one in events:
        kinds.add(one.get("type"))
        yield one


def _error(problem: Problem) -> dict[str, Any]:
    return {"type": "error", "message": problem.message, "code": problem.code, "param": None}


_FORM = Form(lambda value: named(value) if "type" in value else event(value), _error, b"")
