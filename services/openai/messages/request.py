"""Anthropic's Messages -> Bedrock Converse: pure translation.

Sources: Anthropic's API reference; the bedrock-runtime service model in botocore 1.44 (2026-11).
"""

import hashlib
import json
import re
from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.messages.history import turns
from services.openai.messages.marks import Marks
from services.openai.messages.owntools import BESIDE, own_betas, own_tools
from services.openai.messages.params import OWN_TOOLS, CacheControl, MessagesRequest, Prompt, Tool
from services.openai.messages.thinking import output_effort, thinking_fields
from services.openai.schemas import enforceable
from services.openai.support import lacks

_CONTEXT_BETA = "context-management-2025-06-27"
# The betas that Bedrock's Claude models know and that change what the fields we send may say; it answers 400 "invalid
# beta flag" to any other, and Claude Code sends several others. Sources: Amazon Bedrock user guide, Anthropic Claude
# Messages request; the flags that LiteLLM's anthropic_beta_headers_config.json sends to Converse (read 2026-11).
BETAS = frozenset(
    {
        "context-1m-2025-08-07",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
    }
)
# Claude Code's own line for Anthropic's bills. It is another with every request, and no prompt would come from a cache.
_ATTRIBUTION = "x-anthropic-billing-header:"
_PLAIN = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}", re.ASCII)  # request metadata's values
_FEW_STOPS = 4  # what every model takes that takes any


def native(model: Model) -> bool:
    """Whether the model reads Anthropic's own fields."""
    return model.owned_by == "anthropic"


def to_converse(request: MessagesRequest, model: Model) -> dict[str, Any]:
    """The request's Converse body (without `modelId`). Raises Problem for what the model cannot do."""
    prompt = prompt_body(request, model)
    extra = prompt.pop("additionalModelRequestFields", {})
    if request.top_k is not None:
        if not native(model):
            raise Problem("unsupported_parameter", param="top_k", reason=lacks(model, "top_k"))
        extra = {**extra, "top_k": request.top_k}
    body = {
        **prompt,
        "inferenceConfig": _inference(request, model),
        "outputConfig": _output(request, model) | output_effort(request, model),
        "additionalModelRequestFields": extra,
        "requestMetadata": _metadata(request),
        # Converse tells why a model stopped, and this where.
        "additionalModelResponseFieldPaths": ["/stop_sequence"] if native(model) and request.stop_sequences else [],
    }
    return {name: value for name, value in body.items() if value}


def prompt_body(request: Prompt, model: Model) -> dict[str, Any]:
    """What of the Converse body a model reads: system, messages, tools and its own fields."""
    if request.tools and not model.accepts("tools"):
        raise Problem("unsupported_parameter", param="tools", reason=lacks(model, "tools"))
    _require_sight(request, model)
    thought = thinking_fields(request, model)
    marks = Marks(model)
    tools = _tools(request, model, marks)
    own = own_tools(request, model, marks)
    system = _system(request, model, marks)
    history = _history(request, model, marks, thoughts="thinking" in thought or bool(model.adaptive))
    if history[-1]["role"] == "assistant":
        _require_prefill(request, model)
    if not marks.full and request.cache_control and "reasoningContent" not in history[-1]["content"][-1]:
        history[-1]["content"] += _last_point(request.cache_control, history[-1]["content"], marks)
    config = _tool_config(request, model, tools or [BESIDE] * bool(own), history, own)
    extra = {**thought, **_choice(request, config, own, model), **_context(request, model)}
    if own:
        extra["tools"] = own
    if betas := _betas(request, extra, model):
        extra["anthropic_beta"] = betas
    body = {"system": system, "messages": history, "toolConfig": config, "additionalModelRequestFields": extra}
    return {name: value for name, value in body.items() if value}


def _last_point(control: CacheControl, content: list[dict[str, Any]], marks: Marks) -> list[dict[str, Any]]:
    return [] if "cachePoint" in content[-1] else marks.points(control, "cache_control", "cached_messages")


def _system(request: Prompt, model: Model, marks: Marks) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for index, block in enumerate(request.system or ()):
        text = block.text or ""
        if text.strip() and not text.startswith(_ATTRIBUTION):
            blocks += [{"text": text}, *marks.points(block.cache_control, f"system[{index}]", "cached_messages")]
    if blocks and not model.accepts("system"):
        raise Problem("unsupported_parameter", param="system", reason=lacks(model, "system messages"))
    return blocks


