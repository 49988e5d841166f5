"""Sources for tests of the core, and what stands around them when a POST is answered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.mcp.aggregate import Aggregate
from services.mcp.builtin import BuiltIn
from services.mcp.endpoint import Server
from services.mcp.rounds import Rounds
from services.mcp.source import Asked, Source
from services.mcp.tools import TOOLS, ToolResult

PEPPER = b"p" * 32
NOW = 1_800_000_000.0
ADA = "ada key_1"

Answers = Callable[[str, Mapping[str, Any], Asked], Mapping[str, Any]]


def text(said: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": said}]}


@dataclass
class Shelf:
    """A source of what it is given. It notes what it was asked, and says so unless told to answer otherwise."""

    name: str = "shelf"
    has: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # by kind
    answers: Mapping[str, Answers] = field(default_factory=dict)  # by tool, prompt or URI
    hidden: Sequence[str] = ()  # names and URIs that nobody may use
    asked: list[tuple[str, Mapping[str, Any], Asked]] = field(default_factory=list)

    def allows(self, name: str) -> bool:
        return name not in self.hidden

    def tools(self) -> Sequence[Mapping[str, Any]]:
        return self.has.get("tools", ())

    def prompts(self) -> Sequence[Mapping[str, Any]]:
        return self.has.get("prompts", ())

    def resources(self) -> Sequence[Mapping[str, Any]]:
        return self.has.get("resources", ())

    def templates(self) -> Sequence[Mapping[str, Any]]:
        return self.has.get("templates", ())

    def call_tool(self, name: str, params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        return self._answer(name, params, asked, text(f"{self.name} did {name}"))

    def get_prompt(self, name: str, params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        said = {"role": "user", "content": {"type": "text", "text": f"{self.name} says {name}"}}
        return self._answer(name, params, asked, {"messages": [said]})

    def read_resource(self, uri: str, params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        return self._answer(uri, params, asked, {"contents": [{"uri": uri, "text": f"{self.name} has {uri}"}]})

    def complete(self, ref: Mapping[str, Any], params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        return self._answer("complete", params, asked, {"completion": {"values": [self.name]}})

    def _answer(
        self, name: str, params: Mapping[str, Any], asked: Asked, otherwise: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        self.asked.append((name, params, asked))
        return self.answers[name](name, params, asked) if name in self.answers else otherwise


class Dead(Shelf):
    """A source that cannot even say what it has."""

    def tools(self) -> Sequence[Mapping[str, Any]]:
        raise OSError("connection refused by 10.0.0.7")

    prompts = resources = templates = tools


def tool(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "inputSchema": {"type": "object"}, **members}


def builtin(tools: Mapping[str, Any] = TOOLS, call: Callable[[str, Any], ToolResult] | None = None) -> BuiltIn:
    return BuiltIn(tools, call or (lambda name, arguments: ToolResult((name,), {})))


def server(
    *sources: Source,
    prefixed: bool = True,
    caller: str = ADA,
    now: float = NOW,
    reports: list[tuple[str, Exception]] | None = None,
    origins: tuple[str, ...] = ("https://app.example.com",),
    ends_at: float = 0.0,
) -> Server:
    """A server of these sources; of the built-in one where none is named."""
    noted = [] if reports is None else reports
    offer = Aggregate(sources or (builtin(),), lambda source, error: noted.append((source, error)), prefixed=prefixed)
    return Server("0.1.0", lambda: offer, Rounds(caller, now, lambda: PEPPER), ends_at, origins)
