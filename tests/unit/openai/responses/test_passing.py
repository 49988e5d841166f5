"""A response that a provider makes itself, on its way through."""

import json
from types import SimpleNamespace

import pytest

from pennyworth.errors import Problem
from pennyworth.runtime.deadline import TimeIsUp
from services.openai import routing
from services.openai.catalogue import Model
from services.openai.responses.passing import Passing, theirs
from services.openai.responses.thoughts import packed, sealed
from tests.unit.openai.responses.test_routes import kept, post, provider, read  # noqa: F401 -- fixtures

OURS = {"id": "resp_ours", "previous_response_id": None, "store": True}
DIGITS = "a" * 48


def told(kind, **fields):
    return {"type": kind, **fields}


def test_of_our_items_a_provider_reads_what_it_can_and_no_id():
    foreign = told("reasoning", id="rs_1", summary=[], encrypted_content="gAAAA")
    items = [
        told("message", id=f"msg_{DIGITS}0001", role="user", content=[]),
        told("reasoning", id=f"rs_{DIGITS}0002", summary=[], encrypted_content=sealed([], "hm")),
        told("compaction", id=f"cmp_{DIGITS}0003", encrypted_content=packed("They like owls.")),
        told("compaction", id="cmp_x", encrypted_content="gAAAA"),
        foreign,
        told("reasoning", id="rs_2", summary=[]),
        told("item_of_tomorrow", id="it_1", encrypted_content=5),
        {"role": "user", "content": "Hi"},
    ]
    summary = {"type": "input_text", "text": "They like owls."}
    assert theirs(items) == [
        told("message", role="user", content=[]),
        told("message", role="user", content=[summary]),
        items[3],
        foreign,
        items[6],
        items[7],
    ]


def test_what_is_cut_ends_with_what_came():
    passing = Passing(OURS, shows_encrypted=False)
    passing.event(told("response.created", sequence_number=0, response={"id": "theirs", "output": [], "status": "x"}))
    done = told("web_search_call", id="ws_1", status="completed")
    passing.event(told("response.output_item.done", sequence_number=1, output_index=0, item=done))
    begun = told("message", id="m", status="in_progress", role="assistant", content=[])
    passing.event(told("response.output_item.added", sequence_number=2, output_index=1, item=begun))
    for number, text in enumerate(("Hel", "lo"), 3):
        passing.event(told("response.output_text.delta", sequence_number=number, output_index=1, delta=text))
    call = told("function_call", id="f", status="in_progress", arguments="")
    passing.event(told("response.output_item.added", sequence_number=5, output_index=2, item=call))
    last = passing.cut()
    assert (last["type"], last["sequence_number"]) == ("response.incomplete", 6)
    response = last["response"]
    assert (response["id"], response["status"]) == ("resp_ours", "incomplete")
    assert response["incomplete_details"] == {"reason": "max_output_tokens"}
    assert response["output"][0] == done
    assert (response["output"][1]["status"], response["output"][1]["content"][0]["text"]) == ("incomplete", "Hello")
    assert len(response["output"]) == 2


@pytest.mark.parametrize(
    "event", [{}, {"type": 5}, {"output_index": 0}, {"item": [], "response": "x", "output_index": 0}]
)
def test_no_event_is_too_odd_to_pass(event):
    assert Passing(OURS, shows_encrypted=False).event(event) == event


class Responses:
    """A provider's own, with what it was asked."""

    def __init__(self, events=(), failure=None):
        self.asked, self.closed, self._events, self._failure = [], False, events, failure

    def create(self, body):
        self.asked.append(body)
        if self._failure:
            raise self._failure
        return {"id": "theirs", "status": "completed", "output": [], "usage": {"input_tokens": 1}}

    def stream(self, body):
        self.asked.append(body)
        return self._told()

    def _told(self):
        try:
            if self._failure:
                raise self._failure
            for event in self._events:
                if event is TimeIsUp:
                    raise TimeIsUp
                yield b"data: " + json.dumps(event).encode() + b"\n\n"
        finally:
            self.closed = True


def serve(monkeypatch, *providers):
    """Each answers in its turn, under a model of its own."""
    models = [Model(name=f"m{index}", provider="acme", id="m", owned_by="x") for index in range(len(providers))]
    found = {model.name: one for model, one in zip(models, providers, strict=True)}
    monkeypatch.setattr(routing, "candidates", lambda *_: models)
    monkeypatch.setattr(routing, "provider", lambda model, *_: found[model.name])


def own(responses):
    return SimpleNamespace(retries=0, responses=lambda: responses)


@pytest.mark.parametrize("stream", [False, True])
def test_where_the_first_fails_the_next_answers_in_its_own_way(monkeypatch, provider, kept, stream):  # noqa: F811
    passing = Responses(failure=Problem("service_unavailable"))
    serve(monkeypatch, own(passing), provider)
    reply = post(stream=stream, truncation="disabled")
    response = read(reply["body"])[-1]["response"] if stream else json.loads(reply["body"])
    assert reply["statusCode"] == 200
    assert response["output"][0]["content"][0]["text"] == "Hello"
    assert passing.asked[0]["input"] == "Hi"
    assert passing.asked[0]["truncation"] == "disabled"
    assert list(kept) == [f"responses/{response['id']}.json"]


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_chat_can_say_is_no_reason_not_to_ask_who_can(monkeypatch, provider, kept, stream):  # noqa: F811
    done = told("response.completed", sequence_number=0, response={"id": "theirs", "output": [], "status": "completed"})
    passing = Responses([done])
    serve(monkeypatch, own(passing), provider)
    assert post(stream=stream, tools=[{"type": "file_search"}])["statusCode"] == 200
    serve(monkeypatch, provider, own(passing))
    refused = post(stream=stream, tools=[{"type": "file_search"}])
    assert json.loads(refused["body"])["error"]["param"] == "tools[0].type"


def test_a_stream_whose_time_is_up_ends_incomplete_and_is_kept(monkeypatch, kept):  # noqa: F811
    created = told("response.created", sequence_number=0, response={"id": "theirs", "output": [], "status": "x"})
    passing = Responses([created, TimeIsUp])
    serve(monkeypatch, own(passing))
    first, last = read(post(stream=True)["body"])
    assert last["type"] == "response.incomplete"
    assert first["response"]["id"] == last["response"]["id"]
    (record,) = kept.values()
    assert record["response"]["status"] == "incomplete"
    assert passing.closed


def test_a_client_that_hangs_up_closes_the_providers_stream(monkeypatch, kept):  # noqa: F811
    created = told("response.created", sequence_number=0, response={"id": "theirs", "output": [], "status": "x"})
    passing = Responses([created, created])
    serve(monkeypatch, own(passing))
    body = post(stream=True)["body"]
    next(iter(body))
    body.close()
    assert passing.closed
    assert not kept
