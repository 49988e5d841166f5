"""Tools that Anthropic defines, as Claude reads them among its own fields.

Sources: Amazon Bedrock user guide, Anthropic Claude tool use, and the model cards: which type goes with which model and
beta; Anthropic's API reference, the tools' fields and inputs; live requests of aws-samples, in which Converse wants a
toolSpec beside them (read 2026-11).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, refused_by_model


class OwnTool(NamedTuple):
    name: str
    properties: dict[str, Any]  # of its input
    required: tuple[str, ...]
    fields: Mapping[str, type] = MappingProxyType({})
    optional: Mapping[str, type] = MappingProxyType({})


TEXT, POINT = {"type": "string"}, {"type": "array", "items": {"type": "integer"}}
SCREEN = {"display_width_px": int, "display_height_px": int}
ACTIONS = ["screenshot", "left_click", "type", "key", "mouse_move", "scroll", "wait"]
COMPUTER = {"action": {"enum": ACTIONS}, "coordinate": POINT, "text": TEXT}
EDITOR = {"command": {"enum": ["view", "create", "str_replace", "insert"]}, "path": TEXT}
OWN_TOOLS = {
    "bash_20250124": OwnTool("bash", {"command": TEXT}, ("command",)),
    "text_editor_20250728": OwnTool(
        "str_replace_based_edit_tool", EDITOR, ("command", "path"), optional={"max_characters": int}
    ),
    "computer_20250124": OwnTool("computer", COMPUTER, ("action",), SCREEN, {"display_number": int}),
    "computer_20251124": OwnTool(
        "computer", COMPUTER, ("action",), SCREEN, {"display_number": int, "enable_zoom": bool}
    ),
    "memory_20250818": OwnTool("memory", EDITOR, ("command", "path")),
}


def check_own_tools(model: Model, tools: Any, body: dict[str, Any]) -> None:
    """Raise the first rule that Claude's own tools break."""
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise refused_by_model("tools: Input should be a valid list")
    if "toolConfig" not in body:
        raise invalid("The toolConfig field must be defined when tools are among the additionalModelRequestFields.")
    betas = body["additionalModelRequestFields"].get("anthropic_beta", [])
    names = [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"] if "toolSpec" in tool]
    for number, tool in enumerate(tools):
        kind = tool.get("type", "custom")
        if kind not in model.own_tools:
            raise refused_by_model(f"'{model.name}' does not support tool types: {kind}")
        check_fields(f"tools.{number}", tool, OWN_TOOLS[kind])
        wanted = model.own_tools[kind]
        if wanted and not set(wanted) & set(betas):
            raise refused_by_model(f"tools.{number}: Input tag '{kind}' does not match any of the expected tags")
        names.append(tool["name"])
    if len(names) != len(set(names)):
        raise refused_by_model("tools: Tool names must be unique.")


def check_fields(where: str, tool: dict[str, Any], own: OwnTool) -> None:
    if tool.get("name") != own.name:
        raise refused_by_model(f"{where}.name: Input should be '{own.name}'")
    for name, kind in {**own.fields, **own.optional}.items():
        if name in own.fields and name not in tool:
            raise refused_by_model(f"{where}.{name}: Field required")
        if name in tool and type(tool[name]) is not kind:
            raise refused_by_model(f"{where}.{name}: Input should be a valid {kind.__name__}")
    known = {"type", "name", "cache_control", *own.fields, *own.optional}
    if foreign := tool.keys() - known:
        raise refused_by_model(f"{where}.{min(foreign)}: Extra inputs are not permitted")


def specifications(extra: dict[str, Any]) -> list[dict[str, Any]]:
    """As toolSpecs, for a model that is to call them."""
    specs = []
    for tool in extra.get("tools", []):
        own = OWN_TOOLS[tool["type"]]
        schema = {"type": "object", "properties": own.properties, "required": list(own.required)}
        specs.append({"name": own.name, "description": own.name, "inputSchema": {"json": schema}})
    return specs
