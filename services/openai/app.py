"""The inference Lambda: OpenAI's API."""

import os
import time
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import load
from pennyworth.errors import Problem
from pennyworth.http import principal, router, serve
from pennyworth.policy import authorize
from pennyworth.settings import settings
from services.openai import routing
from services.openai.converse import Envelope

app = router()


@app.post("/chat/completions")
def create_chat_completion() -> dict[str, Any] | Response[Any]:
    body = load(app.current_event.decoded_body)
    name = _model_name(body)
    caller = principal(app.current_event.raw_event)
    authorize(caller, "inference", name)
    provider = routing.provider(name, caller)
    envelope = Envelope(id=f"chatcmpl-{os.urandom(16).hex()}", created=int(time.time()), model=name)
    if body.get("stream") is True:
        events = provider.stream(body, envelope)  # fails here, while a status can still be chosen
        return Response(200, "text/event-stream; charset=utf-8", events, headers={"cache-control": "no-cache"})
    return provider.complete(body, envelope)


@app.get("/models")
def list_models() -> dict[str, Any]:
    caller = principal(app.current_event.raw_event)
    authorize(caller, "inference")
    return {"object": "list", "data": routing.cards(caller)}


@app.get("/models/<model>")
def retrieve_model(model: str) -> dict[str, Any]:
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


def _model_name(body: dict[str, Any]) -> str:
    name = body.get("model")
    if name is None:
        raise Problem("missing_required_parameter", param="model")
    if not isinstance(name, str):
        raise Problem("invalid_value", param="model", reason="must be a string")
    return name


handler = serve(app)
