"""POST /mcp and /mcp/{server}: the Model Context Protocol, both eras at one address, no state."""

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.http import Event, dumps, principal, router, serve
from pennyworth.logs import logger
from pennyworth.policy import authorize
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.mcp import toolbox
from services.mcp.aggregate import Aggregate
from services.mcp.builtin import BuiltIn
from services.mcp.endpoint import Answer, Post, Server, answer
from services.mcp.headers import joined
from services.mcp.inference import Inference
from services.mcp.rounds import Rounds
from services.mcp.source import Source
from services.mcp.tools import TOOLS

_RESERVE_S = 1.5  # of the function's time, for the answer's own way back
_EVENT_STREAM = {"x-accel-buffering": "no"}  # asked of servers by MCP, lest a proxy keep the events back

app = router()


@app.post("/mcp")
def post_mcp_message() -> Response[Any]:
    return _posted(None)


@app.post("/mcp/<server>")
def post_mcp_server_message(server: str) -> Response[Any]:
    return _posted(server)


def _posted(name: str | None) -> Response[Any]:
    event: Event = app.current_event.raw_event
    caller = principal(event)
    authorize(caller, "mcp")
    ends_at = time.monotonic() + app.lambda_context.get_remaining_time_in_millis() / 1e3 - _RESERVE_S
    here = settings()
    rounds = Rounds(f"{caller.user_id} {caller.key_id}", time.time(), _pepper)
    server = Server(here.version, _offer(_sources(event, ends_at), caller, name), rounds, ends_at, here.mcp_origins)
    return _response(answer(_post(event), server))


def _sources(event: Event, ends_at: float) -> list[Source]:
    """Everything that may be offered to someone. Ours comes first."""
    infer = Inference(event, settings().openai_function, ends_at)
    ours: list[Source] = [BuiltIn(TOOLS, partial(toolbox.call, infer=infer))]
    return [*ours, *_upstreams()]


def _upstreams() -> Sequence[Source]:
    """The declared servers of others."""
    if not settings().mcp_servers:
        return ()
    from services.mcp.upstream.servers import sources

    return sources()


def _offer(sources: Sequence[Source], caller: Principal, name: str | None) -> Aggregate | None:
    """What this caller gets to see at an address: of all sources, or of the one named."""
    shows = partial(_shows, caller)
    if name is None:
        return Aggregate(sources, shows, _silent, ahead=_ahead)
    named = [source for source in sources if source.name == name]
    return Aggregate(named, shows, _silent, prefixed=False) if name and named else None


def _ahead(kind: str) -> None:
    if settings().mcp_servers:
        from services.mcp.upstream.servers import ask_ahead

        ask_ahead(kind)


def _shows(_caller: Principal, _kind: str, _name: str) -> bool:
    """Whether a caller may see, and so use, a tool, a prompt, a resource or a template of that name."""
    return True


def _silent(source: str, error: Exception) -> None:
    logger.error("an MCP source could not be listed", source=source, error=type(error).__name__)


def _pepper() -> bytes:
    from services.mcp.secret import pepper

    return pepper()


def _response(found: Answer) -> Response[Any]:
    if found.body is None:
        return Response(found.status)
    if not found.notices:
        return Response(found.status, "application/json", dumps(found.body))
    return Response(
        found.status, "text/event-stream", _event_stream((*found.notices, found.body)), headers=_EVENT_STREAM
    )


def _event_stream(messages: Iterable[Mapping[str, Any]]) -> str:
    """All of it at once: the route is a buffered one."""
    return "".join(f"event: message\ndata: {dumps(message)}\n\n" for message in messages)


@app.get("/.well-known/oauth-protected-resource")
def get_protected_resource_metadata() -> dict[str, Any]:
    """RFC 9728. It names no authorization server: keys and tokens are handed out by people, not by a flow."""
    event: Event = app.current_event.raw_event
    scheme = joined(event["multiValueHeaders"]).get("x-forwarded-proto", "https")
    return {
        "resource": f"{scheme}://{event['requestContext']['domainName']}/v1/mcp",
        "resource_name": "Pennyworth",
        "bearer_methods_supported": ["header"],
    }


def _post(event: Event) -> Post:
    body = event.get("body") or ""
    return Post(
        headers=joined(event["multiValueHeaders"]),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        host=event["requestContext"]["domainName"],
    )


handler = serve(app)
