"""At a limit of time or size, and when a client leaves: what the unmodified OpenAI SDK reads, and what the log says."""

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
import openai
import pytest

from services.openai.unseen import TOKENS_PER_S
from tests.e2e.conftest import Gateway, started
from tests.e2e.test_budgets import address, spend, until
from tests.e2e.test_usage_log import line
from tests.openai_provider import Server, provider

_TIMEOUT_S = 4  # of the function: a quarter of it is kept for the end
_PATIENCE_S = 20
ASK = [{"role": "user", "content": "Tell me about rivers."}]
USAGE = {"stream_options": {"include_usage": True}}
SLOWLY = {"operation": "ConverseStream", "token_delay_s": 0.25, "times": None}
PROSE = "The river runs past the old mill, where nobody has ground any corn for years. "
TEXT = ["one ", "two ", "three "] * 20  # longer than the function may take


@dataclass
class System:
    gateway: Gateway
    upstream: Server
    control: httpx.Client  # the Bedrock stand-in's

    def fault(self, **fields):
        self.control.post("/_stand_in/faults", json=fields).raise_for_status()

    def calls(self):
        return self.control.get("/_stand_in/calls").raise_for_status().json()["calls"]

    def left(self, calls=1):
        """Wait until the model has seen that so many of its readers are gone."""
        end = time.monotonic() + _PATIENCE_S
        while [call["outcome"] for call in self.calls()] != ["client_gone"] * calls:
            assert time.monotonic() < end, self.calls()
            time.sleep(0.05)

    def answers(self):
        """Whether the next request is answered, as if nothing had been."""
        self.reset()
        assert self.chats().create(model=self.gateway.model, messages=ASK).choices[0].finish_reason == "stop"

    def reset(self):
        for what in ("faults", "script", "calls"):
            self.control.delete(f"/_stand_in/{what}").raise_for_status()
        self.upstream.pieces = self.upstream.gate = None
        self.upstream.left.clear()

    def chats(self):
        return self.gateway.openai().chat.completions


@pytest.fixture(scope="module")
def hurried(tmp_path_factory):
    """A system whose function has little time."""
    with provider() as upstream:
        url = f"http://127.0.0.1:{upstream.server_port}/v1"
        folder = tmp_path_factory.mktemp("hurried")
        with (
            started(folder, FUNCTION_TIMEOUT_S=str(_TIMEOUT_S), OPENAI_UPSTREAM=url) as gateway,
            httpx.Client(base_url=gateway.bedrock_url, timeout=10, trust_env=False) as control,
        ):
            yield System(gateway, upstream, control)


@pytest.fixture
def system(hurried):
    hurried.answers()  # warm: the time below is the model's
    hurried.reset()
    hurried.control.post("/_stand_in/script", json={"text_deltas": TEXT}).raise_for_status()
    yield hurried
    hurried.reset()


def read(stream):
    """The answers' texts and how each ended, and the last usage."""
    texts: dict[int, str] = {}
    ends: dict[int, str] = {}
    usage = None
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            said: Any = choice.text if hasattr(choice, "text") else choice.delta.content
            texts[choice.index] = texts.get(choice.index, "") + (said or "")
            if choice.finish_reason:
                assert choice.index not in ends
                ends[choice.index] = choice.finish_reason
    return texts, ends, usage


def test_a_stream_whose_time_is_up_ends_with_what_it_has(system):
    system.fault(**SLOWLY)
    reply = system.chats().with_raw_response.create(model=system.gateway.model, messages=ASK, stream=True, **USAGE)
    texts, ends, usage = read(reply.parse())
    assert texts[0]
    assert "".join(TEXT).startswith(texts[0])
    assert ends == {0: "length"}
    assert usage.completion_tokens == len(texts[0].split())
    logged = line(system.gateway, reply.headers["x-request-id"])
    assert (logged["status"], logged["completion_tokens"], logged["usage_partial"]) == (
        200,
        usage.completion_tokens,
        True,
    )
    system.left()
    system.answers()


