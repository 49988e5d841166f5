"""An instance of a JSON schema, filled with what the prompt offers."""

import math
import re
from typing import Any

from local.bedrock.material import Material
from local.bedrock.patterns import matching

DEEPEST = 8  # a schema that refers to itself ends here
LARGEST = 10000  # values of an instance, characters of a string
DEFAULTS = {
    "email": "simulated@example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}


def instance(schema: Any, material: Material) -> Any:
    """A value that fits `schema`, the same for the same prompt."""
    return Filler(schema, material).value(schema, "value", 0)


class Filler:
    def __init__(self, root: Any, material: Material) -> None:
        self.root, self.material = root, material
        self.values = 0  # made so far

    def value(self, schema: Any, name: str, depth: int) -> Any:
        self.values += 1
        if depth > 2 * DEEPEST or self.values > LARGEST:
            return None  # a schema that requires itself has no instance
        schema = self.plain(schema, depth)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            mentioned = self.material.first(schema["enum"])
            return schema["enum"][0] if mentioned is None else mentioned
        match kind(schema):
            case "object":
                return self.object(schema, depth)
            case "array":
                return self.array(schema, name, depth)
            case "number" | "integer" as numeric:
                return self.number(schema, name, numeric == "integer")
            case "boolean":
                return self.boolean(schema, name)
            case "null":
                return None
        return self.string(schema, name)

    def plain(self, schema: Any, depth: int) -> dict[str, Any]:
        """A schema with its references, alternatives and conjunctions resolved to one plain schema."""
        if not isinstance(schema, dict):
            return {}
        for _ in range(DEEPEST):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = merged(self.referred(schema["$ref"]), rest)
            elif "allOf" in schema:
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                for part in schema["allOf"]:
                    rest = merged(rest, self.plain(part, depth + 1) if depth < DEEPEST else {})
                schema = rest
            elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
                rest = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
                schema = merged(rest, self.alternative(alternatives, depth))
            else:
                break
        return schema

    def alternative(self, alternatives: list[Any], depth: int) -> dict[str, Any]:
        """The first that is not null; at the bottom of a recursion, the plainest."""
        plain = [option for option in alternatives if isinstance(option, dict)] or [{}]
        if depth >= DEEPEST:
            return min(plain, key=lambda option: len(str(option)))
        return next((option for option in plain if option.get("type") != "null"), plain[0])

    def referred(self, reference: str) -> dict[str, Any]:
        target = self.root
        for step in reference.lstrip("#").strip("/").split("/"):
            if step:
                target = target.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
        return target if isinstance(target, dict) else {}

    def object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = [name for name in schema.get("required", []) if isinstance(name, str)]
        # In the order that they are written in, which is that of the schema.
        needed = [name for name in {**properties, **dict.fromkeys(required)} if name in required]
        values = {name: self.value(properties.get(name, {}), name, depth + 1) for name in needed}
        for name, inner in properties.items():
            if name not in values and depth < DEEPEST and self.offered(self.plain(inner, depth), name):
                values[name] = self.value(inner, name, depth + 1)
        ordered = [name for name in properties if name in values]
        return {name: values[name] for name in [*ordered, *(name for name in values if name not in properties)]}

    def offered(self, schema: dict[str, Any], name: str) -> bool:
        """Does the prompt hold something for a property that may be left out?"""
        material = self.material
        if schema.get("enum"):
            return material.first(schema["enum"]) is not None
        match kind(schema):
            case "number" | "integer":
                return bool(material.left("numbers"))
            case "boolean":
                return material.mentions(name)
            case "string":
                wanted = schema.get("format", "")
                return bool(material.formatted(wanted) or material.left("quoted") or material.stated(name))
            case "array":
                item = kind(self.plain(schema.get("items", {}), 0))
                return bool(material.left("numbers" if item in ("number", "integer") else "quoted"))
        return material.mentions(name) and kind(schema) == "object"

    def array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        first = schema.get("prefixItems", [])
        values = [self.value(item, name, depth + 1) for item in first]
        rest = schema.get("items", {})
        if rest is False or (depth >= DEEPEST and not least):
            return values
        item = self.plain(rest, depth)
        source = {"number": "numbers", "integer": "numbers", "string": "quoted"}.get(kind(item), "")
        offered = len(self.material.left(source)) if source and "enum" not in item else 0
        wanted = min(max(least, len(values) + offered, 0 if first else 1), most, LARGEST)
        while len(values) < wanted:
            values.append(self.value(rest, name, depth + 1))
        return distinct(values, item) if schema.get("uniqueItems") else values

    def number(self, schema: dict[str, Any], name: str, whole: bool) -> int | float:
        given = self.material.given(name)
        text = given if given and re.fullmatch(r"-?\d+(\.\d+)?", given) else self.material.take("numbers", again=True)
        value = float(str(text)) if text is not None else float(schema.get("default", schema.get("minimum", 1)) or 0)
        return bounded(value, schema, whole)

    def boolean(self, schema: dict[str, Any], name: str) -> bool:
        given = self.material.given(name)
        if given and given.lower() in ("true", "false", "yes", "no", "on", "off"):
            return given.lower() in ("true", "yes", "on")
        if self.material.denies(name):
            return False
        taken = self.material.take("truths")
        return bool(taken) if taken is not None else bool(schema.get("default", self.material.mentions(name)))

    def string(self, schema: dict[str, Any], name: str) -> str:
        wanted = schema.get("format", "")
        if wanted in DEFAULTS:
            return self.material.formatted(wanted) or DEFAULTS[wanted]
        taken = self.material.given(name) or self.material.take("quoted") or self.material.take("names")
        text = str(taken or self.material.take("quoted", again=True) or self.material.take("names", again=True) or "")
        return fitted(text or str(schema.get("default") or f"simulated {name}"), schema)


def kind(schema: dict[str, Any]) -> str:
    """The type of a plain schema; of several, the first that is not null."""
    named = schema.get("type")
    if isinstance(named, list):
        named = next((one for one in named if one != "null"), "null")
    if named:
        return str(named)
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return "number" if "minimum" in schema or "maximum" in schema else "string"


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = one | other
    if "properties" in one and "properties" in other:
        both["properties"] = one["properties"] | other["properties"]
    if "required" in one and "required" in other:
        both["required"] = [*one["required"], *(name for name in other["required"] if name not in one["required"])]
    return both


def bounded(value: float, schema: dict[str, Any], whole: bool) -> int | float:
    """The nearest number within the schema's limits."""
    step = schema.get("multipleOf", 1 if whole else None)
    gap = step or 1e-6
    low = schema.get("minimum", -math.inf)
    high = schema.get("maximum", math.inf)
    if (exclusive := schema.get("exclusiveMinimum")) is not None and not isinstance(exclusive, bool):
        low = max(low, exclusive + gap)
    if (exclusive := schema.get("exclusiveMaximum")) is not None and not isinstance(exclusive, bool):
        high = min(high, exclusive - gap)
    value = min(max(value, low), high)
    if step:
        value = round(value / step) * step
        value = (
            math.ceil(low / step) * step if value < low else math.floor(high / step) * step if value > high else value
        )
    return int(value) if whole or float(value).is_integer() else value


def fitted(text: str, schema: dict[str, Any]) -> str:
    """The text within the schema's lengths and pattern."""
    pattern = schema.get("pattern")
    if pattern and not matches(pattern, text):
        text = matching(pattern) or text
    least, most = min(schema.get("minLength", 0), LARGEST), schema.get("maxLength")
    if len(text) < least:
        text = (text or "x").ljust(least, (text or "x")[-1])
    return text[:most] if most is not None else text


def matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True  # an ECMAScript pattern that Python cannot read says nothing here


def distinct(values: list[Any], item: dict[str, Any]) -> list[Any]:
    """The values without repetition; enums fill up with the words not used yet."""
    unique = [value for at, value in enumerate(values) if value not in values[:at]]
    spare = [word for word in item.get("enum", []) if word not in unique]
    for at in range(len(values) - len(unique)):
        value = spare[at] if at < len(spare) else f"{values[0]} {at + 2}" if isinstance(values[0], str) else None
        unique.append(value if value is not None else values[0] + at + 1 if isinstance(values[0], int) else values[0])
    return unique
