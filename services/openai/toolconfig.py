"""OpenAI's tools as Converse's toolConfig."""

from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.formats import ANSWER, answer_tool, forced
from services.openai.schemas import enforceable
from services.openai.support import lacks
from services.openai.tools import Tool
from services.openai.turns import Turn


def tool_config(request: ChatRequest, history: list[Turn], model: Model) -> dict[str, Any] | None:
    """The tools that may be called, and which must be; the tool to answer with in JSON is one of them, if there is one.

    With no tools offered, those the history calls are, without which Bedrock refuses it.
    """
    answer = answer_tool(request, model)
    if request.tool_choice is not None and request.tool_choice.type == "none":
        tools, choice = [], None
    elif request.tools:
        _refuse_twins(request.tools)
        tools = [
            block
            for index, tool in enumerate(request.tools)
            for block in (_tool(tool, f"tools[{index}].function", model), *tool.cache_points)
        ]
        choice = _choice(request) or ({"any": {}} if answer and forced(request, model) else None)
    else:
        if request.tool_choice is not None and request.tool_choice.type != "auto":
            raise Problem("invalid_value", param="tool_choice", reason="needs 'tools' to choose from")
        tools, choice = [_specification(name, name, None) for name in _called(history)], None
    if answer:
        tools = [*tools, {"toolSpec": answer}]
        choice = choice or ({"tool": {"name": ANSWER}} if forced(request, model) else None)
    return {"tools": tools, **({"toolChoice": choice} if choice else {})} if tools else None


def _choice(request: ChatRequest) -> dict[str, Any] | None:
    choice = request.tool_choice
    if choice is None or choice.type == "auto":
        return None
    if choice.function is None:
        return {"any": {}}
    if choice.function.name not in {tool.function.name for tool in request.tools or ()}:
        reason = f"'{choice.function.name}' is not among 'tools'"
        raise Problem("invalid_value", param="tool_choice.function.name", reason=reason)
    return {"tool": {"name": choice.function.name}}


def _called(history: list[Turn]) -> list[str]:
    """The names of the tools that were called, each once."""
    return list(
        dict.fromkeys(block["toolUse"]["name"] for turn in history for block in turn["content"] if "toolUse" in block)
    )


def _refuse_twins(tools: list[Tool]) -> None:
    seen = {ANSWER}
    for index, tool in enumerate(tools):
        if tool.function.name in seen:
            reason = f"'{tool.function.name}' is the name of a tool before it, or of one of ours"
            raise Problem("invalid_value", param=f"tools[{index}].function.name", reason=reason)
        seen.add(tool.function.name)


def _tool(tool: Tool, param: str, model: Model) -> dict[str, Any]:
    function = tool.function
    made = _specification(function.name, function.description, function.parameters)
    if not function.strict:
        return made
    if not model.accepts("json_schema"):
        raise Problem("unsupported_parameter", param=f"{param}.strict", reason=lacks(model, "strict tools"))
    try:
        schema = enforceable(made["toolSpec"]["inputSchema"]["json"])
    except ValueError as error:
        raise Problem("invalid_value", param=f"{param}.parameters", reason=str(error)) from None
    return {"toolSpec": {**made["toolSpec"], "inputSchema": {"json": schema}, "strict": True}}


def _specification(name: str, description: str | None, parameters: dict[str, Any] | None) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, **(parameters or {})}
    return {"toolSpec": {"name": name, "description": description or name, "inputSchema": {"json": schema}}}