def test_a_stream_that_was_cut_ends_with_done_and_no_error(system):
    system.fault(**SLOWLY)
    with system.gateway.http() as client:
        body = {"model": system.gateway.model, "messages": ASK, "stream": True}
        answer = client.post("/chat/completions", json=body)
    assert answer.text.endswith("data: [DONE]\n\n")
    assert '"error"' not in answer.text
    assert '"usage":{' not in answer.text


@pytest.mark.parametrize("delay_s", [0.25, 60])
def test_a_response_that_was_cut_is_incomplete_and_can_be_gone_on_from(system, delay_s):
    system.fault(operation="ConverseStream", token_delay_s=delay_s, times=None)
    responses = system.gateway.openai().responses
    *_, last = responses.create(model=system.gateway.model, input="Tell me about rivers.", stream=True)
    assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert "".join(TEXT).startswith(last.response.output_text)
    assert last.response.usage.output_tokens == len(last.response.output_text.split())
    system.left()
    system.reset()
    after = responses.create(model=system.gateway.model, input="Go on.", previous_response_id=last.response.id)
    assert after.status == "completed"


@pytest.mark.parametrize("delay_s", [0.25, 60])
def test_a_message_that_was_cut_ends_as_at_a_limit_of_tokens(system, delay_s):
    system.fault(operation="ConverseStream", token_delay_s=delay_s, times=None)
    address = system.gateway.base_url.removesuffix("/v1")
    client = system.gateway.kept(anthropic.Anthropic(base_url=address, api_key=system.gateway.api_key, max_retries=0))
    with client.messages.stream(model=system.gateway.model, max_tokens=500, messages=ASK) as stream:
        message = stream.get_final_message()
    said = "".join(block.text for block in message.content)
    assert "".join(TEXT).startswith(said)
    assert bool(said) == (delay_s < 1)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", len(said.split()))
    system.left()
    system.answers()


def test_a_model_that_falls_silent_is_not_waited_for(system):
    system.fault(operation="ConverseStream", token_delay_s=60)
    stream = system.chats().create(model=system.gateway.model, messages=ASK, stream=True, **USAGE)
    texts, ends, usage = read(stream)
    assert (texts, ends, usage.completion_tokens) == ({0: ""}, {0: "length"}, 0)
    system.left()
    system.answers()


def test_several_answers_all_end(system):
    system.fault(**SLOWLY)
    stream = system.chats().create(model=system.gateway.model, messages=ASK, stream=True, n=2, **USAGE)
    texts, ends, usage = read(stream)
    assert ends == {0: "length", 1: "length"}
    assert all(texts.values())
    assert usage.completion_tokens == sum(len(text.split()) for text in texts.values())
    system.left(2)
    system.answers()


def test_the_older_api_ends_so_too(system):
    system.fault(**SLOWLY)
    completions = system.gateway.openai().completions
    texts, ends, usage = read(
        completions.create(model=system.gateway.model, prompt="Rivers", max_tokens=500, stream=True, **USAGE)
    )
    assert texts[0]
    assert ends == {0: "length"}
    assert usage.completion_tokens > 0
    system.answers()


@pytest.mark.parametrize("more", [{}, {"n": 2}, {"stream": True}, {"stream": True, "n": 2}], ids=str)
def test_an_answer_that_never_begins_is_a_504_that_is_not_tried_again(system, more):
    system.fault(delay_s=60, times=None)
    retrying = system.gateway.openai(max_retries=2)
    with pytest.raises(openai.APIStatusError) as caught:
        retrying.chat.completions.create(model=system.gateway.model, messages=ASK, **more)
    assert (caught.value.status_code, caught.value.code, caught.value.type) == (504, "gateway_timeout", "timeout")
    assert "'stream': true" in caught.value.message
    assert "ask for less" in caught.value.message
    assert line(system.gateway, caught.value.response.headers["x-request-id"])["status"] == 504
    assert len(system.calls()) <= more.get("n", 1)
    system.answers()


