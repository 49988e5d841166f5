"""The part of JSON Schema 2020-12 that our tools' arguments are described in, checked strictly.

A validator library would cost the function more start-up time than everything else it loads. A keyword outside KEYWORDS
is an error of ours, which a test finds: no schema is silently half-checked.
"""

from collections.abc import Callable, Mapping
from typing import Any

TYPES: Mapping[object, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),  # 1.0 is one
    "number": lambda value: _is_number(value),
    "null": lambda value: value is None,
}

KEYWORDS = frozenset(
    {
        "type",
        "enum",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "minLength",
        "maxLength",
        "minimum",
    }
    | {"maximum"}
    | {"title", "description", "default", "x-mcp-header"}  # say nothing about validity
)


def violation(value: object, schema: Mapping[str, Any], path: str = "") -> str | None:
    """The first way a JSON value breaks a schema, as a sentence that names the field; None if it fits."""
    return _wrong_type(value, schema, path) or _out_of_bounds(value, schema, path) or _inside(value, schema, path)


def _wrong_type(value: object, schema: Mapping[str, Any], path: str) -> str | None:
    kind = schema.get("type")
    if kind is not None and not TYPES[kind](value):
        return f"{_field(path)} must be {_a(kind)}."
    if "enum" in schema and value not in schema["enum"]:
        return f"{_field(path)} must be one of {', '.join(map(repr, schema['enum']))}."
    return None


def _out_of_bounds(value: Any, schema: Mapping[str, Any], path: str) -> str | None:
    if isinstance(value, str) and len(value) < schema.get("minLength", 0):
        return f"{_field(path)} must be at least {schema['minLength']} character long."
    if isinstance(value, str) and len(value) > schema.get("maxLength", len(value)):
        return f"{_field(path)} must be at most {schema['maxLength']} characters long."
    if isinstance(value, list) and len(value) < schema.get("minItems", 0):
        return f"{_field(path)} must have at least {schema['minItems']} item."
    if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
        return f"{_field(path)} must have at most {schema['maxItems']} items."
    if not _is_number(value):
        return None
    if "minimum" in schema and value < schema["minimum"]:
        return f"{_field(path)} must be at least {schema['minimum']}."
    if "maximum" in schema and value > schema["maximum"]:
        return f"{_field(path)} must be at most {schema['maximum']}."
    return None


def _inside(value: object, schema: Mapping[str, Any], path: str) -> str | None:
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            if found := violation(item, schema["items"], f"{path}[{number}]"):
                return found
    if not isinstance(value, dict):
        return None
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            return f"{_field(_join(path, name))} is missing."
    for name, child in value.items():
        if name in known:
            if found := violation(child, known[name], _join(path, name)):
                return found
        elif schema.get("additionalProperties") is False:
            return f"{_field(_join(path, name[:100]))} is not known. Known are: {', '.join(known) or 'none'}."
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _field(path: str) -> str:
    return f"'{path}'" if path else "The arguments"


def _a(kind: str) -> str:
    return kind if kind == "null" else f"an {kind}" if kind[0] in "aio" else f"a {kind}"
