"""POST /responses at a provider that has it: passed on unchanged, and kept here alone."""

import json
import time

import openai
import pytest

from tests.e2e.conftest import started
from tests.e2e.test_usage_log import line as logged
from tests.openai_provider import provider

CLAUDE = "claude-haiku-4.5"
ENCRYPTED = "reasoning.encrypted_content"
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAA-theirs"}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "owls"}}
SAID = {
    "id": "msg_1",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Owls hoot.", "annotations": [], "logprobs": []}],
}
USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 37,
}
RESPONSE = {
    "id": "resp_theirs",
    "object": "response",
    "created_at": 1_700_000_000,
    "status": "completed",
    "model": "gpt-x",
    "output": [THOUGHT, SEARCH, SAID],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [{"type": "web_search"}],
    "previous_response_id": None,
    "store": False,
    "usage": USAGE,
    "a_field_of_tomorrow": 1,
}


def answer(**fields):
    return (200, {"content-type": "application/json"}, json.dumps({**RESPONSE, **fields}).encode())


def event(kind, number, **fields):
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n".encode()


EVENTS = [
    event("response.created", 0, response={**RESPONSE, "status": "in_progress", "output": [], "usage": None}),
    event("response.output_item.done", 1, output_index=0, item=THOUGHT),
    event("response.sound_of_tomorrow", 2, hoot="hoo", response_id="resp_theirs"),
    event("response.output_item.added", 3, output_index=1, item={**SAID, "status": "in_progress", "content": []}),
    event(
        "response.content_part.added",
        4,
        output_index=1,
        content_index=0,
        item_id="msg_1",
        part={**SAID["content"][0], "text": ""},
    ),
    event(
        "response.output_text.delta",
        5,
        output_index=1,
        content_index=0,
        item_id="msg_1",
        delta="Owls hoot.",
        logprobs=[],
    ),
    event("response.output_item.done", 6, output_index=1, item=SAID),
    event("response.completed", 7, response=RESPONSE),
]


@pytest.fixture(scope="module")
def acme():
    with provider() as server:
        yield server


@pytest.fixture(scope="module")
def gateway(acme, tmp_path_factory):
    row = {"url": f"http://127.0.0.1:{acme.server_port}/v1", "key": "sk-theirs", "models": ["gpt-*"], "responses": True}
    with started(tmp_path_factory.mktemp("local"), PROVIDERS=json.dumps({"acme": row})) as system:
        yield system


@pytest.fixture(autouse=True)
def script(acme):
    """What it answers, once each, and then RESPONSE."""
    acme.requests.clear()
    acme.pieces, acme.answer, acme.script = None, answer(), []
    return acme.script


@pytest.mark.parametrize("model", ["gpt-x", "gpt-y"])
def test_a_request_passes_unchanged_but_nothing_is_stored_there(gateway, acme, model):
    asked = {
        "input": "Owls?",
        "tools": [{"type": "web_search"}],
        "a_parameter_of_tomorrow": {"x": "é"},
        "truncation": "auto",
    }
    with gateway.http() as http:
        made = http.post("/responses", json={"model": model, **asked}).raise_for_status()
    ((path, key, body),) = acme.requests
    assert (path, key) == ("/v1/responses", "Bearer sk-theirs")
    assert body == {"model": model, **asked, "store": False, "include": [ENCRYPTED]}
    response = made.json()
    assert made.headers["x-pennyworth-model"] == model
    assert response["id"].startswith("resp_")
    assert response["id"] != "resp_theirs"
    bare = {name: value for name, value in THOUGHT.items() if name != "encrypted_content"}
    ours = {"id": response["id"], "store": True, "output": [bare, SEARCH, SAID]}
    assert response == {**RESPONSE, **ours}