def test_embeddings_in_many_calls_have_one_time_together(system):
    system.fault(delay_s=60, times=None)
    with pytest.raises(openai.APIStatusError) as caught:
        system.gateway.openai().embeddings.create(model="titan-embed-text-v2", input=["a text"] * 40)
    assert (caught.value.status_code, caught.value.code) == (504, "gateway_timeout")
    assert "Send fewer inputs at once." in caught.value.message
    assert "stream" not in caught.value.message
    system.answers()


def chunk(text, index=0, finish=None):
    choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
    value = {"id": "theirs", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", "choices": [choice]}
    return f"data: {json.dumps(value)}\n\n".encode()


def test_an_upstreams_stream_ends_in_its_own_words(system):
    pieces = [chunk("Hel"), chunk("lo", 1), chunk("", 1, "stop")]
    system.upstream.pieces = [*pieces, threading.Event()]
    with system.gateway.http() as client:
        answer = client.post("/chat/completions", json={"model": "gpt-x", "messages": ASK, "stream": True, "n": 2})
    assert answer.content.startswith(b"".join(pieces))
    assert system.upstream.left.wait(_PATIENCE_S)
    system.upstream.left.clear()
    reply = system.chats().with_raw_response.create(model="gpt-x", messages=ASK, stream=True, n=2, **USAGE)
    chunks = list(reply.parse())
    assert {each.id for each in chunks} == {"theirs"}
    texts, ends, usage = read(chunks)
    assert (texts, ends, usage.completion_tokens) == ({0: "Hel", 1: "lo"}, {0: "length", 1: "stop"}, 2)
    logged = line(system.gateway, reply.headers["x-request-id"])
    assert (logged["completion_tokens"], logged["usage_partial"]) == (2, True)


@pytest.mark.parametrize("stream", [True, False])
def test_a_prompt_whose_answer_was_not_there_in_time_is_counted(system, stream):
    """The provider has read it and is paid for that: else who asks for too much would spend no budget."""
    asked = {"model": "claude-sonnet-4.5", "messages": [{"role": "user", "content": PROSE * 100}]}
    told = system.chats().create(**asked).usage.prompt_tokens
    if stream:
        system.fault(**SLOWLY)
        reply = system.chats().with_raw_response.create(**asked, stream=True)
        read(reply.parse())
    else:
        system.fault(operation="Converse", delay_s=60, times=None)
        with pytest.raises(openai.APIStatusError) as caught:
            system.chats().create(**asked)
        assert caught.value.status_code == 504
        reply = caught.value.response
    logged = line(system.gateway, reply.headers["x-request-id"])
    assert logged["usage_partial"]
    assert told / 2 < logged["prompt_tokens"] < told * 2
    assert logged["cost_microusd"] >= 3 * logged["prompt_tokens"]


def test_who_asks_for_what_is_never_there_in_time_spends_their_budget(system):
    """The bound of docs/budgets.md, from the 504 to the ledger and the 429."""
    gateway = system.gateway
    group = gateway.group("claude-*", budgets={"user_budget_microusd": 10_000})
    user = gateway.user(address(), group)
    client = gateway.openai(gateway.key(user)["value"])
    system.fault(operation="Converse", delay_s=60, times=None)
    spent, ends_at = 0, time.monotonic() + 60
    while True:
        with pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(model="claude-sonnet-4.5", messages=ASK, max_completion_tokens=400)
        if caught.value.status_code == 429:
            break
        assert (caught.value.status_code, time.monotonic() < ends_at) == (504, True)
        logged = line(gateway, caught.value.response.headers["x-request-id"])
        assert logged["unseen_microusd"] == 400 * 16.5
        spent += logged["cost_microusd"] + logged["unseen_microusd"]
    assert caught.value.code == "insufficient_quota"
    until(lambda: spend(gateway, user)["user"] == spent)
    with gateway.admin() as admin:
        asked = {"start_time": int(time.time()) - 86_400, "user_ids[]": user}
        told = admin.get("/organization/costs", params=asked).raise_for_status().json()
    results = [result for bucket in told["data"] for result in bucket["results"]]
    assert 0 < sum(result["amount"]["value"] for result in results) * 1e6 < spent / 10  # what is known: the prompts
    # Without a limit it is what a model can say in that time, and not the 64,000 tokens it can in all.
    with pytest.raises(openai.APIStatusError) as caught:
        system.chats().create(model="claude-sonnet-4.5", messages=ASK, n=2)
    logged = line(gateway, caught.value.response.headers["x-request-id"])
    assert 2 * 0.5 * _TIMEOUT_S * TOKENS_PER_S <= logged["unseen_microusd"] / 16.5 <= 2 * _TIMEOUT_S * TOKENS_PER_S


def test_an_upstream_that_never_answers_is_a_504(system):
    system.upstream.gate = threading.Event()
    try:
        for stream in (False, True):
            with pytest.raises(openai.APIStatusError) as caught:
                system.chats().create(model="gpt-x", messages=ASK, stream=stream)
            assert (caught.value.status_code, caught.value.code) == (504, "gateway_timeout")
    finally:
        system.upstream.gate.set()
    system.answers()


@pytest.mark.parametrize("size", [7 * 1024 * 1024, 11 * 1024 * 1024], ids=["over Lambda's", "over API Gateway's"])
def test_a_body_over_a_limit_is_a_413_in_api_gateways_own_words(gateway, size):
    with pytest.raises(openai.APIStatusError) as caught:
        gateway.openai().chat.completions.create(
            model=gateway.model, messages=[{"role": "user", "content": "x" * size}]
        )
    assert caught.value.status_code == 413
    said = "Request Too Long" if size < 10 * 1024 * 1024 else "HTTP content length exceeded 10485760 bytes."
    assert said in caught.value.response.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"messages": [{"role": "user", "content": "x" * 5_900_000}]}, "context_length_exceeded"),
        ({"messages": ASK, "user": "x" * 5_900_000}, None),
        ({"messages": ASK, "surprise": "x" * 5_900_000}, "unsupported_parameter"),
    ],
    ids=["a long prompt", "a long name", "nobody's"],
)
def test_up_to_lambdas_limit_every_answer_is_ours(gateway, body, code):
    with gateway.http() as client:
        reply = client.post("/chat/completions", json={"model": gateway.model, **body})
    error = reply.json().get("error")
    assert (error and error["code"]) == code
    assert len(reply.content) < 10_000


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings", "/messages", "/responses"])
def test_quotes_count_twice_for_lambda(gateway, path):
    """It sees the body as a text within JSON: half of its limit may be too much, and nothing of ours is asked."""
    with gateway.http() as client:
        reply = client.post(path, json={"model": gateway.model, "user": '"' * 1_600_000})
    assert (reply.status_code, reply.json()) == (413, {"message": "Request Too Long"})


