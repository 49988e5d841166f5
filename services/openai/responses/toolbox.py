"""The tools of a response as a chat's functions, and a chat's calls as the items of a response.

Tools that a client's own provider would run are not run here. Those that clients send with every request (Codex does)
are left out, and an answer's `tools` shows that they were; the others, whose results a client would miss, are refused.
"""

import hashlib
import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AliasChoices, BaseModel, Field

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.strict import STRICT

# Source: Codex's requests as reported in https://github.com/rynfar/meridian/pull/976 and
# https://github.com/ikawrakow/ik_llama.cpp/pull/1964 (read 2026-11).
_LEFT_OUT = frozenset({"web_search", "web_search_2025_08_26", "image_generation", "local_shell", "tool_search"})
_FOREIGN = re.compile(r"[^A-Za-z0-9_-]+")
_LONGEST = 64
_INPUT = {
    "type": "object",
    "properties": {"input": {"type": "string", "description": "The whole input of the tool, as plain text."}},
    "required": ["input"],
    "additionalProperties": False,
}
Async = Annotated[Literal[False] | None, Field(validation_alias=AliasChoices("async"))]


class _Tool(BaseModel):
    model_config = STRICT
    name: str
    description: str | None = None
    allowed_callers: list[str] | None = None
    defer_loading: bool | None = None  # how a search would find it; every tool is there from the start
    async_: Async = None


class FunctionTool(_Tool):
    type: Literal["function"]
    parameters: dict[str, Any] | None = None
    strict: bool | None = None
    output_schema: dict[str, Any] | None = None


class ToolFormat(BaseModel):
    model_config = STRICT
    type: Literal["text", "grammar"]
    syntax: Literal["lark", "regex"] | None = None
    definition: str | None = None


class CustomTool(_Tool):
    type: Literal["custom"]
    format: ToolFormat | None = None


class Namespace(BaseModel):
    model_config = STRICT
    type: Literal["namespace"]
    name: str
    description: str | None = None
    tools: list[dict[str, Any]]


class Made(NamedTuple):
    """What a chat's function was made from."""

    type: str  # function or custom
    name: str
    namespace: str | None = None


class Toolbox:
    """Of one request. Raises Problem with the path of what cannot be."""

    def __init__(self, tools: list[dict[str, Any]] | None, choice: str | dict[str, Any] | None) -> None:
        self.functions: list[dict[str, Any]] = []  # the chat's
        self.shown: list[dict[str, Any]] = []  # the answer's
        self.places: list[str] = []  # of each function, in the request
        self._made: dict[str, Made] = {}
        for index, tool in enumerate(tools or ()):
            self._add(tool, ("tools", index), f"tools[{index}]")
        self.choice = self._chosen(choice)  # the chat's

    def made(self, function: str) -> Made:
        """Where a function comes from; a model may make up a name, which is the client's to refuse."""
        return self._made.get(function, Made("function", function))

    def _add(self, tool: dict[str, Any], within: tuple[str | int, ...], param: str) -> None:
        kind = tool.get("type")
        if kind == "namespace":
            space = check(Namespace, tool, within=within)
            for index, one in enumerate(space.tools):
                self._one(one, (*within, "tools", index), f"{param}.tools[{index}]", space)
            self.shown.append({**tool, "description": space.description or ""})
        elif kind in _LEFT_OUT and isinstance(kind, str):
            return
        else:
            self.shown.append(self._one(tool, within, param))

    def _one(
        self, tool: dict[str, Any], within: tuple[str | int, ...], param: str, space: Namespace | None = None
    ) -> dict[str, Any]:
        kind = tool.get("type")
        if kind == "function":
            read: FunctionTool | CustomTool = check(FunctionTool, tool, within=within)
        elif kind == "custom":
            read = check(CustomTool, tool, within=within)
        elif kind is None:
            raise Problem("missing_required_parameter", param=f"{param}.type")
        else:
            reason = f"'{kind}' does not run here. Give the model a tool of type 'function' that your client runs."
            raise Problem("unsupported_parameter", param=f"{param}.type", reason=reason)
        made = Made(read.type, read.name, space.name if space else None)
        function = _function(read, flat(made.name, made.namespace))
        if function["name"] in self._made:
            raise Problem(
                "invalid_value", param=f"{param}.name", reason=f"'{read.name}' is the name of a tool before it"
            )
        self._made[function["name"]] = made
        self.functions.append({"type": "function", "function": function})
        self.places.append(param)
        shown = read.model_dump(exclude_none=True, exclude={"async_"})
        return shown | (
            {"parameters": read.parameters, "strict": bool(read.strict)} if isinstance(read, FunctionTool) else {}
        )

    def _chosen(self, choice: str | dict[str, Any] | None) -> Any:
        if isinstance(choice, str):
            if choice not in ("none", "auto", "required"):
                reason = "must be 'none', 'auto', 'required' or an object"
                raise Problem("invalid_value", param="tool_choice", reason=reason)
            return None if choice == "auto" and not self.functions else choice
        if choice is None:
            return None
        if choice.get("type") == "allowed_tools":
            return self._allowed(choice)
        return {"type": "function", "function": {"name": self._named(choice, "tool_choice")}}

    def _allowed(self, choice: dict[str, Any]) -> str | None:
        """The tools that may be called are the only ones the model hears of."""
        mode, tools = choice.get("mode"), choice.get("tools")
        if mode not in ("auto", "required"):
            raise Problem("invalid_value", param="tool_choice.mode", reason="must be 'auto' or 'required'")
        if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
            raise Problem("invalid_value", param="tool_choice.tools", reason="must be an array of tools")
        names = {
            self._named(tool, f"tool_choice.tools[{index}]")
            for index, tool in enumerate(tools)
            if tool.get("type") not in _LEFT_OUT
        }
        kept = [at for at, tool in enumerate(self.functions) if tool["function"]["name"] in names]
        self.functions, self.places = [self.functions[at] for at in kept], [self.places[at] for at in kept]
        return mode if kept or mode == "required" else None

    def _named(self, choice: dict[str, Any], param: str) -> str:
        kind, name = choice.get("type"), choice.get("name")
        if kind not in ("function", "custom"):
            reason = f"'{kind}' does not run here, so no model can be made to call it."
            raise Problem("unsupported_parameter", param=f"{param}.type", reason=reason)
        found = [
            function
            for function, made in self._made.items()
            if made.type == kind and made.name == name and made.namespace == choice.get("namespace")
        ]
        if not found:
            raise Problem("invalid_value", param=f"{param}.name", reason=f"'{name}' is not among 'tools'")
        return found[0]


def flat(name: str, namespace: str | None) -> str:
    """A function's name in a chat, which knows no namespaces; one too long is told apart by a digest."""
    if not namespace:
        return name
    whole = _FOREIGN.sub("_", f"{namespace}__{name}")
    if len(whole) <= _LONGEST:
        return whole
    digest = hashlib.sha256(f"{namespace}\0{name}".encode()).hexdigest()[:12]
    return f"{whole[: _LONGEST - 13]}_{digest}"


def _function(tool: FunctionTool | CustomTool, name: str) -> dict[str, Any]:
    description = tool.description or ""
    if isinstance(tool, FunctionTool):
        made = {"description": description, "parameters": tool.parameters, "strict": tool.strict}
        return {"name": name, **{key: value for key, value in made.items() if value not in (None, "")}}
    if tool.format and tool.format.type == "grammar":
        description += f"\n\nThe input must match this {tool.format.syntax} grammar:\n{tool.format.definition}"
    return {"name": name, "description": description.strip() or name, "parameters": _INPUT}
