"""OpenAI's tools as Converse's toolConfig."""

from typing import Any

from pennyworth.errors import Problem
from services.openai.chat import ChatRequest
from services.openai.tools import Tool
from services.openai.turns import Turn


def tool_config(request: ChatRequest, history: list[Turn]) -> dict[str, Any] | None:
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
