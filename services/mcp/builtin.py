"""Our own tools as a source among others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.mcp import schema
from services.mcp.protocol import INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, RpcError, require
from services.mcp.source import Asked, Object
from services.mcp.tools import Tool, ToolResult


class ToolsAlone:
    """What a source of tools that are for everyone says of all else."""

    def allows(self, name: str) -> bool:
        return True

    def prompts(self) -> Sequence[Object]:
        return ()

    def resources(self) -> Sequence[Object]:
        return ()

    def templates(self) -> Sequence[Object]:
        return ()

    def get_prompt(self, name: str, params: Object, asked: Asked) -> Object:
        raise RpcError(INVALID_PARAMS, f"Unknown prompt: {name[:200]}")

    def read_resource(self, uri: str, params: Object, asked: Asked) -> Object:
        raise RpcError(INVALID_PARAMS, "There is no such resource.", data={"uri": uri})

    def complete(self, ref: Object, params: Object, asked: Asked) -> Object:
        return {"completion": {"values": []}}


@dataclass(frozen=True, slots=True)
class BuiltIn(ToolsAlone):
    """The source without a name. `call` runs a tool with arguments that fit its schema."""

    offered: Mapping[str, Tool]
    call: Callable[[str, Mapping[str, Any]], ToolResult]
    name: str = ""

    def tools(self) -> Sequence[Object]:
        return [tool.definition for tool in self.offered.values()]

    def call_tool(self, name: str, params: Object, asked: Asked) -> Object:
        tool, arguments = self.offered[name], params.get("arguments") or {}
        _check_capabilities(tool, asked.capabilities)
        # What a model got wrong is told to the model, in a result it reads, so that it can try again.
        fault = schema.violation(arguments, tool.input_schema)
        return (ToolResult.error(fault) if fault else self.call(name, arguments)).members


def _check_capabilities(tool: Tool, declared: Mapping[str, Any]) -> None:
    missing: dict[str, dict[str, Any]] = {name: {} for name in tool.client_capabilities if name not in declared}
    require(
        not missing,
        MISSING_CLIENT_CAPABILITY,
        f"The tool '{tool.name}' needs a client with: {', '.join(missing)}.",
        data={"requiredCapabilities": missing},
    )
