"""A declared server as a source of tools, prompts and resources."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from pennyworth.http import dumps
from pennyworth.logs import logger
from services.mcp.headers import encoded, mirrored
from services.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, RpcError
from services.mcp.shapes import promised
from services.mcp.source import Asked, Object
from services.mcp.upstream import shapes
from services.mcp.upstream.approval import sorted_out
from services.mcp.upstream.breaker import Breaker
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.faults import BadStatus, Refused, Unreachable
from services.mcp.upstream.lists import Items, Lists
from services.mcp.upstream.outputs import kept
from services.mcp.upstream.pages import Listed

_NOT_FOUND = (INVALID_PARAMS, -32002)  # the second one is how older revisions say it of a resource
_WITHHELD = (
    "The tool '{name}' of the server '{server}' is withheld: its definition is not the one that was approved. "
    "Ask an administrator."
)
_LIST_S = 5.0  # a list waits for all servers, and must not wait for one that does not answer


# What the core calls a kind, and what MCP calls its list.
_KINDS = {"tools": "tools", "prompts": "prompts", "resources": "resources", "templates": "resourceTemplates"}


class Backend(Protocol):
    """What is behind the declaration. Raises Unreachable and Refused."""

    def listed(self, kind: str, ends_at: float) -> Listed: ...
    def request(
        self, method: str, params: Mapping[str, Any], asked: Asked, ends_at: float, headers: Mapping[str, str]
    ) -> dict[str, Any]: ...
    def shows(self, text: str) -> bool: ...
    def close(self) -> None: ...


@dataclass
class Served:
    """A declaration, what was made for it, and what has been seen of the server since."""

    declared: Declared
    backend: Backend
    clock: Callable[[], float] = time.monotonic
    lists: Lists = field(init=False)
    breaker: Breaker = field(init=False)
    withheld: dict[str, str] = field(init=False, default_factory=dict)  # tool → the digest it has now

    def __post_init__(self) -> None:
        self.lists, self.breaker = Lists(self._fetch, self.clock), Breaker(self.clock)

    def guarded(self, ask: Callable[[], Any], *, for_caller: bool = False) -> Any:
        """What `ask` returns, unless the server has failed too often of late. Raises Unreachable, Refused.

        What a caller asks for may fail, or take too long, by its own fault: that says nothing yet. But the lists are
        asked for again then, and whether they come does.
        """
        if not self.breaker.admits():
            raise Unreachable(f"has failed several times and is asked again in {self.breaker.left_s:.0f} seconds")
        try:
            found = ask()
        except Unreachable as fault:
            if not fault.counts:
                self.breaker.succeeded()
            elif fault.down or not for_caller:
                self.breaker.failed()
            else:
                self.lists.doubt()
            raise
        except Refused:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return found

    def safe(self, found: dict[str, Any]) -> dict[str, Any]:
        """The same, unless it holds the gateway's credentials: some servers repeat what they were sent."""
        if self.backend.shows(dumps(found)):
            logger.error("mcp server repeats credentials", server=self.declared.name)
            why = "repeated the gateway's credentials in its answer, which is therefore withheld"
            raise Unreachable(why, counts=False)
        return found

    def told(self, refusal: Refused) -> str:
        """What it says about the request is the client's to read; what it says about our credentials is not."""
        text = str(refusal)
        return "It gave no reason." if self.backend.shows(text) else text

    def heard(self, take: Callable[[Object], None]) -> Callable[[Object], None]:
        """`take`, for what the server says on its way to an answer; the same holds for that."""

        def safely(notification: Object) -> None:
            self.safe(dict(notification))
            take(notification)

        return safely

    def _fetch(self, kind: str) -> Listed:
        ends_at = time.monotonic() + min(self.declared.timeout_s, _LIST_S)

        def once() -> Listed:
            return self.backend.listed(kind, ends_at)

        def twice() -> Listed:
            try:
                return once()
            except BadStatus:
                raise
            except Unreachable as fault:
                if not fault.counts or time.monotonic() >= ends_at:
                    raise
                return once()  # a list asked for again does nothing twice

        try:
            listed: Listed = self.guarded(twice)
        except Refused as refusal:
            raise Unreachable(f"refused to list its {kind}: {self.told(refusal)}") from None
        items, left_out = shapes.usable(kind, listed.items)
        if left_out:
            logger.warning("mcp server lists what it must not", server=self.declared.name, kind=kind, count=left_out)
        self.safe({kind: items})
        if kind == "tools":
            items = self._approved(items)
        return Listed(items, listed.ttl_ms)

    def _approved(self, items: Items) -> list[Object]:
        kept, withheld = sorted_out(items, self.declared.approved)
        for tool, digest in withheld.items():
            known = tool in (self.declared.approved or {})
            why = "changed since it was approved" if known else "never approved"
            logger.warning("mcp tool withheld", server=self.declared.name, tool=tool, why=why, digest=digest)
        self.withheld = withheld
        return kept


