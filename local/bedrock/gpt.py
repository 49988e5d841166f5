"""OpenAI's chat completions, as Bedrock serves its OpenAI models at /openai/v1/chat/completions.

Sources: Amazon Bedrock user guide, Chat Completions API; the fields it knows and its words for others, from
https://github.com/BerriAI/litellm/issues/13959 and https://github.com/brainlid/langchain/pull/356 (read 2026-11).
What a model thinks is in `reasoning_content`: no published source shows the field that Bedrock itself uses.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.errors import AwsError, invalid, refused_by_model
from local.bedrock.replies import Reply, arguments_text, json_deltas, text_deltas

FIELDS = (
    *("messages", "model", "store", "reasoning_effort", "metadata", "frequency_penalty", "logit_bias", "logprobs"),
    *("top_logprobs", "max_tokens", "max_completion_tokens", "n", "modalities", "prediction", "audio"),
    *("presence_penalty", "response_format", "seed", "service_tier", "stop", "stream", "stream_options", "temperature"),
    *("top_p", "tools", "tool_choice", "parallel_tool_calls", "user", "function_call", "functions"),
)
REFUSED = ("frequency_penalty", "presence_penalty", "logit_bias", "audio", "functions", "function_call")
UNSIMULATED = ("logprobs", "top_logprobs")
FINISH_REASONS = {"max_tokens": "length", "tool_use": "tool_calls", "guardrail_intervened": "content_filter"}
CREATED = 1764547200


def checked(body: Any) -> dict[str, Any]:
    """The body, its nulls left out; ValidationException for a field that the model's API lacks."""
    if not isinstance(body, dict):
        raise unreadable("invalid type: expected struct CreateChatCompletionRequest")
    for name in body:
        if name not in FIELDS:
            raise unreadable(f"{name}: unknown field `{name}`, expected one of `{'`, `'.join(FIELDS)}`")
    given = {name: value for name, value in body.items() if value is not None}
    for name in ("messages", "model"):
        if name not in given:
            raise unreadable(f"missing field `{name}`")
    if not isinstance(given["model"], str):
        raise unreadable("model: invalid type, expected a string")
    for name in REFUSED:
        if name in given:
            raise invalid(f"The '{name}' parameter is not supported")
    for name in UNSIMULATED:
        if given.get(name):
            raise invalid(f"This stand-in does not simulate '{name}'.")
    if given.get("n", 1) != 1 or given.get("modalities", ["text"]) != ["text"]:
        raise invalid("This stand-in simulates one text answer.")
    if not isinstance(given.get("stream_options") or {}, dict):
        raise unreadable("stream_options: invalid type, expected a map")
    if "stream_options" in given and not given.get("stream"):
        raise invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
    return given


def unreadable(why: str) -> AwsError:
    return refused_by_model(f"Failed to deserialize the JSON body into the target type: {why}")


