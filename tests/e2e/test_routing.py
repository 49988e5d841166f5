"""Aliases, fallbacks, weights, patterns and raw ids, over Bedrock and two OpenAI-compatible providers."""

import json
import time

import httpx
import openai
import pytest

from tests.e2e.conftest import started
from tests.e2e.project import copied
from tests.e2e.test_usage_log import line
from tests.openai_provider import provider

ASK = [{"role": "user", "content": "Hi"}]
KEYS = {"acme": "sk-acme-secret", "spare": "sk-spare-secret"}
THEIRS = {"provider": "acme", "id": "gpt-x", "kind": "chat", "owned_by": "acme", "accepts": []}
PRICE = {"prompt": 3_000_000, "completion": 5_000_000, "source": "a test", "read": "2026-11-23"}
ROWS = {
    "theirs": {**THEIRS, "aliases": ["their-best"], "fallbacks": ["spare-one", "nova-lite"]},
    "spare-one": {**THEIRS, "provider": "spare", "id": "one"},
    "impatient": {**THEIRS, "id": "gpt-y"},
    "priced": {**THEIRS, "id": "gpt-z", "price": PRICE},
    "mix": {"kind": "chat", "targets": [{"model": "theirs", "weight": 1}, {"model": "spare-one", "weight": 1}]},
    "house/*": {**THEIRS, "provider": "spare", "id": "org-*"},
}
UNAVAILABLE = (503, {}, b'{"error": {"message": "Overloaded."}}')
THROTTLED = (429, {"retry-after": "3600"}, b'{"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}')


def completion(text):
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    made = {"id": "c", "object": "chat.completion", "created": 1, "model": "theirs", "choices": [choice]}
    return (200, {"content-type": "application/json"}, json.dumps({**made, "usage": usage}).encode())


def event(value):
    return f"data: {json.dumps(value)}\n\n".encode()


def chunk(text):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


