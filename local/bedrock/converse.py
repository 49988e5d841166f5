"""A reply in Converse's words: whole, or as the events of a stream."""

import base64
from collections.abc import Iterator
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.replies import Reply, json_deltas, text_deltas

Event = tuple[str, dict[str, Any]]


def whole(chat: Chat, reply: Reply, latency_ms: int) -> dict[str, Any]:
    """ConverseResponse."""
    return {
        "output": {"message": {"role": "assistant", "content": list(map(encodable, reply.blocks))}},
        "stopReason": reply.stop_reason,
        **asked_fields(chat, reply),
        **ending(chat, reply, latency_ms),
    }


def events(chat: Chat, reply: Reply, latency_ms: int) -> Iterator[Event]:
    """The events of ConverseStreamOutput, in order. Text and reasoning blocks have no start."""
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(reply.blocks):
        if "toolUse" in block:
            start = {name: block["toolUse"][name] for name in ("toolUseId", "name")}
            yield "contentBlockStart", {"start": {"toolUse": start}, "contentBlockIndex": index}
        for delta in deltas(reply, index):
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": reply.stop_reason, **asked_fields(chat, reply)}
    yield "metadata", ending(chat, reply, latency_ms)


def deltas(reply: Reply, index: int) -> Iterator[dict[str, Any]]:
    block = reply.blocks[index]
    if "text" in block:
        yield from ({"text": text} for text in text_deltas(reply, index))
    elif "toolUse" in block:
        yield from ({"toolUse": {"input": piece}} for piece in json_deltas(block["toolUse"]["input"]))
    else:
        yield from reasoning_deltas(encodable(block)["reasoningContent"])


def reasoning_deltas(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "redactedContent" in content:
        yield {"reasoningContent": content}
        return
    shown = content["reasoningText"]
    words = shown["text"].split(" ")
    for at, word in enumerate(words):
        yield {"reasoningContent": {"text": word if at == 0 else f" {word}"}}
    if "signature" in shown:
        yield {"reasoningContent": {"signature": shown["signature"]}}


def ending(chat: Chat, reply: Reply, latency_ms: int) -> dict[str, Any]:
    """What both a whole reply and a stream's metadata say at the end."""
    fields: dict[str, Any] = {
        "usage": reply.usage.converse(chat.model.cache_minimum_tokens is not None),
        "metrics": {"latencyMs": latency_ms},
    }
    if reply.trace:
        fields["trace"] = reply.trace
    return fields | {name: chat.body[name] for name in ("performanceConfig", "serviceTier") if name in chat.body}


def asked_fields(chat: Chat, reply: Reply) -> dict[str, Any]:
    """Fields of the model's own reply that additionalModelResponseFieldPaths asks for."""
    native = {"stop_sequence": reply.stopped_by} if chat.model.body == "anthropic" else {}
    asked = [path[1:] for path in chat.body.get("additionalModelResponseFieldPaths", [])]
    found = {name: native[name] for name in asked if name in native}
    return {"additionalModelResponseFields": found} if found else {}


def encodable(block: dict[str, Any]) -> dict[str, Any]:
    """A content block as JSON holds it: blobs in base64."""
    hidden = block.get("reasoningContent", {}).get("redactedContent")
    if hidden is None:
        return block
    return {"reasoningContent": {"redactedContent": base64.b64encode(hidden).decode()}}
