"""POST /responses: from the request to its answer, whole or streamed, and its place in the store."""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.errors import Problem
from pennyworth.http import Event, dumps
from pennyworth.logs import fault
from services.openai.call import Call, event_stream
from services.openai.providers.provider import Provider
from services.openai.responses.keeping import Keeping
from services.openai.responses.passed import Passed
from services.openai.responses.passing import LAST
from services.openai.responses.state import state
from services.openai.responses.translated import Translated
from services.openai.sse import DONE, event

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
    events, last = way.events(source), None
    try:
        for one in events:
            last = one.get("type")
            yield _event(one)
        if last in LAST:
            yield DONE
    except Problem as problem:
        yield _event(_error(problem))
    except Exception as error:  # the client must read something; the log says what it was
        fault("unexpected error in a stream", error)
        yield _event(_error(Problem("internal_error")))
    finally:
        events.close()  # type: ignore[attr-defined]  # a generator
        source.close()  # type: ignore[attr-defined]  # which was perhaps never begun


def _error(problem: Problem) -> dict[str, Any]:
    return {"type": "error", "message": problem.message, "code": problem.code, "param": None}


def _event(value: dict[str, Any]) -> bytes:
    name = f"event: {value['type']}\n" if "type" in value else ""
    return name.encode() + event(value)
