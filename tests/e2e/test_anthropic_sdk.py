"""The unmodified Anthropic SDK against `make run`, and what Claude Code sends."""

import asyncio
import base64
import json
import time
from pathlib import Path

import anthropic
import httpx
import pytest

from tests.openai_provider import provider

CLAUDE = "claude-sonnet-4.5"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n0123").decode()
HI = [{"role": "user", "content": "Say exactly: Good day to you."}]
WEATHER = {
    "name": "weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CLAUDE_CODE = Path(__file__).parents[1] / "golden" / "messages" / "claude_code" / "request.json"


def host(gateway):
    return gateway.base_url.removesuffix("/v1")


def client(gateway, **options):
    """By x-api-key, without retries, so that every answer shows."""
    options = {"api_key": gateway.api_key, "max_retries": 0, "timeout": 30, **options}
    return gateway.kept(anthropic.Anthropic(base_url=host(gateway), **options))


@pytest.fixture(autouse=True)
def no_credentials_of_the_shells(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_message_is_answered(gateway):
    message = client(gateway).messages.create(model=CLAUDE, max_tokens=100, messages=HI, system="Be brief.")
    assert message.content[0].text == "Good day to you"
    assert (message.stop_reason, message.model, message.role) == ("end_turn", CLAUDE, "assistant")
    assert message.usage.input_tokens > 5
    assert message.usage.output_tokens > 2
    assert message._request_id


def test_a_key_may_come_as_a_bearer_token(gateway):
    bearer = client(gateway, api_key=None, auth_token=gateway.api_key)
    assert bearer.messages.create(model=CLAUDE, max_tokens=100, messages=HI).content[0].text


@pytest.mark.parametrize(("token", "key", "status"), [("good", "wrong", 200), ("wrong", "good", 401)])
def test_beside_a_token_the_key_is_not_read(gateway, token, key, status):
    """Claude Code may send both. One rule for both authorizers: Authorization counts."""
    value = {"good": gateway.api_key, "wrong": "sk-pw-wrong"}
    headers = {"authorization": f"Bearer {value[token]}", "x-api-key": value[key]}
    with httpx.Client(base_url=gateway.base_url, headers=headers, timeout=30, trust_env=False) as http:
        answer = http.post("/messages", json={"model": CLAUDE, "max_tokens": 100, "messages": HI})
    assert answer.status_code == status


def test_a_stream_is_the_message(gateway):
    ask = {"model": CLAUDE, "max_tokens": 100, "messages": HI}
    with client(gateway).messages.stream(**ask) as stream:
        text = "".join(stream.text_stream)
        streamed = stream.get_final_message()
    whole = client(gateway).messages.create(**ask)
    assert text == streamed.content[0].text == whole.content[0].text
    assert streamed.stop_reason == whole.stop_reason
    assert streamed.usage.input_tokens == whole.usage.input_tokens
    assert streamed.usage.output_tokens == whole.usage.output_tokens


def test_the_asynchronous_client_streams_too(gateway):
    async def ask():
        options = {"api_key": gateway.api_key, "max_retries": 0}
        async with (
            anthropic.AsyncAnthropic(base_url=host(gateway), **options) as asked,
            asked.messages.stream(model=CLAUDE, max_tokens=100, messages=HI) as stream,
        ):
            return await stream.get_final_text()

    assert asyncio.run(ask()) == "Good day to you"


@pytest.mark.parametrize("model", [CLAUDE, "nova-lite", "llama-3.3-70b"])
def test_the_tool_runner_runs_its_tools(gateway, model):
    asked = []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather of a city.

        Args:
            city: Its name
        """
        asked.append(city)
        return "Rain all day"

    say = [{"role": "user", "content": "What is the weather in Oslo? Use the tool weather."}]
    runner = client(gateway).beta.messages.tool_runner(model=model, max_tokens=500, tools=[weather], messages=say)
    last = runner.until_done()
    assert asked
    assert "Rain all day" in last.content[0].text


@pytest.mark.parametrize("model", [CLAUDE, "llama-3.3-70b"])
def test_a_tools_use_is_streamed_also_by_models_that_stream_none(gateway, model):
    say = [{"role": "user", "content": "What is the weather in Oslo? Use the tool weather."}]
    with client(gateway).messages.stream(model=model, max_tokens=500, tools=[WEATHER], messages=say) as stream:
        message = stream.get_final_message()
    (used,) = (block for block in message.content if block.type == "tool_use")
    assert (used.name, list(used.input), message.stop_reason) == ("weather", ["city"], "tool_use")


def test_thoughts_come_signed_and_go_back(gateway):
    ask = {"model": CLAUDE, "max_tokens": 5000, "thinking": {"type": "enabled", "budget_tokens": 1024}}
    say = [{"role": "user", "content": "What is the weather in Oslo? Use the tool weather."}]
    with client(gateway).messages.stream(**ask, tools=[WEATHER], messages=say) as stream:
        message = stream.get_final_message()
    thought, *_, used = message.content
    assert (thought.type, bool(thought.signature), used.type) == ("thinking", True, "tool_use")
    result = {"type": "tool_result", "tool_use_id": used.id, "content": [{"type": "text", "text": "Rain all day"}]}
    said = [*say, {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    answer = client(gateway).messages.create(**ask, tools=[WEATHER], messages=said)
    assert "Rain all day" in answer.content[-1].text


def test_which_stop_sequence_it_was_is_told(gateway):
    ask = {"model": CLAUDE, "max_tokens": 100, "messages": HI, "stop_sequences": ["day"]}
    message = client(gateway).messages.create(**ask)
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "day")
    with client(gateway).messages.stream(**ask) as stream:
        assert stream.get_final_message().stop_sequence == "day"


def test_what_a_cache_wrote_and_read_is_counted_apart(gateway):
    system = [{"type": "text", "text": "All the rules of the house. " * 400, "cache_control": {"type": "ephemeral"}}]
    ask = {"model": CLAUDE, "max_tokens": 100, "messages": HI, "system": system}
    first, second = (client(gateway).messages.create(**ask).usage for _ in range(2))
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens > 1000
    assert second.input_tokens == first.input_tokens < 100


def test_an_image_is_seen(gateway):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    say = [{"role": "user", "content": [image, {"type": "text", "text": "Describe it."}]}]
    message = client(gateway).messages.create(model=CLAUDE, max_tokens=100, messages=say)
    assert "You sent the image (png, 12 bytes)" in message.content[0].text


def test_tokens_are_counted_by_bedrock_or_estimated(gateway):
    ask = {"messages": HI, "system": "Be brief.", "tools": [WEATHER]}
    counted = client(gateway).messages.with_raw_response.count_tokens(model=CLAUDE, **ask)
    assert counted.headers["x-pennyworth-token-count"] == "exact"
    used = client(gateway).messages.create(model=CLAUDE, max_tokens=100, **ask).usage.input_tokens
    assert counted.parse().input_tokens == used
    estimated = client(gateway).messages.with_raw_response.count_tokens(model="nova-lite", **ask)
    assert estimated.headers["x-pennyworth-token-count"] == "estimate"
    assert 10 < estimated.parse().input_tokens < 300


def test_who_proves_nothing_reads_anthropics_error(gateway):
    with pytest.raises(anthropic.AuthenticationError) as refused:
        client(gateway, api_key="sk-pw-wrong").messages.create(model=CLAUDE, max_tokens=100, messages=HI)
    assert refused.value.body["type"] == "error"
    assert refused.value.body["error"]["type"] == "authentication_error"
    with httpx.Client(base_url=gateway.base_url, trust_env=False) as nobody:
        assert nobody.post("/messages", json={}).status_code == 401


OWN_TOOLS = [
    {"type": "bash_20250124", "name": "bash"},
    {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
    {"type": "computer_20250124", "name": "computer", "display_width_px": 1024, "display_height_px": 768},
]


@pytest.mark.parametrize("streamed", [False, True])
def test_tools_that_anthropic_defines_are_called_and_answered(gateway, streamed):
    asked = client(gateway).beta.messages
    betas = ["computer-use-2025-01-24"]
    say = [{"role": "user", "content": 'Call bash with "ls".'}]
    with_tools = {"model": CLAUDE, "max_tokens": 500, "tools": OWN_TOOLS, "betas": betas}
    if streamed:
        with asked.stream(messages=say, **with_tools) as stream:
            message = stream.get_final_message()
    else:
        message = asked.create(messages=say, **with_tools)
    (call,) = (block for block in message.content if block.type == "tool_use")
    assert (message.stop_reason, call.name, call.input) == ("tool_use", "bash", {"command": "ls"})
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "notes.txt"}
    say += [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    assert "notes.txt" in asked.create(messages=say, **with_tools).content[0].text
    assert asked.count_tokens(model=CLAUDE, messages=say, tools=OWN_TOOLS, betas=betas).input_tokens > 20


def test_a_tool_that_anthropic_defines_may_be_demanded(gateway):
    """Among tools of one's own, with a picture for a result."""
    asked = client(gateway).messages
    choice = {"type": "tool", "name": "computer"}
    tools = [WEATHER, *OWN_TOOLS]
    message = asked.create(model=CLAUDE, max_tokens=500, tools=tools, tool_choice=choice, messages=HI)
    (call,) = (block for block in message.content if block.type == "tool_use")
    assert call.name == "computer"
    shown = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [shown]}
    say = [*HI, {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    assert asked.create(model=CLAUDE, max_tokens=500, tools=tools, messages=say).stop_reason == "end_turn"


def test_errors_are_typed(gateway):
    asked = client(gateway).messages
    with pytest.raises(anthropic.NotFoundError) as unknown:
        asked.create(model="claude-nobody", max_tokens=100, messages=HI)
    assert unknown.value.body["error"]["type"] == "not_found_error"
    assert unknown.value.body["request_id"] == unknown.value.request_id
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    with pytest.raises(anthropic.BadRequestError, match=r"tools\[0\]\.type") as refused:
        asked.create(model=CLAUDE, max_tokens=100, messages=HI, tools=tools)
    assert refused.value.body["error"]["type"] == "invalid_request_error"
    with pytest.raises(anthropic.BadRequestError, match="max_tokens"):
        asked.create(model=CLAUDE, max_tokens=0, messages=HI)


def test_a_model_outside_the_key_is_refused(gateway):
    key = gateway.key(gateway.user("messages@example.com"), models=["nova-*"])
    with pytest.raises(anthropic.PermissionDeniedError) as refused:
        client(gateway, api_key=key["value"]).messages.create(model=CLAUDE, max_tokens=100, messages=HI)
    assert refused.value.body["error"]["type"] == "permission_error"


def test_a_throttle_is_a_rate_limit(gateway, fault):
    fault(error="ThrottlingException", times=None)
    with pytest.raises(anthropic.RateLimitError) as throttled:
        client(gateway).messages.create(model=CLAUDE, max_tokens=100, messages=HI)
    assert throttled.value.body["error"]["type"] == "rate_limit_error"
    assert throttled.value.response.headers["retry-after"]


def test_a_prompt_too_long_is_told_in_the_words_claude_code_knows(gateway):
    long = [{"role": "user", "content": "word " * 210_000}]
    with pytest.raises(anthropic.BadRequestError, match="prompt is too long"):
        client(gateway).messages.create(model=CLAUDE, max_tokens=100, messages=long)


def test_a_stream_that_breaks_ends_in_an_error(gateway, fault):
    fault(operation="ConverseStream", error="ModelStreamErrorException", after_events=3, times=1)
    with (
        pytest.raises(anthropic.APIStatusError),
        client(gateway).messages.stream(model=CLAUDE, max_tokens=100, messages=HI) as stream,
    ):
        stream.get_final_message()


def test_api_gateways_own_answers_are_both_clients(gateway):
    """A wrong method, an unknown path and a refused key, as API Gateway says them."""
    with httpx.Client(base_url=gateway.base_url, trust_env=False) as nobody:
        answers = [nobody.put("/messages"), nobody.get("/nowhere"), nobody.post("/chat/completions", json={})]
    assert [answer.status_code for answer in answers] == [405, 404, 401]
    for answer in answers:
        body = answer.json()
        assert body["type"] == "error"
        assert body["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("model", [CLAUDE, "claude-sonnet-5", "nova-2-lite", "gpt-oss-120b", "llama-3.3-70b"])
def test_claude_code_is_answered_by_any_model(gateway, calls, model):
    """The form of its requests, as its traffic shows it: `?beta=true`, betas Bedrock does not know, adaptive thinking,
    context management, marked system blocks and a user id that is JSON."""
    body = json.loads(CLAUDE_CODE.read_text())
    headers = {
        "authorization": f"Bearer {gateway.api_key}",
        "anthropic-version": "2023-06-01",
        "anthropic-beta": ",".join(body.pop("betas")),
        "anthropic-dangerous-direct-browser-access": "true",
        "user-agent": "claude-cli/2.1.177 (external, cli)",
        "x-app": "cli",
    }
    with httpx.Client(base_url=host(gateway), headers=headers, timeout=30, trust_env=False) as http:
        answer = http.post("/v1/messages?beta=true", json={**body, "model": model})
        counted = http.post(
            "/v1/messages/count_tokens?beta=true",
            json={name: body[name] for name in ("messages", "tools", "system", "thinking")} | {"model": model},
        )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert (names[0], names[-2:]) == ("message_start", ["message_delta", "message_stop"])
    assert counted.json()["input_tokens"] > 20
    (answered,) = (call for call in calls() if call["operation"] != "CountTokens")
    assert answered["outcome"] == "completed"


def chunk(**choice):
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-x", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


def test_a_provider_that_speaks_openai_answers_too(another_gateway):
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    with provider() as upstream:
        url = f"http://127.0.0.1:{upstream.server_port}/v1"
        with another_gateway(OPENAI_UPSTREAM=url, OPENAI_UPSTREAM_KEY="sk-theirs") as gateway:
            upstream.pieces = [
                chunk(delta={"reasoning_content": "Hm."}),
                chunk(delta={"content": "I look."}),
                chunk(delta={"tool_calls": [call]}),
                chunk(delta={}, finish_reason="tool_calls"),
                f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode(),
                b"data: [DONE]\n\n",
            ]
            ask = {"model": "gpt-x", "max_tokens": 100, "messages": HI, "tools": [WEATHER]}
            with client(gateway).messages.stream(**ask) as stream:
                message = stream.get_final_message()
            assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
            assert (message.content[2].input, message.stop_reason) == ({"city": "Oslo"}, "tool_use")
            assert (message.usage.input_tokens, message.usage.output_tokens) == (9, 4)
            path, authorization, body = upstream.requests[-1]
            assert (path, authorization) == ("/v1/chat/completions", "Bearer sk-theirs")
            assert body["messages"] == HI
            upstream.pieces = None
            upstream.answer = (400, {}, b'{"error": {"message": "Not that.", "type": "invalid_request_error"}}')
            with pytest.raises(anthropic.BadRequestError, match=r"Not that\.") as refused:
                client(gateway).messages.create(**ask)
            assert refused.value.body["type"] == "error"


def test_models_are_listed_in_anthropics_form(gateway):
    """With a bearer token: that route's authorizer is cached by Authorization."""
    listed = client(gateway, api_key=None, auth_token=gateway.api_key).models.list()
    assert CLAUDE in [model.id for model in listed.data]
    assert CLAUDE in [model.id for model in gateway.openai().models.list()]


@pytest.mark.parametrize(
    "model",
    [
        *("claude-opus-5-5", "claude-sonnet-5-5", "claude-opus-5", "claude-sonnet-5"),
        *("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    ],
)
def test_claude_code_is_answered_by_the_names_it_has_for_models(gateway, model):
    body = {**json.loads(CLAUDE_CODE.read_text()), "model": model}
    with httpx.Client(base_url=host(gateway), timeout=30, trust_env=False) as http:
        headers = {"x-api-key": gateway.api_key, "anthropic-version": "2023-06-01"}
        answer = http.post("/v1/messages?beta=true", json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def test_what_was_written_to_a_cache_is_told_by_its_lifetime(gateway):
    rules = f"Rule {time.time_ns()}. " + "All the rules of the house. " * 400
    system = [{"type": "text", "text": rules, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    usage = client(gateway).messages.create(model=CLAUDE, max_tokens=100, messages=HI, system=system).usage
    assert usage.cache_creation.ephemeral_1h_input_tokens == usage.cache_creation_input_tokens > 1000
    assert usage.cache_creation.ephemeral_5m_input_tokens == 0
