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


def usable(kind: str, items: Sequence[Item]) -> tuple[list[Item], int]:
    """The items that are what they should be, each name or URI once, and how many were left out."""
    fits, key = _KINDS[kind]
    found: dict[str, Item] = {}
    for item in items:
        if fits(item):
            found.setdefault(str(item[key]), {name: value for name, value in item.items() if name != "_meta"})
    return list(found.values()), len(items) - len(found)


def tool_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Unreachable."""
    if _asks(result):
        return _question(result)
    content = result.get("content", [])
    if not isinstance(content, list) or not all(_is_typed(block) for block in content):
        raise Unreachable("answered with something that is no tool's result")
    if not isinstance(result.get("isError", False), bool):
        raise Unreachable("answered with something that is no tool's result")
    return {**_own(result), "content": content}


def answer(result: Mapping[str, Any], member: str, kind: type) -> dict[str, Any]:
    """Another result, which must have that member. Raises Unreachable."""
    if _asks(result):
        return _question(result)
    if not isinstance(result.get(member), kind):
        raise Unreachable(f"answered without '{member}'")
    return _own(result)


def failed(text: str) -> dict[str, Any]:
    """A tool's result that tells a model what went wrong."""
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": True}


def _asks(result: Mapping[str, Any]) -> bool:
    kind = result.get("resultType", "complete")
    if kind not in ("complete", "input_required"):
        raise Unreachable("answered with a kind of result that the gateway does not know")
    return bool(kind == "input_required")


def _question(result: Mapping[str, Any]) -> dict[str, Any]:
    requests, state = result.get("inputRequests"), result.get("requestState")
    questions = requests is None or (
        isinstance(requests, dict) and all(isinstance(each, dict) and "method" in each for each in requests.values())
    )
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


def _is_typed(block: object) -> bool:
    return isinstance(block, dict) and isinstance(block.get("type"), str)


def _is_tool(item: Item) -> bool:
    name, schema, output = item.get("name"), item.get("inputSchema"), item.get("outputSchema")
    return (
        isinstance(name, str)
        and bool(_NAME.fullmatch(name))
        and isinstance(schema, dict)
        and schema.get("type") == "object"
        and isinstance(schema.get("properties", {}), dict)
        and (output is None or isinstance(output, dict))
        and isinstance(item.get("description", ""), str)
        and _mirrors_well(schema)
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
    return isinstance(item.get("name"), str) and bool(item["name"]) and isinstance(item.get("arguments", []), list)


def _is_resource(item: Item) -> bool:
    return isinstance(item.get("uri"), str) and bool(item["uri"]) and isinstance(item.get("name"), str)


def _is_template(item: Item) -> bool:
    return isinstance(item.get("uriTemplate"), str) and bool(item["uriTemplate"]) and isinstance(item.get("name"), str)


_KINDS: Mapping[str, tuple[Callable[[Item], bool], str]] = {
    "tools": (_is_tool, "name"),
    "prompts": (_is_prompt, "name"),
    "resources": (_is_resource, "uri"),
    "resourceTemplates": (_is_template, "uriTemplate"),
}
