"""POST /mcp and /mcp/{server}: the Model Context Protocol, both eras at one address, no state."""

import base64
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.http import Event, dumps, log_also, principal, router, serve
from pennyworth.logs import fault, logger
from pennyworth.policy import authorize
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.mcp import toolbox
from services.mcp.access.crowd import Crowd
from services.mcp.access.grants import chosen, foreign, grants
from services.mcp.access.guarded import guarded
from services.mcp.access.usage import Usage
from services.mcp.aggregate import Aggregate
from services.mcp.endpoint import Answer, Post, Server, answer, broken, refused
from services.mcp.headers import joined
from services.mcp.inference import Inference
from services.mcp.levels import Levels
from services.mcp.oauth.routes import router as oauth
from services.mcp.own.offer import ACTIONS, Own
from services.mcp.own.tools import SELF_TOOLS
from services.mcp.protocol import INTERNAL_ERROR, INVALID_REQUEST, RpcError
from services.mcp.rounds import Rounds
from services.mcp.source import Source
from services.mcp.tools import TOOLS, ToolResult

_RESERVE_S = 1.5  # of the function's time, for the answer's own way back
_MOST_BYTES = 6 * 1024 * 1024 - 64 * 1024  # of a body, with room for the headers in the 6 MB that Lambda answers with
_TOO_LARGE = "The answer is over the 6 MB that can be handed over here. Ask for less."
_EVENT_STREAM = {"x-accel-buffering": "no"}  # asked of servers by MCP, lest a proxy keep the events back
LEVELS = Levels()

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
    post = _post(event)
    usage = Usage(caller, settings().tool_terms)
    log_also(event, usage.fields)
    try:
        response = _response(_answered(event, caller, post, name, usage))
        if not _too_large(response):
            return response
        late = refused(post, RpcError(INTERNAL_ERROR, _TOO_LARGE))
    except Exception as error:  # a client of MCP reads errors of JSON-RPC, and finds its request by the id in them
        fault("unexpected error", error)
        late = broken(post)
    usage.waive()
    return _response(late)


def _answered(event: Event, caller: Principal, post: Post, name: str | None, usage: Usage) -> Answer:
    ends_at = time.monotonic() + app.lambda_context.get_remaining_time_in_millis() / 1e3 - _RESERVE_S
    here = settings()
    who = f"{caller.user_id} {caller.key_id}"
    rounds = Rounds(who, time.time(), _pepper)

    def offer() -> Aggregate:
        return _offer(_sources(event, ends_at, caller, usage), name)

    return answer(post, Server(here.version, offer, rounds, ends_at, here.mcp_origins, LEVELS.of(who)))


def _sources(event: Event, ends_at: float, caller: Principal, usage: Usage) -> list[Source]:
    """Everything that may be offered to the caller, as far as they may use it. Ours comes first. Raises RpcError for a
    toolset that there is not."""
    toolsets = settings().toolsets
    confined = chosen(_toolset(event), toolsets)
    infer = Inference(event, settings().openai_function, ends_at)
    ours = Own({**TOOLS, **SELF_TOOLS}, partial(_called, caller, infer), infer=infer)
    own = grants(caller, confined, toolsets, ACTIONS)
    theirs = foreign(caller, confined, toolsets)
    return [
        guarded(ours, own, usage.counts),
        *(guarded(source, theirs, usage.counts) for source in _upstreams()),
    ]


def _called(caller: Principal, infer: Inference, name: str, arguments: Mapping[str, Any]) -> ToolResult:
    """What one of our tools gives."""
    if name not in SELF_TOOLS:
        return toolbox.call(name, arguments, infer)
    from services.mcp.own.person import TELLS

    return TELLS[name](caller, arguments, infer.ends_at)


def _toolset(event: Event) -> str:
    """The toolsets a client was configured with: in its URL, or where it can send headers, in one."""
    query = event.get("multiValueQueryStringParameters") or {}
    asked = [*query.get("toolset", ()), joined(event["multiValueHeaders"]).get("x-pennyworth-toolset", "")]
    return ",".join(asked)


def _upstreams() -> Sequence[Source]:
    """The declared servers of others."""
    if not settings().mcp_servers:
        return ()
    from services.mcp.upstream.servers import sources

    return sources()


def _offer(sources: Sequence[Source], name: str | None) -> Aggregate:
    """What there is at an address: of all sources, or of the one named. Raises RpcError where there is none of it."""
    limit = settings().tool_limit
    if name is None:
        return Crowd(sources, _silent, ahead=_ahead, limit=limit)
    named = [source for source in sources if source.name == name]
    if not name or not named:
        raise RpcError(INVALID_REQUEST, "There is no MCP server at this address. POST to /v1/mcp for all.", status=404)
    return Crowd(named, _silent, prefixed=False, limit=limit)


def _ahead(kind: str) -> None:
    if settings().mcp_servers:
        from services.mcp.upstream.servers import ask_ahead

        ask_ahead(kind)


def _silent(source: str, error: Exception) -> None:
    """A server that does not answer is not ours to mend: an error here would raise our own alarm."""
    from services.mcp.upstream.faults import Unreachable

    say = logger.warning if isinstance(error, Unreachable) else logger.error
    say("an MCP source could not be listed", source=source, error=type(error).__name__)


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


def _too_large(response: Response[Any]) -> bool:
    """Whether Lambda would not hand it over: it counts the body as a string of JSON, with every quote escaped."""
    body = response.body
    return isinstance(body, str) and len(body) > _MOST_BYTES // 6 and len(dumps(body).encode()) > _MOST_BYTES


def _event_stream(messages: Iterable[Mapping[str, Any]]) -> str:
    """All of it at once: the route is a buffered one."""
    return "".join(f"event: message\ndata: {dumps(message)}\n\n" for message in messages)


def _post(event: Event) -> Post:
    body = event.get("body") or ""
    return Post(
        headers=joined(event["multiValueHeaders"]),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass"),
        host=event["requestContext"]["domainName"],
    )


app.include_router(oauth)
handler = serve(app)
