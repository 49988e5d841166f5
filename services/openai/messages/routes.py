"""POST /messages and /messages/count_tokens. What they translate with is imported when they are first called."""

import os
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.http import Event, dumps, late
from pennyworth.logs import fault
from pennyworth.runtime.deadline import TimeIsUp
from services.openai.call import Call, accuracy, event_stream
from services.openai.converse import Envelope
from services.openai.files.references import filled

router = Router()  # type: ignore[no-untyped-call]  # Powertools' own

Route = Callable[[], Response[Any]]


def _anthropic(route: Route) -> Route:
    """The route with Anthropic's errors."""

    @wraps(route)
    def answer() -> Response[Any]:
        started_at = time.perf_counter()
        try:
            response = route()
        except Problem as problem:
            response = _refused(problem)
        except TimeIsUp:
            response = _refused(late(_event(), started_at))
        except Exception as error:  # as pennyworth.http does, in the other shape
            fault("unexpected error", error)
            response = _refused(Problem("internal_error"))
        response.headers["request-id"] = _request_id()
        return response

    return answer


@router.post("/messages")
@_anthropic
def create_message() -> Response[Any]:
    call = _call()
    envelope = Envelope(id=f"msg_{os.urandom(16).hex()}", created=int(time.time()), model=call.model)
    if call.streamed:
        return event_stream(
            call.answer(lambda provider: provider.stream_message(call.body, envelope, call.meter)), call
        )
    return _json(call.answer(lambda provider: provider.message(call.body, envelope, call.meter)), call)


@router.post("/messages/count_tokens")
@_anthropic
def count_message_tokens() -> Response[Any]:
    call = _call(billed=False)
    tokens, exact = call.answer(lambda provider: provider.message_tokens(call.body))
    return _json({"input_tokens": tokens}, call, accuracy(exact))


def _call(*, billed: bool = True) -> Call:
    """What is asked, with the betas of its header, for which Anthropic's SDKs take a parameter of that name."""
    call = Call(_event(), "chat", billed=billed)
    named = [
        beta.strip()
        for name, values in (_event().get("multiValueHeaders") or {}).items()
        if name.lower() == "anthropic-beta"
        for value in values
        for beta in value.split(",")
    ]
    if named:
        call.body["betas"] = named
    call.body = filled(call.body, call.caller)
    return call


def _event() -> Event:
    event: Event = router.current_event.raw_event
    return event


def _request_id() -> str:
    request_id: str = _event()["requestContext"]["requestId"]
    return request_id


def _json(value: dict[str, Any], call: Call, headers: dict[str, str] | None = None) -> Response[Any]:
    said = {"content-type": "application/json", **call.headers, **(headers or {})}
    return Response(200, headers=said, body=dumps(value))


def _refused(problem: Problem) -> Response[Any]:
    from services.openai.messages.errors import error_body

    body = dumps(error_body(problem, _request_id()))
    return Response(problem.status, "application/json", body, headers=dict(problem.headers))
