"""The parameters of a chat, sent by the unmodified OpenAI SDK."""

import openai
import pytest

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_time", "get_weather")
]


def ask(text):
    return [{"role": "user", "content": text}]


def test_metadata_and_hints_reach_bedrocks_log(gateway, calls):
    gateway.openai().chat.completions.create(
        model="nova-lite",
        messages=ask("Hi"),
        metadata={"team": "blue"},
        user="ada@example.com",
        safety_identifier="s-1",
        store=True,
        prediction={"type": "content", "content": "Hello"},
    )
    (call,) = calls()
    assert call["request_metadata"] == {"team": "blue", "user": "ada@example.com", "safety_identifier": "s-1"}


@pytest.mark.parametrize("asked", ["flex", "priority"])
def test_a_service_tier_is_asked_for_and_told(gateway, asked):
    client, request = gateway.openai(), {"model": "nova-pro", "messages": ask("Hi"), "service_tier": asked}
    assert client.chat.completions.create(**request).service_tier == asked
    *_, last = client.chat.completions.create(**request, stream=True, stream_options={"include_usage": True})
    assert last.service_tier == asked


def test_several_choices_are_several_answers(gateway, calls):
    client, request = gateway.openai(), {"model": "nova-lite", "messages": ask('Say exactly: "one two three"')}
    one = client.chat.completions.create(**request)
    completion = client.chat.completions.create(**request, n=3)
    assert [choice.index for choice in completion.choices] == [0, 1, 2]
    assert {choice.message.content for choice in completion.choices} == {"one two three"}
    assert completion.usage.total_tokens == 3 * one.usage.total_tokens
    assert len(calls()) == 4


def test_several_streamed_choices_keep_to_their_indexes(gateway):
    request = {"model": "nova-lite", "messages": ask('Use get_time. Say exactly: "one two three"'), "tools": TOOLS}
    with gateway.openai().chat.completions.stream(**request, n=2, stream_options={"include_usage": True}) as events:
        for _ in events:
            pass
        completion = events.get_final_completion()
    first, second = completion.choices
    assert first.message.tool_calls[0].function == second.message.tool_calls[0].function
    assert (first.index, second.index, first.finish_reason) == (0, 1, "tool_calls")
    assert completion.usage.completion_tokens > 0


def test_of_several_choices_one_refusal_is_the_answer(gateway, fault):
    fault(error="ThrottlingException", times=9)
    with pytest.raises(openai.RateLimitError):
        gateway.openai().chat.completions.create(model="nova-lite", messages=ask("Hi"), n=2, stream=True)


@pytest.mark.parametrize("model", ["claude-haiku-4.5", "nova-lite"])
@pytest.mark.parametrize("choice", ["auto", "required"])
def test_one_tool_is_called_at_a_time(gateway, model, choice):
    request = {"model": model, "messages": ask("Call get_time and get_weather."), "tools": TOOLS}
    request |= {"tool_choice": choice, "parallel_tool_calls": False}
    whole = gateway.openai().chat.completions.create(**request).choices[0]
    with gateway.openai().chat.completions.stream(**request) as events:
        for _ in events:
            pass
        glued = events.get_final_completion().choices[0]
    for answer in (whole, glued):
        assert [call.function.name for call in answer.message.tool_calls] == ["get_time"]
        assert answer.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("parameter", "value"), [("seed", 1), ("logprobs", True), ("presence_penalty", 0.5), ("logit_bias", {"1": 1})]
)
def test_what_no_model_here_knows_is_refused_by_name(gateway, parameter, value):
    with pytest.raises(openai.BadRequestError) as raised:
        gateway.openai().chat.completions.create(model="nova-lite", messages=ask("Hi"), **{parameter: value})
    assert (raised.value.param, raised.value.code) == (parameter, "unsupported_parameter")
    assert "Leave it out" in raised.value.message