def to_converse(body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The body in Converse's form, and whether tool calls are forbidden."""
    try:
        return translated(body), body.get("tool_choice") == "none"
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise unreadable(f"messages: {type(error).__name__}: {error}") from error


def translated(body: dict[str, Any]) -> dict[str, Any]:
    converse: dict[str, Any] = {"messages": merged([one for said in body["messages"] for one in turn(said)])}
    system = [{"text": text(said["content"])} for said in body["messages"] if said["role"] in ("system", "developer")]
    stops = body.get("stop", [])
    limits = {
        "maxTokens": body.get("max_completion_tokens", body.get("max_tokens")),
        "temperature": body.get("temperature"),
        "topP": body.get("top_p"),
        "stopSequences": [stops] if isinstance(stops, str) else stops or None,
    }
    converse["inferenceConfig"] = {name: value for name, value in limits.items() if value is not None}
    if system:
        converse["system"] = system
    if body.get("tools"):
        converse["toolConfig"] = {"tools": list(map(tool, body["tools"])), **choice(body.get("tool_choice", "auto"))}
    if "reasoning_effort" in body:
        converse["additionalModelRequestFields"] = {"reasoning_effort": body["reasoning_effort"]}
    if body.get("response_format", {}).get("type") == "json_schema":
        schema = {"schema": json.dumps(body["response_format"]["json_schema"]["schema"])}
        converse["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    if body.get("service_tier", "auto") != "auto":
        converse["serviceTier"] = {"type": body["service_tier"]}
    return converse


def turn(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    match said["role"]:
        case "user":
            yield {"role": "user", "content": [{"text": text(said["content"])}]}
        case "assistant":
            words = [{"text": text(said["content"])}] if said.get("content") else []
            yield {"role": "assistant", "content": [*words, *map(use, said.get("tool_calls") or [])]}
        case "tool":
            result = {"toolUseId": said["tool_call_id"], "content": [{"text": text(said["content"])}]}
            yield {"role": "user", "content": [{"toolResult": result}]}
        case "system" | "developer":
            return
        case other:
            raise ValueError(f"unknown variant `{other}`")


def text(content: str | list[dict[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    for part in content:
        if part["type"] != "text":
            raise ValueError(f"unknown variant `{part['type']}`, expected `text`")
    return "\n".join(part["text"] for part in content)


def use(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = json.loads(function["arguments"] or "{}")
    return {"toolUse": {"toolUseId": call["id"], "name": function["name"], "input": arguments}}


def merged(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one role are one message: OpenAI's API takes what Converse refuses."""
    joined: list[dict[str, Any]] = []
    for one in turns:
        if joined and joined[-1]["role"] == one["role"]:
            joined[-1]["content"] += one["content"]
        else:
            joined.append(one)
    return joined


def tool(one: dict[str, Any]) -> dict[str, Any]:
    function = one["function"]
    spec = {"name": function["name"], "inputSchema": {"json": function.get("parameters", {"type": "object"})}}
    spec |= {name: function[name] for name in ("description", "strict") if function.get(name)}
    return {"toolSpec": spec}


def choice(asked: str | dict[str, Any]) -> dict[str, Any]:
    if isinstance(asked, dict):
        return {"toolChoice": {"tool": {"name": asked["function"]["name"]}}}
    return {"toolChoice": {"any": {}}} if asked == "required" else {}


def whole(chat: Chat, reply: Reply, asked: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's chat completion."""
    said = [block["text"] for block in reply.blocks if "text" in block]
    calls = [call(block["toolUse"]) for block in reply.blocks if "toolUse" in block]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(said) if said else None, "refusal": None}
    message |= {"reasoning_content": "".join(thoughts(reply))} if list(thoughts(reply)) else {}
    message |= {"tool_calls": calls} if calls else {}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reply)}
    tier = {"service_tier": asked.get("service_tier", "default")}
    return {**envelope(chat, reply, "chat.completion"), "choices": [choice], "usage": usage(reply), **tier}


def events(chat: Chat, reply: Reply, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The chunks of a stream; the usage in one of its own, to who asked for it."""
    head = envelope(chat, reply, "chat.completion.chunk")
    for delta in deltas(reply):
        yield {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": finish_reason(reply)}
    yield {**head, "choices": [last]}
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage(reply)}


def deltas(reply: Reply) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    calls = 0
    for index, block in enumerate(reply.blocks):
        if "text" in block:
            yield from ({"content": piece} for piece in text_deltas(reply, index))
        elif "toolUse" in block:
            opening = call(block["toolUse"]) | {"index": calls}
            opening["function"] = {**opening["function"], "arguments": ""}
            yield {"tool_calls": [opening]}
            for piece in filter(None, json_deltas(block["toolUse"]["input"])):
                yield {"tool_calls": [{"index": calls, "function": {"arguments": piece}}]}
            calls += 1
        else:
            yield {"reasoning_content": block["reasoningContent"]["reasoningText"]["text"]}


def thoughts(reply: Reply) -> Iterator[str]:
    return (block["reasoningContent"]["reasoningText"]["text"] for block in reply.blocks if "reasoningContent" in block)


def call(use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": use["name"], "arguments": arguments_text(use["input"]) or "{}"}
    return {"id": use["toolUseId"], "type": "function", "function": function}


def envelope(chat: Chat, reply: Reply, kind: str) -> dict[str, Any]:
    digest = hashlib.sha256(str([chat.prompt, reply.blocks]).encode()).hexdigest()[:32]
    return {"id": f"chatcmpl-{digest}", "object": kind, "created": CREATED, "model": chat.model.id}


def finish_reason(reply: Reply) -> str:
    return FINISH_REASONS.get(reply.stop_reason, "stop")


def usage(reply: Reply) -> dict[str, int]:
    read = reply.usage.input + reply.usage.read + reply.usage.written
    return {
        "prompt_tokens": read,
        "completion_tokens": reply.usage.output,
        "total_tokens": read + reply.usage.output,
    }
