"""The routes, called as Lambda calls them."""

import json
from types import SimpleNamespace

import pytest

from pennyworth.principal import Principal
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import catalogue
from services.openai.names import Names

CALLER = Principal(
    "u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("meta-llama/*",)
)


def answered(method, path, resource, body=None, encoded=False, caller=CALLER):
    event = {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": None,
        "requestContext": {"requestId": "r1", "authorizer": caller.to_context()},
        "body": body if encoded else body and json.dumps(body),
        "isBase64Encoded": encoded,
    }
    reply = handler(event, SimpleNamespace(streams=True))
    return reply["statusCode"], json.loads(reply["body"])


def test_a_model_whose_name_holds_a_slash_is_found_by_its_encoded_name(monkeypatch):
    card = {"id": "meta-llama/Llama-3:8b", "object": "model", "created": 1, "owned_by": "meta"}
    names = Names(catalogue(), {"upstream": ("*",)})
    monkeypatch.setattr(routing, "names", lambda: names)
    monkeypatch.setattr(routing, "cards", lambda _: [card])
    assert answered("GET", "/models/meta-llama%2FLlama-3%3A8b", "/models/{model}") == (200, card)


@pytest.mark.parametrize("stream", [1, 0, "true", "", []])
def test_what_is_no_boolean_is_not_left_to_an_upstreams_reading(monkeypatch, stream):
    monkeypatch.setattr(routing, "provider", lambda *_: pytest.fail("the upstream was asked"))
    body = {"model": "meta-llama/x", "messages": [], "stream": stream}
    status, answer = answered("POST", "/chat/completions", "/chat/completions", body)
    assert (status, answer["error"]["code"], answer["error"]["param"]) == (400, "invalid_value", "stream")


def test_bytes_that_are_no_text_are_no_json():
    status, answer = answered("POST", "/chat/completions", "/chat/completions", "/w==", encoded=True)
    assert (status, answer["error"]["code"]) == (400, "invalid_json")


WHO = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("*",))


@pytest.mark.parametrize(
    ("path", "model", "remedy"),
    [
        ("/chat/completions", "titan-embed-text-v2", "POST /embeddings"),
        ("/embeddings", "nova-lite", "POST /chat/completions"),
    ],
)
def test_a_model_of_another_kind_is_refused_with_its_own_path(path, model, remedy):
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "input": "Hi"}
    status, answer = answered("POST", path, path, body, caller=WHO)
    error = answer["error"]
    assert (status, error["code"], error["param"]) == (400, "invalid_value", "model")
    assert remedy in error["message"]


def test_an_embedding_model_outside_the_groups_is_not_for_the_caller():
    body = {"model": "titan-embed-text-v2", "input": "Hi"}
    status, answer = answered("POST", "/embeddings", "/embeddings", body)
    assert (status, answer["error"]["code"]) == (403, "model_not_allowed")
