"""POST /responses, called as Lambda calls it, with a provider and a store of the test's own."""

import json
from types import SimpleNamespace

import pytest

from pennyworth.errors import Problem
from pennyworth.principal import Principal
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import catalogue
from services.openai.names import Names
from services.openai.providers.provider import Provider as AnyProvider
from services.openai.responses import state as states
from services.openai.sse import sse

CALLER = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("*",))
BUCKET = SimpleNamespace(bucket="b")
NO_BUCKET = SimpleNamespace(bucket="")


class Provider(AnyProvider):
    def __init__(self):
        self.asked, self.closed, self.failure = [], False, None

    def complete(self, body, _):
        self.asked.append(body)
        return {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 1}}

    def stream(self, body, *_):
        self.asked.append(body)
        return self._events()

    def _events(self):
        try:
            yield from sse(self._chunks())
        finally:
            self.closed = True

    def _chunks(self):
        for text in ("Hel", "lo"):
            yield {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        if self.failure:
            raise self.failure
        yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


class Store(dict):
    def put(self, key, body, _):
        self[key] = json.loads(body)

    def get(self, key):
        return SimpleNamespace(body=json.dumps(self[key]).encode()) if key in self else None


class Broken:
    def put(self, *_):
        raise Problem("service_unavailable")


@pytest.fixture
def provider(monkeypatch):
    made = Provider()
    monkeypatch.setattr(routing, "names", lambda: Names(catalogue(), {"upstream": ("*",)}))
    monkeypatch.setattr(routing, "provider", lambda *_: made)
    return made


@pytest.fixture
def kept(monkeypatch):
    objects = Store()
    monkeypatch.setattr(states, "settings", lambda: BUCKET)
    monkeypatch.setattr(states, "store", lambda _: objects)
    return objects


def post(*, path="/responses", **body):
    event = {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": {"content-type": "application/json"},
        "multiValueHeaders": {"content-type": ["application/json"]},
        "queryStringParameters": None,
        "requestContext": {"requestId": "r1", "authorizer": CALLER.to_context()},
        "body": json.dumps({"model": "m", "input": "Hi", **body}),
        "isBase64Encoded": False,
    }
    return handler(event, SimpleNamespace(streams=True))


def whole(**body):
    reply = post(**body)
    return reply["statusCode"], json.loads(reply["body"])


def read(pieces):
    return [json.loads(line[6:]) for line in b"".join(pieces).splitlines() if line.startswith(b"data: {")]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_stored_before_its_last_event_and_with_all_it_was_made_from(provider, kept, stream):
    if stream:
        pieces = iter(post(stream=True)["body"])
        events = []
        while not events or events[-1]["type"] != "response.output_item.done":
            assert not kept
            events += read([next(pieces)])
        (last,) = read([next(pieces)])
        response = last["response"]
    else:
        _, response = whole()
    assert response["store"] is True
    (record,) = kept.values()
    assert list(kept) == [f"responses/{response['id']}.json"]
    assert record["response"] == response
    assert [item["content"][0]["text"] for item in record["items"]] == ["Hi"]


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_cannot_be_stored_is_given_and_says_so(provider, monkeypatch, stream):
    monkeypatch.setattr(states, "settings", lambda: BUCKET)
    monkeypatch.setattr(states, "store", lambda _: Broken())
    response = read(post(stream=True)["body"])[-1]["response"] if stream else whole()[1]
    assert response["output"][0]["content"][0]["text"] == "Hello"
    assert (response["status"], response["store"]) == ("completed", False)


@pytest.mark.parametrize("stream", [False, True])
def test_nothing_is_stored_where_the_client_says_so(provider, kept, stream):
    body = post(store=False, stream=stream)["body"]
    response = read(body)[-1]["response"] if stream else json.loads(body)
    assert response["store"] is False
    assert not kept


def test_an_installation_without_a_bucket_answers_and_stores_nothing(provider, monkeypatch):
    monkeypatch.setattr(states, "settings", lambda: NO_BUCKET)
    status, response = whole()
    assert (status, response["store"]) == (200, False)
    status, refused = whole(store=True)
    assert (status, refused["error"]["param"]) == (400, "store")
    status, refused = whole(previous_response_id="resp_" + "a" * 48)
    assert (status, refused["error"]["param"]) == (404, "previous_response_id")


def test_a_client_that_hangs_up_closes_the_stream_and_leaves_nothing(provider, kept):
    body = post(stream=True)["body"]
    pieces = iter(body)
    next(pieces)
    body.close()
    assert not kept
    waiting = post(stream=True)["body"]
    for _ in range(4):
        next(waiting)
    waiting.close()
    assert provider.closed
    assert not kept


def test_an_unexpected_failure_is_told_without_its_text(provider, kept, monkeypatch):
    monkeypatch.setattr(Store, "put", lambda *_: 1 / 0)
    written = b"".join(post(stream=True)["body"])
    assert read([written])[-1]["type"] == "error"
    assert b"division" not in written
    assert b"[DONE]" not in written


def test_the_log_line_counts_what_was_used(provider, kept):
    assert whole()[1]["usage"]["input_tokens"] == 1
    (body,) = provider.asked
    assert body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def test_instructions_do_not_carry_over(provider, kept, monkeypatch):
    _, first = whole(instructions="Be terse.")
    found = json.dumps(kept[f"responses/{first['id']}.json"]).encode()
    monkeypatch.setattr(Store, "get", lambda *_: SimpleNamespace(body=found))
    whole(previous_response_id=first["id"])
    assert [message["content"] for message in provider.asked[1]["messages"][::2]] == ["Hi", "Hi"]
    assert "terse" not in json.dumps(provider.asked[1])


@pytest.mark.parametrize("path", ["/responses", "/responses/compact"])
def test_of_an_answer_that_was_not_there_in_time_the_conversation_before_it_is_estimated(provider, kept, log, path):
    _, before = whole(input="A long story. " * 400)
    provider.complete = late
    more = {} if path == "/responses" else {"input": None}
    post(path=path, previous_response_id=before["id"], **more)
    post(path=path, input="Hi")
    *_, gone_on, alone = (line for line in log() if line["message"] == "request")
    assert gone_on["prompt_tokens"] > 400 * len("A long story. ") / 4
    assert alone["prompt_tokens"] < 100


def late(*_):
    raise Problem("timeout")
