"""What another server lists and answers, held to the shapes of MCP before anyone here relies on them. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.mcp.upstream.faults import Unreachable

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")  # of a tool (2025-11-25, server/tools, "Tool Names")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MIRRORED = ("string", "integer", "boolean")
_OWN_META = "io.modelcontextprotocol/"

Item = Mapping[str, Any]
Fits = Callable[[Any], bool]


def _of(*kinds: type) -> Fits:
    return lambda value: isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


def _one_of(*words: str) -> Fits:
    return lambda value: isinstance(value, str) and value in words


def _list(fits: Fits) -> Fits:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _object(required: Mapping[str, Fits], optional: Mapping[str, Fits] | None = None) -> Fits:
    """An object with members that fit; an optional one may be null, as many a server writes one that it has not."""

    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(name in value and of(value[name]) for name, of in required.items())
            and all(value.get(name) is None or of(value[name]) for name, of in (optional or {}).items())
        )

    return fits


# What members are where they are there. A strict client refuses a whole list for one that is not. Source: schema.ts.
_TEXT, _FLAG, _WHOLE, _NUMBER = _of(str), _of(bool), _of(int), _of(int, float)
_ROLE = _one_of("user", "assistant")
_HINTS = dict.fromkeys(("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"), _FLAG)
_ANNOTATIONS = _object(
    {}, {"title": _TEXT, **_HINTS, "audience": _list(_ROLE), "priority": _NUMBER, "lastModified": _TEXT}
)
_ICONS = _list(_object({"src": _TEXT}, {"mimeType": _TEXT, "sizes": _list(_TEXT), "theme": _one_of("light", "dark")}))
_SPARE: Mapping[str, Fits] = {  # an item is one without them
    "title": _TEXT,
    "mimeType": _TEXT,
    "size": _WHOLE,
    "annotations": _ANNOTATIONS,
    "icons": _ICONS,
}
_ARGUMENTS = _list(_object({"name": _TEXT}, {"title": _TEXT, "description": _TEXT, "required": _FLAG}))
_TEXT_CONTENTS = _object({"uri": _TEXT, "text": _TEXT}, {"mimeType": _TEXT})
_BLOB_CONTENTS = _object({"uri": _TEXT, "blob": _TEXT}, {"mimeType": _TEXT})
_BLOCKS: Mapping[str, Mapping[str, Fits]] = {
    "text": {"text": _TEXT},
    "image": {"data": _TEXT, "mimeType": _TEXT},
    "audio": {"data": _TEXT, "mimeType": _TEXT},
    "resource_link": {"uri": _TEXT, "name": _TEXT},
    "resource": {"resource": lambda value: _is_contents(value)},
}
_QUESTIONS = _object({"method": _TEXT}, {"params": _of(dict)})


def usable(kind: str, items: Sequence[Item]) -> tuple[list[Item], int]:
    """The items that are what they should be, each name or URI once, and how many were left out."""
    fits, key = _KINDS[kind]
    found: dict[str, Item] = {}
    for item in items:
        if fits(item):
            found.setdefault(str(item[key]), {name: value for name, value in item.items() if _stays(name, value)})
    return list(found.values()), len(items) - len(found)


def _stays(name: str, value: object) -> bool:
    return name != "_meta" and value is not None and (name not in _SPARE or _SPARE[name](value))


def tool_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Unreachable."""
    if _asks(result):
        return _question(result)
    content = result.get("content", [])
    if not isinstance(content, list) or not all(map(_is_block, content)):
        raise Unreachable("answered with something that is no tool's result")
    if not isinstance(result.get("isError", False), bool):
        raise Unreachable("answered with something that is no tool's result")
    return {**_own(result), "content": content}


def answer(result: Mapping[str, Any], member: str) -> dict[str, Any]:
    """Another result: of messages, contents or completion. Raises Unreachable."""
    if _asks(result):
        return _question(result)
    if not _ANSWERS[member](result):
        raise Unreachable(f"answered without '{member}', or not as MCP has it")
    return _own(result)


def failed(text: str, said: Sequence[Item] = ()) -> dict[str, Any]:
    """A tool's result that tells a model what went wrong, and what the server `said` nevertheless."""
    return {"resultType": "complete", "content": [{"type": "text", "text": text}, *said], "isError": True}


def _asks(result: Mapping[str, Any]) -> bool:
    kind = result.get("resultType", "complete")
    if kind not in ("complete", "input_required"):
        raise Unreachable("answered with a kind of result that the gateway does not know")
    return bool(kind == "input_required")