def test_it_is_kept_here_and_gone_on_from(gateway, acme):
    client = gateway.openai()
    first = client.responses.create(model="gpt-x", input="Owls?", include=[ENCRYPTED])
    assert first.output[0].encrypted_content == "gAAAA-theirs"
    assert client.responses.retrieve(first.id).output_text == "Owls hoot."
    second = client.responses.create(model="gpt-x", input="More.", previous_response_id=first.id)
    assert (second.previous_response_id, second.store) == (first.id, True)
    *_, body = acme.requests[-1]
    assert "previous_response_id" not in body
    asked = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Owls?"}]}
    more = {**asked, "content": [{"type": "input_text", "text": "More."}]}
    assert body["input"] == [asked, THOUGHT, SEARCH, SAID, more]
    items = client.responses.input_items.list(second.id, order="asc").data
    assert [item.type for item in items] == ["message", "reasoning", "web_search_call", "message", "message"]
    third = client.responses.create(
        model="gpt-x", input=[{"type": "item_reference", "id": "msg_1"}], previous_response_id=first.id
    )
    assert acme.requests[-1][2]["input"][-1] == SAID
    for response in (first, second, third):
        client.responses.delete(response.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(response.id)


def test_it_streams_with_our_id_in_every_event(gateway, acme):
    acme.pieces = EVENTS
    client = gateway.openai()
    events = list(client.responses.create(model="gpt-x", input="Owls?", stream=True))
    assert [event.type for event in events] == [json.loads(raw.split(b"data: ")[1])["type"] for raw in EVENTS]
    assert [event.sequence_number for event in events] == list(range(8))
    created, final = events[0].response, events[-1].response
    assert created.id == final.id == events[2].response_id != "resp_theirs"
    assert final.store is True
    assert "encrypted_content" not in events[1].item.model_fields_set
    assert client.responses.retrieve(final.id).output_text == "Owls hoot."
    with gateway.http() as http:
        text = http.post("/responses", json={"model": "gpt-x", "input": "Owls?", "stream": True}).text
    assert "resp_theirs" not in text
    assert text.endswith("data: [DONE]\n\n")


def test_with_store_false_nothing_is_kept_and_reasoning_is_shown(gateway, acme):
    client = gateway.openai()
    made = client.responses.create(model="gpt-x", input="Owls?", store=False)
    assert (made.store, made.output[0].encrypted_content) == (False, "gAAAA-theirs")
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    client.responses.create(model="gpt-x", input=[{"role": "user", "content": "Owls?"}, *made.output], store=False)
    assert [item.get("encrypted_content") for item in acme.requests[-1][2]["input"]] == [
        None,
        "gAAAA-theirs",
        None,
        None,
    ]


def test_anothers_response_is_not_there_and_the_provider_does_not_hear_of_it(gateway, acme):
    first = gateway.openai().responses.create(model="gpt-x", input="Owls?")
    other = gateway.openai(gateway.key(gateway.user("eve-passed@example.com"))["value"])
    acme.requests.clear()
    for attempt in (
        lambda: other.responses.retrieve(first.id),
        lambda: other.responses.delete(first.id),
        lambda: other.responses.input_items.list(first.id),
        lambda: other.responses.create(model="gpt-x", input="More.", previous_response_id=first.id),
        lambda: other.responses.create(model="gpt-x", input=[{"type": "item_reference", "id": "msg_1"}]),
        lambda: other.responses.create(model="gpt-x", input="More.", previous_response_id="resp_theirs"),
    ):
        with pytest.raises(openai.NotFoundError):
            attempt()
    assert acme.requests == []


@pytest.mark.parametrize(("param", "value"), [("conversation", "conv_1"), ("background", True)])
def test_what_the_provider_would_keep_for_all_of_us_is_refused(gateway, acme, param, value):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.openai().responses.create(model="gpt-x", input="Owls?", **{param: value})
    assert (refused.value.param, acme.requests) == (param, [])


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_does_not_reason_is_asked_again_without_its_reasoning(gateway, acme, script, stream):
    model = f"gpt-plain-{stream}"
    error = {"message": "Encrypted content is not supported with this model.", "param": "include", "code": None}
    script.append((400, {}, json.dumps({"error": error}).encode()))
    acme.pieces = EVENTS if stream else None
    client = gateway.openai()
    for _ in range(2):
        made = client.responses.create(model=model, input="Owls?", stream=stream)
        assert (list(made)[-1].response if stream else made).status == "completed"
        # A stream's last event comes before its instance is free, and another one knows nothing of this.
        time.sleep(0.5)
    assert [body.get("include") for *_, body in acme.requests] == [[ENCRYPTED], None, None]
    script.append((400, {}, json.dumps({"error": error}).encode()))
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=model, input="Owls?", include=[ENCRYPTED], stream=stream)
    assert refused.value.param == "include"


