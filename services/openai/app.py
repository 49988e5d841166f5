"""The inference Lambda: OpenAI's API."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from pennyworth.http import principal, router, serve
from pennyworth.policy import authorize
from pennyworth.settings import settings
from services.openai import routing
from services.openai.call import Call, event_stream
from services.openai.converse import Envelope
from services.openai.eventdata import encoded
from services.openai.files.references import filled
from services.openai.files.routes import router as files
from services.openai.messages.routes import router as messages
from services.openai.responses.routes import router as responses

app = router()


@app.post("/chat/completions")
def create_chat_completion() -> Response[Any]:
    call = Call(app.current_event.raw_event, "chat")
    call.body = filled(call.body, call.caller)
    envelope = Envelope(id=f"chatcmpl-{os.urandom(16).hex()}", created=int(time.time()), model=call.model)
    if call.streamed:
        return event_stream(call.answer(lambda provider: provider.stream(call.body, envelope, call.meter)), call)
    completion = call.answer(lambda provider: provider.complete(call.body, envelope))
    call.meter.read(completion.get("usage"), completion.get("service_tier"))
    return _json(encoded(completion).decode(), call)


@app.post("/completions")
def create_completion() -> Response[Any]:
    call = Call(app.current_event.raw_event, "chat")
    envelope = Envelope(id=f"cmpl-{os.urandom(16).hex()}", created=int(time.time()), model=call.model)
    if call.streamed:
        return event_stream(call.answer(lambda provider: provider.stream_prompt(call.body, envelope, call.meter)), call)
    completion = call.answer(lambda provider: provider.complete_prompt(call.body, envelope))
    call.meter.read(completion.get("usage"))
    return _json(encoded(completion).decode(), call)


@app.post("/embeddings")
def create_embeddings() -> Response[Any]:
    from services.openai.embeddings import pieces

    call = Call(app.current_event.raw_event, "embedding")
    embeddings = call.answer(lambda provider: provider.embed(call.body))
    call.meter.read(embeddings.get("usage"))
    return _json(pieces(embeddings), call)


@app.get("/models")
def list_models() -> dict[str, Any]:
    caller = principal(app.current_event.raw_event)
    authorize(caller, "inference")
    cards = routing.cards(caller)
    if "anthropic-version" in app.current_event.headers:
        from services.openai.messages.models import model_list

        return model_list(cards)
    return {"object": "list", "data": cards}


@app.get("/models/<model>")
def retrieve_model(model: str) -> dict[str, Any]:
    model = unquote(model)  # API Gateway hands the path over as it was sent, and upstreams name models `org/model:tag`
    return routing.card(model, principal(app.current_event.raw_event))


@app.get("/version")
def get_version() -> dict[str, str]:
    here = settings()
    return {"version": here.version, "git_sha": here.git_sha, "environment": here.environment}


@app.get("/health")
def get_health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/openapi.json")
def get_openapi() -> Response[str]:
    return Response(200, "application/json", Path(__file__).with_name("openapi.json").read_text())


def _json(body: str | Iterator[str], call: Call) -> Response[Any]:
    # Under its own spelling of the header Powertools would write a body that is no text as JSON a second time.
    return Response(200, headers={"content-type": "application/json", **call.headers}, body=body)


# Behind the routes above: Powertools looks a path up in the order of their making.
app.include_router(files)
app.include_router(messages)
app.include_router(responses)

handler = serve(app)
