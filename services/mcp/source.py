"""Where tools, prompts and resources come from: one shape for ours and for those of other servers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Object = Mapping[str, Any]
Notification = Mapping[str, Any]  # {"method": "notifications/…", "params": {…}}


def _unheard(_notification: Notification) -> None:
    """What becomes of a notification that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What surrounds a request: all that a source may know of it besides its `params`.

    `progress` takes notifications that go out before the result: `notifications/progress`, whose `progressToken` may be
    left out, since the client's own is put there, and `notifications/message`. One that the client did not ask for is
    dropped there, so a source need not look. `token`, `log_level` and `capabilities` say what is worth asking another
    server for.

    A request that answers questions of an earlier `input_required` result holds the answers in `input_responses`, by
    the names the questions had in `inputRequests`, and in `state` the `requestState` of that result, a string as the
    source gave it: it has been proven to come from that source, for this caller and this very request.
    """

    version: str  # the revision the client speaks, one of eras.SUPPORTED
    capabilities: Object  # the client's; empty where the revision does not send them with each request
    ends_at: float  # on time.monotonic(): no answer is read after it
    progress: Callable[[Notification], None] = _unheard
    token: str | int | None = None  # the client's progressToken; None if it wants no progress
    log_level: str | None = None  # the least severe notifications/message wanted; None for none at all
    input_responses: Object = field(default_factory=dict)
    state: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # the client's, by lower-case name


class Source(Protocol):
    """Lists are whole and in any order: the core sorts, filters, prefixes and pages them.

    Objects and results have the newest revision's shape; `params` are the request's own without `_meta`, names and
    references in them without prefix. A tool or prompt that is called has been listed by the same source just before,
    and is not hidden from the caller. A resource was listed, or fits a template that was; at /mcp/{server} it may be
    any.

    What a tool gets wrong is a result with `isError`, and so is a Problem raised by `call_tool`; a protocol error is
    raised as RpcError. A result whose `resultType` is "input_required" asks the client: `inputRequests`, and if it
    likes a `requestState` of the source's own, any string.
    A listing that raises, whatever it raises, is logged and left out: the other sources are listed nevertheless.
    """

    @property
    def name(self) -> str:
        """ "" for our own; else the prefix of its names at /mcp, and the server in /mcp/{server}."""
        ...

    def allows(self, name: str) -> bool:
        """Whether the caller may use what goes by that name or URI at the source, whether or not there is such a thing.
        What they may not is in no list and unknown, also where the source does not answer."""
        ...

    def tools(self) -> Sequence[Object]: ...
    def prompts(self) -> Sequence[Object]: ...
    def resources(self) -> Sequence[Object]: ...
    def templates(self) -> Sequence[Object]: ...
    def call_tool(self, name: str, params: Object, asked: Asked) -> Object: ...
    def get_prompt(self, name: str, params: Object, asked: Asked) -> Object: ...
    def read_resource(self, uri: str, params: Object, asked: Asked) -> Object: ...
    def complete(self, ref: Object, params: Object, asked: Asked) -> Object: ...


@runtime_checkable
class Changing(Protocol):
    """A source whose lists are true for a while."""

    def ttl_ms(self, kind: str) -> int:
        """How long what was just listed of a kind (tools, prompts, resources, templates) may be kept."""
        ...
