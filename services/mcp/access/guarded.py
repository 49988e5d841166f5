"""A source as one caller may use it: what they may not use is not there, and what they use is counted.

What stands in the lists is what can be called, because both ask `allows`; the core answers for the rest that it is
unknown, as it does for what never was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.mcp.access.uris import plain
from services.mcp.protocol import INVALID_PARAMS, RpcError
from services.mcp.source import Asked, Changing, Object, Source

# Whether the caller may use something of a name: that of a tool or a prompt as /mcp lists it; for what goes by a URI of
# another server's, the URI behind that server's name.
Grants = Callable[[str], bool]
# Runs a tool of a name, which is what `Usage` counts.
Counts = Callable[[str, str, Callable[[], Object]], Object]


def guarded(source: Source, grants: Grants, counts: Counts) -> "Guarded":
    """The source as whoever these grants are for may use it. One whose lists are true for a while stays one."""
    kind = GuardedChanging if isinstance(source, Changing) else Guarded
    return kind(source.name, source, grants, counts)


@dataclass(frozen=True, slots=True)
class Guarded:
    name: str
    source: Source = field(repr=False)
    grants: Grants
    counts: Counts

    def allows(self, name: str) -> bool:
        return self.grants(self._full(name))

    def tools(self) -> Sequence[Object]:
        return self.source.tools()

    def prompts(self) -> Sequence[Object]:
        return self.source.prompts()

    def resources(self) -> Sequence[Object]:
        return self.source.resources()

    def templates(self) -> Sequence[Object]:
        return self.source.templates()

    def call_tool(self, name: str, params: Object, asked: Asked) -> Object:
        self._check(name, f"Unknown tool: {name[:200]}")
        return self.counts(self._full(name), self.name, lambda: self.source.call_tool(name, params, asked))

    def get_prompt(self, name: str, params: Object, asked: Asked) -> Object:
        self._check(name, f"Unknown prompt: {name[:200]}")
        return self.source.get_prompt(name, params, asked)

    def read_resource(self, uri: str, params: Object, asked: Asked) -> Object:
        """Of the URI itself, also where a template that may be used led to it; and of what its server may take it for,
        so that no other spelling is a way round a pattern."""
        for spelling in {uri, plain(uri)}:
            self._check(spelling, "There is no such resource.", data={"uri": uri})
        return self.source.read_resource(uri, params, asked)

    def complete(self, ref: Object, params: Object, asked: Asked) -> Object:
        return self.source.complete(ref, params, asked)

    def _check(self, name: str, otherwise: str, **more: Any) -> None:
        if not self.allows(name):
            raise RpcError(INVALID_PARAMS, otherwise, **more)

    def _full(self, name: str) -> str:
        return f"{self.name}_{name}" if self.name else name


@dataclass(frozen=True, slots=True)
class GuardedChanging(Guarded):
    def ttl_ms(self, kind: str) -> int:
        found = self.source
        assert isinstance(found, Changing)
        return found.ttl_ms(kind)