@pytest.fixture(scope="module")
def providers():
    with provider() as acme, provider() as spare:
        yield {"acme": acme, "spare": spare}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project with a catalogue of its own."""
    copy = copied(tmp_path_factory.mktemp("project"))
    catalogue = copy / "services/openai/models.json"
    rows = json.loads(catalogue.read_text())
    rows["nova-lite"] |= {"aliases": ["small"], "fallbacks": ["spare-one"]}
    catalogue.write_text(json.dumps({**rows, **ROWS}))
    return copy


@pytest.fixture(scope="module")
def gateway(project, providers, tmp_path_factory):
    told = {
        name: {"url": f"http://127.0.0.1:{server.server_port}/v1?site={name}", "key": KEYS[name]}
        for name, server in providers.items()
    }
    told["acme"]["models"] = ["gpt-*"]
    told["spare"]["key_header"] = "api-key"
    with started(tmp_path_factory.mktemp("local"), project, PROVIDERS=json.dumps(told)) as system:
        yield system


@pytest.fixture(autouse=True)
def as_new(providers):
    for name, server in providers.items():
        server.script, server.pieces, server.answer = [], None, completion(f"from {name}")
        server.usage = None
        server.requests.clear()
        server.headers.clear()


@pytest.fixture(scope="module")
def restricted(gateway):
    """A key of a group that may use nova-* alone."""
    return gateway.key(gateway.user("routing@example.com", "restricted"))["value"]


def asked(gateway, model, key=None, **more):
    """What a chat says, and the model that served it."""
    with gateway.http(key) as client:
        answer = client.post("/chat/completions", json={"model": model, "messages": ASK, **more})
    assert answer.status_code == 200, answer.text
    if more.get("stream"):
        return answer.text, answer.headers["x-pennyworth-model"]
    return answer.json()["choices"][0]["message"]["content"], answer.headers["x-pennyworth-model"]


def status(gateway, model, key=None, **more):
    with gateway.http(key) as client:
        answer = client.post("/chat/completions", json={"model": model, "messages": ASK, **more})
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("model", "server", "id_", "served"),
    [
        ("theirs", "acme", "gpt-x", "theirs"),
        ("their-best", "acme", "gpt-x", "theirs"),
        ("gpt-x", "acme", "gpt-x", "theirs"),
        ("acme/gpt-x", "acme", "gpt-x", "theirs"),
        ("gpt-5", "acme", "gpt-5", "gpt-5"),
        ("acme/org/m:1", "acme", "org/m:1", "acme/org/m:1"),
        ("spare/one", "spare", "one", "spare-one"),
        ("house/big", "spare", "org-big", "house/big"),
    ],
)
def test_a_name_leads_to_its_provider_which_reads_its_own_id(gateway, providers, model, server, id_, served):
    assert asked(gateway, model, seed=7) == (f"from {server}", served)
    ((path, _, body),) = providers[server].requests
    assert (path, body) == (f"/v1/chat/completions?site={server}", {"model": id_, "messages": ASK, "seed": 7})
    (headers,) = providers[server].headers
    sent = headers["authorization"] if server == "acme" else headers["api-key"]
    assert sent.removeprefix("Bearer ") == KEYS[server]


@pytest.mark.parametrize("model", ["nova-lite", "small", "amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0"])
def test_bedrocks_model_is_one_under_all_its_names(gateway, restricted, model):
    assert asked(gateway, model, restricted)[1] == "nova-lite"


@pytest.mark.parametrize("failure", [UNAVAILABLE, THROTTLED], ids=["503", "429"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_model_that_fails_is_replaced_by_the_next_and_then_asked_again(gateway, providers, failure, stream):
    providers["acme"].answer = providers["spare"].answer = failure
    text, served = asked(gateway, "theirs", stream=stream)
    assert served == "nova-lite"
    assert "simulated" in text if not stream else "[DONE]" in text
    providers["acme"].answer = completion("I am back")
    assert asked(gateway, "theirs") == ("I am back", "theirs")


def test_bedrocks_failure_leads_elsewhere_too_and_its_refusal_does_not(gateway, providers, fault):
    fault(error="AccessDeniedException", times=1)
    assert asked(gateway, "nova-lite") == ("from spare", "spare-one")
    fault(error="ValidationException", times=1)
    assert status(gateway, "nova-lite") == (400, "invalid_request")
    assert len(providers["spare"].requests) == 1


def logged(gateway, **body):
    """The usage record of a chat, and who answered it."""
    with gateway.http() as client:
        answer = client.post("/chat/completions", json={"messages": ASK, **body})
    assert answer.status_code == 200, answer.text
    return line(gateway, answer.headers["x-request-id"]), answer.headers["x-pennyworth-model"]


def test_a_stream_that_nobody_asked_for_its_usage_is_priced_to_the_microdollar(gateway, providers):
    providers["acme"].pieces = [chunk("Hel"), chunk("lo"), b"data: [DONE]\n\n"]
    providers["acme"].usage = {"prompt_tokens": 1001, "completion_tokens": 7, "total_tokens": 1008}
    record, _ = logged(gateway, model="priced", stream=True)
    assert (record["prompt_tokens"], record["completion_tokens"], record["cost_microusd"]) == (1001, 7, 3003 + 35)
    assert "usage_partial" not in record


def test_what_a_model_was_paid_for_before_it_failed_is_in_the_record_of_the_one_that_answered(gateway, fault, calls):
    """Of the calls that make `n` answers one is refused. Nova Lite's price is in the catalogue, the other has none."""
    one, _ = logged(gateway, model="nova-lite")
    fault(error="AccessDeniedException", times=1)
    record, served = logged(gateway, model="nova-lite", n=3)
    paid = [call["outcome"] for call in calls()].count("completed") - 1
    assert (record["model"], record["served"], served) == ("nova-lite", "spare-one", "spare-one")
    assert paid >= 1
    assert record["prompt_tokens"] == paid * one["prompt_tokens"] + 3
    spent = paid * one["prompt_tokens"] * 60_000 + (record["completion_tokens"] - 2) * 240_000
    assert record["cost_microusd"] == (spent + 500_000) // 1_000_000 > 0
    log = (gateway.folder / "log").read_text().splitlines()
    assert sum(record["request_id"] in text and '"message":"request"' in text for text in log if "openai" in text) == 1


def test_what_the_client_did_wrong_is_asked_of_nobody_else(gateway, providers):
    providers["acme"].answer = (400, {}, b'{"error": {"message": "Not so.", "code": "bad"}}')
    assert status(gateway, "theirs") == (400, "bad")
    assert (len(providers["acme"].requests), len(providers["spare"].requests)) == (1, 0)


def test_a_passing_trouble_is_not_seen_by_the_client(gateway, providers):
    providers["acme"].script = [UNAVAILABLE]
    assert asked(gateway, "theirs") == ("from acme", "theirs")


def test_retry_after_is_waited_for_where_it_is_short(gateway, providers):
    providers["acme"].script = [(429, {"retry-after": "1"}, b'{"error": {"message": "Slow down."}}')]
    began = time.monotonic()
    assert asked(gateway, "impatient") == ("from acme", "impatient")
    assert time.monotonic() - began >= 1


def test_retry_after_that_is_too_long_is_the_clients_to_honour(gateway, providers):
    providers["acme"].answer = THROTTLED
    with pytest.raises(openai.RateLimitError) as raised:
        gateway.openai().chat.completions.create(model="impatient", messages=ASK)
    assert raised.value.response.headers["retry-after"] == "3600"
    assert len(providers["acme"].requests) == 1


