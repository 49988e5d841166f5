"""A stream through an OpenAI-compatible provider: its usage is in the log, whoever asked for it."""

import json

import pytest

from tests.e2e.conftest import started
from tests.e2e.test_usage_log import line
from tests.openai_provider import provider

ASK = [{"role": "user", "content": "Hi"}]
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 3,
    "total_tokens": 14,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
COUNTED = {"prompt_tokens": 11, "completion_tokens": 3, "cached_tokens": 8, "reasoning_tokens": 1}
BODIES = {
    "/chat/completions": {"messages": ASK},
    "/completions": {"prompt": "Hi"},
    "/messages": {"messages": ASK, "max_tokens": 9},
    "/responses": {"input": "Hi"},
}


def event(**value):
    return (
        f"data: {json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'model': 'm', **value})}\n\n"
    )


def chunk(text, finish=None):
    choice = {"index": 0, "text": text, "delta": {"content": text}, "finish_reason": finish}
    return event(choices=[choice]).encode()


SAID = [chunk("Hel"), chunk("lo é"), chunk("", "stop")]
DONE = b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def providers():
    """One as OpenAI; one that tells its usage with its last words and refuses to be asked for it, as Mistral."""
    with provider() as acme, provider() as strict:
        acme.usage, acme.pieces = USAGE, [*SAID, DONE]
        last = {"index": 0, "text": "", "delta": {"content": ""}, "finish_reason": "stop"}
        strict.takes_usage, strict.pieces = False, [*SAID[:2], event(choices=[last], usage=USAGE).encode(), DONE]
        yield {"acme": acme, "strict": strict}


@pytest.fixture(scope="module")
def gateway(providers, tmp_path_factory):
    told = {name: {"url": f"http://127.0.0.1:{server.server_port}/v1"} for name, server in providers.items()}
    told["strict"]["stream_usage"] = False
    with started(tmp_path_factory.mktemp("local"), PROVIDERS=json.dumps(told)) as system:
        yield system


def streamed(gateway, route, model, **more):
    """What a client reads, byte by byte, and the log's line of it."""
    with gateway.http() as client:
        answer = client.post(route, json={"model": model, "stream": True, **BODIES[route], **more})
    assert answer.status_code == 200, answer.text
    return answer.content, line(gateway, answer.headers["x-request-id"])


def used(logged):
    return {name: logged[name] for name in COUNTED if name in logged}


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}], ids=["unsaid", "declined"])
@pytest.mark.parametrize("route", ["/chat/completions", "/completions"])
def test_who_did_not_ask_reads_what_the_provider_sent_but_the_usage_which_is_logged(gateway, providers, route, options):
    text, logged = streamed(gateway, route, "acme/gpt-x", **options)
    *chunks, told, done = providers["acme"].sent
    assert json.loads(told.removeprefix(b"data: "))["usage"] == USAGE
    assert text == b"".join([*chunks, done])
    assert used(logged) == COUNTED
    assert "usage_partial" not in logged
    assert providers["acme"].requests[-1][2]["stream_options"] == {"include_usage": True}


def test_who_asked_reads_all_of_it(gateway, providers):
    text, logged = streamed(gateway, "/chat/completions", "acme/gpt-x", stream_options={"include_usage": True})
    assert text == b"".join(providers["acme"].sent)
    assert b'"total_tokens": 14' in text
    assert used(logged) == COUNTED


def test_openais_sdk_reads_chunks_that_tell_null_of_their_usage(gateway, providers):
    client = gateway.openai()
    chunks = list(client.chat.completions.create(model="acme/gpt-x", messages=ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content for chunk in chunks) == "Hello é"
    assert [chunk.usage for chunk in chunks] == [None] * 3
    assert b'"usage": null' in providers["acme"].sent[0]
    with client.chat.completions.stream(model="acme/gpt-x", messages=ASK) as stream:
        assert stream.get_final_completion().usage is None


@pytest.mark.parametrize("name", ["acme", "strict"])
@pytest.mark.parametrize("route", BODIES)
def test_usage_is_logged_on_every_route_of_every_provider(gateway, providers, name, route):
    text, logged = streamed(gateway, route, f"{name}/gpt-x")
    assert (used(logged), logged["provider"], "usage_partial" in logged) == (COUNTED, name, False)
    told = [json.loads(said[6:]) for said in text.decode().splitlines() if said.startswith("data: {")]
    if route == "/messages":
        assert told[-2]["usage"]["output_tokens"] == 3
    if route == "/responses":
        assert told[-1]["response"]["usage"]["total_tokens"] == 14
    if name == "strict":
        assert "stream_options" not in providers[name].requests[-1][2]


def test_a_provider_that_refuses_to_be_asked_is_not_asked_for_a_client_either(gateway, providers):
    asked = {"stream_options": {"include_usage": True}}
    text, logged = streamed(gateway, "/chat/completions", "strict/gpt-x", **asked)
    assert text == b"".join(providers["strict"].sent)
    assert used(logged) == COUNTED
