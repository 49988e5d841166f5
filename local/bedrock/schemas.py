"""JSON schemas, as models judge them, and what structured output demands beyond."""

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from local.bedrock.errors import refused_by_model

# What structured output does not know. Source: Amazon Bedrock user guide, structured outputs, JSON schema support.
UNSUPPORTED_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
    "uniqueItems", "minProperties", "maxProperties", "patternProperties", "not", "if", "then", "else",
}  # fmt: skip


@lru_cache(maxsize=256)
def is_schema(text: str) -> bool:
    """Judging a schema takes longer than answering: the same tools come again and again."""
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError:
        return False
    return True


def check_schema(where: str, schema: Any) -> None:
    """What structured output demands of a schema: closed objects, and no keyword it cannot enforce."""
    if isinstance(schema, list):
        for part in schema:
            check_schema(where, part)
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type")
    if "object" in (kinds if isinstance(kinds, list) else [kinds]) and schema.get("additionalProperties") is not False:
        raise refused_by_model(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    wrong = sorted(schema.keys() & UNSUPPORTED_KEYWORDS)
    if wrong:
        raise refused_by_model(f"{where}: For '{kinds}' type, properties {', '.join(wrong)} are not supported")
    if schema.get("minItems", 0) > 1:
        raise refused_by_model(f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if not str(schema.get("$ref", "#")).startswith("#"):
        raise refused_by_model(f"{where}: External $ref is not supported")
    for key in ("items", "prefixItems", "anyOf", "oneOf", "allOf"):
        check_schema(where, schema.get(key))
    for key in ("properties", "$defs", "definitions"):
        check_schema(where, list(schema.get(key, {}).values()))


def check_references(where: str, root: dict[str, Any]) -> None:
    """A grammar is compiled with every reference written out, so none may lead back to where it stands."""

    def walk(node: Any, within: tuple[str, ...]) -> None:
        if isinstance(node, list):
            for part in node:
                walk(part, within)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if reference in within:
                raise refused_by_model(f"{where}: Recursive schemas are not supported")
            if isinstance(reference, str):
                walk(named(root, reference), (*within, reference))
            for key, value in node.items():
                if key not in ("$ref", "$defs", "definitions", "enum", "const", "default", "examples"):
                    walk(value, within)

    walk(root, ("#",))


def named(root: dict[str, Any], reference: str) -> Any:
    node: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node.get(step) if isinstance(node, dict) else None
    return node
