"""A POST to the endpoint and its answer. Pure: all it needs is handed in, so one table of cases can hold the rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pennyworth.errors import Problem
from services.mcp import eras, headers
from services.mcp.aggregate import Aggregate, Silent
from services.mcp.levels import Level
from services.mcp.methods import HANDSHAKE_METHODS, MODERN_METHODS, Request
from services.mcp.notices import Notices
from services.mcp.protocol import (
    INTERNAL_ERROR,
    INVALID_REQUEST,
    MAX_BYTES,
    METHOD_NOT_FOUND,
    Message,
    RpcError,
    parse,
)
from services.mcp.rounds import Rounds


@dataclass(frozen=True, slots=True)
class Post:
    headers: headers.Headers
    body: bytes
    host: str  # the name the API is served under


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any] | None = None  # a JSON-RPC response; None for an empty body
    notices: Sequence[Mapping[str, Any]] = ()  # JSON-RPC notifications that go out before it, as server-sent events


@dataclass(frozen=True, slots=True)
class Server:
    """What is behind the endpoint, for one caller and one request."""

    version: str
    offer: Callable[[], Aggregate]  # raises RpcError where the address names a server or a toolset that is not there
    rounds: Rounds
    ends_at: float  # on time.monotonic(): when the answer must be there
    origins: tuple[str, ...] = ()  # of pages elsewhere that may call: `https://app.example.com`
    level: Level = field(default_factory=Level)  # the caller's, who may change it


def answer(post: Post, server: Server) -> Answer:
    """The one answer to a POST. What a client gets wrong becomes a JSON-RPC error; nothing is raised for it."""
    message = version = None
    try:
        _admit(post, server)
        message = parse(post.body)
        version = eras.version_of(message, post.headers)
        if message.id is None:
            return Answer(202)
        notices = Notices(eras.progress_token(message), eras.log_level(message, version, server.level.name))
        info = {"name": "pennyworth", "version": server.version}
        request = Request(
            message, version, post.headers, server.offer(), server.rounds, server.ends_at, info, notices, server.level
        )
        result = eras.dressed(_result(request), message.method, version, info)
    except RpcError as error:
        if message is not None:
            error.id = message.id
        # To the handshake revisions an HTTP status speaks of the transport alone, and 404 means a session has ended.
        return Answer(200 if version in eras.HANDSHAKE else error.status, error.body)
    return _written(message, result, notices, post)


def refused(post: Post, error: RpcError) -> Answer:
    """The answer in place of one that cannot be sent: with the message's id, as far as one can be read."""
    try:
        error.id = parse(post.body).id
    except RpcError as unreadable:
        error.id = unreadable.id
    return Answer(error.status, error.body)


def broken(post: Post) -> Answer:
    """The answer where something went wrong that nobody thought of. The log says what; the client has no use for it."""
    text = "Something went wrong in the gateway. Its log says what, under this x-request-id."
    return refused(post, RpcError(INTERNAL_ERROR, text))


def _admit(post: Post, server: Server) -> None:
    headers.check_origin(post.headers, post.host, server.origins)
    headers.check_content_type(post.headers)
    headers.check_accept(post.headers)
    if len(post.body) > MAX_BYTES:
        raise RpcError(INVALID_REQUEST, f"The body is over the limit of {MAX_BYTES} bytes.", status=413)


def _result(request: Request) -> Mapping[str, Any]:
    asked, version = request.message.method, request.version
    method = (MODERN_METHODS if eras.is_modern(version) else HANDSHAKE_METHODS).get(asked)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, f"There is no method '{asked[:200]}' in {version} here.")
    try:
        return method(request)
    except (Problem, Silent) as error:  # what is behind us failed; a tool says so in its result
        raise RpcError(INTERNAL_ERROR, str(error)) from None


def _written(message: Message, result: dict[str, Any], notices: Notices, post: Post) -> Answer:
    heard = notices.frames if headers.takes_events(post.headers) else ()
    return Answer(200, {"jsonrpc": "2.0", "id": message.id, "result": result}, heard)
