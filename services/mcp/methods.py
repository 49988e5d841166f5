"""What each method of the protocol does, in either era: a request in, the members of its result out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pennyworth.errors import Problem
from services.mcp import eras, headers, shapes
from services.mcp.aggregate import Aggregate, Entry, Silent
from services.mcp.levels import USUAL, Level
from services.mcp.notices import LOG_LEVELS, Notices
from services.mcp.pages import page
from services.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, MISSING_CLIENT_CAPABILITY, Message, RpcError, require
from services.mcp.rounds import FIELDS, INPUT_REQUIRED, Rounds, check_askable, identity, responses
from services.mcp.source import Asked, Object
from services.mcp.tools import ToolResult

INSTRUCTIONS = (
    "A gateway to the language models of this installation and to the tools it was given. list_models says which "
    "models this key may use; chat asks one of them."
)
MAX_VALUES = 100  # of a completion, MCP's own limit
_NOT_FOUND = -32002  # a resource, until 2025-11-25

Result = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    message: Message
    version: str
    headers: headers.Headers
    offer: Aggregate
    rounds: Rounds
    ends_at: float  # on time.monotonic()
    info: Mapping[str, str]  # who we are
    notices: Notices
    level: Level = field(default_factory=Level)

    def text(self, name: str) -> str:
        value = self.message.params.get(name)
        require(isinstance(value, str), INVALID_PARAMS, f"'params.{name}' must be a string.")
        return str(value)


Method = Callable[[Request], Result]


def discover(_request: Request) -> Result:
    return {
        "supportedVersions": list(eras.SUPPORTED),
        "capabilities": eras.capabilities(eras.SUPPORTED[0]),
        "instructions": INSTRUCTIONS,
    }


def initialize(request: Request) -> Result:
    version = eras.negotiated(request.text("protocolVersion"))
    request.level.name = USUAL
    return {
        "protocolVersion": version,
        "capabilities": eras.capabilities(version),
        "serverInfo": dict(request.info),
        "instructions": INSTRUCTIONS,
    }


def ping(_request: Request) -> Result:
    return {}


def set_log_level(request: Request) -> Result:
    level = request.text("level")
    require(level in LOG_LEVELS, INVALID_PARAMS, f"'params.level' must be one of {', '.join(LOG_LEVELS)}.")
    request.level.name = level
    return {}


def subscribe(request: Request) -> Result:
    """Taken, and forgotten: no capability (`resources.subscribe`) promised that anything would be sent."""
    request.text("uri")
    return {}


def listing(kind: str, member: str) -> Method:
    """The method that lists a kind, under the name its result has for it."""

    def found(request: Request) -> Result:
        entries, cursor = page(
            request.offer.entries(kind),
            lambda entry: entry.place,
            lambda entry: shapes.listed(kind, _named(kind, entry), request.version),
            request.message.method,
            request.message.params.get("cursor"),
        )
        ttl_ms = request.offer.ttl_ms(kind)
        return {
            member: entries,
            **({} if cursor is None else {"nextCursor": cursor}),
            **({} if ttl_ms is None else {"ttlMs": ttl_ms}),
        }

    return found


def _named(kind: str, entry: Entry) -> Object:
    return entry.object if kind in ("resources", "templates") else {**entry.object, "name": entry.name}


def call_tool(request: Request) -> Result:
    name = request.text("name")
    arguments = request.message.params.get("arguments")
    arguments = {} if arguments is None else arguments
    require(isinstance(arguments, dict), INVALID_PARAMS, "'params.arguments' must be an object.")
    try:
        tool = _known(request.offer.entry("tools", name), f"Unknown tool: {name[:200]}")
        if eras.is_modern(request.version):
            headers.check_parameters(request.headers, _schema(tool), arguments)
        return _called(request, tool, arguments)
    except (Problem, Silent) as error:  # what a tool's side gets wrong is for the model to read
        return ToolResult.error(str(error)).members
    except RpcError as error:
        theirs = error.code == INTERNAL_ERROR
        if theirs or (error.code == MISSING_CLIENT_CAPABILITY and not eras.is_modern(request.version)):
            return ToolResult.error(error.message).members
        raise


def _called(request: Request, tool: Entry, arguments: Mapping[str, Any]) -> Result:
    result = _answered(request, tool, tool.source.call_tool, name=tool.own, arguments=arguments)
    return _complete(request, result) if _asks(result) else shapes.tool_result(result, request.version)


def _known(entry: Entry | None, otherwise: str) -> Entry:
    if entry is None:
        raise RpcError(INVALID_PARAMS, otherwise)
    return entry


def _schema(tool: Entry) -> Mapping[str, Any]:
    found = tool.object.get("inputSchema")
    return found if isinstance(found, Mapping) else {}


def get_prompt(request: Request) -> Result:
    name = request.text("name")
    arguments = request.message.params.get("arguments")
    strings = arguments is None or (
        isinstance(arguments, dict) and all(isinstance(value, str) for value in arguments.values())
    )
    require(strings, INVALID_PARAMS, "'params.arguments' must be an object of strings.")
    prompt = _known(request.offer.entry("prompts", name), f"Unknown prompt: {name[:200]}")
    result = _complete(request, _answered(request, prompt, prompt.source.get_prompt, name=prompt.own))
    return result if _asks(result) else shapes.prompt_result(result, request.version)


def read_resource(request: Request) -> Result:
    uri = request.text("uri")
    code = INVALID_PARAMS if eras.is_modern(request.version) else _NOT_FOUND
    resource = request.offer.reader(uri)
    if resource is None:
        raise RpcError(code, "There is no such resource.", data={"uri": uri})
    source = resource.source

    def read(own: str, params: Object, asked: Asked) -> Object:
        try:
            return source.read_resource(own, params, asked)
        except RpcError as error:  # of one that a template promised, or nobody did
            if error.code != INVALID_PARAMS:
                raise
            raise RpcError(code, error.message, data={"uri": uri}) from None

    return _complete(request, _answered(request, resource, read, uri=uri))


def complete(request: Request) -> Result:
    ref, argument = request.message.params.get("ref"), request.message.params.get("argument")
    require(isinstance(ref, Mapping), INVALID_PARAMS, "'params.ref' must be an object.")
    require(isinstance(argument, Mapping), INVALID_PARAMS, "'params.argument' must be an object.")
    for member in ("name", "value"):
        found = argument.get(member) if isinstance(argument, Mapping) else None
        require(isinstance(found, str), INVALID_PARAMS, f"'params.argument.{member}' must be a string.")
    entry, own = _referred(request.offer, ref if isinstance(ref, Mapping) else {})
    params = {**_own(request.message.params), "ref": own}
    result = entry.source.complete(own, params, _asked(request, {}, None))
    completion = result.get("completion")
    values = completion.get("values") if isinstance(completion, Mapping) else None
    if not isinstance(values, list):
        return {"completion": {"values": []}}
    known = {name: completion[name] for name in ("total", "hasMore") if completion and name in completion}
    more = {"hasMore": True} if len(values) > MAX_VALUES else {}
    return {"completion": {**known, "values": values[:MAX_VALUES], **more}}


def _referred(offer: Aggregate, ref: Mapping[str, Any]) -> tuple[Entry, Object]:
    """What a reference names, and the reference as its source knows it."""
    kinds = {"ref/prompt": ("name", ("prompts",)), "ref/resource": ("uri", ("templates", "resources"))}
    kind = ref.get("type")
    if not isinstance(kind, str) or kind not in kinds:
        raise RpcError(INVALID_PARAMS, "'params.ref.type' must be ref/prompt or ref/resource.")
    member, found_in = kinds[kind]
    name = ref.get(member)
    require(isinstance(name, str), INVALID_PARAMS, f"'params.ref.{member}' must be a string.")
    for listed in found_in:
        if entry := offer.entry(listed, str(name)):
            return entry, {**ref, member: entry.own}
    raise RpcError(INVALID_PARAMS, f"There is no {str(name)[:200]} here to complete an argument of.")


def _answered(request: Request, entry: Entry, ask: Callable[[str, Object, Asked], Object], **own: Any) -> Result:
    """A source's answer to a request that may take several rounds, its state opened before and sealed after."""
    params = request.message.params
    asked_for = partial(identity, request.message.method, entry.source.name, {**_own(params), **own})
    modern = eras.is_modern(request.version)
    state = request.rounds.opened(params["requestState"], asked_for()) if modern and "requestState" in params else None
    asked = _asked(request, responses(params) if modern else {}, state)
    result = ask(entry.own, {**_own(params), **own}, asked)
    if not modern or not _asks(result):
        return result
    check_askable(result, asked.capabilities)
    if "requestState" not in result:
        return result
    return {**result, "requestState": request.rounds.sealed(str(result["requestState"]), asked_for())}


