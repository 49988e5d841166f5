"""A POST to /mcp and its answer. Pure: all it needs is handed in, so that one table of cases can hold the rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.mcp import eras, headers, schema
from services.mcp.protocol import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    MAX_BYTES,
    METHOD_NOT_FOUND,
    MISSING_CLIENT_CAPABILITY,
    Message,
    RpcError,
    parse,
    require,
)
from services.mcp.tools import Tool, ToolResult

INSTRUCTIONS = (
    "A gateway to the language models of this installation. list_models says which models this key may use; "
    "chat asks one of them."
)


@dataclass(frozen=True, slots=True)
class Post:
    headers: headers.Headers
    body: bytes
    host: str  # the name the API is served under


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: dict[str, Any] | None = None  # a JSON-RPC response; None for an empty body


@dataclass(frozen=True, slots=True)
class Server:
    """What is behind the endpoint: `call` runs a tool with arguments that fit its schema."""

    version: str
    tools: Mapping[str, Tool]
    call: Callable[[str, Mapping[str, Any]], ToolResult]
    origins: tuple[str, ...] = ()  # of pages elsewhere that may call: `https://app.example.com`


def answer(post: Post, server: Server) -> Answer:
    """The one answer to a POST. What a client gets wrong becomes a JSON-RPC error; nothing is raised for it."""
    message = version = None
    try:
        _admit(post, server)
        message = parse(post.body)
        version = eras.version_of(message, post.headers)
        if message.id is None:
            return Answer(202)
        result = _result(message, version, post, server)
    except RpcError as error:
        if message is not None:
            error.id = message.id
        # To the handshake revisions an HTTP status speaks of the transport alone, and 404 means a session has ended.
        return Answer(200 if version in eras.HANDSHAKE else error.status, error.body)
    return Answer(200, {"jsonrpc": "2.0", "id": message.id, "result": result})


def _admit(post: Post, server: Server) -> None:
    headers.check_origin(post.headers, post.host, server.origins)
    headers.check_content_type(post.headers)
    headers.check_accept(post.headers)
    if len(post.body) > MAX_BYTES:
        raise RpcError(INVALID_REQUEST, f"The body is over the limit of {MAX_BYTES} bytes.", status=413)


def _result(message: Message, version: str, post: Post, server: Server) -> dict[str, Any]:
    method = (MODERN_METHODS if eras.is_modern(version) else HANDSHAKE_METHODS).get(message.method)
    if method is None:
        raise RpcError(METHOD_NOT_FOUND, f"There is no method '{message.method[:200]}' in {version} here.")
    return eras.dressed(method(message, version, post, server), message.method, version, _info(server))


def _info(server: Server) -> dict[str, str]:
    return {"name": "pennyworth", "version": server.version}


def _discover(_message: Message, _version: str, _post: Post, _server: Server) -> dict[str, Any]:
    return {
        "supportedVersions": list(eras.SUPPORTED),
        "capabilities": {"tools": {}},
        "instructions": INSTRUCTIONS,
    }


def _initialize(message: Message, _version: str, _post: Post, server: Server) -> dict[str, Any]:
    requested = message.params.get("protocolVersion")
    require(isinstance(requested, str), INVALID_PARAMS, "'params.protocolVersion' must be a string.")
    return {
        "protocolVersion": eras.negotiated(requested),
        "capabilities": {"tools": {}},
        "serverInfo": _info(server),
        "instructions": INSTRUCTIONS,
    }


def _ping(_message: Message, _version: str, _post: Post, _server: Server) -> dict[str, Any]:
    return {}


def _list_tools(message: Message, version: str, _post: Post, server: Server) -> dict[str, Any]:
    cursor = message.params.get("cursor")
    require(cursor is None, INVALID_PARAMS, "'params.cursor' is not one this server gave out: the list is one page.")
    return {"tools": [eras.known_in(version, tool.definition) for tool in server.tools.values()]}


def _call_tool(message: Message, version: str, post: Post, server: Server) -> dict[str, Any]:
    name, arguments = message.params.get("name"), message.params.get("arguments")
    arguments = {} if arguments is None else arguments
    require(isinstance(name, str), INVALID_PARAMS, "'params.name' must be a string.")
    require(isinstance(arguments, dict), INVALID_PARAMS, "'params.arguments' must be an object.")
    tool = server.tools.get(str(name))
    if tool is None:
        raise RpcError(INVALID_PARAMS, f"Unknown tool: {str(name)[:200]}")
    if eras.is_modern(version):
        _check_capabilities(tool, message.params["_meta"][eras.CAPABILITIES_KEY])
        headers.check_parameters(post.headers, tool.input_schema, arguments)
    # What a model got wrong is told to the model, in a result it reads, so that it can try again.
    fault = schema.violation(arguments, tool.input_schema)
    result = ToolResult.error(fault) if fault else server.call(tool.name, arguments)
    return eras.known_in(version, result.members)


def _check_capabilities(tool: Tool, declared: Mapping[str, Any]) -> None:
    missing: dict[str, dict[str, Any]] = {name: {} for name in tool.client_capabilities if name not in declared}
    require(
        not missing,
        MISSING_CLIENT_CAPABILITY,
        f"The tool '{tool.name}' needs a client with: {', '.join(missing)}.",
        data={"requiredCapabilities": missing},
    )


Method = Callable[[Message, str, Post, Server], dict[str, Any]]
MODERN_METHODS: Mapping[str, Method] = {
    "server/discover": _discover,
    "tools/list": _list_tools,
    "tools/call": _call_tool,
}
HANDSHAKE_METHODS: Mapping[str, Method] = {
    "initialize": _initialize,
    "ping": _ping,
    "tools/list": _list_tools,
    "tools/call": _call_tool,
}
