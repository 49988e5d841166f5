"""Bedrock Converse -> Anthropic's Message: pure translation."""

from collections.abc import Iterator
from typing import Any

from pennyworth.errors import Problem
from services.openai.converse import MALFORMED, Envelope

STOP_REASONS = {
    "end_turn": "end_turn",
    "stop_sequence": "stop_sequence",
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "model_context_window_exceeded",
    "tool_use": "tool_use",
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}


def from_converse(reply: dict[str, Any], envelope: Envelope, *, one_call: bool = False) -> dict[str, Any]:
    """A Converse reply as a Message. `one_call` keeps the first of several tool calls. Raises Problem upstream_error
    for a stop reason that is a failure."""
    content = list(_blocks(reply["output"]["message"]["content"], one_call))
    called = any(block["type"] == "tool_use" for block in content)
    stop = stop_fields(reply["stopReason"], reply.get("additionalModelResponseFields"), called)
    return {**opening(envelope), "content": content, **stop, "usage": usage(reply["usage"])}


def opening(envelope: Envelope) -> dict[str, Any]:
    return {"id": envelope.id, "type": "message", "role": "assistant", "model": envelope.model}


def _blocks(content: list[dict[str, Any]], one_call: bool) -> Iterator[dict[str, Any]]:
    called = False
    for block in content:
        if "toolUse" in block:
            if not (one_call and called):
                used = block["toolUse"]
                yield {"type": "tool_use", "id": used["toolUseId"], "name": used["name"], "input": used["input"] or {}}
            called = True
        elif "reasoningContent" in block:
            thought = _thought(block["reasoningContent"])
            if thought:
                yield thought
        elif text := _text(block):
            yield {"type": "text", "text": text}


def _text(block: dict[str, Any]) -> str:
    if "citationsContent" in block:
        return "".join(piece.get("text", "") for piece in block["citationsContent"].get("content", ()))
    text: str = block.get("text", "")
    return text


def _thought(content: dict[str, Any]) -> dict[str, Any] | None:
    """What a model signed comes back to it; what is neither said nor signed is nothing."""
    if "redactedContent" in content:
        return {"type": "redacted_thinking", "data": content["redactedContent"]}
    shown = content.get("reasoningText", {})
    text, signature = shown.get("text", ""), shown.get("signature") or ""
    return {"type": "thinking", "thinking": text, "signature": signature} if text or signature else None


def stop_fields(reason: str, told: object, called: bool) -> dict[str, Any]:
    """`told`: the model's own fields, as far as they were asked for. `called`: whether the client reads of a call."""
    if reason in MALFORMED:
        raise Problem("upstream_error")
    stop = STOP_REASONS.get(reason, "end_turn")
    if stop == "tool_use" and not called:
        stop = "end_turn"
    sequence = told.get("stop_sequence") if isinstance(told, dict) and stop == "stop_sequence" else None
    return {"stop_reason": stop, "stop_sequence": sequence}


def usage(tokens: dict[str, Any]) -> dict[str, Any]:
    """Bedrock TokenUsage -> Anthropic's, which leaves out cached tokens in the same way."""
    written = tokens.get("cacheWriteInputTokens") or 0
    for_an_hour = sum(part["inputTokens"] for part in tokens.get("cacheDetails") or () if part["ttl"] == "1h")
    by_lifetime = {"ephemeral_5m_input_tokens": written - for_an_hour, "ephemeral_1h_input_tokens": for_an_hour}
    return {
        "input_tokens": tokens["inputTokens"],
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": tokens.get("cacheReadInputTokens") or 0,
        **({"cache_creation": by_lifetime} if written else {}),
        "output_tokens": tokens["outputTokens"],
    }