def test_a_stream_whose_first_event_is_an_error_is_answered_by_the_next(gateway, providers):
    providers["acme"].pieces = [event({"error": {"message": "Overloaded.", "code": 400}})]
    assert status(gateway, "theirs", stream=True) == (400, None)
    providers["acme"].pieces = [event({"error": {"message": "Overloaded."}})]
    providers["spare"].pieces = [chunk("Hello"), b"data: [DONE]\n\n"]
    assert asked(gateway, "theirs", stream=True) == ((chunk("Hello") + b"data: [DONE]\n\n").decode(), "spare-one")


def test_bedrocks_stream_whose_first_event_is_an_exception_is_answered_by_the_next(gateway, providers, fault):
    fault(operation="ConverseStream", after_events=0, times=1, error="ThrottlingException")
    providers["spare"].pieces = [chunk("Hello"), b"data: [DONE]\n\n"]
    assert asked(gateway, "nova-lite", stream=True)[1] == "spare-one"


@pytest.mark.parametrize("model", ["nova-lite", "theirs"])
def test_so_is_a_message_of_anthropics(gateway, providers, fault, model):
    fault(operation="ConverseStream", after_events=0, times=1, error="ThrottlingException")
    providers["acme"].pieces = [event({"error": {"message": "Overloaded."}})]
    done = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    providers["spare"].pieces = [chunk("Hello"), done, b"data: [DONE]\n\n"]
    with gateway.http() as client:
        body = {"model": model, "max_tokens": 9, "messages": ASK, "stream": True}
        answer = client.post("/messages", json=body)
    assert (answer.status_code, answer.headers["x-pennyworth-model"]) == (200, "spare-one")
    assert '"text":"Hello"' in answer.text
    assert answer.text.endswith('{"type":"message_stop"}\n\n')


def test_a_stream_that_has_begun_never_changes_the_model(gateway, providers):
    providers["acme"].pieces = [chunk("Hel"), event({"error": {"message": "Overloaded."}})]
    text, served = asked(gateway, "theirs", stream=True)
    assert served == "theirs"
    assert text.endswith(event({"error": {"message": "Overloaded."}}).decode())
    assert providers["spare"].requests == []


def test_a_weighted_name_is_served_by_all_its_models(gateway):
    """Sixty draws of one half miss a side once in 2 ** 59."""
    assert {asked(gateway, "mix")[1] for _ in range(60)} == {"theirs", "spare-one"}


def test_embeddings_and_the_older_api_are_routed_alike(gateway, providers):
    vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
    listed = {"object": "list", "model": "e", "data": [vector], "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    providers["acme"].answer = (200, {}, json.dumps(listed).encode())
    made = gateway.openai().embeddings.create(model="gpt-embed", input="x", encoding_format="float")
    assert made.data[0].embedding == [0.5]
    providers["acme"].answer = UNAVAILABLE
    made = gateway.openai().completions.with_raw_response.create(model="theirs", prompt="x")
    assert made.headers["x-pennyworth-model"] == "spare-one"
    assert providers["spare"].requests[-1][0].startswith("/v1/completions")


def test_models_lists_every_name_a_caller_may_ask_for(gateway, providers, restricted):
    cards = [
        {"id": name, "object": "model", "created": 5, "owned_by": "them"} for name in ("gpt-x", "gpt-7", "whisper")
    ]
    providers["acme"].answer = (200, {}, json.dumps({"object": "list", "data": cards}).encode())
    providers["spare"].answer = UNAVAILABLE
    names = [model.id for model in gateway.openai().models.list()]
    assert {"nova-lite", "small", "theirs", "their-best", "mix", "gpt-7", "acme/whisper"} <= set(names)
    assert "gpt-x" not in names
    for name in ("small", "their-best", "mix", "gpt-7", "acme/whisper", "amazon.nova-lite-v1:0"):
        assert gateway.openai().models.retrieve(name).id == name
    theirs = [model.id for model in gateway.openai(restricted).models.list()]
    assert {name for name in theirs if not name.startswith("nova-")} == {"small"}


@pytest.mark.parametrize(
    "model",
    [
        *("claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "theirs", "their-best", "gpt-x", "mix"),
        *("acme/nova-lite", "spare/nova-lite", "acme/gpt-x", "house/nova-lite", "bedrock/meta.llama9-1b-v1:0"),
        *("meta.llama9-1b-v1:0", "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", "nobody-knows"),
    ],
)
def test_no_other_name_reaches_what_a_group_forbids(gateway, providers, restricted, calls, model):
    assert status(gateway, model, restricted) == (403, "model_not_allowed")
    with gateway.http(restricted) as client:
        assert client.get(f"/models/{model.replace('/', '%2F')}").status_code == 403
    assert calls() == []
    assert not any(server.requests for server in providers.values())


def test_no_fallback_reaches_what_a_group_forbids(gateway, providers, restricted, fault):
    fault(error="AccessDeniedException", times=1)
    assert status(gateway, "nova-lite", restricted) == (403, "provider_denied")
    assert not any(server.requests for server in providers.values())


@pytest.mark.parametrize(
    "model",
    [
        *("bedrock/../../x", "bedrock/..", "../acme/gpt-x", "missing/gpt-x", "ACME/gpt-x", "bedrock/", "/", "*", "gp*"),
        *(
            "bedrock/amazon.nova-lite-v1:0/../x",
            "acme" * 3000,
            "%2e%2e/x",
            "house",
            "\u0000",
            "nova-lite\n",
            "acme/a\r\nx: y",
            "acme/é",
        ),
    ],
)
def test_a_name_with_tricks_in_it_names_nothing(gateway, providers, model):
    assert status(gateway, model) == (404, "model_not_found")
    assert not any(server.requests for server in providers.values())


@pytest.mark.parametrize("model", ["acme/../../admin", "acme/?x=1#y", "acme/%2e%2e", "acme/a b"])
def test_a_providers_model_is_in_the_body_alone(gateway, providers, model):
    assert asked(gateway, model, stream=False)[0] == "from acme"
    ((path, _, body),) = providers["acme"].requests
    assert (path, body["model"]) == ("/v1/chat/completions?site=acme", model.removeprefix("acme/"))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 429, 500])