def _question(result: Mapping[str, Any]) -> dict[str, Any]:
    requests, state = result.get("inputRequests"), result.get("requestState")
    questions = requests is None or (isinstance(requests, dict) and all(map(_QUESTIONS, requests.values())))
    if not questions or not isinstance(state, str | None) or (requests is None and state is None):
        raise Unreachable("asks for input in a way that the gateway cannot pass on")
    found = {name: result[name] for name in ("inputRequests", "requestState") if name in result}
    return {"resultType": "input_required", **found}


def _own(result: Mapping[str, Any]) -> dict[str, Any]:
    """What the server says, without what says who answered: that is the gateway now."""
    said = {name: value for name, value in result.items() if name != "_meta"}
    meta = result.get("_meta")
    kept = {k: v for k, v in meta.items() if not k.startswith(_OWN_META)} if isinstance(meta, dict) else {}
    return {"resultType": "complete", **said, **({"_meta": kept} if kept else {})}


def _is_block(block: Any) -> bool:
    members = _BLOCKS.get(str(block.get("type"))) if isinstance(block, dict) else None
    return members is not None and _object(members, {"annotations": _ANNOTATIONS, "mimeType": _TEXT})(block)


def _is_contents(found: Any) -> bool:
    return _TEXT_CONTENTS(found) or _BLOB_CONTENTS(found)


def _is_tool(item: Item) -> bool:
    name, schema, output = item.get("name"), item.get("inputSchema"), item.get("outputSchema")
    return (
        isinstance(name, str)
        and bool(_NAME.fullmatch(name))
        and isinstance(schema, dict)
        and _is_schema(schema)
        and schema.get("type") == "object"
        and (output is None or _is_schema(output))
        and isinstance(item.get("description"), str | None)
        and _mirrors_well(schema)
    )


# Of a schema only what clients look at before any validator does.
_is_schema = _object(
    {},
    {
        "properties": lambda found: (
            isinstance(found, dict) and all(isinstance(each, dict | bool) for each in found.values())
        ),
        "required": _list(_TEXT),
    },
)


def _mirrors_well(schema: Mapping[str, Any]) -> bool:
    """Whether every `x-mcp-header` names a header of its own for a plain value: a client drops tools where not."""
    names: list[str] = []
    for child in _nodes(schema, plain=True):
        name = child.get("x-mcp-header")
        if name is None:
            continue
        if not isinstance(name, str) or not _TOKEN.fullmatch(name) or child.get("type") not in _MIRRORED:
            return False
        names.append(name.lower())
    everywhere = sum("x-mcp-header" in child for child in _nodes(schema, plain=False))
    return len(names) == len(set(names)) == everywhere


def _nodes(schema: Mapping[str, Any], *, plain: bool) -> Iterator[Mapping[str, Any]]:
    """The schemas below: by a chain of `properties` alone (`plain`), or all objects there are."""
    below = schema.get("properties", {}) if plain else schema
    children = below.values() if isinstance(below, Mapping) else ()
    waiting = list(children)
    while waiting:
        child = waiting.pop()
        if isinstance(child, list):
            waiting += child if not plain else []
        elif isinstance(child, Mapping):
            yield child
            inner = child.get("properties", {}) if plain else child
            waiting += inner.values() if isinstance(inner, Mapping) else ()


def _is_prompt(item: Item) -> bool:
    return bool(item.get("name")) and _object({"name": _TEXT}, {"description": _TEXT, "arguments": _ARGUMENTS})(item)


def _is_resource(item: Item) -> bool:
    return bool(item.get("uri")) and _object({"uri": _TEXT, "name": _TEXT}, {"description": _TEXT})(item)


def _is_template(item: Item) -> bool:
    return bool(item.get("uriTemplate")) and _object({"uriTemplate": _TEXT, "name": _TEXT}, {"description": _TEXT})(
        item
    )


_ANSWERS: Mapping[str, Fits] = {
    "messages": _object({"messages": _list(_object({"role": _ROLE, "content": _is_block}))}, {"description": _TEXT}),
    "contents": _object({"contents": _list(_is_contents)}),
    "completion": _object({"completion": _object({"values": _list(_TEXT)}, {"total": _WHOLE, "hasMore": _FLAG})}),
}

_KINDS: Mapping[str, tuple[Callable[[Item], bool], str]] = {
    "tools": (_is_tool, "name"),
    "prompts": (_is_prompt, "name"),
    "resources": (_is_resource, "uri"),
    "resourceTemplates": (_is_template, "uriTemplate"),
}