@pytest.mark.parametrize("stream", [False, True])
def test_what_it_says_of_the_request_is_the_clients_to_read_and_of_the_key_not(gateway, script, stream):
    client = gateway.openai()
    error = {"message": "No such tool.", "type": "invalid_request_error", "param": "tools[0]", "code": "x"}
    script.append((400, {}, json.dumps({"error": error}).encode()))
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="gpt-x", input="Owls?", stream=stream)
    assert (refused.value.param, refused.value.code) == ("tools[0]", "x")
    script.append((401, {}, b'{"error": {"message": "Bad key sk-theirs"}}'))
    with pytest.raises(openai.InternalServerError) as failed:
        client.responses.create(model="gpt-x", input="Owls?", stream=stream)
    assert "sk-theirs" not in str(failed.value)


def test_a_stream_that_begins_with_an_error_has_its_status_and_one_that_breaks_off_ends_in_an_error(gateway, acme):
    client = gateway.openai()
    acme.pieces = [event("error", 0, code="rate_limit_exceeded", message="Slow down.", param=None)]
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="gpt-x", input="Owls?", stream=True)
    acme.pieces = [*EVENTS[:6], None]
    with gateway.http() as http:
        text = http.post("/responses", json={"model": "gpt-x", "input": "Owls?", "stream": True}).text
    *_, last, rest = text.split("\n\n")
    assert (last.startswith("event: error\n"), rest) == (True, "")


@pytest.mark.parametrize("stream", [False, True])
def test_its_usage_is_in_the_log(gateway, acme, stream):
    acme.pieces = EVENTS if stream else None
    with gateway.http() as http:
        made = http.post("/responses", json={"model": "gpt-x", "input": "Owls?", "stream": stream}).raise_for_status()
    line = logged(gateway, made.headers["x-request-id"])
    assert (line["served"], line["provider"]) == ("gpt-x", "acme")
    assert (line["prompt_tokens"], line["completion_tokens"], line["cached_tokens"]) == (30, 7, 10)


def test_a_conversation_goes_from_one_provider_to_another_and_back(gateway, acme):
    client = gateway.openai()
    first = client.responses.create(model="gpt-x", input="Owls?")
    second = client.responses.create(
        model=CLAUDE, input="Count to 3.", previous_response_id=first.id, reasoning={"effort": "low"}
    )
    assert [item.type for item in second.output] == ["reasoning", "message"]
    third = client.responses.create(model="gpt-x", input="More.", previous_response_id=second.id)
    told = acme.requests[-1][2]["input"]
    assert [item["type"] for item in told] == ["message", "reasoning", "web_search_call", *["message"] * 4]
    assert told[1:4] == [THOUGHT, SEARCH, SAID]
    assert all(not item.get("id", "").startswith(f"msg_{second.id.removeprefix('resp_')}") for item in told)
    kinds = [item.type for item in client.responses.input_items.list(third.id, order="asc", limit=100).data]
    assert kinds.count("reasoning") == 2
    compacted = client.responses.compact(model=CLAUDE, previous_response_id=third.id)
    client.responses.create(model="gpt-x", input=[*compacted.output, {"role": "user", "content": "More."}])
    assert [item["role"] for item in acme.requests[-1][2]["input"]] == ["user", "user"]


def test_files_of_ours_go_along_as_what_they_hold(gateway, acme):
    client = gateway.openai()
    file = client.files.create(file=("owls.pdf", b"%PDF-owls"), purpose="user_data")
    parts = [{"type": "input_file", "file_id": file.id}, {"type": "input_text", "text": "Read."}]
    made = client.responses.create(model="gpt-x", input=[{"role": "user", "content": parts}])
    sent = acme.requests[-1][2]["input"][0]["content"][0]
    assert sent == {
        "type": "input_file",
        "filename": "owls.pdf",
        "file_data": "data:application/pdf;base64,JVBERi1vd2xz",
    }
    (kept,) = client.responses.input_items.list(made.id).data
    assert kept.content[0].file_id == file.id


def test_its_tokens_are_counted_there_or_estimated(gateway, script):
    count = gateway.openai().responses.input_tokens.with_raw_response.count
    script.append((200, {}, b'{"object": "response.input_tokens", "input_tokens": 11}'))
    counted = count(model="gpt-x", input="Owls?", tools=[{"type": "web_search"}])
    assert (counted.parse().input_tokens, counted.headers["x-pennyworth-token-count"]) == (11, "exact")
    script.append((404, {}, b'{"error": {"message": "Unknown URL."}}'))
    estimated = count(model="gpt-x", input="Owls?")
    assert (0 < estimated.parse().input_tokens < 50, estimated.headers["x-pennyworth-token-count"]) == (
        True,
        "estimate",
    )
