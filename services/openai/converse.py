"""OpenAI chat completions <-> Bedrock Converse: pure translation.

Sources: OpenAI's API reference; the bedrock-runtime service model in botocore 1.44 (2026-11).
"""

import json
import re
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from services.openai.cachepoints import require_cache
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.formats import ANSWER, answered_by_tool, asked_for, output_config
from services.openai.media import Block
from services.openai.reasoning import effort_fields, output_effort, thinking_block
from services.openai.support import lacks, require_end, require_support, sampling
from services.openai.toolconfig import tool_config
from services.openai.turns import Turn, turns


class Envelope(NamedTuple):
    """What a completion carries beside the model's answer."""

    id: str
    created: int  # unix seconds
    model: str  # the name the client asked for


class Reading(NamedTuple):
    """What of a reply the client reads."""

    by_tool: bool = False  # our tool's input is the content, and text only where it was never called (a guardrail's)
    one_call: bool = False  # of several tool calls the first: not every model can be told to make no more


PLAINLY = Reading()
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
_TIERS = {"reserved": "scale"}  # capacity bought ahead, by either name
_HINTS = ("user", "safety_identifier", "prompt_cache_key")
_PAIRS = 16  # of request metadata
_PLAIN = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}", re.ASCII)
# The model failed at its own format. No finish_reason says so, and "stop" would be a lie.
MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})


def to_converse(request: ChatRequest, model: Model) -> dict[str, Any]:
    """The request's Converse body (without `modelId`). Raises Problem for what the model cannot do."""
    require_support(request, model)
    require_cache(request, model)
    effort = effort_fields(request, model)
    system, history = _conversation(request, model, thoughts="thinking" in effort or bool(model.adaptive))
    require_end(history, request, model)
    tools = tool_config(request, history, model)
    system += asked_for(tools)
    body: dict[str, Any] = {"messages": history}
    for name, value in (
        ("system", system),
        ("inferenceConfig", _inference(request, model)),
        ("toolConfig", tools),
        ("outputConfig", (output_config(request, model) or {}) | output_effort(request, model)),
        ("additionalModelRequestFields", effort | _one_call(request, tools, model)),
        ("serviceTier", _tier(request, model)),
        ("requestMetadata", _metadata(request)),
    ):
        if value:
            body[name] = value
    if system and not model.accepts("system"):
        raise Problem("unsupported_parameter", param="messages", reason=lacks(model, "system messages"))
    return body


def _conversation(request: ChatRequest, model: Model, *, thoughts: bool) -> tuple[list[Block], list[Turn]]:
    """System blocks and turns; past tool calls as text where none may be made, or the model cannot read them."""
    no_calls = request.tool_choice is not None and request.tool_choice.type == "none"
    unknown = not model.accepts("tools") or (request.stream and not model.accepts("stream_tools"))
    system, history = turns(request.messages, tools_as_text=bool(no_calls or unknown), thoughts=thoughts)
    if not model.accepts("mixed_tool_turns") and any(_mixed(turn) for turn in history):
        return turns(request.messages, tools_as_text=True, thoughts=thoughts)
    return system, history


def _mixed(turn: Turn) -> bool:
    """Whether it says something beside tool calls or their results."""
    tools = sum("toolUse" in block or "toolResult" in block for block in turn["content"])
    return 0 < tools < len(turn["content"])


def reading(request: ChatRequest, converse: dict[str, Any]) -> Reading:
    """How the reply to a request, sent as this Converse body, is to be read."""
    return Reading(answered_by_tool(converse), request.one_call)


def from_converse(reply: dict[str, Any], envelope: Envelope, read: Reading = PLAINLY) -> dict[str, Any]:
    """A Converse reply as a chat completion."""
    message = _message(reply["output"]["message"]["content"], read)
    finish = finish_reason(reply["stopReason"], "tool_calls" in message)
    return {
        "id": envelope.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": envelope.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": usage(reply["usage"]),
        **service_tier(reply),
    }