def test_of_a_client_that_leaves_the_answer_is_read_to_its_end_and_metered(gateway, fault, calls):
    """Lambda tells a function nothing of it: the answer goes on, bounded by what was asked for."""
    fault(operation="ConverseStream", token_delay_s=0.02)
    create = gateway.openai().chat.completions.with_raw_response.create
    reply = create(model="nova-pro", messages=ASK, stream=True)
    stream = reply.parse()
    next(iter(stream))
    stream.close()
    logged = line(gateway, reply.headers["x-request-id"])
    assert (logged["status"], "usage_partial" in logged) == (200, False)
    assert logged["completion_tokens"] > 0
    assert logged["cost_microusd"] > 0
    assert [call["outcome"] for call in calls()] == ["completed"]
    assert gateway.openai().chat.completions.create(model=gateway.model, messages=ASK).choices


def test_a_client_that_leaves_before_the_first_byte_is_metered_too(gateway, fault, calls):
    fault(operation="Converse", delay_s=1)
    impatient = gateway.openai(timeout=0.3)
    with pytest.raises(openai.APITimeoutError):
        impatient.chat.completions.create(model="nova-pro", messages=ASK)
    end = time.monotonic() + _PATIENCE_S
    while [call["outcome"] for call in calls()] != ["completed"]:
        assert time.monotonic() < end, calls()
        time.sleep(0.05)
    assert gateway.openai().chat.completions.create(model=gateway.model, messages=ASK).choices
