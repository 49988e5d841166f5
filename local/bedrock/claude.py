"""InvokeModel's body for Anthropic models: the Messages API, with `anthropic_version`."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.converse import encodable
from local.bedrock.errors import invalid
from local.bedrock.replies import Reply, json_deltas, text_deltas

VERSION = "bedrock-2023-05-31"
NEEDED = ("anthropic_version", "max_tokens", "messages")
ALLOWED = {
    *NEEDED, "system", "temperature", "top_p", "top_k", "stop_sequences", "tools", "tool_choice", "thinking",
    "anthropic_beta", "metadata", "output_config",
}  # fmt: skip
RENAMED = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens", "stop_sequences": "stopSequences"}
STOP_REASONS = {"model_context_window_exceeded": "model_context_window_exceeded", "content_filtered": "refusal"}


def to_converse(body: Any) -> tuple[dict[str, Any], bool]:
    """The body in Converse's form (blobs in base64), and whether tool calls are forbidden."""
    check_fields(body)
    try:
        return translated(body), (body.get("tool_choice") or {}).get("type") == "none"
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise invalid(
            f"messages: Input should be a valid Messages request ({type(error).__name__}: {error})"
        ) from error


def check_fields(body: Any) -> None:
    if not isinstance(body, dict):
        raise invalid("Input should be a valid dictionary")
    for name in NEEDED:
        if name not in body:
            raise invalid(f"{name}: Field required")
    for name in body:
        if name not in ALLOWED:
            raise invalid(f"{name}: Extra inputs are not permitted")
    if body["anthropic_version"] != VERSION:
        raise invalid(f"anthropic_version: Input should be '{VERSION}'")


def translated(body: dict[str, Any]) -> dict[str, Any]:
    converse: dict[str, Any] = {"messages": merged([message(one) for one in body["messages"]])}
    converse["inferenceConfig"] = {new: body[old] for old, new in RENAMED.items() if old in body}
    if body.get("system"):
        converse["system"] = list(content(body["system"]))
    if body.get("tools"):
        converse["toolConfig"] = {"tools": [part for one in body["tools"] for part in tool(one)]}
    choice = body.get("tool_choice") or {}
    if choice.get("type") in ("any", "tool"):
        named = {"name": choice["name"]} if choice["type"] == "tool" else {}
        converse["toolConfig"] = {**converse.get("toolConfig", {"tools": []}), "toolChoice": {choice["type"]: named}}
    extra = {name: body[name] for name in ("thinking", "top_k", "anthropic_beta") if name in body}
    if choice.get("disable_parallel_tool_use") and choice["type"] != "none":
        said_there = ("type", "name") if "toolChoice" in converse.get("toolConfig", {}) else ()
        extra["tool_choice"] = {name: value for name, value in choice.items() if name not in said_there}
    if extra:
        converse["additionalModelRequestFields"] = extra
    if "output_config" in body:
        converse["outputConfig"] = output_config(body["output_config"])
    return converse


def output_config(config: dict[str, Any]) -> dict[str, Any]:
    schema = {"jsonSchema": {"schema": json.dumps(config["format"]["schema"])}}
    return {"textFormat": {"type": config["format"]["type"], "structure": schema}}


def message(one: dict[str, Any]) -> dict[str, Any]:
    return {"role": one["role"], "content": list(content(one["content"]))}


