"""Answers in JSON, asked for by the unmodified OpenAI SDK."""

import json

import pytest
from pydantic import BaseModel, Field


class Event(BaseModel):
    name: str
    participants: list[str]
    day: str | None = None


class Rated(BaseModel):
    rating: int = Field(ge=1, le=5)


def ask(text):
    return [{"role": "user", "content": text}]


MODELS = ["claude-haiku-4.5", "nova-lite", "gpt-oss-120b"]  # enforced, by a tool, enforced without tool choice


@pytest.mark.parametrize("model", MODELS)
def test_an_answer_is_parsed_into_its_class(gateway, model):
    completion = gateway.openai().chat.completions.parse(
        model=model, messages=ask('The event name is "Fair", participants "Ann" and "Bob".'), response_format=Event
    )
    choice = completion.choices[0]
    assert isinstance(choice.message.parsed, Event)
    assert choice.message.parsed.name == "Fair"
    assert (choice.finish_reason, choice.message.tool_calls) == ("stop", None)


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_answer_is_parsed_too(gateway, model):
    request = {"model": model, "messages": ask('The event name is "Fair".'), "response_format": Event}
    with gateway.openai().chat.completions.stream(**request) as events:
        deltas = [event.delta for event in events if event.type == "content.delta"]
        completion = events.get_final_completion()
    assert completion.choices[0].message.parsed.name == "Fair"
    assert len(deltas) > 1
    assert completion.choices[0].finish_reason == "stop"


def test_a_schema_that_bedrock_does_not_enforce_is_asked_for_by_tool(gateway):
    completion = gateway.openai().chat.completions.parse(
        model="claude-haiku-4.5", messages=ask("The rating is 4."), response_format=Rated
    )
    assert completion.choices[0].message.parsed == Rated(rating=4)


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "nova-lite"])
@pytest.mark.parametrize("stream", [False, True])
def test_json_mode_answers_with_an_object(gateway, model, stream):
    answer = gateway.openai().chat.completions.create(
        model=model, messages=ask("Answer in JSON."), response_format={"type": "json_object"}, stream=stream
    )
    text = (
        "".join(chunk.choices[0].delta.content or "" for chunk in answer)
        if stream
        else answer.choices[0].message.content
    )
    assert isinstance(json.loads(text), dict)


def test_a_strict_tool_is_called_with_what_fits(gateway):
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"type": "function", "function": {"name": "get_weather", "strict": True, "parameters": parameters}}
    completion = gateway.openai().chat.completions.create(
        model="claude-haiku-4.5", messages=ask('Use get_weather for "Rome".'), tools=[tool]
    )
    (call,) = completion.choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Rome"}
