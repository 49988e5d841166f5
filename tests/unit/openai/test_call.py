"""A call knows by when it must be answered."""

import json
import time
from types import SimpleNamespace

import pytest

from pennyworth.http import late
from pennyworth.principal import Principal
from pennyworth.runtime import deadline
from services.openai import routing
from services.openai.call import Call

CALLER = Principal("u1", "ada@example.com", "key_1", "developers", "arn", frozenset({"inference"}), ("*",))


@pytest.mark.parametrize(("left_s", "most_s"), [(900, 270), (20, 20.1)], ids=["the silence", "the function"])
def test_the_first_byte_is_due_before_the_silence_and_the_function_end(monkeypatch, left_s, most_s):
    provider = SimpleNamespace(name="bedrock", price=None)
    monkeypatch.setattr(routing, "provider", lambda *_: provider)
    now = time.monotonic()
    monkeypatch.setattr(deadline._Invocation, "ends_at", now + left_s)
    body = json.dumps({"model": "nova-lite", "messages": []})
    call = Call({"requestContext": {"authorizer": CALLER.to_context()}, "body": body}, "chat")
    assert now + most_s - 1 < call.ends_at <= time.monotonic() + most_s


@pytest.mark.parametrize(
    ("route", "more", "remedy"),
    [
        ("/chat/completions", {}, "Ask with 'stream': true"),
        ("/chat/completions", {"stream": True}, "Even with 'stream': true"),
        ("/messages", {}, "Ask with 'stream': true"),
        ("/responses", {}, "Ask with 'stream': true"),
        ("/embeddings", {}, "Send fewer inputs at once."),
        ("/messages/count_tokens", {}, "Send less at once."),
        ("/responses/compact", {}, "Send less at once."),
    ],
)
def test_what_a_late_answer_advises_can_be_done_on_its_route(route, more, remedy):
    model, kind = ("titan-embed-text-v2", "embedding") if route == "/embeddings" else ("nova-lite", "chat")
    body = json.dumps({"model": model, **more})
    event = {"requestContext": {"authorizer": CALLER.to_context()}, "resource": route, "body": body}
    Call(event, kind)
    told = late(event, time.perf_counter()).message
    assert remedy in told
    assert ("stream" in told) == ("stream" in remedy)


def test_a_route_that_asks_no_model_advises_to_ask_for_less():
    assert late({}, time.perf_counter()).message.endswith("Ask for less.")
