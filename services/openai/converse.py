"""OpenAI chat completions <-> Bedrock Converse: pure translation.

Sources: OpenAI's API reference; the bedrock-runtime service model in botocore 1.44 (2026-11).
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest, Tool
from services.openai.turns import Turn, turns


class Envelope(NamedTuple):
    """What a completion carries beside the model's answer."""

    id: str
    created: int  # unix seconds
    model: str  # the name the client asked for


FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
# The model failed at its own format. No finish_reason says so, and "stop" would be a lie.
MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})


def to_converse(request: ChatRequest, model: Model) -> dict[str, Any]:
    """The request's Converse body (without `modelId`). Raises Problem for what the model cannot do."""
    _refuse_unsupported(request, model)
    no_calls = request.tool_choice is not None and request.tool_choice.type == "none"
    system, history = turns(request.messages, tools_as_text=no_calls)
    body: dict[str, Any] = {"messages": history}
    for name, value in (
        ("system", system),
        ("inferenceConfig", _inference(request, model)),
        ("toolConfig", None if no_calls else _tools(request, history)),
        ("requestMetadata", _metadata(request)),
    ):
        if value:
            body[name] = value
    if system and not model.accepts("system"):
        raise Problem("unsupported_parameter", param="messages", reason=_lacks(model, "system messages"))
    return body


def from_converse(reply: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """A Converse reply as a chat completion."""
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    for block in reply["output"]["message"]["content"]:
        if "text" in block:
            texts.append(block["text"])
        elif "citationsContent" in block:
            texts += (piece["text"] for piece in block["citationsContent"].get("content", ()) if "text" in piece)
        elif "toolUse" in block:
            calls.append(_call(block["toolUse"]))
        elif "reasoningContent" in block:
            reasoning.append(block["reasoningContent"].get("reasoningText", {}).get("text", ""))
    if texts:
        message["content"] = "".join(texts)
    if any(reasoning):
        message["reasoning_content"] = "".join(reasoning)
    if calls:
        message["tool_calls"] = calls
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": [
            {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(reply["stopReason"])}
        ],
        "usage": usage(reply["usage"]),
    }


def finish_reason(stop_reason: str) -> str:
    """Raises Problem upstream_error for a stop reason that is a failure."""
    if stop_reason in MALFORMED:
        raise Problem("upstream_error")
    return FINISH_REASONS.get(stop_reason, "stop")


def usage(tokens: dict[str, Any]) -> dict[str, Any]:
    """Bedrock TokenUsage -> OpenAI usage; all counts are tokens.

    Bedrock's inputTokens leaves out cached tokens; OpenAI's prompt_tokens includes them.
    Source: Amazon Bedrock API reference, TokenUsage (read 2026-11).
    """
    cached = tokens.get("cacheReadInputTokens") or 0
    prompt = tokens["inputTokens"] + cached + (tokens.get("cacheWriteInputTokens") or 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens["outputTokens"],
        "total_tokens": prompt + tokens["outputTokens"],
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _call(tool_use: dict[str, Any]) -> dict[str, Any]:
    function = {
        "name": tool_use["name"],
        "arguments": json.dumps(tool_use.get("input") or {}, separators=(",", ":"), ensure_ascii=False),
    }
    return {"id": tool_use["toolUseId"], "type": "function", "function": function}


_SUPPORT: tuple[tuple[str, str, Callable[[ChatRequest], object]], ...] = (
    # capability, parameter, what of the request asks for it
    ("temperature", "temperature", lambda r: r.temperature is not None),
    ("top_p", "top_p", lambda r: r.top_p is not None),
    ("stop", "stop", lambda r: r.stop),
    ("tools", "tools", lambda r: r.tools),
    ("stream_tools", "tools", lambda r: r.tools and r.stream),
    ("tool_choice", "tool_choice", lambda r: r.tool_choice and r.tool_choice.type in ("required", "function")),
)


def _refuse_unsupported(request: ChatRequest, model: Model) -> None:
    for capability, param, asked in _SUPPORT:
        if asked(request) and not model.accepts(capability):
            raise Problem("unsupported_parameter", param=param, reason=_lacks(model, capability.replace("_", " ")))
    if len(_sampling(request, model)) > 1 and model.exclusive:
        names = "' and '".join(model.exclusive)
        reason = f"The model '{model.name}' takes one of '{names}', not both."
        raise Problem("unsupported_parameter", param=model.exclusive[-1], reason=reason)
    if request.temperature is not None and request.temperature > 1:
        raise Problem("invalid_value", param="temperature", reason=f"the model '{model.name}' takes 0 to 1")
    if request.output_limit is not None and request.output_limit > model.max_output_tokens:
        param = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
        reason = f"the model '{model.name}' answers with {model.max_output_tokens} tokens at most"
        raise Problem("invalid_value", param=param, reason=reason)


def _lacks(model: Model, what: str) -> str:
    return f"The model '{model.name}' does not take {what}."


def _inference(request: ChatRequest, model: Model) -> dict[str, Any]:
    values = {"maxTokens": request.output_limit, "stopSequences": [text for text in request.stop or () if text] or None}
    return {name: value for name, value in values.items() if value is not None} | _sampling(request, model)


def _sampling(request: ChatRequest, model: Model) -> dict[str, float]:
    """Editors send `top_p: 1` beside a temperature. It asks for nothing, so a model that takes one of them gets one."""
    values = {"temperature": request.temperature, "topP": request.top_p}
    asked = {name: value for name, value in values.items() if value is not None}
    if model.exclusive and len(asked) > 1 and asked["topP"] == 1:
        del asked["topP"]
    return asked


def _metadata(request: ChatRequest) -> dict[str, str] | None:
    return dict(request.metadata) if request.metadata else None


def _tools(request: ChatRequest, history: list[Turn]) -> dict[str, Any] | None:
    """The tools offered; with none offered, those the history calls, without which Bedrock refuses it."""
    choice = request.tool_choice
    if not request.tools:
        if choice is not None and choice.type != "auto":
            raise Problem("invalid_value", param="tool_choice", reason="needs 'tools' to choose from")
        names = dict.fromkeys(
            block["toolUse"]["name"] for turn in history for block in turn["content"] if "toolUse" in block
        )
        return {"tools": [_specification(name, name, None, None) for name in names]} if names else None
    _refuse_twins(request.tools)
    config: dict[str, Any] = {"tools": [_tool(tool) for tool in request.tools]}
    if choice is None or choice.type == "auto":
        return config
    if choice.function is None:
        return {**config, "toolChoice": {"any": {}}}
    if choice.function.name not in {tool.function.name for tool in request.tools}:
        reason = f"'{choice.function.name}' is not among 'tools'"
        raise Problem("invalid_value", param="tool_choice.function.name", reason=reason)
    return {**config, "toolChoice": {"tool": {"name": choice.function.name}}}


def _refuse_twins(tools: list[Tool]) -> None:
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        if tool.function.name in seen:
            reason = f"'{tool.function.name}' is the name of a tool before it"
            raise Problem("invalid_value", param=f"tools[{index}].function.name", reason=reason)
        seen.add(tool.function.name)


def _tool(tool: Tool) -> dict[str, Any]:
    function = tool.function
    return _specification(function.name, function.description, function.parameters, function.strict)


def _specification(
    name: str, description: str | None, parameters: dict[str, Any] | None, strict: bool | None
) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, **(parameters or {})}
    specification = {"name": name, "description": description or name, "inputSchema": {"json": schema}}
    return {"toolSpec": {**specification, "strict": True} if strict else specification}
