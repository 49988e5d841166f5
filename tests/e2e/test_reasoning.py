"""Reasoning, asked for and sent back by the unmodified OpenAI SDK."""

import json

import openai
import pytest

TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


def ask(text):
    return [{"role": "user", "content": text}]


def answered(client, stream, **request):
    """The assistant's message as a client would send it back."""
    if not stream:
        return client.chat.completions.create(**request).choices[0].message.model_dump(exclude_none=True)
    with client.chat.completions.stream(**request) as events:
        for _ in events:
            pass
        message = events.get_final_completion().choices[0].message.model_dump(exclude_none=True, exclude={"parsed"})
    for call in message.get("tool_calls", []):
        call["function"].pop("parsed_arguments", None)
    return message


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model", "signed"), [("claude-haiku-4.5", True), ("gpt-oss-120b", False)])
def test_reasoning_is_shown_beside_the_answer(gateway, model, signed, stream):
    message = answered(gateway.openai(), stream, model=model, messages=ask("Count to 5."), reasoning_effort="low")
    assert message["content"] == "1, 2, 3, 4, 5"
    assert "reasoning is simulated" in message["reasoning_content"]
    assert ("thinking_blocks" in message) == signed


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_signed_reasoning_makes_its_round_trip_with_a_tool(gateway, fault, stream, redacted):
    if redacted:
        fault(redact_reasoning=True)
    request = {"model": "claude-haiku-4.5", "tools": [TIME], "reasoning_effort": "medium"}
    messages = ask("Use get_time.")
    message = answered(gateway.openai(), stream, messages=messages, **request)
    (block,) = message["thinking_blocks"]
    assert block["type"] == ("redacted_thinking" if redacted else "thinking")
    messages += [message, {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "noon"}]
    answer = answered(gateway.openai(), stream, messages=messages, **request)
    assert "noon" in answer["content"]
    assert "thinking_blocks" in answer


def test_reasoning_that_was_changed_is_refused(gateway):
    request = {"model": "claude-haiku-4.5", "reasoning_effort": "low"}
    message = answered(gateway.openai(), False, messages=ask("Hi"), **request)
    message["thinking_blocks"][0]["thinking"] += " Or not."
    with pytest.raises(openai.BadRequestError):
        answered(gateway.openai(), False, messages=[*ask("Hi"), message, *ask("Again")], **request)


def test_a_client_that_forgets_the_reasoning_still_gets_its_answer(gateway):
    request = {"model": "claude-haiku-4.5", "tools": [TIME], "reasoning_effort": "low"}
    messages = ask("Use get_time.")
    message = answered(gateway.openai(), False, messages=messages, **request)
    kept = {name: message[name] for name in ("role", "tool_calls")}
    messages += [kept, {"role": "tool", "tool_call_id": kept["tool_calls"][0]["id"], "content": "noon"}]
    assert "noon" in answered(gateway.openai(), False, messages=messages, **request)["content"]


ALWAYS = ["claude-opus-5.5", "claude-sonnet-5.5", "claude-opus-5", "claude-sonnet-5"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ALWAYS)
def test_a_model_that_always_thinks_shows_it_when_asked_for_an_effort(gateway, model, stream):
    asked = {"model": model, "messages": ask("Count to 5."), "reasoning_effort": "max", "temperature": 1, "top_p": 1}
    message = answered(gateway.openai(), stream, **asked)
    assert message["content"] == "1, 2, 3, 4, 5"
    assert "reasoning is simulated" in message["reasoning_content"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_always_thinks_is_given_its_thoughts_back_unasked(gateway, stream):
    client = gateway.openai()
    request = {"model": "claude-sonnet-5.5", "tools": [TIME]}
    asked = ask("What is the time? Use get_time.")
    message = answered(client, stream, messages=asked, **request)
    assert "reasoning_content" not in message
    assert message["thinking_blocks"][0]["signature"]
    (call,) = message["tool_calls"]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "noon"}
    assert "noon" in answered(client, stream, messages=[*asked, message, result], **request)["content"]
    for block in message["thinking_blocks"]:
        block["signature"] = "Zm9yZ2Vk"
    with pytest.raises(openai.BadRequestError):
        answered(client, stream, messages=[*asked, message, result], **request)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("effort", [{}, {"reasoning_effort": "low"}])
@pytest.mark.parametrize("model", ALWAYS)
def test_a_model_that_always_thinks_answers_in_json(gateway, model, effort, stream):
    properties = {"colour": {"type": "string"}, "stars": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": ["colour", "stars"]}
    form = {"type": "json_schema", "json_schema": {"name": "sky", "schema": schema}}
    message = answered(
        gateway.openai(), stream, model=model, messages=ask("Describe the sky."), response_format=form, **effort
    )
    answer = json.loads(message["content"])
    assert (type(answer["colour"]), type(answer["stars"])) == (str, int)


def test_nova_2_thinks_as_hard_as_it_is_told(gateway):
    asked = {"model": "nova-2-lite", "messages": ask("Count to 5.")}
    client = gateway.openai()
    assert answered(client, False, **asked)["content"] == "1, 2, 3, 4, 5"
    assert answered(client, True, **asked, reasoning_effort="high")["reasoning_content"] == "[REDACTED]"