def _history(request: Prompt, model: Model, marks: Marks, *, thoughts: bool) -> list[dict[str, Any]]:
    """Past tool calls are text where none may be made, or the model cannot read them."""
    no_calls = request.tool_choice is not None and request.tool_choice.type == "none"
    as_text = no_calls or not model.accepts("tools")
    if not as_text and not model.accepts("mixed_tool_turns"):
        said = turns(request.messages, Marks(model), tools_as_text=False, thoughts=thoughts)
        as_text = any(_mixed(turn["content"]) for turn in said)
    return turns(request.messages, marks, tools_as_text=as_text, thoughts=thoughts)


def _mixed(content: list[dict[str, Any]]) -> bool:
    tools = sum("toolUse" in block or "toolResult" in block for block in content)
    return 0 < tools < len(content)


def _require_sight(request: Prompt, model: Model) -> None:
    for at, message in enumerate(request.messages):
        for index, block in enumerate(message.content):
            for shown in (block, *(block.content or ())):
                capability = {"image": "images", "document": "documents"}.get(shown.type)
                if capability and not model.accepts(capability):
                    param = f"messages[{at}].content[{index}]"
                    raise Problem("unsupported_parameter", param=param, reason=lacks(model, capability))


def _require_prefill(request: Prompt, model: Model) -> None:
    if not model.accepts("prefill"):
        reason = f"the last must be the user's: the model '{model.name}' goes on from no answer begun"
        raise Problem("invalid_value", param="messages", reason=reason)
    if request.schema_wanted is not None:
        reason = "An answer that was begun cannot be made to fit it. Leave out the last message."
        raise Problem("unsupported_parameter", param="output_config.format", reason=reason)


def _tools(request: Prompt, model: Model, marks: Marks) -> list[dict[str, Any]]:
    if request.tool_choice is not None and request.tool_choice.type == "none":
        return []
    blocks: list[dict[str, Any]] = []
    seen: set[str] = set()
    for index, tool in enumerate(request.tools or ()):
        param = f"tools[{index}]"
        if tool.name in seen:
            raise Problem("invalid_value", param=f"{param}.name", reason=f"'{tool.name}' is the name of one before it")
        seen.add(tool.name)
        if tool.type in OWN_TOOLS:
            continue
        blocks += [_tool(tool, param, model), *marks.points(tool.cache_control, param, "cached_tools")]
    return blocks


def _tool(tool: Tool, param: str, model: Model) -> dict[str, Any]:
    made = _specification(tool.name, tool.description, tool.input_schema or {})
    if not tool.strict:
        return {"toolSpec": made}
    if not model.accepts("json_schema"):
        raise Problem("unsupported_parameter", param=f"{param}.strict", reason=lacks(model, "strict tools"))
    try:
        schema = enforceable(made["inputSchema"]["json"])
    except ValueError as error:
        raise Problem("invalid_value", param=f"{param}.input_schema", reason=str(error)) from None
    return {"toolSpec": {**made, "inputSchema": {"json": schema}, "strict": True}}


def _specification(name: str, description: str | None, schema: dict[str, Any]) -> dict[str, Any]:
    whole = {"type": "object", "properties": {}, **schema}
    return {"name": name, "description": description or name, "inputSchema": {"json": whole}}


def _tool_config(
    request: Prompt,
    model: Model,
    tools: list[dict[str, Any]],
    history: list[dict[str, Any]],
    own: list[dict[str, Any]],
) -> dict[str, Any] | None:
    """With no tools offered, those the history calls are, without which Bedrock refuses it."""
    choice = request.tool_choice
    if not tools:
        if choice is not None and choice.type in ("any", "tool"):
            raise Problem("invalid_value", param="tool_choice", reason="needs 'tools' to choose from")
        blocks = [block for turn in history for block in turn["content"]]
        names = dict.fromkeys(block["toolUse"]["name"] for block in blocks if "toolUse" in block)
        tools = [{"toolSpec": _specification(name, None, {})} for name in names]
        return {"tools": tools} if tools else None
    if choice is None or choice.type == "auto":
        return {"tools": tools}
    if not model.accepts("tool_choice"):
        raise Problem(
            "unsupported_parameter", param="tool_choice", reason=lacks(model, "a choice but 'auto' and 'none'")
        )
    if choice.type == "any":
        return {"tools": tools, "toolChoice": {"any": {}}}
    if choice.name in {tool["name"] for tool in own}:
        return {"tools": tools}  # Converse would not find it among its own
    if choice.name not in {tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool}:
        raise Problem("invalid_value", param="tool_choice.name", reason=f"'{choice.name}' is not among 'tools'")
    return {"tools": tools, "toolChoice": {"tool": {"name": choice.name}}}


