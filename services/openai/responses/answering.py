"""POST /responses: from the request to its answer, whole or streamed, and its place in the store."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import check
from pennyworth.errors import Problem
from pennyworth.http import Event, dumps
from services.openai import converse
from services.openai.call import Call, event_stream
from services.openai.responses.chats import Chat
from services.openai.responses.conversation import told
from services.openai.responses.events import Answer, as_chunks
from services.openai.responses.request import ResponseRequest
from services.openai.responses.response import Envelope, begun
from services.openai.responses.state import State, packed, state
from services.openai.responses.toolbox import Toolbox
from services.openai.sse import DONE, Form, chunks, named, sse


def response_id() -> str:
    """192 random bits: nobody guesses another's."""
    return f"resp_{os.urandom(24).hex()}"


def now() -> int:
    return int(time.time())


def create(asked: Event) -> Response[Any]:
    call = Call(asked, "chat")
    request = check(ResponseRequest, call.body)
    own = state(call.caller)
    stored = _stored(request, own)
    said = told(request, own, response_id_ := response_id())
    toolbox = Toolbox(request.tools, request.tool_choice)
    chat = Chat(request, said.placed, toolbox)
    kept = packed(said.items) if stored else b""
    envelope = Envelope(response_id_, now(), len(said.items))
    answer = Answer(
        begun(request, toolbox, envelope, stored=stored),
        envelope,
        toolbox,
        as_summary=request.summary is not None,
        shows_encrypted=request.shows_encrypted,
    )

    def save() -> None:
        if stored:
            _save(own, answer, kept)

    made = converse.Envelope(f"chatcmpl-{response_id_.removeprefix('resp_')}", envelope.created_at, call.model)
    with chat.told():
        if request.stream:
            source = call.answer(lambda provider: provider.stream(chat.body, made, call.meter))
            return event_stream(_written(source, answer, save), call)
        completion = call.answer(lambda provider: provider.complete(chat.body, made))
    call.meter.read(completion.get("usage"), completion.get("service_tier"))
    for _ in answer.events(list(as_chunks(completion)), now):
        pass
    save()
    headers = {"content-type": "application/json", **call.headers}
    return Response(200, headers=headers, body=dumps(answer.shown()))


def _stored(request: ResponseRequest, own: State) -> bool:
    if request.store and not own.keeps:
        reason = "Nothing is stored in this installation. Leave it out, and send the whole conversation each time."
        raise Problem("unsupported_parameter", param="store", reason=reason)
    return own.keeps and request.store is not False


def _save(own: State, answer: Answer, kept: bytes) -> None:
    """Before the last event, so that whoever read that finds it. An answer is not lost because it cannot be stored:
    then its `store` says false."""
    try:
        own.save(answer.response, kept)
    except Problem:  # the store's log line says what it was
        answer.response["store"] = False


def _written(source: Iterator[bytes], answer: Answer, save: Callable[[], None]) -> Iterator[bytes]:
    """Server-sent events. OpenAI's end with the response; clients of a chat's kind wait for `[DONE]`."""
    spoken = chunks(source)
    try:
        yield from sse(_told(spoken, answer, save), form=_FORM)
    finally:
        spoken.close()  # type: ignore[attr-defined]  # a generator
        source.close()  # type: ignore[attr-defined]  # which was perhaps never begun


def _told(spoken: Iterator[dict[str, Any]], answer: Answer, save: Callable[[], None]) -> Iterator[dict[str, Any]]:
    yield from answer.events(spoken, now)
    save()
    yield answer.end()


def _error(problem: Problem) -> dict[str, Any]:
    return {"type": "error", "message": problem.message, "code": problem.code, "param": None}


_FORM = Form(named, _error, DONE)
