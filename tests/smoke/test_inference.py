"""What an API key opens: models, chats, streams. A run without SLOW=1 spends some hundred tokens."""

import http.client
import json
import ssl
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

_MARGIN_S = 0.3  # what comes in one lump comes within some milliseconds
_LOCAL = "local"  # the environment of `make run`
_BUFFERED_S = 29  # what API Gateway gives an integration that does not stream
_BODY_LIMIT = 10 * 1024 * 1024  # bytes: API Gateway's
COUNT = "Write the numbers from one to {} in English words, separated by commas. Nothing else."


def ask(text):
    return [{"role": "user", "content": text}]


def arrivals(target, prompt, max_tokens):
    """Seconds from the first piece of a stream's body to each, and the body. Pieces as the network brings them."""
    body = {"model": target.model, "messages": ask(prompt), "max_tokens": max_tokens, "stream": True}
    times, pieces = [], []
    with target.http(target.key) as client, client.stream("POST", "/chat/completions", json=body) as answer:
        if answer.status_code != 200:
            pytest.fail(f"{answer.status_code}: {answer.read().decode()}")
        assert answer.headers["content-type"].startswith("text/event-stream")
        for piece in answer.iter_raw():
            times.append(time.monotonic())
            pieces.append(piece)
    return [moment - times[0] for moment in times], b"".join(pieces).decode()


def test_the_models_of_the_key_are_listed(keyed):
    assert keyed.models
    assert keyed.openai().models.retrieve(keyed.models[0]).id == keyed.models[0]


def test_a_chat_is_answered_whole(keyed):
    completion = keyed.openai().chat.completions.create(
        model=keyed.model, messages=ask("Say good evening."), max_tokens=50
    )
    assert completion.choices[0].message.content
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 0


def test_a_chat_arrives_while_the_model_still_speaks(keyed):
    times, text = arrivals(keyed, COUNT.format("one hundred"), max_tokens=300)
    events = [event.removeprefix("data: ") for event in text.split("\n\n") if event]
    assert events[-1] == "[DONE]"
    assert len(events) > 4
    at_once = f"{len(events)} events came in {len(times)} pieces within {times[-1]:.3f} s"
    streamed = len(times) > 2 and times[-1] >= _MARGIN_S
    if not streamed and keyed.version["environment"] == _LOCAL:
        pytest.skip(f"{at_once}: the models of `make run` are simulated and speak without pause")
    assert streamed, f"{at_once}: nothing was streamed"


def test_a_stream_outlives_what_a_buffered_answer_may_take(keyed, slow):
    times, text = arrivals(keyed, COUNT.format("three thousand"), max_tokens=10_000)
    if times[-1] <= _BUFFERED_S and text.endswith("data: [DONE]\n\n"):
        pytest.skip(f"{keyed.model} was done after {times[-1]:.0f} s: name a slower or a wordier one, MODEL=")
    assert text.endswith("data: [DONE]\n\n"), f"the stream broke off after {times[-1]:.0f} s"


def test_texts_are_embedded_and_their_tokens_counted(keyed):
    answer = keyed.openai().embeddings.create(model=keyed.embedding_model, input=["An owl at night", "An invoice"])
    assert [made.index for made in answer.data] == [0, 1]
    assert answer.data[0].embedding != answer.data[1].embedding
    assert answer.usage.total_tokens == answer.usage.prompt_tokens > 0


def test_a_body_over_10_mb_is_a_413(keyed):
    parts = urlsplit(keyed.base_url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    options = {"context": ssl.create_default_context()} if parts.scheme == "https" else {}
    connection = kind(parts.hostname, parts.port, timeout=60, **options)
    try:
        connection.putrequest("POST", f"{parts.path}/chat/completions")
        connection.putheader("authorization", f"Bearer {keyed.key}")
        connection.putheader("content-type", "application/json")
        connection.putheader("content-length", str(_BODY_LIMIT + 1))
        connection.endheaders()
        with suppress(ConnectionError):  # it may answer, and close, before it has read all
            connection.send(b" " * (_BODY_LIMIT + 1))
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status == 413
    # API Gateway's own words, unless it has learned to use the contract's.
    assert "10485760" in text or json.loads(text)["error"]["code"] == "request_too_large"
