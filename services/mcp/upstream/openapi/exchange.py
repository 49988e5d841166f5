"""A tool's call as an HTTP request, and the answer as a tool's result. Pure."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from services.mcp.upstream import frames
from services.mcp.upstream.openapi.operations import Operation, Parameter
from services.mcp.upstream.shapes import failed

_ERROR_TEXT = 4000  # characters of what an API says about a request
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class Unsendable(Exception):  # noqa: N818 -- a fact about arguments
    """Arguments that no request can be made of; the text is for the model."""


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    target: str  # what follows the API's base URL: path and query, percent-encoded
    headers: Mapping[str, str]  # by lower-case name
    body: bytes


def request(operation: Operation, arguments: Mapping[str, Any]) -> Request:
    """Raises Unsendable."""
    _check(operation, arguments)
    path, query, headers = operation.path, list[str](), {"accept": "application/json, text/*;q=0.5, */*;q=0.1"}
    for parameter in operation.parameters:
        if (value := arguments.get(parameter.argument)) is None:
            continue
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", _step(parameter, value))
        elif parameter.place == "query":
            query += [f"{quote(name, safe='[]')}={quote(text, safe='')}" for name, text in _pairs(parameter, value)]
        else:
            headers[parameter.name.lower()] = _header(parameter, value)
    body = b""
    if operation.body and operation.body in arguments:
        body = json.dumps(arguments[operation.body], separators=(",", ":"), ensure_ascii=False).encode()
        headers["content-type"] = operation.content_type
    target = quote(path, safe="/%:@!$&'()*+,;=~-._") + (f"?{'&'.join(query)}" if query else "")
    return Request(operation.method, target, headers, body)


def _check(operation: Operation, arguments: Mapping[str, Any]) -> None:
    declared = operation.tool["inputSchema"]
    for name in declared.get("required", ()):
        if name not in arguments:
            raise Unsendable(f"'{name}' is missing.")
    for name in arguments:
        if name not in declared["properties"]:
            known = ", ".join(declared["properties"]) or "none"
            raise Unsendable(f"'{name[:100]}' is not known. Known are: {known}.")


def _step(parameter: Parameter, value: Any) -> str:
    """Part of the path, and of no other: a slash in it is not one, and it leads neither up nor nowhere."""
    text = ",".join(_texts(parameter, value))
    if text in ("", ".", ".."):
        raise Unsendable(f"'{parameter.argument}' must not be '{text}': it is a part of the path.")
    return quote(text, safe="")


def _pairs(parameter: Parameter, value: Any) -> Iterator[tuple[str, str]]:
    if parameter.is_json:
        yield parameter.name, json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    elif isinstance(value, dict):
        for key, each in value.items():
            name = f"{parameter.name}[{key}]" if parameter.style == "deepObject" else str(key)
            yield name, ",".join(_texts(parameter, each))
    elif isinstance(value, list) and parameter.explode:
        for text in _texts(parameter, value):
            yield parameter.name, text
    else:
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(parameter.style, ",")
        yield parameter.name, separator.join(_texts(parameter, value))


def _header(parameter: Parameter, value: Any) -> str:
    text = ",".join(_texts(parameter, value))
    if not text.isascii() or not text.isprintable():
        raise Unsendable(f"'{parameter.argument}' must be plain ASCII: it is sent in a header.")
    return text


def _texts(parameter: Parameter, value: Any) -> list[str]:
    if parameter.is_json:
        return [json.dumps(value, separators=(",", ":"))]
    found = value if isinstance(value, list) else [value]
    if any(isinstance(each, dict | list) for each in found):
        raise Unsendable(f"'{parameter.argument}' must be a plain value, or a list of plain values.")
    return [str(each).lower() if isinstance(each, bool) else "" if each is None else str(each) for each in found]


def result(status: int, content_type: str, body: bytes) -> dict[str, Any]:
    """MCP's CallToolResult. Raises Unreachable for what says that it is JSON and is not."""
    if not 200 <= status <= 299:
        said = body.decode("utf-8", "replace")[:_ERROR_TEXT].strip()
        return failed(f"The API answered with the status {status}{f': {said}' if said else '.'}")
    if content_type == "application/json" or content_type.endswith("+json"):
        return _of_json(frames.document(body)) if body else _text("")
    if content_type in _IMAGES:
        image = {"type": "image", "data": b64encode(body).decode(), "mimeType": content_type}
        return {"resultType": "complete", "content": [image], "isError": False}
    if not body or content_type.startswith("text/") or content_type in ("application/xml", ""):
        return _text(body.decode("utf-8", "replace"))
    return failed(f"The API answered with {content_type[:100]}, which a tool's result cannot hold.")


def _of_json(found: Any) -> dict[str, Any]:
    made = _text(json.dumps(found, separators=(",", ":"), ensure_ascii=False))
    return {**made, "structuredContent": found} if isinstance(found, dict) else made


def _text(text: str) -> dict[str, Any]:
    return {"resultType": "complete", "content": [{"type": "text", "text": text}], "isError": False}
