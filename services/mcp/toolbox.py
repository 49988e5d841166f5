"""What each tool does: arguments that fit its schema in, a result out. Inference itself is handed in."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pennyworth.errors import Problem
from services.mcp.completion import CUT, Refused, glued, message_of
from services.mcp.reply import Reply
from services.mcp.tools import CHAT, COUNT_TOKENS, EMBED, LIST_MODELS, ToolResult

Arguments = Mapping[str, Any]
Infer = Callable[[str, str, Mapping[str, Any] | None], Reply]  # (method, path, JSON body or None); raises Problem

CUT_NOTE = (
    "[The answer was cut here: the time of an MCP call ran out. Ask for less, or set max_tokens; "
    "POST /v1/chat/completions with stream has no such limit.]"
)


def call(name: str, arguments: Arguments, infer: Infer) -> ToolResult:
    """Run a tool. What the models' side refuses or breaks is a result too, one that says what happened."""
    try:
        return _TOOLS[name](arguments, infer)
    except (Problem, Refused) as error:
        return ToolResult.error(str(error))


def list_models(_arguments: Arguments, infer: Infer) -> ToolResult:
    listed = _document(_granted(infer("GET", "/models", None)))
    try:
        models = [{"id": model["id"], "owned_by": model["owned_by"]} for model in listed["data"]]
    except (KeyError, TypeError):
        raise Problem("upstream_error") from None
    return data({"models": models})


def chat(arguments: Arguments, infer: Infer) -> ToolResult:
    if ("prompt" in arguments) == ("messages" in arguments):
        return ToolResult.error("Give either 'prompt' or 'messages', and not both.")
    completion = glued(_granted(infer("POST", "/chat/completions", completion_request(arguments))).body)
    structured: dict[str, Any] = {
        "text": completion.text,
        "model": completion.model or arguments["model"],
        "finish_reason": completion.finish_reason,
    }
    if completion.usage is not None:
        structured["usage"] = completion.usage
    note = (CUT_NOTE,) if completion.finish_reason == CUT else ()
    return ToolResult((completion.text, *note), structured)


def completion_request(arguments: Arguments) -> dict[str, Any]:
    """OpenAI's chat completion request. Streamed, so that what has come when time runs out is not lost."""
    messages = list(arguments.get("messages") or [{"role": "user", "content": arguments["prompt"]}])
    if "system" in arguments:
        messages.insert(0, {"role": "system", "content": arguments["system"]})
    request = {
        "model": arguments["model"],
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if "max_tokens" in arguments:
        request["max_tokens"] = int(arguments["max_tokens"])  # JSON Schema takes 20.0 for an integer, OpenAI does not
    if "temperature" in arguments:
        request["temperature"] = arguments["temperature"]
    return request


def embed(arguments: Arguments, infer: Infer) -> ToolResult:
    request = {"model": arguments["model"], "input": list(arguments["input"]), "encoding_format": "float"}
    if "dimensions" in arguments:
        request["dimensions"] = int(arguments["dimensions"])
    reply = _document(_granted(infer("POST", "/embeddings", request)))
    try:
        vectors = sorted(reply["data"], key=lambda each: each["index"])
        found = {"model": reply["model"], "embeddings": [each["embedding"] for each in vectors]}
        counts = reply.get("usage")
    except (KeyError, TypeError):
        raise Problem("upstream_error") from None
    if isinstance(counts, dict):
        found["usage"] = {name: int(counts.get(name) or 0) for name in ("prompt_tokens", "total_tokens")}
    return data(found)


def count_tokens(arguments: Arguments, infer: Infer) -> ToolResult:
    if ("prompt" in arguments) == ("messages" in arguments):
        return ToolResult.error("Give either 'prompt' or 'messages', and not both.")
    request = {"model": arguments["model"], "input": arguments.get("messages") or arguments["prompt"]}
    if "system" in arguments:
        request["instructions"] = arguments["system"]
    reply = _document(_granted(infer("POST", "/responses/input_tokens", request)))
    try:
        return data({"model": arguments["model"], "input_tokens": int(reply["input_tokens"])})
    except (KeyError, TypeError):
        raise Problem("upstream_error") from None


def data(found: Mapping[str, Any]) -> ToolResult:
    """Data, and the same as text, for clients that read nothing else."""
    return ToolResult((json.dumps(found, separators=(",", ":"), ensure_ascii=False),), found)


def _granted(reply: Reply) -> Reply:
    if reply.status != 200:
        raise Refused(message_of(_document(reply)))
    return reply


def _document(reply: Reply) -> Any:
    try:
        return json.loads(b"".join(reply.body))
    except ValueError:
        raise Problem("upstream_error") from None


_TOOLS: Mapping[str, Callable[[Arguments, Infer], ToolResult]] = {
    LIST_MODELS.name: list_models,
    CHAT.name: chat,
    EMBED.name: embed,
    COUNT_TOKENS.name: count_tokens,
}
