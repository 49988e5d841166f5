"""The OpenAI Python SDK, unmodified: its asynchronous client, its helpers, and what it does when all is not well."""

import asyncio
import json
from contextlib import asynccontextmanager

import httpx
import openai
import pytest
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}

pytestmark = pytest.mark.anyio


class Event(BaseModel):
    name: str
    participants: list[str]


class GetWeather(BaseModel):
    """The weather in a city"""

    city: str


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def client(gateway):
    async with openai.AsyncOpenAI(
        base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0, timeout=30
    ) as made:
        yield made


@pytest.fixture(params=["claude-haiku-4.5", "nova-lite"])
def model(request):
    return request.param


def ask(text):
    return [{"role": "user", "content": text}]


async def test_models_are_listed_and_retrieved(gateway, client):
    assert gateway.model in [model.id async for model in client.models.list()]
    assert (await client.models.retrieve(gateway.model)).object == "model"


async def test_a_stream_says_what_the_whole_answer_says(client, model):
    request = {"model": model, "messages": ask("Tell me about rivers, please."), "temperature": 0}
    whole = await client.chat.completions.create(**request)
    stream = await client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == (
        whole.choices[0].message.content
    )
    assert chunks[-1].usage == whole.usage


async def test_an_answer_is_parsed_into_its_class(client, model):
    completion = await client.chat.completions.parse(
        model=model, messages=ask('The event name is "Fair", participants "Ann" and "Bob".'), response_format=Event
    )
    assert completion.choices[0].message.parsed == Event(name="Fair", participants=["Ann", "Bob"])


async def test_a_tools_arguments_are_parsed_into_their_class(client, model):
    """The helper makes every such tool a strict one."""
    completion = await client.chat.completions.parse(
        model=model, messages=ask('Use GetWeather for "Rome".'), tools=[openai.pydantic_function_tool(GetWeather)]
    )
    (call,) = completion.choices[0].message.tool_calls
    assert call.function.parsed_arguments == GetWeather(city="Rome")


async def test_the_streaming_helper_tells_of_text_and_usage(client, model):
    request = {"model": model, "messages": ask("Tell me about rivers, please.")}
    async with client.chat.completions.stream(**request, stream_options={"include_usage": True}) as events:
        seen = [event async for event in events]
        completion = await events.get_final_completion()
    kinds = [event.type for event in seen]
    assert kinds.count("content.delta") > 1
    assert kinds.count("content.done") == 1
    (done,) = (event for event in seen if event.type == "content.done")
    assert done.content == completion.choices[0].message.content
    assert completion.usage.total_tokens > 0


async def test_the_streaming_helper_tells_of_tool_calls(client, model):
    request = {"model": model, "messages": ask('Use get_weather for "Rome".'), "tools": [WEATHER]}
    async with client.chat.completions.stream(**request) as events:
        seen = [event async for event in events if event.type.startswith("tool_calls")]
        (call,) = (await events.get_final_completion()).choices[0].message.tool_calls
    *deltas, done = seen
    assert "".join(event.arguments_delta for event in deltas) == done.arguments == call.function.arguments
    assert (done.name, done.index, done.parsed_arguments) == ("get_weather", 0, {"city": "Rome"})


async def test_several_answers_are_streamed_side_by_side(client):
    request = {"model": "nova-lite", "messages": ask("Tell me about rivers."), "n": 2}
    async with client.chat.completions.stream(**request) as events:
        completion = await events.get_final_completion()
    assert [choice.index for choice in completion.choices] == [0, 1]
    assert all("rivers" in choice.message.content for choice in completion.choices)


@pytest.mark.parametrize("encoding", [None, "float", "base64"])
async def test_embeddings_come_in_the_order_of_their_texts(gateway, client, encoding):
    more = {"encoding_format": encoding} if encoding else {}
    made = await client.embeddings.create(model=gateway.embedding_model, input=["owl", "river", "owl"], **more)
    assert [one.index for one in made.data] == [0, 1, 2]
    assert made.data[0].embedding == made.data[2].embedding != made.data[1].embedding
    assert made.usage.prompt_tokens == made.usage.total_tokens > 0


