"""The inference Lambda: OpenAI's API."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import load
from pennyworth.errors import Problem
from pennyworth.http import content, log_also, principal, router, serve
from pennyworth.policy import authorize
from pennyworth.settings import settings
from services.openai import routing
from services.openai.converse import Envelope
from services.openai.embeddings import pieces
from services.openai.meter import Meter

app = router()


@app.post("/chat/completions")
def create_chat_completion() -> dict[str, Any] | Response[Any]:
    body, name, streamed, provider, meter = _asked("chat")
    envelope = Envelope(id=f"chatcmpl-{os.urandom(16).hex()}", created=int(time.time()), model=name)
    if streamed:
        return _event_stream(provider.stream(body, envelope, meter))
    completion = provider.complete(body, envelope)
    meter.read(completion.get("usage"), completion.get("service_tier"))
    return completion


@app.post("/completions")
def create_completion() -> dict[str, Any] | Response[Any]:
    body, name, streamed, provider, meter = _asked("chat")
    envelope = Envelope(id=f"cmpl-{os.urandom(16).hex()}", created=int(time.time()), model=name)
    if streamed:
        return _event_stream(provider.stream_prompt(body, envelope, meter))
    completion = provider.complete_prompt(body, envelope)
    meter.read(completion.get("usage"))
    return completion


@app.post("/embeddings")
def create_embeddings() -> Response[Any]:
    asked = _asked("embedding")
    embeddings = asked.provider.embed(asked.body)
    asked.meter.read(embeddings.get("usage"))
    # Under its own spelling of the header Powertools would write the body as JSON a second time.
    return Response(200, headers={"content-type": "application/json"}, body=pieces(embeddings))


@app.get("/models")
def list_models() -> dict[str, Any]:
    caller = principal(app.current_event.raw_event)
    authorize(caller, "inference")
    return {"object": "list", "data": routing.cards(caller)}


@app.get("/models/<model>")
def retrieve_model(model: str) -> dict[str, Any]:
    model = unquote(model)  # API Gateway hands the path over as it was sent, and upstreams name models `org/model:tag`
    caller = principal(app.current_event.raw_event)
    authorize(caller, "inference", model)
    for card in routing.cards(caller):
        if card["id"] == model:
            return card
    raise Problem("model_not_found", param="model", model=model)


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


class _Asked(NamedTuple):
    body: dict[str, Any]
    name: str  # of the model
    streamed: bool
    provider: routing.Provider
    meter: Meter


def _asked(kind: str) -> _Asked:
    """What is asked of a model of that kind, by a caller who may. Raises Problem."""
    event = app.current_event.raw_event
    body = load(content(event))
    name = _model_name(body)
    caller = principal(event)
    authorize(caller, "inference", name)
    streamed = _streamed(body)
    provider = routing.provider(name, caller, kind)
    meter = Meter(name, provider.name, provider.price)
    log_also(event, meter.fields)
    return _Asked(body, name, streamed, provider, meter)


def _event_stream(events: Iterator[bytes]) -> Response[Any]:
    """Of a provider that has answered: what it refuses was raised while a status could still be chosen."""
    return Response(200, "text/event-stream; charset=utf-8", events, headers={"cache-control": "no-cache"})


def _streamed(body: dict[str, Any]) -> bool:
    """An upstream may read `1` or "true" as true, and its answer would then not be the one expected."""
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Problem("invalid_value", param="stream", reason="must be true or false")
    return stream is True


def _model_name(body: dict[str, Any]) -> str:
    name = body.get("model")
    if name is None:
        raise Problem("missing_required_parameter", param="model")
    if not isinstance(name, str):
        raise Problem("invalid_value", param="model", reason="must be a string")
    return name


handler = serve(app)
