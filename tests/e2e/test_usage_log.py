"""What a run's log says of each request: who asked which model, what it used, what that cost."""

import json
import time
import uuid

import pytest

_WRITTEN_S = 10  # a line is read from the function's output after its answer has left


def line(gateway, request_id):
    """The request's log line of the inference function."""
    deadline = time.monotonic() + _WRITTEN_S
    while time.monotonic() < deadline:
        for text in (gateway.folder / "log").read_text().splitlines():
            if "openai" in text and f'"request_id":"{request_id}"' in text and '"message":"request"' in text:
                return json.loads(text[text.index("{") :])
        time.sleep(0.05)
    pytest.fail(f"no line for {request_id}")


@pytest.mark.parametrize("stream", [False, True])
def test_an_answers_usage_and_cost_are_logged(gateway, stream):
    chats = gateway.openai().chat.completions.with_raw_response
    options = {"stream_options": {"include_usage": True}} if stream else {}
    ask = [{"role": "user", "content": "a prompt nobody should log"}]
    reply = chats.create(model="nova-pro", messages=ask, stream=stream, **options)
    answer = reply.parse()
    usage = [chunk.usage for chunk in answer][-1] if stream else answer.usage
    logged = line(gateway, reply.headers["x-request-id"])
    assert (logged["model"], logged["provider"], logged["status"]) == ("nova-pro", "bedrock", 200)
    assert (logged["prompt_tokens"], logged["completion_tokens"]) == (usage.prompt_tokens, usage.completion_tokens)
    assert logged["cost_microusd"] > 0
    assert (0 < logged.get("first_token_ms", 0) <= logged["duration_ms"]) == stream
    assert {"user_id", "key_id", "group", "duration_ms"} <= {name for name, value in logged.items() if value}
    assert "nobody should log" not in json.dumps(logged)


@pytest.mark.parametrize("stream", [False, True])
def test_what_bedrock_answers_in_openais_format_is_logged_whoever_asked_for_usage(gateway, stream):
    chats = gateway.openai().chat.completions.with_raw_response
    reply = chats.create(model="gpt-oss-120b", messages=[{"role": "user", "content": "Hi"}], stream=stream)
    if stream:
        assert all(chunk.usage is None for chunk in reply.parse())
    logged = line(gateway, reply.headers["x-request-id"])
    assert (logged["model"], logged["provider"]) == ("gpt-oss-120b", "bedrock")
    assert logged["prompt_tokens"] > 0
    assert logged["completion_tokens"] > 0
    assert logged["cost_microusd"] > 0
    assert "usage_partial" not in logged


@pytest.mark.parametrize("stream", [False, True])
def test_the_usage_and_cost_of_a_message_are_logged(gateway, stream):
    say = [{"role": "user", "content": "a prompt nobody should log"}]
    with gateway.http() as http:
        body = {"model": "nova-pro", "max_tokens": 50, "messages": say, "stream": stream}
        answer = http.post("/messages", json=body, headers={"x-api-key": "sk-nobody-should-log-this"})
    told = [json.loads(text.removeprefix("data: ")) for text in answer.text.splitlines() if text.startswith("data: ")]
    last = told[-2] if stream else answer.json()
    logged = line(gateway, answer.headers["x-request-id"])
    assert (logged["route"], logged["status"]) == ("/messages", 200)
    assert logged["prompt_tokens"] == last["usage"]["input_tokens"] > 0
    assert logged["completion_tokens"] == last["usage"]["output_tokens"] > 0
    assert logged["cost_microusd"] > 0
    assert "nobody" not in (gateway.folder / "log").read_text()


def test_the_cost_of_embeddings_is_logged(gateway):
    create = gateway.openai().embeddings.with_raw_response.create
    reply = create(model="titan-embed-text-v2", input=["a text nobody should log"] * 40)
    logged = line(gateway, reply.headers["x-request-id"])
    assert (logged["model"], logged["route"], logged["status"]) == ("titan-embed-text-v2", "/embeddings", 200)
    assert logged["prompt_tokens"] == reply.parse().usage.prompt_tokens > 0
    assert logged["cost_microusd"] > 0
    assert "nobody should log" not in json.dumps(logged)


def test_what_was_read_from_the_prompt_cache_costs_less(gateway):
    chats = gateway.openai().chat.completions.with_raw_response
    marked = {"type": "text", "text": f"{uuid.uuid4()} " + "word " * 2000, "cache_control": {"type": "ephemeral"}}
    ask = [{"role": "user", "content": [marked]}]
    written, read = (
        line(gateway, chats.create(model="nova-pro", messages=ask).headers["x-request-id"]) for _ in range(2)
    )
    assert (written["cached_tokens"], read["cached_tokens"] > 1000) == (0, True)
    assert read["prompt_tokens"] == written["prompt_tokens"]
    assert read["cost_microusd"] < written["cost_microusd"]


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_a_message_costs_the_same_whole_and_streamed_when_it_writes_a_cache(gateway, ttl):
    costs = []
    with gateway.http() as http:
        for stream in (False, True):
            text = f"{uuid.uuid4()} " + "word " * 2000
            system = [{"type": "text", "text": text, "cache_control": {"type": "ephemeral", "ttl": ttl}}]
            body = {"model": "claude-sonnet-4.5", "max_tokens": 50, "system": system, "stream": stream}
            answer = http.post("/messages", json={**body, "messages": [{"role": "user", "content": "Hi"}]})
            logged = line(gateway, answer.raise_for_status().headers["x-request-id"])
            costs.append(logged["cost_microusd"])
            assert logged["cache_write_tokens"] > 1000
            assert logged.get("cache_write_1h_tokens", 0) == (logged["cache_write_tokens"] if ttl == "1h" else 0)
    whole, streamed = costs
    assert abs(whole - streamed) < whole / 100  # their prefixes differ by a few tokens
