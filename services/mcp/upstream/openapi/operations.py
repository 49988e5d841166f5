"""An OpenAPI 3 document as tools: one for each operation whose parameters and body JSON can say. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.openapi.references import References, Unresolved

MOST = 500  # operations
_METHODS = ("get", "put", "post", "delete", "patch")
_NAME_LENGTH = 64  # the most that several model providers take, the server's name before it included
_DESCRIPTION = 4000
_REQUEST = 1000  # characters of a method and a path
# Headers whose value is nobody's argument: who asks, how, and what for.
_NOT_ARGUMENTS = re.compile(
    r"(?i)accept.*|content-.*|host|connection|cookie|transfer-encoding|te|upgrade|proxy-.*|x-forwarded-.*|x-amz.*|mcp-.*"
    r"|.*(auth|token|secret|api-?key|session).*"
)
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # a header's name, RFC 9110 section 5.6.2
_TYPES = ("object", "array", "string", "boolean", "integer", "number")
_SIMPLE = frozenset({"type", "properties", "items", "description", "title"})  # of a schema that answers are held to


@dataclass(frozen=True, slots=True)
class Parameter:
    argument: str  # its name among the tool's arguments
    name: str  # and in the request
    place: str  # path, query, header
    style: str
    explode: bool
    is_json: bool  # its value is JSON text
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    method: str  # in capitals
    path: str  # with {names} in it
    parameters: tuple[Parameter, ...]
    body: str  # the argument that holds the JSON body; empty for none
    content_type: str  # of that body
    tool: Mapping[str, Any]  # MCP's Tool object


def operations(document: Mapping[str, Any], server: str = "", base: str = "") -> tuple[dict[str, Operation], int]:
    """By tool name, and how many operations no tool can stand for. `server`: the name that a tool's name will follow;
    `base`: the path that the operations' paths will follow.

    Raises Unreachable for what is no OpenAPI 3.
    """
    version = str(document.get("openapi", ""))
    paths = document.get("paths")
    if not version.startswith(("3.0", "3.1", "3.2")) or not isinstance(paths, Mapping):
        raise Unreachable("describes itself in something that is no OpenAPI 3.0 to 3.2", counts=False)
    references, found, left_out = References(document), dict[str, Operation](), 0
    for path, method, shared, operation in _each(paths, references):
        try:
            name = _name(operation, method, path, found, _NAME_LENGTH - len(f"{server}_"))
            described = _described(operation, f"{method.upper()} {base}{path}")
            found[name] = _operation(name, path, method, shared, operation, references, described)
        except Unresolved:
            left_out += 1
        if len(found) > MOST:
            raise Unreachable(f"describes more than {MOST} operations", counts=False)
    return found, left_out


def _each(paths: Mapping[str, Any], references: References) -> Iterator[tuple[str, str, list[Any], Mapping[str, Any]]]:
    for path, item in paths.items():
        try:
            resolved = references.object(item)
        except Unresolved:
            continue
        for method in _METHODS:
            operation = resolved.get(method)
            if isinstance(operation, Mapping) and path.startswith("/"):
                shared = resolved.get("parameters")
                yield path, method, shared if isinstance(shared, list) else [], operation


def _name(operation: Mapping[str, Any], method: str, path: str, taken: Mapping[str, Any], most: int) -> str:
    given = operation.get("operationId")
    text = given if isinstance(given, str) and given else f"{method}_{path.strip('/')}"
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:most] or method
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: most - 4]}_{number}"
    return free


def _operation(
    name: str,
    path: str,
    method: str,
    shared: list[Any],
    operation: Mapping[str, Any],
    references: References,
    described: str,
) -> Operation:
    properties: dict[str, Any] = {}
    required: list[str] = []
    parameters = []
    for declared in _parameters(shared, operation, references):
        parameter = _parameter(declared, properties)
        if parameter is None:
            continue
        schema = references.schema(_schema_of(declared))
        text = declared.get("description")
        explained = {"description": references.counted(text)} if isinstance(text, str) else {}
        properties[parameter.argument] = {**schema, **explained}
        required += [parameter.argument] if parameter.required else []
        parameters.append(parameter)
    if set(re.findall(r"\{([^{}]*)\}", path)) != {each.name for each in parameters if each.place == "path"}:
        raise Unresolved("a path with a name that no parameter has")
    body, content_type = _body(operation, references, properties, required)
    tool: dict[str, Any] = {
        "name": name,
        "description": described,
        "inputSchema": {
            "type": "object",
            "properties": properties,
            **({"required": required} if required else {}),
            "additionalProperties": False,
        },
        "annotations": _annotations(method),
    }
    if isinstance(operation.get("summary"), str):
        tool["title"] = operation["summary"][:200]
    if (output := _output(operation, references)) is not None:
        tool["outputSchema"] = output
    return Operation(method.upper(), path, tuple(parameters), body, content_type, tool)


def _parameters(shared: list[Any], operation: Mapping[str, Any], references: References) -> Iterator[Mapping[str, Any]]:
    """Those of the operation, and those of its path that it does not have itself."""
    own = operation.get("parameters")
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for each in [*shared, *(own if isinstance(own, list) else [])]:
        parameter = references.object(each)
        found[str(parameter.get("name")), str(parameter.get("in"))] = parameter
    yield from found.values()


def _parameter(declared: Mapping[str, Any], taken: Mapping[str, Any]) -> Parameter | None:
    """None for one that is nobody's argument. Raises Unresolved for one that a request cannot do without."""
    name, place, required = declared.get("name"), declared.get("in"), declared.get("required") is True
    usable = isinstance(name, str) and bool(name) and place in ("path", "query", "header")
    if place == "header" and not _FIELD.fullmatch(str(name)):
        usable = False
    if usable and place == "header" and _NOT_ARGUMENTS.fullmatch(str(name)):
        return None  # required or not: what it says of the gateway, the gateway says
    if not usable:
        if required:
            raise Unresolved("a parameter that is no argument")
        return None
    style = str(declared.get("style") or ("form" if place == "query" else "simple"))
    explode = declared.get("explode", style == "form")
    argument = str(name) if name not in taken else f"{place}_{name}"
    return Parameter(argument, str(name), str(place), style, bool(explode), "content" in declared, required)