async def test_the_raw_answer_shows_its_headers(client, model):
    raw = await client.chat.completions.with_raw_response.create(model=model, messages=ask("Hi"))
    assert raw.status_code == 200
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-pennyworth-model"] == model
    assert raw.request_id
    assert raw.parse().choices[0].message.content


async def test_the_lines_of_a_stream_can_be_read_raw(client, model):
    asked = client.chat.completions.with_streaming_response.create(model=model, messages=ask("Hi"), stream=True)
    async with asked as raw:
        assert raw.headers["content-type"].startswith("text/event-stream")
        lines = [line async for line in raw.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert all(json.loads(line.removeprefix("data: "))["object"] == "chat.completion.chunk" for line in lines[:-1])


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("ThrottlingException", openai.RateLimitError),
        ("ServiceUnavailableException", openai.InternalServerError),
        ("ValidationException", openai.BadRequestError),
        ("AccessDeniedException", openai.PermissionDeniedError),
    ],
)
async def test_an_error_is_raised_as_its_class_with_its_request_id(gateway, client, fault, error, raised):
    fault(error=error, times=10)
    with pytest.raises(raised) as caught:
        await client.chat.completions.create(model=gateway.model, messages=ask("Hi"))
    assert caught.value.code
    assert caught.value.request_id


async def test_an_error_in_mid_stream_is_raised_where_it_is_read(gateway, client, fault):
    fault(operation="ConverseStream", after_events=3, times=1, error="ModelStreamErrorException")
    stream = await client.chat.completions.create(model=gateway.model, messages=ask("Hi"), stream=True)
    seen = []
    with pytest.raises(openai.APIError) as caught:
        seen.extend([chunk async for chunk in stream])
    assert caught.value.code == "upstream_error"


async def test_a_client_that_waits_no_longer_says_so(gateway, client, fault):
    fault(operation="Converse", delay_s=2)
    with pytest.raises(openai.APITimeoutError):
        await client.with_options(timeout=0.3).chat.completions.create(model=gateway.model, messages=ask("Hi"))


async def test_a_stream_that_is_left_leaves_the_client_usable(client):
    stream = await client.chat.completions.create(model="nova-lite", messages=ask("Count to 500."), stream=True)
    await anext(aiter(stream))
    await stream.close()
    answers = await asyncio.gather(
        *(client.chat.completions.create(model="nova-lite", messages=ask("Hi")) for _ in range(4))
    )
    assert all(answer.choices[0].message.content for answer in answers)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        ("ThrottlingException", openai.RateLimitError),
        ("ServiceUnavailableException", openai.InternalServerError),
        ("InternalServerException", openai.InternalServerError),
    ],
)
async def test_what_may_pass_is_asked_again(gateway, client, fault, calls, error, raised):
    """As often as the gateway tries by itself it fails, and once more the SDK asks."""
    fault(error=error, times=None)
    with pytest.raises(raised):
        await client.chat.completions.create(model=gateway.model, messages=ask("Hi"))
    tries = len(calls())
    async with cleared(gateway) as control:
        await control.post("/_stand_in/faults", json={"error": error, "times": tries})
        patient = client.with_options(max_retries=2)
        raw = await patient.chat.completions.with_raw_response.create(model=gateway.model, messages=ask("Hi"))
    assert raw.retries_taken == 1
    assert raw.parse().choices[0].message.content


async def test_what_will_not_pass_is_asked_once(gateway, client, calls):
    with pytest.raises(openai.BadRequestError):
        await client.with_options(max_retries=2).chat.completions.create(
            model=gateway.model, messages=ask("Hi"), frequency_penalty=1
        )
    with pytest.raises(openai.NotFoundError):
        await client.with_options(max_retries=2).chat.completions.create(model="no-such-model", messages=ask("Hi"))
    assert calls() == []


@asynccontextmanager
async def cleared(gateway):
    """The stand-in's control plane, with no fault left."""
    async with httpx.AsyncClient(base_url=gateway.bedrock_url, timeout=10, trust_env=False) as control:
        await control.delete("/_stand_in/faults")
        yield control