def _choice(request: Prompt, config: dict[str, Any] | None, own: list[dict[str, Any]], model: Model) -> dict[str, Any]:
    """What of a choice Converse has no member for. Of models without Anthropic's word for one call, the reader keeps
    the first. See converse.py for the form."""
    named = request.tool_choice.name if request.tool_choice else None
    choice: dict[str, Any] = {"type": "tool", "name": named} if named in {tool["name"] for tool in own} else {}
    if request.one_call and config is not None and model.accepts("parallel_tool_calls"):
        kind = {} if "toolChoice" in config or choice else {"type": "auto"}
        choice = {**choice, **kind, "disable_parallel_tool_use": True}
    return {"tool_choice": choice} if choice else {}


def _context(request: Prompt, model: Model) -> dict[str, Any]:
    """Edits spare a model what it need not read again; one that knows none reads it all."""
    edits = request.context_management.edits if request.context_management else []
    asked = [edit.model_dump() for edit in edits if not edit.clears_nothing]
    return {"context_management": {"edits": asked}} if asked and native(model) else {}


def _betas(request: Prompt, extra: dict[str, Any], model: Model) -> list[str]:
    """Those the client named that Bedrock knows, and that of a field we send."""
    if not native(model):
        return []
    named = BETAS.intersection(request.betas or ())
    needed = {_CONTEXT_BETA} if "context_management" in extra else set()
    return sorted(named | needed | own_betas(extra.get("tools", []), model))


def _inference(request: MessagesRequest, model: Model) -> dict[str, Any]:
    """`max_tokens` is a bound: beyond a model's own, that is it."""
    config: dict[str, Any] = {"maxTokens": min(request.max_tokens, model.max_output_tokens or request.max_tokens)}
    asked = {"temperature": request.temperature, "top_p": request.top_p}
    given = {name: value for name, value in asked.items() if value is not None}
    for name in ("top_p", "temperature"):
        # Both are 1 by Anthropic's default, and Claude Code says so.
        together = len(given) > 1 and set(model.exclusive) >= given.keys()
        if given.get(name) == 1 and (together or not model.accepts(name)):
            del given[name]
    for name in given:
        if not model.accepts(name):
            raise Problem("unsupported_parameter", param=name, reason=lacks(model, name))
    if len(given) > 1 and set(model.exclusive) >= given.keys():
        names = "' and '".join(model.exclusive)
        reason = f"The model '{model.name}' takes one of '{names}', not both."
        raise Problem("unsupported_parameter", param=model.exclusive[-1], reason=reason)
    config |= {{"top_p": "topP"}.get(name, name): value for name, value in given.items()}
    if request.stop_sequences:
        if not model.accepts("stop"):
            raise Problem("unsupported_parameter", param="stop_sequences", reason=lacks(model, "stop sequences"))
        if len(request.stop_sequences) > _FEW_STOPS and not native(model):
            reason = f"the model '{model.name}' takes {_FEW_STOPS} at most"
            raise Problem("invalid_value", param="stop_sequences", reason=reason)
        config["stopSequences"] = request.stop_sequences
    return config


def _output(request: Prompt, model: Model) -> dict[str, Any]:
    schema = request.schema_wanted
    if schema is None:
        return {}
    if not model.accepts("json_schema"):
        raise Problem("unsupported_parameter", param="output_config.format", reason=lacks(model, "a format"))
    try:
        text = json.dumps(enforceable(schema), separators=(",", ":"), ensure_ascii=False)
    except ValueError as error:
        raise Problem("invalid_value", param="output_config.format.schema", reason=str(error)) from None
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text, "name": "answer"}}}}


def _metadata(request: MessagesRequest) -> dict[str, str]:
    """Bedrock's invocation log takes few characters: any other id goes as its hash."""
    user = request.metadata.user_id if request.metadata else None
    if not user:
        return {}
    return {"user_id": user if _PLAIN.fullmatch(user) else hashlib.sha256(user.encode()).hexdigest()}
