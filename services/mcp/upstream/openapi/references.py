"""What `$ref` stands for in an OpenAPI document, within the document alone, and its schemas as JSON Schema. Pure.

No reference is ever fetched. One that leads elsewhere, or nowhere, makes the operation that needs it unusable.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

_DEPTH = 24  # of schemas within schemas; a schema that holds itself stands for anything at that point
_NODES = 5000  # of one schema: references make large ones out of few bytes
# Of all schemas that a document comes to.
_ALL_NODES = 50_000
_ALL_CHARACTERS = 2_000_000

# What OpenAPI 3.0 adds to schemas and JSON Schema does not know, or what only tells readers more.
_DROPPED = frozenset(
    {"nullable", "xml", "externalDocs", "discriminator", "example", "examples", "readOnly", "writeOnly"}
)
_SCHEMAS = ("properties", "patternProperties", "$defs", "dependentSchemas")  # maps of schemas
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "not", "additionalProperties", "contains", "if", "then", "else", "propertyNames")


class Unresolved(Exception):  # noqa: N818 -- a fact about a document
    """A reference that leads out of the document or to nothing, or schemas that are too large."""


class References:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._nodes, self._characters = _ALL_NODES, _ALL_CHARACTERS

    def object(self, value: Any) -> Mapping[str, Any]:
        """A parameter, request body, response or path item: itself, or what it refers to. Raises Unresolved."""
        for _ in range(_DEPTH):
            if not isinstance(value, Mapping):
                raise Unresolved("not an object")
            if "$ref" not in value:
                return value
            value = self._found(value["$ref"])
        raise Unresolved("references in a circle")

    def schema(self, schema: Any) -> dict[str, Any]:
        """JSON Schema 2020-12 without any reference. Raises Unresolved, also once the document's came to too much."""
        self._left = _NODES
        found = self._inlined(schema, ())
        return found if isinstance(found, dict) else {}

    def _inlined(self, schema: Any, within: tuple[str, ...]) -> Any:
        self._left -= 1
        self._nodes -= 1
        if min(self._left, self._nodes, self._characters) < 0:
            raise Unresolved("schemas of too many parts")
        if isinstance(schema, bool) or not isinstance(schema, Mapping):
            return schema if isinstance(schema, bool) else {}
        if "$ref" in schema:
            target = str(schema["$ref"])
            if target in within or len(within) >= _DEPTH:
                return {}  # it holds itself: anything goes there
            beside = {key: self.counted(value) for key, value in schema.items() if key in ("description", "default")}
            found = self._inlined(self._found(target), (*within, target))
            return {**found, **beside} if isinstance(found, dict) else found
        return self._translated(schema, within)

    def _translated(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        if len(within) >= _DEPTH:
            return {}
        below = (*within, "")
        made: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _SCHEMAS and isinstance(value, Mapping):
                made[key] = {self.counted(name): self._inlined(child, below) for name, child in value.items()}
            elif key in _LISTS and isinstance(value, list):
                made[key] = [self._inlined(child, below) for child in value]
            elif key in _SINGLE:
                made[key] = self._inlined(value, below)
            elif key not in _DROPPED and not key.startswith(("x-", "$")):
                made[key] = self.counted(value)
        return _modern(made, nullable=schema.get("nullable") is True)

    def counted(self, value: Any) -> Any:
        """The value, which goes into a tool as it is."""
        if not isinstance(value, bool | int | float):
            self._characters -= len(value if isinstance(value, str) else str(value))
        return value

    def _found(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise Unresolved("a reference out of the document")
        found: Any = self._document
        for step in reference[2:].split("/"):
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise Unresolved("a reference to nothing")
            found = found[key]
        return found


def _modern(schema: dict[str, Any], *, nullable: bool) -> dict[str, Any]:
    """OpenAPI 3.0's words in those of JSON Schema 2020-12: `nullable`, and bounds that are exclusive or not."""
    kind = schema.get("type")
    if nullable and isinstance(kind, str):
        schema["type"] = [kind, "null"]
        if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if isinstance(schema.get(exclusive), bool) and schema.pop(exclusive) and bound in schema:
            schema[exclusive] = schema.pop(bound)
    return schema
