"""InvokeModel with the bodies of Anthropic's and Amazon's chat models, whole and streamed."""

import base64
import json
from typing import Any

import pytest

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
VERSION = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 500}
WEATHER = {
    "name": "get_weather",
    "description": "Weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
PING = {"name": "ping", "input_schema": {"type": "object"}}


def claude(prompt: Any, **more: Any) -> dict[str, Any]:
    return {**VERSION, "messages": [{"role": "user", "content": prompt}], **more}


def nova(prompt: str, **more: Any) -> dict[str, Any]:
    return {"schemaVersion": "messages-v1", "messages": [{"role": "user", "content": [{"text": prompt}]}], **more}


def invoke(bedrock: Any, model: str, body: Any) -> dict[str, Any]:
    return json.loads(bedrock.runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def chunks(bedrock: Any, model: str, body: Any) -> list[dict[str, Any]]:
    stream = bedrock.runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    assert stream["contentType"] == "application/json"
    return [json.loads(event["chunk"]["bytes"]) for event in stream["body"]]


def glued(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The Messages API's events put together to its message."""
    message = events[0]["message"]
    for event in events[1:]:
        if event["type"] == "content_block_start":
            message["content"].append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            kind = delta.pop("type")
            if kind == "input_json_delta":
                block["json"] = block.get("json", "") + delta["partial_json"]
            else:
                ((name, text),) = delta.items()
                block[name] += text
        elif event["type"] == "content_block_stop" and "json" in message["content"][event["index"]]:
            block = message["content"][event["index"]]
            block["input"] = json.loads(block.pop("json") or "{}")
        elif event["type"] == "message_delta":
            message |= event["delta"]
            message["usage"] |= event["usage"]
    return message


CLAUDE_BODIES: dict[str, dict[str, Any]] = {
    "plain": claude("Describe a tree"),
    "blocks": claude([{"type": "text", "text": "Count to 40"}], system="Be brief"),
    "cut": claude("Count to 40", max_tokens=9),
    "stopped": claude("Count to 40", stop_sequences=["7"]),
    "tool": claude("Weather in Oslo?", tools=[WEATHER, PING]),
    "two tools": claude("get_weather in Oslo and ping", tools=[WEATHER, PING]),
    "thinking": claude("Why?", thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=2000),
    "image": claude(
        [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            {"type": "text", "text": "What is it?", "cache_control": {"type": "ephemeral"}},
        ]
    ),
}


@pytest.mark.parametrize("name", CLAUDE_BODIES)
def test_the_glued_stream_of_claude_is_its_message(bedrock: Any, name: str) -> None:
    whole = invoke(bedrock, CLAUDE, CLAUDE_BODIES[name])
    events = chunks(bedrock, CLAUDE, CLAUDE_BODIES[name])
    metrics = events[-1].pop("amazon-bedrock-invocationMetrics")
    assert glued(events) == whole
    assert metrics["outputTokenCount"] == whole["usage"]["output_tokens"]
    assert [events[0]["type"], events[-1]["type"]] == ["message_start", "message_stop"]


def test_claude_says_why_it_stopped(bedrock: Any) -> None:
    reasons = {name: invoke(bedrock, CLAUDE, body)["stop_reason"] for name, body in CLAUDE_BODIES.items()}
    assert reasons == {
        "plain": "end_turn",
        "blocks": "end_turn",
        "cut": "max_tokens",
        "stopped": "stop_sequence",
        "tool": "tool_use",
        "two tools": "tool_use",
        "thinking": "end_turn",
        "image": "end_turn",
    }
    assert invoke(bedrock, CLAUDE, CLAUDE_BODIES["stopped"])["stop_sequence"] == "7"


def test_claude_takes_the_result_of_its_call(bedrock: Any) -> None:
    body = claude("Weather in Oslo?", tools=[WEATHER])
    answer = invoke(bedrock, CLAUDE, body)
    (use,) = answer["content"]
    assert use["input"] == {"city": "Oslo"}
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "snow", "is_error": False}
    body["messages"] += [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": [result]}]
    assert "get_weather returned: snow" in invoke(bedrock, CLAUDE, body)["content"][0]["text"]


def test_claude_obeys_its_tool_choice(bedrock: Any) -> None:
    def kinds(prompt: str, choice: dict[str, Any]) -> list[str]:
        body = claude(prompt, tools=[WEATHER, PING], tool_choice=choice)
        return [block.get("name", block["type"]) for block in invoke(bedrock, CLAUDE, body)["content"]]

    assert kinds("Weather in Oslo?", {"type": "none"}) == ["text"]
    assert kinds("A story", {"type": "tool", "name": "ping"}) == ["ping"]
    assert kinds("A story", {"type": "any"}) == ["get_weather"]
    assert kinds("get_weather, ping", {"type": "auto", "disable_parallel_tool_use": True}) == ["get_weather"]


def test_claude_joins_neighbours_of_one_role(bedrock: Any) -> None:
    body = claude("Count to")
    body["messages"].append({"role": "user", "content": "Say 'joined'"})
    assert invoke(bedrock, CLAUDE, body)["stop_reason"] == "end_turn"


def test_claude_fills_a_schema(bedrock: Any) -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    body = claude("It is 12", output_config={"format": {"type": "json_schema", "schema": schema}})
    assert json.loads(invoke(bedrock, CLAUDE, body)["content"][0]["text"]) == {"n": 12}


NOVA_TOOLS = {
    "tools": [{"toolSpec": {"name": "ping", "description": "Pings", "inputSchema": {"json": {"type": "object"}}}}]
}


@pytest.mark.parametrize(
    "body",
    [
        nova("Describe a tree", system=[{"text": "Be brief"}]),
        nova("Count to 40", inferenceConfig={"max_new_tokens": 9, "topK": 20}),
        nova("Count to 40", inferenceConfig={"maxTokens": 99, "stopSequences": ["7"]}),
        nova("ping", toolConfig=NOVA_TOOLS),
    ],
)
def test_the_glued_stream_of_nova_is_its_reply(bedrock: Any, body: dict[str, Any]) -> None:
    whole = invoke(bedrock, NOVA, body)
    events = chunks(bedrock, NOVA, body)
    text = "".join(event.get("contentBlockDelta", {}).get("delta", {}).get("text", "") for event in events)
    assert text == "".join(block.get("text", "") for block in whole["output"]["message"]["content"])
    assert [event["messageStop"]["stopReason"] for event in events if "messageStop" in event] == [whole["stopReason"]]
    assert events[-1]["metadata"]["usage"] == whole["usage"]
    assert events[-1]["amazon-bedrock-invocationMetrics"]["inputTokenCount"] == whole["usage"]["inputTokens"]


REFUSALS: dict[str, tuple[str, Any, str]] = {
    "no version": (CLAUDE, {"max_tokens": 1, "messages": []}, "anthropic_version: Field required"),
    "no limit": (CLAUDE, {"anthropic_version": "bedrock-2023-05-31", "messages": []}, "max_tokens: Field required"),
    "another version": (CLAUDE, claude("a", anthropic_version="2023-06-01"), "Input should be 'bedrock-2023-05-31'"),
    "a model inside": (CLAUDE, claude("a", model="x"), "model: Extra inputs are not permitted"),
    "streaming inside": (CLAUDE, claude("a", stream=True), "stream: Extra inputs are not permitted"),
    "odd block": (CLAUDE, claude([{"type": "song"}]), "song is not an expected content block"),
    "odd messages": (CLAUDE, {**VERSION, "messages": "Hi"}, "messages"),
    "hot": (CLAUDE, claude("a", temperature=1.5), "less than or equal to 1"),
    "empty": (CLAUDE, claude(""), "blank"),
    "too many tokens": (CLAUDE, claude("a", max_tokens=64001), "exceeds the model limit of 64000"),
    "choice without tools": (CLAUDE, claude("a", tool_choice={"type": "any"}), "length greater than or equal to 1"),
    "list": (CLAUDE, [], "valid dictionary"),
    "no messages, for Nova": (NOVA, {}, "required key [messages] not found"),
    "odd key, for Nova": (NOVA, nova("a", max_tokens=1), "extraneous key [max_tokens] is not permitted"),
    "odd parameter, for Nova": (NOVA, nova("a", inferenceConfig={"k": 1}), "extraneous key [k] is not permitted"),
    "odd version, for Nova": (NOVA, nova("a", schemaVersion="v2"), "expected messages-v1"),
    "list, for Nova": (NOVA, [], "expected type: JSONObject"),
    "plain id": ("anthropic.claude-haiku-4-5-20251001-v1:0", claude("a"), "on-demand throughput"),
    "unknown body": ("openai.gpt-oss-120b-1:0", {}, "use Converse"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bodies_that_the_model_refuses_are_refused(bedrock: Any, name: str) -> None:
    model, body, words = REFUSALS[name]
    for operation in (bedrock.runtime.invoke_model, bedrock.runtime.invoke_model_with_response_stream):
        with pytest.raises(bedrock.runtime.exceptions.ValidationException) as caught:
            operation(modelId=model, body=json.dumps(body))
        assert words in caught.value.response["Error"]["Message"]


def test_a_body_that_is_no_json_is_malformed(bedrock: Any) -> None:
    for model in (CLAUDE, NOVA, "amazon.titan-embed-text-v2:0"):
        with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="Malformed input request"):
            bedrock.runtime.invoke_model(modelId=model, body=b"{")


def test_headers_are_heeded(bedrock: Any) -> None:
    body = json.dumps(claude('Say "ask ada@example.com"'))
    guard = {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "1"}
    metadata = json.dumps({"user": "ada"})
    reply = bedrock.runtime.invoke_model(modelId=CLAUDE, body=body, requestMetadata=metadata, **guard)
    content = json.loads(reply["body"].read())
    assert content["content"] == [{"type": "text", "text": "ask {EMAIL}"}]
    assert content["amazon-bedrock-guardrailAction"] == "INTERVENED"
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(content["usage"]["input_tokens"])
    assert bedrock.calls()[-1]["request_metadata"] == {"user": "ada"}
    for wrong in ({"requestMetadata": "{"}, {"requestMetadata": '{"a": "b;"}'}, {"accept": "text/plain"}):
        with pytest.raises(bedrock.runtime.exceptions.ValidationException):
            bedrock.runtime.invoke_model(modelId=CLAUDE, body=body, **wrong)


def test_a_stream_of_chunks_breaks_on_request(bedrock: Any) -> None:
    bedrock.fault(error="ModelTimeoutException", after_events=2)
    seen = []
    stream = bedrock.runtime.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(claude("a")))
    try:
        with pytest.raises(Exception, match="modelTimeoutException"):
            seen.extend(stream["body"])
    finally:
        stream["body"].close()
    bedrock.fault(error="ModelTimeoutException", after_events=2)
    assert bedrock.runtime.converse(modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "a"}]}])


def test_claude_counts_tokens_by_its_plain_id_only(bedrock: Any) -> None:
    plain = "anthropic.claude-haiku-4-5-20251001-v1:0"
    messages = [{"role": "user", "content": [{"text": "How many tokens are these?"}]}]
    counted = bedrock.runtime.count_tokens(modelId=plain, input={"converse": {"messages": messages}})["inputTokens"]
    assert counted == bedrock.runtime.converse(modelId=CLAUDE, messages=messages)["usage"]["inputTokens"]
    native = {"invokeModel": {"body": json.dumps(claude("How many tokens are these?"))}}
    assert bedrock.runtime.count_tokens(modelId=plain, input=native)["inputTokens"] == counted
    for model in (CLAUDE, NOVA):
        with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="doesn't support counting tokens"):
            bedrock.runtime.count_tokens(modelId=model, input={"converse": {"messages": messages}})
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="must start with a user message"):
        bedrock.runtime.count_tokens(modelId=plain, input={"converse": {"messages": []}})