def test_a_providers_key_is_in_no_answer_and_in_no_log(gateway, providers, code):
    said = json.dumps({"error": {"message": f"The key {KEYS['acme']} is wrong.", "code": KEYS["acme"]}}).encode()
    providers["acme"].answer = (code, {"retry-after": "3600"}, said)
    with gateway.http() as client:
        answer = client.post("/chat/completions", json={"model": "impatient", "messages": ASK})
        assert answer.status_code >= 400
        assert "secret" not in answer.text + str(answer.headers)
    assert "secret" not in (gateway.folder / "log").read_text()


def test_the_log_says_who_was_asked_for_and_who_served(gateway, providers):
    providers["acme"].answer = UNAVAILABLE
    with gateway.http() as client:
        answer = client.post("/chat/completions", json={"model": "their-best", "messages": ASK})
    (line,) = _lines(gateway, answer.headers["x-request-id"])
    assert (line["model"], line["served"], line["provider"]) == ("their-best", "spare-one", "spare")
    assert (line["prompt_tokens"], line["completion_tokens"]) == (3, 2)
    assert "cost_microusd" not in line
    providers["spare"].answer = UNAVAILABLE
    with gateway.http() as client:
        answer = client.post("/chat/completions", json={"model": "their-best", "messages": ASK})
    (line,) = _lines(gateway, answer.headers["x-request-id"])
    assert (line["served"], line["provider"]) == ("nova-lite", "bedrock")
    assert line["cost_microusd"] > 0


def _lines(gateway, request_id):
    """The request's log lines; they are written after the answer has left."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        text = (gateway.folder / "log").read_text()
        found = [line[line.index("{") :] for line in text.splitlines() if request_id in line and '"request"' in line]
        if found:
            return [json.loads(line) for line in found]
    pytest.fail("no log line")


def test_a_key_that_was_changed_in_parameter_store_counts_at_once(gateway, providers):
    """The old one is refused; the new one is read and sent with the same request."""
    import boto3

    asked(gateway, "spare/two")
    session = boto3.Session("local", "local", region_name="us-east-1")
    ssm = session.client("ssm", endpoint_url=gateway.aws_url)
    name = "/pennyworth/local/providers/spare"
    refused = (401, {}, b'{"error": {"message": "No."}}')
    ssm.put_parameter(Name=name, Value="sk-spare-new", Type="SecureString", Overwrite=True)
    try:
        deadline = time.monotonic() + 15
        while True:  # a key that was read this moment is not read again
            providers["spare"].headers.clear()
            providers["spare"].script = [refused]
            with gateway.http() as client:
                answer = client.post("/chat/completions", json={"model": "spare/two", "messages": ASK})
            if answer.status_code == httpx.codes.OK:
                break
            assert time.monotonic() < deadline
        assert [headers["api-key"] for headers in providers["spare"].headers] == [KEYS["spare"], "sk-spare-new"]
    finally:
        ssm.put_parameter(Name=name, Value=KEYS["spare"], Type="SecureString", Overwrite=True)
