"""Instances of JSON schemas: they fit, and they hold what the prompt says."""

from typing import Any

import jsonschema
import pytest

from local.bedrock.instances import instance
from local.bedrock.material import Material
from local.bedrock.patterns import matching


def filled(schema: Any, prompt: str = "") -> Any:
    value = instance(schema, Material(prompt))
    jsonschema.validate(value, schema)
    return value


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


SCHEMAS: dict[str, Any] = {
    "nothing said": {},
    "anything": True,
    "constant": {"const": {"a": [1]}},
    "enum of many types": {"enum": [None, 1, "a"]},
    "null": {"type": "null"},
    "null or number": {"type": ["null", "number"]},
    "limits": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
    "a multiple": {"type": "integer", "multipleOf": 7, "minimum": 10},
    "negative": {"type": "integer", "maximum": -3},
    "lengths": {"type": "string", "minLength": 12, "maxLength": 14},
    "pattern": {"type": "string", "pattern": r"^(?:[A-Z]{2}\d+|x)-[^a]?\w{3}$"},
    "formats": closed(**{name: {"type": "string", "format": name} for name in ("date", "email", "uri", "uuid")}),
    "list": {"type": "array", "items": {"type": "integer"}, "minItems": 3},
    "no list": {"type": "array", "maxItems": 0},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "items": False},
    "different words": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 3, "uniqueItems": True},
    "different numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    "either": {"anyOf": [{"type": "null"}, closed(a={"type": "string"})]},
    "one of": {"oneOf": [{"type": "boolean"}, {"type": "string"}]},
    "all of": {"allOf": [closed(a={"type": "string"}) | {"additionalProperties": True}, {"required": ["b"]}]},
    "referred": {"$defs": {"a": {"type": "integer"}}, **closed(x={"$ref": "#/$defs/a"})},
    "recursive list": {
        "$defs": {"node": closed(a={"type": "string"}, b={"type": "array", "items": {"$ref": "#/$defs/node"}})},
        "$ref": "#/$defs/node",
    },
    "recursive or null": {
        "$defs": {"node": closed(next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})},
        "$ref": "#/$defs/node",
    },
    "objects by their properties": {"properties": {"a": {"minimum": 3}}, "required": ["a", "unknown"]},
    "deep": closed(a=closed(b=closed(c={"type": "array", "items": closed(d={"type": "boolean"})}))),
}  # fmt: skip


@pytest.mark.parametrize("prompt", ["", 'Take "one" and "two", 5 and -7.25, true, for Ada Lovelace in Oslo'])
@pytest.mark.parametrize("name", SCHEMAS)
def test_an_instance_fits_its_schema(name: str, prompt: str) -> None:
    filled(SCHEMAS[name], prompt)


STRING, NUMBER, BOOLEAN = ({"type": kind} for kind in ("string", "number", "boolean"))


@pytest.mark.parametrize(
    ("schema", "prompt", "expected"),
    [
        (closed(a=NUMBER, b=NUMBER), "7 and 2.5", {"a": 7, "b": 2.5}),
        (closed(a=NUMBER, b=NUMBER), "a=5, b=-6", {"a": 5, "b": -6}),
        (closed(a=NUMBER, b=NUMBER), "b: 1, a: 2", {"a": 2, "b": 1}),
        (closed(n=NUMBER), "on 2026-01-02 at 10:30 order gpt4 nr_5, 8 of them", {"n": 8}),
        (closed(a=STRING, b=STRING), "'first' then “second”", {"a": "first", "b": "second"}),
        (closed(unit_price=STRING), "with unit price \"low\"", {"unit_price": "low"}),
        (closed(city=STRING), "Is it raining in New York City?", {"city": "New York City"}),
        (closed(on=BOOLEAN, off=BOOLEAN), "on: true, off: false", {"on": True, "off": False}),
        (closed(verbose=BOOLEAN), "not verbose please", {"verbose": False}),
        (closed(verbose=BOOLEAN), "verbose please", {"verbose": True}),
        (closed(size={"enum": ["small", "big"]}), "a Big one, not small", {"size": "big"}),
        (closed(mail={"type": "string", "format": "email"}), "to ada@example.com.", {"mail": "ada@example.com"}),
        (closed(xs={"type": "array", "items": NUMBER}), "sum 1, 2 and 3", {"xs": [1, 2, 3]}),
        (closed(xs={"type": "array", "items": STRING}), '"a", "b"', {"xs": ["a", "b"]}),
        ({"type": "object", "properties": {"a": NUMBER, "b": STRING, "c": BOOLEAN}}, "take 4", {"a": 4}),
        ({"type": "object", "properties": {"a": NUMBER}}, "nothing to take", {}),
    ],
)  # fmt: skip
def test_the_prompt_fills_the_instance(schema: Any, prompt: str, expected: Any) -> None:
    assert filled(schema, prompt) == expected


def test_an_instance_is_the_same_every_time() -> None:
    assert filled(SCHEMAS["deep"], "x") == filled(SCHEMAS["deep"], "x")


@pytest.mark.parametrize("pattern", [r"^\d{4}$", r"a+b*", r"^(foo|bar)-\w+$", r"^.{3}$", r"\s", r"[^x]?y"])
def test_a_pattern_gets_a_match(pattern: str) -> None:
    jsonschema.validate(matching(pattern), {"pattern": pattern})


def test_a_pattern_that_is_too_clever_is_given_up() -> None:
    assert matching(r"(?<!a)b(?=c)(") is None
    assert matching(r"^(?=x)$") is None
