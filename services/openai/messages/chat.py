"""Anthropic's Messages <-> OpenAI's chat, for providers that speak the latter: pure translation.

The provider judges what it is asked. Marks for caches, context edits and betas are Anthropic's own and stay here.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pennyworth.errors import Problem
from services.openai.converse import Envelope
from services.openai.messages.events import Blocks, Told, begun, ended, started
from services.openai.messages.owntools import require_none
from services.openai.messages.params import Block, Message, MessagesRequest, Prompt
from services.openai.messages.reply import opening
from services.openai.messages.thinking import effort_of
from services.openai.reasoning import thought
from services.openai.refusal import in_stream

_STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_EFFORTS = {"max": "xhigh"}  # OpenAI's word for it
_SHARED = ("temperature", "top_p", "top_k")


def chat_body(request: MessagesRequest, output_limit: int | None = None) -> dict[str, Any]:
    """The body of a chat. `max_tokens` is a bound: beyond the model's own, that is it. Raises Problem for what no chat
    can say."""
    most = min(request.max_tokens, output_limit or request.max_tokens)
    body: dict[str, Any] = {"model": request.model, "max_completion_tokens": most, **prompt_body(request)}
    body |= {name: value for name in _SHARED if (value := getattr(request, name)) is not None}
    if request.stop_sequences:
        body["stop"] = request.stop_sequences
    if effort := _effort(request):
        body["reasoning_effort"] = _EFFORTS.get(effort, effort)
    if request.schema_wanted is not None:
        form = {"name": "answer", "schema": request.schema_wanted, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    if request.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def prompt_body(request: Prompt) -> dict[str, Any]:
    """What of the body the model reads."""
    require_none(request)
    messages: list[dict[str, Any]] = []
    if request.system:
        messages.append({"role": "system", "content": "\n\n".join(block.text or "" for block in request.system)})
    for index, message in enumerate(request.messages):
        messages += _messages(message, f"messages[{index}]")
    body: dict[str, Any] = {"messages": messages}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description or tool.name,
                    "parameters": tool.input_schema,
                    **({"strict": True} if tool.strict else {}),
                },
            }
            for tool in request.tools
        ]
        body |= _choice(request)
    return body


def _choice(request: Prompt) -> dict[str, Any]:
    choice = request.tool_choice
    if choice is None:
        return {}
    named: Any = {"type": "function", "function": {"name": choice.name}}
    said = {"auto": "auto", "any": "required", "none": "none"}.get(choice.type, named)
    return {"tool_choice": said, **({"parallel_tool_calls": False} if request.one_call else {})}


def _effort(request: Prompt) -> str | None:
    """None where thinking is left to the model: one that does not reason refuses the word."""
    thinking = request.thinking
    if request.effort is None and thinking is not None and thinking.type == "enabled":
        return effort_of(thinking)
    return None if thinking is not None and thinking.type == "disabled" else request.effort


def _messages(message: Message, param: str) -> Iterator[dict[str, Any]]:
    if message.role == "assistant":
        yield _assistant(message)
        return
    parts: list[dict[str, Any]] = []
    for index, block in enumerate(message.content):
        where = f"{param}.content[{index}]"
        if block.type == "tool_result":
            shown = [_part(inner, where) for inner in block.content or ()]
            texts = [part["text"] for part in shown if part["type"] == "text"]
            said = "\n".join(texts) or ("(see the file below)" if shown else "(nothing)")
            text = f"Error: {said}" if block.is_error else said
            yield {"role": "tool", "tool_call_id": block.tool_use_id, "content": text}
            # A tool's message holds text alone.
            parts += [part for part in shown if part["type"] != "text"]
        else:
            parts.append(_part(block, where))
    if all(part["type"] == "text" for part in parts):
        if parts:
            yield {"role": message.role, "content": "\n\n".join(part["text"] for part in parts)}
    else:
        yield {"role": message.role, "content": parts}


def _assistant(message: Message) -> dict[str, Any]:
    text = "".join(block.text or "" for block in message.content if block.type == "text")
    calls = [
        {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": json.dumps(block.input)}}
        for block in message.content
        if block.type == "tool_use"
    ]
    return {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}


def _part(block: Block, where: str) -> dict[str, Any]:
    source = block.source
    if source is None:
        return {"type": "text", "text": block.text or ""}
    if source.type == "file" or (source.type == "url" and block.type == "document"):
        reason = "Send the file itself, with a source of type 'base64', or upload it with POST /v1/files."
        raise Problem("unsupported_parameter", param=f"{where}.source", reason=reason)
    if source.type == "text":
        return {"type": "text", "text": source.data}
    if source.type == "content":
        return {"type": "text", "text": "\n".join(inner.text or "" for inner in source.content or ())}
    if block.type == "image":
        url = source.url or f"data:{source.media_type or 'image/png'};base64,{source.data}"
        return {"type": "image_url", "image_url": {"url": url}}
    uri = f"data:{source.media_type or 'application/pdf'};base64,{source.data}"
    return {"type": "file", "file": {"file_data": uri, "filename": block.title or "document.pdf"}}


def from_chat(completion: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
    """A completion as a Message. Raises Problem upstream_error for what is none."""
    try:
        choice = completion["choices"][0]
        content = list(_blocks(choice["message"]))
        stop = _stop(choice.get("finish_reason"), any(block["type"] == "tool_use" for block in content))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        raise Problem("upstream_error") from None
    return {**opening(envelope), "content": content, **stop, "usage": _usage(completion.get("usage"))}


def _blocks(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if text := thought(message):
        yield {"type": "thinking", "thinking": text, "signature": ""}
    if message.get("content"):
        yield {"type": "text", "text": message["content"]}
    for call in message.get("tool_calls") or ():
        function = call["function"]
        given = json.loads(function.get("arguments") or "{}")
        if not isinstance(given, dict):
            raise TypeError("arguments that are no object")
        yield {"type": "tool_use", "id": call["id"], "name": function["name"], "input": given}


def chat_events(chunks: Iterable[dict[str, Any]], envelope: Envelope) -> Iterator[Told]:
    """A chat's chunks as Anthropic's events. Raises Problem for an error among them, and upstream_error for what are
    no chunks and for a stream that just ends."""
    chunks = begun(chunks)
    yield started(envelope)
    blocks, finish, usage, calls = Blocks(one_call=False), None, None, -1
    try:
        for chunk in chunks:
            if "error" in chunk:
                raise in_stream(chunk["error"])
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"][:1]:
                delta = choice.get("delta") or {}
                if text := thought(delta):
                    yield from blocks.say("thinking", "thinking", text)
                if delta.get("content"):
                    yield from blocks.say("text", "text", delta["content"])
                for call in delta.get("tool_calls") or ():
                    index, function = call.get("index", 0), call.get("function") or {}
                    if index > calls:
                        calls = index
                        yield from blocks.close()
                        yield from blocks.call(call["id"], function["name"])
                    elif index < calls:
                        raise Problem("upstream_error")  # a call that was complete goes on: Anthropic's blocks cannot
                    if function.get("arguments"):
                        yield from blocks.say("tool_use", "input_json", function["arguments"])
                finish = choice.get("finish_reason") or finish
    except (KeyError, TypeError, AttributeError):
        raise Problem("upstream_error") from None
    if finish is None:
        raise Problem("upstream_error")
    yield from blocks.close()
    yield from ended(_stop(finish, blocks.called), _usage(usage))


def _stop(finish: object, called: bool) -> dict[str, Any]:
    stop = _STOP_REASONS.get(str(finish), "end_turn")
    if called and stop == "end_turn":
        stop = "tool_use"  # what some providers call a plain stop
    return {"stop_reason": stop, "stop_sequence": None}


def _usage(usage: object) -> dict[str, int]:
    """Zeros where a provider does not say."""
    told = usage if isinstance(usage, dict) else {}
    details = told.get("prompt_tokens_details")
    prompt, cached = _count(told, "prompt_tokens"), _count(details, "cached_tokens")
    return {
        # Some count what is from a cache beside the prompt, as here, and not in it.
        "input_tokens": prompt - cached if cached <= prompt else prompt,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": cached,
        "output_tokens": _count(told, "completion_tokens"),
    }


def _count(counts: object, name: str) -> int:
    count = counts.get(name) if isinstance(counts, dict) else None
    return count if type(count) is int and count >= 0 else 0