class Upstream:
    """A Source. Its declaration is read when it is first needed, and may change while the process lives."""

    def __init__(self, name: str, served: Callable[[], Served]) -> None:
        """`served` raises Unreachable where the declaration cannot be read."""
        self.name, self._read = name, served
        self._seen: Served | None = None

    def is_fresh(self, kind: str) -> bool:
        """Whether a kind can be listed without asking anyone."""
        return self._seen is not None and self._seen.lists.is_settled(_KINDS[kind])

    def allows(self, name: str) -> bool:
        return True

    def tools(self) -> Items:
        return self._listed("tools")

    def prompts(self) -> Items:
        return self._listed("prompts")

    def resources(self) -> Items:
        return self._listed("resources")

    def templates(self) -> Items:
        return self._listed("resourceTemplates")

    def ttl_ms(self, kind: str) -> int:
        try:
            return self._served().lists.left_ms(_KINDS[kind])
        except Unreachable:
            return 0

    def call_tool(self, name: str, params: Object, asked: Asked) -> Object:
        try:
            served = self._served()
            tools = served.lists("tools")  # first: what is withheld is known from it
            if name in served.withheld:
                return shapes.failed(_WITHHELD.format(name=name, server=self.name))
            tool = next((tool for tool in tools if tool["name"] == name), None)
            if tool is None:
                raise RpcError(INVALID_PARAMS, f"The server '{self.name}' has no tool '{name[:200]}'.")
            arguments = params.get("arguments") or {}
            headers = _mirrored(tool["inputSchema"], arguments)
            found = self._ask("tools/call", {**params, "name": name, "arguments": arguments}, asked, headers)
            return kept(shapes.tool_result(found), promised(tool, asked.version))
        except Unreachable as why:
            return shapes.failed(self._sentence(why))
        except Refused as refusal:
            if refusal.code == MISSING_CLIENT_CAPABILITY:
                raise self._lacking(refusal) from None
            return shapes.failed(self._said(refusal))

    def get_prompt(self, name: str, params: Object, asked: Asked) -> Object:
        return self._answered("prompts/get", {**params, "name": name}, asked, "messages")

    def read_resource(self, uri: str, params: Object, asked: Asked) -> Object:
        return self._answered("resources/read", {**params, "uri": uri}, asked, "contents")

    def complete(self, ref: Object, params: Object, asked: Asked) -> Object:
        return self._answered("completion/complete", {**params, "ref": ref}, asked, "completion")

    def _served(self) -> Served:
        self._seen = self._read()
        return self._seen

    def _listed(self, kind: str) -> Items:
        """Raises Unreachable, as a sentence that names the server."""
        try:
            return self._served().lists(kind)
        except Unreachable as why:
            raise Unreachable(self._sentence(why), counts=why.counts) from None

    def _answered(self, method: str, params: Object, asked: Asked, member: str) -> Object:
        try:
            return shapes.answer(self._ask(method, params, asked, {}), member)
        except Unreachable as why:
            raise RpcError(INTERNAL_ERROR, self._sentence(why)) from None
        except Refused as refusal:
            if refusal.code in _NOT_FOUND:
                raise RpcError(INVALID_PARAMS, self._said(refusal)) from None
            if refusal.code == MISSING_CLIENT_CAPABILITY:
                raise self._lacking(refusal) from None
            raise RpcError(INTERNAL_ERROR, self._said(refusal)) from None

    def _ask(self, method: str, params: Object, asked: Asked, headers: Mapping[str, str]) -> dict[str, Any]:
        served = self._served()
        ends_at = min(asked.ends_at, time.monotonic() + served.declared.timeout_s)
        own = {name: value for name, value in params.items() if name not in ("_meta", "inputResponses", "requestState")}
        if asked.input_responses:
            own["inputResponses"] = asked.input_responses
        if asked.state is not None:
            own["requestState"] = asked.state
        sent = {**forwarded(served.declared.forward, asked.headers), **headers}
        asked = replace(asked, progress=served.heard(asked.progress))
        found: dict[str, Any] = served.guarded(
            lambda: served.backend.request(method, own, asked, ends_at, sent), for_caller=True
        )
        return served.safe(found)

    def _sentence(self, why: Unreachable) -> str:
        return f"The server '{self.name}' {why}."

    def _lacking(self, refusal: Refused) -> RpcError:
        """Which capabilities the client lacks is for it to know, and nothing else that comes along."""
        needed = refusal.data.get("requiredCapabilities") if isinstance(refusal.data, Mapping) else None
        needed = needed if isinstance(needed, Mapping) and not self._served().backend.shows(dumps(needed)) else {}
        return RpcError(refusal.code, self._said(refusal), data={"requiredCapabilities": needed})

    def _said(self, refusal: Refused) -> str:
        return f"The server '{self.name}' refused: {self._served().told(refusal)}"


def forwarded(allowed: tuple[str, ...], headers: Mapping[str, str]) -> dict[str, str]:
    """Those of the caller's headers that the declaration lets through: never one that holds a key of ours."""
    found = {name: headers[name] for name in allowed if name in headers}
    plain = {name: value for name, value in found.items() if value.isascii() and value.isprintable()}
    return {name: value for name, value in plain.items() if "sk-pw-" not in value}


def _mirrored(schema: Object, arguments: object) -> dict[str, str]:
    """The headers that repeat arguments, as the tool's schema asks."""
    sent = {}
    for path, header, _ in mirrored(schema):
        value: object = arguments
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, bool):
            sent[f"mcp-param-{header}".lower()] = str(value).lower()
        elif isinstance(value, str | int | float):
            sent[f"mcp-param-{header}".lower()] = encoded(str(value))
    return sent
