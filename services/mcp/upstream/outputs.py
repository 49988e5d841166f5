"""Whether what another server's tool answers fits the schema that the server gave for it.

A whole validator would cost the function more start-up time than everything else it loads, and would follow references.
What is looked at here is what schemas mostly consist of; every other keyword is passed over. So a misfit found is one,
and some are not found. Nothing is fetched, and a schema is followed no deeper than the value goes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from services.mcp.schema import TYPES
from services.mcp.upstream.shapes import failed


def kept(result: dict[str, Any], promised: object) -> dict[str, Any]:
    """A tool's result; or one with `isError`, if it is not what the `outputSchema` promised. None promises nothing.

    A client that validates raises an exception for it, so that its model would see nothing of what the tool said.
    """
    if promised is None or result.get("isError") or result["resultType"] != "complete":
        return result
    there = "structuredContent" in result
    fault = misfit(result["structuredContent"], promised) if there else "structuredContent is missing"
    if fault is None:
        return result
    return failed(f"The tool's answer is not what it promises in its outputSchema: {fault}.", result["content"])


def misfit(value: object, schema: object, path: str = "") -> str | None:
    """A way in which a JSON value certainly breaks a JSON Schema, as a sentence; None where none was found."""
    if schema is False:
        return f"{_field(path)} must not be there"
    if not isinstance(schema, Mapping) or "$ref" in schema or "$dynamicRef" in schema or schema.get("nullable"):
        return None
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds and all(isinstance(kind, str) and kind in TYPES and not TYPES[kind](value) for kind in kinds):
        return f"{_field(path)} must be of type {' or '.join(kinds)}"
    return next((found for found in _inside(value, schema, path) if found), None)


def _inside(value: object, schema: Mapping[str, Any], path: str) -> Iterator[str | None]:
    if isinstance(value, list) and "prefixItems" not in schema and isinstance(schema.get("items"), Mapping):
        for number, item in enumerate(value):
            yield misfit(item, schema["items"], f"{path}[{number}]")
    if not isinstance(value, dict):
        return
    required, known = schema.get("required"), schema.get("properties")
    for name in required if isinstance(required, list) else ():
        if isinstance(name, str) and name not in value:
            yield f"{_field(_join(path, name))} is missing"
    known = known if isinstance(known, Mapping) else {}
    closed = schema.get("additionalProperties") is False and "patternProperties" not in schema
    for name, child in value.items():
        if name in known:
            yield misfit(child, known[name], _join(path, name))
        elif closed:
            yield f"{_field(_join(path, name))} is not known"


def _join(path: str, name: str) -> str:
    return f"{path}.{name[:100]}" if path else name[:100]


def _field(path: str) -> str:
    return f"'{path}'" if path else "it"
