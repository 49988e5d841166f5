"""JSON Schemas that Bedrock enforces while a model writes: closed objects, and no keyword it cannot hold a model to.

Source: Amazon Bedrock user guide, structured outputs (read 2026-11).
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_FREE = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
        *("maxItems", "uniqueItems", "minProperties", "maxProperties", "patternProperties"),
        *("not", "if", "then", "else"),
    }
)
_LISTS = ("items", "prefixItems", "anyOf", "oneOf", "allOf")  # keywords whose value is a schema or several
_MAPS = ("properties", "$defs", "definitions")  # keywords whose values are schemas


def enforceable(schema: Schema) -> Schema:
    """The schema with every object closed that leaves open whether it is: what fits it fits the schema too.

    Raises ValueError for what Bedrock would refuse.
    """
    made: Schema = _closed(schema)
    if _recursive(made):
        raise ValueError("Bedrock does not enforce a schema that refers to itself")
    return made


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    for keyword in sorted(_FREE & schema.keys()):
        raise ValueError(f"Bedrock does not enforce '{keyword}'")
    if schema.get("minItems", 0) not in (0, 1):
        raise ValueError("Bedrock does not enforce 'minItems' over 1")
    if not str(schema.get("$ref", "#")).startswith("#"):
        raise ValueError("Bedrock does not follow a '$ref' to elsewhere")
    made = schema | {name: _closed(schema[name]) for name in _LISTS if name in schema}
    broken = [name for name in _MAPS if not isinstance(schema.get(name, {}), dict)]
    if broken:
        raise ValueError(f"'{broken[0]}' must be an object")
    for name in _MAPS:
        if name in schema:
            made[name] = {key: _closed(value) for key, value in schema[name].items()}
    kinds = schema.get("type", "object" if "properties" in schema else None)
    if "object" in (kinds if isinstance(kinds, list) else [kinds]):
        if schema.get("additionalProperties", False) is not False:
            raise ValueError("Bedrock enforces objects with 'additionalProperties' false alone")
        made["additionalProperties"] = False
    return made


def _recursive(root: Schema) -> bool:
    """Whether following references from a definition, or from the root, leads back to it."""
    targets = {"#": root} | {
        f"#/{map_}/{name}": part for map_ in _MAPS[1:] for name, part in root.get(map_, {}).items()
    }
    leads = {start: set(_references(part, top=start == "#")) for start, part in targets.items()}
    for start in leads:
        seen, ahead = set[str](), list(leads[start])
        while ahead:
            step = ahead.pop()
            if step == start:
                return True
            if step not in seen:
                seen.add(step)
                ahead += leads.get(step, ())
    return False


def _references(schema: Any, *, top: bool = False) -> Iterator[str]:
    if isinstance(schema, list):
        for one in schema:
            yield from _references(one)
    elif isinstance(schema, dict):
        if "$ref" in schema:
            yield str(schema["$ref"])
        for name in _LISTS:
            yield from _references(schema.get(name))
        for name in _MAPS[:1] if top else _MAPS:
            yield from _references(list(schema.get(name, {}).values()))
