"""The OpenAI Python SDK, unmodified, against the running system."""

import asyncio
import json

import openai
import pytest

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def ask(text):
    return [{"role": "user", "content": text}]


def test_models_lists_the_catalogue_and_retrieves_one(gateway):
    client = gateway.openai()
    names = [model.id for model in client.models.list()]
    assert {gateway.model, gateway.embedding_model, "nova-lite"} <= set(names)
    assert client.models.retrieve(gateway.model).id == gateway.model


def test_a_chat_is_answered_with_its_usage(gateway):
    completion = gateway.openai().chat.completions.create(
        model=gateway.model,
        messages=[{"role": "system", "content": "Be brief."}, *ask("What is the capital of France?")],
        temperature=0,
        max_completion_tokens=200,
    )
    choice = completion.choices[0]
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason == "stop"
    assert completion.model == gateway.model
    assert completion.id.startswith("chatcmpl-")
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 0


def test_a_streamed_chat_says_what_the_whole_one_says(gateway):
    client = gateway.openai()
    request = {"model": gateway.model, "messages": ask("Tell me about rivers, please."), "temperature": 0}
    whole = client.chat.completions.create(**request)
    chunks = list(client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert len(chunks) > 4
    assert chunks[-1].usage == whole.usage
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"


def test_a_stream_arrives_while_the_model_still_speaks(gateway, fault):
    fault(operation="ConverseStream", token_delay_s=0.05)
    stream = gateway.openai().chat.completions.create(model=gateway.model, messages=ask("Count to 20."), stream=True)
    next(iter(stream))
    with gateway.http() as other:
        # The first chunk is here; had it been buffered, the model would have finished and the stream with it.
        assert other.get("/models").status_code == 200
    assert len(list(stream)) > 5


def test_max_tokens_and_stop_end_an_answer(gateway):
    client = gateway.openai()
    cut = client.chat.completions.create(model="nova-lite", messages=ask("Count to 50."), max_tokens=3)
    assert cut.choices[0].finish_reason == "length"
    assert cut.usage.completion_tokens <= 3
    stopped = client.chat.completions.create(
        model="nova-lite", messages=ask('Say exactly: "one two three"'), stop="two"
    )
    assert stopped.choices[0].finish_reason == "stop"
    assert "two" not in (stopped.choices[0].message.content or "")


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_makes_its_round_trip(gateway, stream):
    client = gateway.openai()
    messages = ask('Use get_weather for "Rome".')
    message = _complete(client, stream, model=gateway.model, messages=messages, tools=[WEATHER])
    (call,) = message["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert json.loads(call["function"]["arguments"]) == {"city": "Rome"}
    messages += [message, {"role": "tool", "tool_call_id": call["id"], "content": "18 degrees and sunny"}]
    answer = _complete(client, stream, model=gateway.model, messages=messages, tools=[WEATHER])
    assert "18 degrees and sunny" in answer["content"]
    assert not answer.get("tool_calls")


def _complete(client, stream, **request):
    """The assistant's message, whole or accumulated by the SDK's own stream helper."""
    if not stream:
        return client.chat.completions.create(**request).choices[0].message.model_dump(exclude_none=True)
    with client.chat.completions.stream(**request) as events:
        for _ in events:
            pass
        message = events.get_final_completion().choices[0].message
    dumped = message.model_dump(exclude_none=True, exclude={"parsed": True})
    for call in dumped.get("tool_calls", []):
        call["function"].pop("parsed_arguments", None)
    return dumped


def test_several_tools_are_called_in_parallel_with_their_text(gateway):
    clock = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
    prompt = 'Call get_weather for "Oslo" and get_time.'
    message = (
        gateway.openai()
        .chat.completions.create(model=gateway.model, messages=ask(prompt), tools=[WEATHER, clock])
        .choices[0]
        .message
    )
    assert [call.function.name for call in message.tool_calls] == ["get_weather", "get_time"]
    assert json.loads(message.tool_calls[1].function.arguments) == {}


def test_tool_choice_none_calls_no_tool(gateway):
    message = (
        gateway.openai()
        .chat.completions.create(
            model=gateway.model, messages=ask('Use get_weather for "Rome".'), tools=[WEATHER], tool_choice="none"
        )
        .choices[0]
        .message
    )
    assert message.tool_calls is None
    assert message.content


def test_many_chats_at_once_are_all_answered(gateway):
    async def chat(client, number):
        completion = await client.chat.completions.create(
            model=gateway.model, messages=ask(f'Say exactly: "number {number}"')
        )
        return completion.choices[0].message.content

    async def all_of_them():
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
            return await asyncio.gather(*(chat(client, number) for number in range(24)))

    answers = asyncio.run(all_of_them())
    assert all(f"number {number}" in answer for number, answer in enumerate(answers))


def test_bedrock_is_called_as_the_user(gateway, calls):
    user = gateway.user("grace@example.com")
    gateway.openai(gateway.key(user)["value"]).chat.completions.create(model=gateway.model, messages=ask("Hi"))
    (call,) = calls()
    assert call["principal_arn"].endswith(":assumed-role/pennyworth-local-group-developers/grace@example.com")


def test_a_signed_in_person_needs_no_key(gateway):
    completion = gateway.openai(gateway.admin_token).chat.completions.create(model=gateway.model, messages=ask("Hi"))
    assert completion.choices[0].message.content


def test_version_health_and_the_contract_are_open_to_everyone(gateway):
    with gateway.http() as client:
        client.headers.pop("authorization")
        version = client.get("/version").json()
        assert version["environment"] == "local"
        assert set(version) == {"version", "git_sha", "environment"}
        assert client.get("/health").json() == {"status": "ok"}
        assert "/chat/completions" in client.get("/openapi.json").json()["paths"]
