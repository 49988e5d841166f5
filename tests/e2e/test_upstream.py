"""make run OPENAI_UPSTREAM=url: one key for the catalogue's models and for the upstream's."""

import json

import openai
import pytest

from tests.openai_provider import provider

MODELS = {"object": "list", "data": [{"id": "gpt-x", "object": "model", "created": 5, "owned_by": "them"}]}
ASK = [{"role": "user", "content": "Hi"}]


def chunk(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    value = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


def test_its_models_are_served_beside_the_catalogues(another_gateway):
    with provider() as upstream:
        url = f"http://127.0.0.1:{upstream.server_port}/v1"
        with another_gateway(OPENAI_UPSTREAM=url, OPENAI_UPSTREAM_KEY="sk-theirs") as gateway:
            client = gateway.openai()
            assert gateway.model in [model.id for model in client.models.list()]  # though the upstream lists none yet
            upstream.answer = (200, {}, json.dumps(MODELS).encode())
            names = [model.id for model in client.models.list()]
            assert {"gpt-x", gateway.model} <= set(names)
            assert client.models.retrieve("gpt-x").owned_by == "them"

            upstream.pieces = [chunk("Hel"), chunk("lo", "stop"), b"data: [DONE]\n\n"]
            stream = client.chat.completions.create(model="gpt-x", messages=ASK, stream=True, seed=7)
            assert "".join(piece.choices[0].delta.content for piece in stream) == "Hello"
            path, authorization, body = upstream.requests[-1]
            assert (path, authorization) == ("/v1/chat/completions", "Bearer sk-theirs")
            asked = {"model": "gpt-x", "messages": ASK, "stream": True, "seed": 7}
            assert body == {**asked, "stream_options": {"include_usage": True}}

            response = client.responses.create(model="gpt-x", input="Hi", stream=True)
            assert [event.type for event in response][-1] == "response.completed"
            path, _, body = upstream.requests[-1]
            assert (path, body["messages"]) == ("/v1/chat/completions", ASK)

            upstream.pieces = None
            upstream.answer = (404, {}, b'{"error": {"message": "No gpt-y here.", "code": "model_not_found"}}')
            with pytest.raises(openai.NotFoundError, match=r"No gpt-y here\."):
                client.chat.completions.create(model="gpt-y", messages=ASK)

            asked = len(upstream.requests)
            answer = client.chat.completions.create(model=gateway.model, messages=ASK)
            assert "simulated" in answer.choices[0].message.content
            assert len(upstream.requests) == asked

            log = (gateway.folder / "log").read_text()
            assert "sk-theirs" not in log