def _message(content: list[dict[str, Any]], read: Reading) -> dict[str, Any]:
    texts: list[str] = []
    reasoning: list[str] = []
    thoughts: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    answers: list[str] = []
    for block in content:
        if "text" in block:
            texts.append(block["text"])
        elif "citationsContent" in block:
            texts += (piece["text"] for piece in block["citationsContent"].get("content", ()) if "text" in piece)
        elif "toolUse" in block and read.by_tool and block["toolUse"]["name"] == ANSWER:
            answers.append(arguments(block["toolUse"]))
        elif "toolUse" in block:
            calls.append(_call(block["toolUse"]))
        elif "reasoningContent" in block:
            reasoning.append(block["reasoningContent"].get("reasoningText", {}).get("text", ""))
            thought = thinking_block(block["reasoningContent"])
            thoughts += [thought] if thought else []
    fields: dict[str, Any] = {
        "reasoning_content": "".join(reasoning),
        "thinking_blocks": thoughts,
        "tool_calls": calls[:1] if read.one_call else calls,
    }
    said = answers[0] if answers else "".join(texts) if texts else None
    present = {name: value for name, value in fields.items() if value}
    return {"role": "assistant", "content": said, "refusal": None, **present}


def service_tier(reply: dict[str, Any]) -> dict[str, str]:
    """OpenAI's `service_tier` of a reply, or of a stream's metadata, that says how it was served."""
    kind = reply.get("serviceTier", {}).get("type")
    return {"service_tier": _TIERS.get(kind, kind)} if kind else {}


def finish_reason(stop_reason: str, calls: bool) -> str:
    """`calls` says whether the client reads of tool calls: one of our tool is none to it.

    Raises Problem upstream_error for a stop reason that is a failure.
    """
    if stop_reason in MALFORMED:
        raise Problem("upstream_error")
    if stop_reason == "tool_use" and not calls:
        return "stop"
    return FINISH_REASONS.get(stop_reason, "stop")


def usage(tokens: dict[str, Any]) -> dict[str, Any]:
    """Bedrock TokenUsage -> OpenAI usage; all counts are tokens.

    Bedrock's inputTokens leaves out cached tokens; OpenAI's prompt_tokens includes them.
    Source: Amazon Bedrock API reference, TokenUsage (read 2026-11).
    """
    cached = tokens.get("cacheReadInputTokens") or 0
    written = tokens.get("cacheWriteInputTokens") or 0
    for_an_hour = sum(part["inputTokens"] for part in tokens.get("cacheDetails") or () if part["ttl"] == "1h")
    prompt = tokens["inputTokens"] + cached + written
    to_cache = {"cache_write_tokens": written, "cache_write_1h_tokens": for_an_hour}
    return {
        "prompt_tokens": prompt,
        "completion_tokens": tokens["outputTokens"],
        "total_tokens": prompt + tokens["outputTokens"],
        "prompt_tokens_details": {
            "cached_tokens": cached,
            **{name: count for name, count in to_cache.items() if count},
        },
    }


def _call(tool_use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool_use["name"], "arguments": arguments(tool_use)}
    return {"id": tool_use["toolUseId"], "type": "function", "function": function}


def arguments(tool_use: dict[str, Any]) -> str:
    return json.dumps(tool_use.get("input") or {}, separators=(",", ":"), ensure_ascii=False)


def _inference(request: ChatRequest, model: Model) -> dict[str, Any]:
    values = {"maxTokens": request.output_limit, "stopSequences": [text for text in request.stop or () if text] or None}
    return {name: value for name, value in values.items() if value is not None} | sampling(request, model)


def _one_call(request: ChatRequest, tools: dict[str, Any] | None, model: Model) -> dict[str, Any]:
    """Anthropic's word for `parallel_tool_calls: false`; of models without one, the reader keeps the first call.

    Its object needs a type, unless toolConfig has a toolChoice: then a type beside it is refused as a conflict.
    Source: reports of live calls, https://github.com/BerriAI/litellm/pull/34347 and issues/36536 (read 2026-11).
    """
    if not request.one_call or tools is None or not model.accepts("parallel_tool_calls"):
        return {}
    kind = {} if "toolChoice" in tools else {"type": "auto"}
    return {"tool_choice": {**kind, "disable_parallel_tool_use": True}}


def _tier(request: ChatRequest, model: Model) -> dict[str, str] | None:
    return {"type": request.tier} if request.tier and model.accepts("service_tier") else None


def _metadata(request: ChatRequest) -> dict[str, str]:
    """What Bedrock writes beside the request in its invocation log: the client's own pairs, and hints that fit."""
    own = dict(request.metadata or {})
    hints = {name: getattr(request, name) for name in _HINTS if name not in own}
    fitting = [(name, text) for name, text in hints.items() if text and _PLAIN.fullmatch(text)]
    return own | dict(fitting[: _PAIRS - len(own)])