def _asks(result: Result) -> bool:
    return result.get("resultType") == INPUT_REQUIRED


def _complete(request: Request, result: Result) -> Result:
    """The result, unless it is a question to a client that is too old for any. Raises RpcError then."""
    if _asks(result) and not eras.is_modern(request.version):
        raise RpcError(INTERNAL_ERROR, "This asks back, which takes a client that speaks MCP 2026-07-28.")
    return result


def _own(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are the request's own."""
    return {name: value for name, value in params.items() if name != "_meta" and name not in FIELDS}


def _asked(request: Request, input_responses: Mapping[str, Any], state: str | None) -> Asked:
    return Asked(
        version=request.version,
        capabilities=eras.client_capabilities(request.message, request.version),
        ends_at=request.ends_at,
        progress=request.notices.take,
        token=eras.progress_token(request.message),
        log_level=eras.log_level(request.message, request.version, request.level.name),
        input_responses=input_responses,
        state=state,
        headers=headers.passable(request.headers),
    )


_BOTH: Mapping[str, Method] = {
    "tools/list": listing("tools", "tools"),
    "tools/call": call_tool,
    "prompts/list": listing("prompts", "prompts"),
    "prompts/get": get_prompt,
    "resources/list": listing("resources", "resources"),
    "resources/templates/list": listing("templates", "resourceTemplates"),
    "resources/read": read_resource,
    "completion/complete": complete,
}
MODERN_METHODS: Mapping[str, Method] = {"server/discover": discover, **_BOTH}
HANDSHAKE_METHODS: Mapping[str, Method] = {
    "initialize": initialize,
    "ping": ping,
    "logging/setLevel": set_log_level,
    "resources/subscribe": subscribe,
    "resources/unsubscribe": subscribe,
    **_BOTH,
}