def merged(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one role are one message: Anthropic's API joins what Converse refuses."""
    joined: list[dict[str, Any]] = []
    for one in messages:
        if joined and joined[-1]["role"] == one["role"]:
            joined[-1]["content"] += one["content"]
        else:
            joined.append(one)
    return joined


def content(value: str | list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    if isinstance(value, str):
        yield {"text": value}
        return
    for block in value:
        yield converted(block)
        yield from cache_point(block)


def cache_point(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    control = block.get("cache_control")
    if control:
        yield {"cachePoint": {"type": "default", **({"ttl": control["ttl"]} if "ttl" in control else {})}}


def converted(block: dict[str, Any]) -> dict[str, Any]:
    match block["type"]:
        case "text":
            return {"text": block["text"]}
        case "image":
            source = block["source"]
            return {"image": {"format": source["media_type"].partition("/")[2], "source": {"bytes": source["data"]}}}
        case "document":
            return document(block)
        case "tool_use":
            return {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}
        case "tool_result":
            status = {"status": "error"} if block.get("is_error") else {}
            inner = list(content(block.get("content") or []))
            return {"toolResult": {"toolUseId": block["tool_use_id"], "content": inner, **status}}
        case "thinking":
            shown = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": shown}}
        case "redacted_thinking":
            return {"reasoningContent": {"redactedContent": block["data"]}}
    raise ValueError(f"{block['type']} is not an expected content block")


def document(block: dict[str, Any]) -> dict[str, Any]:
    source = block["source"]
    name = block.get("title") or "document"
    if source["type"] == "text":
        return {"document": {"format": "txt", "name": name, "source": {"text": source["data"]}}}
    return {"document": {"format": "pdf", "name": name, "source": {"bytes": source["data"]}}}


def tool(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    spec = {"name": one["name"], "inputSchema": {"json": one["input_schema"]}}
    spec |= {name: one[name] for name in ("description", "strict") if name in one}
    yield {"toolSpec": spec}
    yield from cache_point(one)


def whole(chat: Chat, reply: Reply) -> dict[str, Any]:
    """Anthropic's Message."""
    return {
        **opening(chat, reply),
        "content": list(map(native, reply.blocks)),
        "stop_reason": stop_reason(reply),
        "stop_sequence": reply.stopped_by,
        "usage": usage(reply) | {"output_tokens": reply.usage.output},
    }


def opening(chat: Chat, reply: Reply) -> dict[str, Any]:
    digest = hashlib.sha256(str([chat.prompt, reply.blocks]).encode()).hexdigest()[:24]
    name = chat.model.id.removeprefix("anthropic.").rpartition("-v")[0]
    return {"model": name, "id": f"msg_bdrk_{digest}", "type": "message", "role": "assistant"}


def stop_reason(reply: Reply) -> str:
    return STOP_REASONS.get(reply.stop_reason, reply.stop_reason)


def usage(reply: Reply) -> dict[str, Any]:
    counted = reply.usage
    return {
        "input_tokens": counted.input,
        "cache_creation_input_tokens": counted.written,
        "cache_read_input_tokens": counted.read,
    }


def native(block: dict[str, Any]) -> dict[str, Any]:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "toolUse" in block:
        use = block["toolUse"]
        return {"type": "tool_use", "id": use["toolUseId"], "name": use["name"], "input": use["input"]}
    content = encodable(block)["reasoningContent"]
    if "redactedContent" in content:
        return {"type": "redacted_thinking", "data": content["redactedContent"]}
    return {
        "type": "thinking",
        "thinking": content["reasoningText"]["text"],
        "signature": content["reasoningText"]["signature"],
    }


def events(chat: Chat, reply: Reply) -> Iterator[dict[str, Any]]:
    """The Messages API's stream events."""
    nothing = {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage(reply) | {"output_tokens": 1}}
    yield {"type": "message_start", "message": opening(chat, reply) | nothing}
    for index, block in enumerate(reply.blocks):
        start = native(block)
        start |= {
            name: empty
            for name, empty in (("text", ""), ("input", {}), ("thinking", ""), ("signature", ""))
            if name in start
        }
        yield {"type": "content_block_start", "index": index, "content_block": start}
        for delta in deltas(reply, index):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {"stop_reason": stop_reason(reply), "stop_sequence": reply.stopped_by}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": reply.usage.output}}
    yield {"type": "message_stop"}


def deltas(reply: Reply, index: int) -> Iterator[dict[str, Any]]:
    block = native(reply.blocks[index])
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": text} for text in text_deltas(reply, index))
    elif block["type"] == "tool_use":
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in json_deltas(block["input"]))
    elif block["type"] == "thinking":
        yield {"type": "thinking_delta", "thinking": block["thinking"]}
        yield {"type": "signature_delta", "signature": block["signature"]}
