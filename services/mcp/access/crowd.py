"""More tools than a client can hold: beyond a limit the list has our own, one that finds the others and one that calls
them.

What may be called stays the same, and only how it is found changes: a tool that is not in the list can still be called
by its name.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.mcp import schema
from services.mcp.access.search import ranked
from services.mcp.aggregate import Aggregate, Entry
from services.mcp.builtin import ToolsAlone
from services.mcp.protocol import INVALID_PARAMS, RpcError
from services.mcp.source import Asked, Object
from services.mcp.tools import Tool, ToolResult

_MOST, _USUAL = 20, 10  # tools that one search shows
_TEXT = {"type": "string", "minLength": 1}

SEARCH = Tool(
    name="search_tools",
    title="Find tools",
    description=(
        "Find the tools of this server by words: there are more than are listed. What is found comes with its "
        "arguments' schema and is run with call_tool."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "query": {
                **_TEXT,
                "maxLength": 200,
                "description": "What the tool should do, in a few words, such as 'close an issue'",
            },
            "limit": {"type": "integer", "minimum": 1, "maximum": _MOST, "description": "The most to show; default 10"},
        },
        "required": ["query"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "tools": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string"},
                        "description": {"type": "string"},
                        "inputSchema": {"type": "object"},
                    },
                    "required": ["name", "inputSchema"],
                },
            },
            "found": {"type": "integer", "minimum": 0, "description": "How many fit, shown or not"},
        },
        "required": ["tools", "found"],
        "additionalProperties": False,
    },
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
)
CALL = Tool(
    name="call_tool",
    title="Run a tool that was found",
    description="Run a tool that search_tools found. Its own result comes back.",
    input_schema={
        "type": "object",
        "properties": {
            "name": {**_TEXT, "description": "The tool's name, as search_tools says it"},
            "arguments": {"type": "object", "description": "What the tool's inputSchema asks for"},
        },
        "required": ["name"],
        "additionalProperties": False,
    },
    output_schema={},
    # It may be any tool, so nothing better can be promised.
    annotations={"readOnlyHint": False, "destructiveHint": True, "idempotentHint": False, "openWorldHint": True},
)
FINDERS = (SEARCH, CALL)


@dataclass(frozen=True, slots=True)
class Crowd(Aggregate):
    """An aggregate whose list of tools has an end."""

    limit: int = 128

    def entries(self, kind: str) -> list[Entry]:
        found = Aggregate.entries(self, kind)
        if kind != "tools" or len(found) <= self.limit:
            return found
        ours = [*(entry for entry in found if not entry.source.name), *self._finders()]
        return sorted(ours, key=lambda entry: entry.place)

    def entry(self, kind: str, name: str) -> Entry | None:
        if kind == "tools" and name in {tool.name for tool in FINDERS} and self._crowded():
            return next(entry for entry in self._finders() if entry.name == name)
        return Aggregate.entry(self, kind, name)

    def _crowded(self) -> bool:
        return len(Aggregate.entries(self, "tools")) > self.limit

    def _finders(self) -> Sequence[Entry]:
        source = Finder(self)
        return [Entry(source, tool.name, tool.name, _definition(tool)) for tool in FINDERS]

    def found(self, query: str) -> list[Entry]:
        entries = Aggregate.entries(self, "tools")
        return ranked(query, ((entry, {**entry.object, "name": entry.name}) for entry in entries))

    def behind(self, name: str) -> Entry | None:
        return Aggregate.entry(self, "tools", name)


@dataclass(frozen=True, slots=True)
class Finder(ToolsAlone):
    """The two tools as a source: they have no rights of their own, and see what the caller sees."""

    crowd: Crowd
    name: str = ""

    def call_tool(self, name: str, params: Object, asked: Asked) -> Object:
        arguments = params.get("arguments") or {}
        tool = next(tool for tool in FINDERS if tool.name == name)
        if fault := schema.violation(arguments, tool.input_schema):
            return ToolResult.error(fault).members
        return self._search(arguments) if tool is SEARCH else self._call(arguments, params, asked)

    def _search(self, arguments: Mapping[str, Any]) -> Object:
        entries = self.crowd.found(str(arguments["query"]))
        limit = arguments.get("limit", _USUAL)
        shown = [_shown(entry) for entry in entries[: int(limit)]]  # JSON Schema takes 5.0 for an integer
        found = {"tools": shown, "found": len(entries)}
        return ToolResult((json.dumps(found, separators=(",", ":"), ensure_ascii=False),), found).members

    def _call(self, arguments: Mapping[str, Any], params: Object, asked: Asked) -> Object:
        name = str(arguments["name"])
        entry = self.crowd.behind(name)
        if entry is None:
            raise RpcError(INVALID_PARAMS, f"Unknown tool: {name[:200]}")
        inner = {**params, "name": entry.own, "arguments": arguments.get("arguments") or {}}
        return entry.source.call_tool(entry.own, inner, asked)

    def tools(self) -> Sequence[Object]:
        return ()


def _definition(tool: Tool) -> Object:
    return {name: value for name, value in tool.definition.items() if value or name != "outputSchema"}


def _shown(entry: Entry) -> Object:
    described = {"description": entry.object["description"]} if "description" in entry.object else {}
    return {"name": entry.name, **described, "inputSchema": entry.object.get("inputSchema") or {"type": "object"}}
