"""Tools that Anthropic defines and the client runs: Claude knows them by their type, without a schema. Pure.

Converse has no member for them: they go to the model among its own fields, with the beta that the catalogue names for
the model and type.

Sources: Amazon Bedrock user guide, Anthropic Claude tool use, computer use, and the model cards; live requests of
aws-samples, in which Converse wants a toolSpec beside them (read 2026-11).
"""

from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.messages.marks import Marks
from services.openai.messages.params import OWN_TOOLS, Prompt, Tool

_FIELDS = ("type", "name", "display_width_px", "display_height_px", "display_number", "enable_zoom", "max_characters")
# What Converse is shown where a client has no other tool: it takes no list that is empty, and none is not taken once a
# call of any tool is in the history.
BESIDE: dict[str, Any] = {
    "toolSpec": {
        "name": "none_other",
        "description": "Not a tool. Never call it.",
        "inputSchema": {"json": {"type": "object", "properties": {}}},
    }
}


def own_tools(request: Prompt, model: Model, marks: Marks) -> list[dict[str, Any]]:
    """In Anthropic's own form. Raises Problem for one that the model does not know."""
    if request.tool_choice is not None and request.tool_choice.type == "none":
        return []
    return [
        _own(tool, f"tools[{index}]", model, marks)
        for index, tool in enumerate(request.tools or ())
        if tool.type in OWN_TOOLS
    ]


def own_betas(tools: list[dict[str, Any]], model: Model) -> set[str]:
    """What they go with."""
    return {beta for tool in tools if (beta := model.own_tools[tool["type"]])}


def require_none(request: Prompt) -> None:
    """Raise the Problem of one of them where the model is no Claude of Bedrock's."""
    for index, tool in enumerate(request.tools or ()):
        if tool.type in OWN_TOOLS:
            raise _unknown(f"tools[{index}].type", request.model, ())


def _own(tool: Tool, param: str, model: Model, marks: Marks) -> dict[str, Any]:
    if tool.type not in model.own_tools:
        raise _unknown(f"{param}.type", model.name, tuple(model.own_tools))
    own = tool.model_dump(include=set(_FIELDS), exclude_none=True)
    for point in marks.points(tool.cache_control, param, "cached_tools"):
        life = {"ttl": point["cachePoint"]["ttl"]} if "ttl" in point["cachePoint"] else {}
        own["cache_control"] = {"type": "ephemeral", **life}
    return own


def _unknown(param: str, model: str, known: tuple[str, ...]) -> Problem:
    those = f"knows {', '.join(known)} of these" if known else "knows none that Anthropic defines"
    reason = f"The model '{model}' {those}: give a tool an 'input_schema'."
    return Problem("unsupported_parameter", param=param, reason=reason)
