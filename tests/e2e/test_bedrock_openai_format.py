"""Models that Bedrock serves in OpenAI's format, by the unmodified OpenAI SDK."""

import json

import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

MODEL, ID = "gpt-oss-120b", "openai.gpt-oss-120b-1:0"
ASK = [{"role": "user", "content": "Say hello to the stand-in"}]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "The weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.fixture
def client(gateway):
    return gateway.openai()


def test_a_chat_is_asked_there_as_the_user_and_comes_back_unchanged(client, calls):
    raw = client.chat.completions.with_raw_response.create(model=MODEL, messages=ASK, seed=7)
    answer = raw.parse()
    ChatCompletion.model_validate(json.loads(raw.content), strict=True)
    assert (answer.model, answer.service_tier, answer.choices[0].finish_reason) == (ID, "default", "stop")
    assert answer.choices[0].message.model_extra["reasoning_content"]
    assert raw.headers["x-pennyworth-model"] == MODEL
    (call,) = calls()
    assert (call["operation"], call["model_id"], call["status"]) == ("ChatCompletions", ID, 200)
    assert ":assumed-role/pennyworth-local-group-developers/developer@example.com" in call["principal_arn"]
    assert answer.usage.completion_tokens == call["usage"]["outputTokens"]


def test_a_stream_glued_is_the_whole_answer(client):
    whole = client.chat.completions.create(model=MODEL, messages=ASK).choices[0].message
    chunks = list(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk.model_dump(), strict=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.content
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)  # nobody asked for it


def test_a_stream_tells_its_usage_to_who_asks(client):
    usage = {"include_usage": True}
    *_, last = client.chat.completions.create(model=MODEL, messages=ASK, stream=True, stream_options=usage)
    assert (last.choices, last.usage.completion_tokens > 0) == ([], True)


def test_tools_are_called_and_their_results_are_read(client):
    ask = [{"role": "user", "content": "What is the weather in Paris?"}]
    message = client.chat.completions.create(model=MODEL, messages=ask, tools=TOOLS).choices[0].message
    (call,) = message.tool_calls
    assert call.function.name == "get_weather"
    assert "city" in json.loads(call.function.arguments)
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    again = [*ask, message.model_dump(exclude_none=True, include={"role", "tool_calls"}), result]
    answer = client.chat.completions.create(model=MODEL, messages=again, tools=TOOLS)
    assert "sunny" in answer.choices[0].message.content


def test_streamed_tool_calls_are_numbered_from_0(client):
    ask = [{"role": "user", "content": "What is the weather in Paris?"}]
    with client.chat.completions.stream(model=MODEL, messages=ask, tools=TOOLS) as stream:
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert "city" in json.loads(final.message.tool_calls[0].function.arguments)


def test_a_schema_is_kept(client):
    class Person(BaseModel):
        name: str
        age: int

    ask = [{"role": "user", "content": "Ada is 36 years old."}]
    assert client.chat.completions.parse(model=MODEL, messages=ask, response_format=Person).choices[0].message.parsed


@pytest.mark.parametrize("streamed", [False, True])
def test_the_older_api_goes_by_the_chat(client, streamed):
    answer = client.completions.create(model=MODEL, prompt="Say hello", max_tokens=200, stream=streamed)
    text = "".join(piece.choices[0].text for piece in answer) if streamed else answer.choices[0].text
    assert text


def test_what_is_wrong_with_a_request_is_said_in_the_models_own_words(client, calls):
    with pytest.raises(openai.BadRequestError, match=r"'frequency_penalty' parameter is not supported") as raised:
        client.chat.completions.create(model=MODEL, messages=ASK, frequency_penalty=0.5)
    assert raised.value.code == "validation_error"
    with pytest.raises(openai.BadRequestError, match="unknown field `top_k`"):
        client.chat.completions.create(model=MODEL, messages=ASK, extra_body={"top_k": 3}, stream=True)
    assert [call["status"] for call in calls()] == [400, 400]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ThrottlingException", openai.RateLimitError),
        ("AccessDeniedException", openai.PermissionDeniedError),
        ("ModelTimeoutException", openai.APIStatusError),
        ("ServiceUnavailableException", openai.InternalServerError),
    ],
)
def test_a_failure_before_the_first_byte_is_a_status(client, fault, streamed, error, expected):
    fault(operation="ChatCompletions", error=error, message="AWS's own words", times=9)
    with pytest.raises(expected) as raised:
        client.chat.completions.create(model=MODEL, messages=ASK, stream=streamed)
    assert "AWS's own" not in str(raised.value)


def test_an_error_as_first_event_is_a_status_too(client, fault):
    fault(operation="ChatCompletions", error="ModelStreamErrorException", after_events=0)
    with pytest.raises(openai.APIStatusError) as raised:
        client.chat.completions.create(model=MODEL, messages=ASK, stream=True)
    assert raised.value.status_code >= 400


@pytest.mark.parametrize("error", ["ModelStreamErrorException", "cut"])
def test_a_stream_that_breaks_is_an_error_and_no_clean_end(client, fault, error):
    fault(operation="ChatCompletions", error=error, after_events=3)
    chunks = []
    with pytest.raises(openai.APIError):
        chunks.extend(client.chat.completions.create(model=MODEL, messages=ASK, stream=True))
    assert all(chunk.choices[0].finish_reason is None for chunk in chunks)


def test_a_model_in_its_format_does_not_embed(client):
    with pytest.raises(openai.BadRequestError, match="is a model for chats"):
        client.embeddings.create(model=MODEL, input="Hi")
