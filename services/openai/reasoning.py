"""Reasoning: how much of it is asked for, and how it goes to the client and comes back.

A client reads it as `reasoning_content`. What a model signed is also in `thinking_blocks`, which a client sends back
with the assistant's message: Claude wants to see, unchanged, the thoughts that led to a tool call.
"""

from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.conversation import Message, ThinkingBlock
from services.openai.support import sampling

_LEAST_TOP_P = 0.95  # beside Claude's thinking
# Newer models keep their thoughts to themselves unless asked for a summary.
_ADAPTIVE: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}


def effort_fields(request: ChatRequest, model: Model) -> dict[str, Any]:
    """The additionalModelRequestFields that ask for `reasoning_effort`; `output_effort` says the rest.

    None where a client without `thinking_blocks` answers tool calls: Claude would refuse to think on from there, unless
    it decides by itself whether to. Raises Problem for an effort the model does not know, and for what cannot stand
    beside thinking.
    """
    effort = request.reasoning_effort
    if effort is None:
        return {}
    if effort in model.adaptive:
        _require_choice(request, model)
        return _ADAPTIVE
    if effort not in model.efforts:
        known = ", ".join((*model.efforts, *model.adaptive)) or "no reasoning_effort"
        reason = f"The model '{model.name}' takes {known}."
        raise Problem("unsupported_parameter", param="reasoning_effort", reason=reason)
    fields = model.efforts[effort]
    if fields.get("reasoningConfig", {}).get("maxReasoningEffort") == "high":
        _require_no_limits(request, model)
    if "budget_tokens" not in fields.get("thinking", ()):
        return fields
    _require_room(request, model, fields["thinking"]["budget_tokens"])
    return {} if _thoughts_lost(request.messages) else fields


def output_effort(request: ChatRequest, model: Model) -> dict[str, str]:
    """The part of Converse's outputConfig that says how hard a model is to try which decides itself how to think."""
    effort = request.reasoning_effort
    return {"effort": effort} if effort is not None and effort in model.adaptive else {}


def _require_no_limits(request: ChatRequest, model: Model) -> None:
    """Source: Amazon Nova 2 user guide, extended thinking (read 2026-11)."""
    asked = {"max_completion_tokens": request.max_completion_tokens, "max_tokens": request.max_tokens}
    for param, value in (*asked.items(), *sampling(request, model).items()):
        if value is not None:
            reason = f"The model '{model.name}' takes no limit and no sampling beside its highest reasoning_effort."
            raise Problem("unsupported_parameter", param={"topP": "top_p"}.get(param, param), reason=reason)


def _require_room(request: ChatRequest, model: Model, budget: int) -> None:
    """Source: Anthropic's documentation of extended thinking (read 2026-11)."""
    if request.output_limit is not None and request.output_limit <= budget:
        param = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
        reason = f"must be over {budget}, which the reasoning alone may take; or ask for less reasoning_effort"
        raise Problem("invalid_value", param=param, reason=reason)
    asked = sampling(request, model)
    for param, fits in (
        ("temperature", asked.get("temperature", 1) == 1),
        ("top_p", asked.get("topP", 1) >= _LEAST_TOP_P),
    ):
        if not fits:
            raise Problem("unsupported_parameter", param=param, reason=_apart(model))
    _require_choice(request, model)
    if request.messages[-1].role == "assistant":
        raise Problem(
            "invalid_value", param="messages", reason="with reasoning_effort the last must not be the model's"
        )


def _require_choice(request: ChatRequest, model: Model) -> None:
    if request.tool_choice is not None and request.tool_choice.type not in ("auto", "none"):
        raise Problem("unsupported_parameter", param="tool_choice", reason=_apart(model))


def _apart(model: Model) -> str:
    return f"The model '{model.name}' does not take it beside reasoning_effort. Leave one of them out."


def _thoughts_lost(messages: list[Message]) -> bool:
    last = next((i for i in reversed(range(len(messages))) if messages[i].role == "assistant"), None)
    if last is None or not any(message.role == "tool" for message in messages[last:]):
        return False
    return not messages[last].thinking_blocks


def replayed(block: ThinkingBlock) -> dict[str, Any]:
    """A block of a client's as Converse's."""
    if block.type == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block.data}}
    return {"reasoningContent": {"reasoningText": {"text": block.thinking, "signature": block.signature}}}


def thought(said: dict[str, Any]) -> str:
    """What a chat's message or delta tells of the model's reasoning, by either of the names that providers give it."""
    text = said.get("reasoning_content") or said.get("reasoning")
    return text if isinstance(text, str) else ""


def thinking_block(content: dict[str, Any]) -> dict[str, Any] | None:
    """A reasoningContent of Converse's for the client to keep; None for what is unsigned and need not come back."""
    if "redactedContent" in content:
        return {"type": "redacted_thinking", "data": content["redactedContent"]}
    shown = content.get("reasoningText", {})
    if not shown.get("signature"):
        return None
    return {"type": "thinking", "thinking": shown.get("text", ""), "signature": shown["signature"]}
