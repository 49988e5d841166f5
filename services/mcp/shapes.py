"""What each revision knows of tools, prompts, resources and what they give. Objects come in in the newest shape."""

import json
from collections.abc import Mapping
from typing import Any

from services.mcp.eras import SUPPORTED, is_modern
from services.mcp.protocol import INTERNAL_ERROR, RpcError

Shape = Mapping[str, Any]

# Members that a revision introduced. Older clients are not shown them. Source: schema.ts of each revision.
_NAMED = {"title": "2025-06-18", "_meta": "2025-06-18", "icons": "2025-11-25"}
SINCE: Mapping[str, Mapping[str, str]] = {
    "tools": {**_NAMED, "annotations": "2025-03-26", "outputSchema": "2025-06-18"},
    "prompts": _NAMED,
    "resources": _NAMED,
    "templates": _NAMED,
    "arguments": {"title": "2025-06-18"},
    "content": {"_meta": "2025-06-18"},
    "result": {"structuredContent": "2025-06-18"},
}
CONTENT_SINCE = {"audio": "2025-03-26", "resource_link": "2025-06-18"}

# Only one revision had them: calls that outlive their request, which nobody here could remember.
_NEVER = {"tools": {"execution"}}


def listed(kind: str, found: Shape, version: str) -> dict[str, Any]:
    """A tool, prompt, resource or template as the revision lists it."""
    shown = _known(kind, found, version)
    if kind == "tools" and not is_modern(version) and _type(shown.get("outputSchema")) != "object":
        shown.pop("outputSchema", None)  # until 2026-07-28 it described an object
    if kind == "tools" and not is_modern(version):
        shown |= {name: _plain(shown[name]) for name in ("inputSchema", "outputSchema") if name in shown}
    if "arguments" in shown:
        shown["arguments"] = [_known("arguments", argument, version) for argument in _blocks(shown["arguments"])]
    return shown


def promised(tool: Shape, version: str) -> Any:
    """What the tool's answers look like, as far as clients of the revision are told; None where they are not."""
    return listed("tools", tool, version).get("outputSchema")


def _plain(schema: Any) -> Any:
    """The same for clients that take a property's schema for an object: `true` and `false` are schemas too."""
    known = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(known, Mapping) or not any(isinstance(child, bool) for child in known.values()):
        return schema
    said = {name: ({} if child else {"not": {}}) if isinstance(child, bool) else child for name, child in known.items()}
    return {**schema, "properties": said}


def tool_result(result: Shape, version: str) -> dict[str, Any]:
    """A tool's result. What it says as data it says as text too, for clients that read nothing else."""
    shown = _known("result", result, version)
    shown["content"] = [_content(block, version) for block in _blocks(result.get("content", ()))]
    if "structuredContent" in result and not shown["content"]:
        shown["content"] = [{"type": "text", "text": json.dumps(result["structuredContent"], ensure_ascii=False)}]
    if not is_modern(version) and not isinstance(shown.get("structuredContent", {}), dict):
        del shown["structuredContent"]  # until 2026-07-28 it was an object
    return shown


def prompt_result(result: Shape, version: str) -> dict[str, Any]:
    messages = _blocks(result.get("messages", ()))
    return {
        **result,
        "messages": [{**one, "content": _content(_block(one.get("content")), version)} for one in messages],
    }


def _blocks(found: object) -> list[Shape]:
    """Raises RpcError for what another server sent in place of a list of objects."""
    if not isinstance(found, list | tuple):
        raise _malformed()
    return [_block(one) for one in found]


def _block(found: object) -> Shape:
    if not isinstance(found, Mapping):
        raise _malformed()
    return found


def _malformed() -> RpcError:
    return RpcError(INTERNAL_ERROR, "The server behind this answered with something that MCP does not know.")


def _known(kind: str, members: Shape, version: str) -> dict[str, Any]:
    since, never = SINCE[kind], _NEVER.get(kind, ())
    return {name: value for name, value in members.items() if name not in never and _has(version, since.get(name))}


def _type(schema: object) -> object:
    return schema.get("type") if isinstance(schema, Mapping) else None


def _has(version: str, since: str | None) -> bool:
    return since is None or SUPPORTED.index(version) <= SUPPORTED.index(since)


def _content(block: Shape, version: str) -> dict[str, Any]:
    """A piece of content; as text where the revision has no such pieces."""
    if _has(version, CONTENT_SINCE.get(str(block.get("type")))):
        return _known("content", block, version)
    if block["type"] == "resource_link":
        return {"type": "text", "text": f"{block.get('title') or block.get('name')}: {block.get('uri')}"}
    return {"type": "text", "text": f"[{block.get('mimeType', 'audio')}: this client's protocol revision has no audio]"}