def _schema_of(declared: Mapping[str, Any]) -> Any:
    _, media = _json_of(declared.get("content"))
    return (declared if media is None else media).get("schema", {})


def _body(
    operation: Mapping[str, Any], references: References, properties: dict[str, Any], required: list[str]
) -> tuple[str, str]:
    if "requestBody" not in operation:
        return "", ""
    declared = references.object(operation["requestBody"])
    content_type, media = _json_of(declared.get("content"))
    if media is None:
        if declared.get("required") is True:
            raise Unresolved("a body that is not JSON")
        return "", ""
    argument = "body" if "body" not in properties else "request_body"
    properties[argument] = references.schema(media.get("schema", {}))
    if declared.get("required") is True:
        required.append(argument)
    return argument, content_type


def _json_of(content: Any) -> tuple[str, Mapping[str, Any] | None]:
    for kind, media in content.items() if isinstance(content, Mapping) else ():
        bare = str(kind).partition(";")[0].strip().lower()
        if (bare == "application/json" or bare.endswith("+json")) and isinstance(media, Mapping):
            return bare, media
    return "", None


def _output(operation: Mapping[str, Any], references: References) -> dict[str, Any] | None:
    """What an answer that went well looks like, where there is one kind of it, an object and simple to say.

    Types and names alone: many an API leaves out what its document calls required.
    """
    responses = operation.get("responses")
    well = (
        [found for status, found in responses.items() if status[0:1] == "2"] if isinstance(responses, Mapping) else []
    )
    if len(well) != 1:  # an empty 204 beside a 200 went well too
        return None
    try:
        _, media = _json_of(references.object(well[0]).get("content"))
        schema = _relaxed(references.schema(media.get("schema", {}))) if media else {}
    except Unresolved:
        return None
    return schema if schema.get("type") == "object" and schema.get("properties") else None


def _relaxed(schema: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in schema.items() if key in _SIMPLE}
    if made.get("type") not in _TYPES:
        return {}  # several types, or put together of others: anything
    if isinstance(made.get("properties"), Mapping):
        made["properties"] = {
            name: _relaxed(child) if isinstance(child, Mapping) else {} for name, child in made["properties"].items()
        }
    if "items" in made:
        made["items"] = _relaxed(made["items"]) if isinstance(made["items"], Mapping) else {}
    return made


def _described(operation: Mapping[str, Any], request: str) -> str:
    """What the document says, and last the request itself: a tool that is approved is approved for that alone. Raises
    Unresolved for one too long to be read, or that reads as another: on several lines, or turned."""
    if len(request) > _REQUEST or not request.isprintable() or request.count(" ") != 1:
        raise Unresolved("a path that nobody reads")
    texts = [operation.get("summary"), operation.get("description")]
    said = "\n\n".join(text for text in texts if isinstance(text, str) and text)
    return f"{said[:_DESCRIPTION]}\n\n{request}".lstrip()


def _annotations(method: str) -> dict[str, bool]:
    """RFC 9110, section 9.2: which methods are safe, and which may be repeated."""
    reads = method == "get"
    return {
        "readOnlyHint": reads,
        "destructiveHint": method in ("delete", "put", "patch"),
        "idempotentHint": method not in ("post", "patch"),
        "openWorldHint": True,
    }
