"""A call knows by when it must be answered."""

import json
import time
from types import SimpleNamespace

import pytest

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
