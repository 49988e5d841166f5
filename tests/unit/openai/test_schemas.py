"""Schemas for structured output, held to what the Bedrock stand-in refuses."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from local.bedrock.errors import AwsError
from local.bedrock.schemas import check_references, check_schema
from services.openai.schemas import enforceable

WORDS = st.sampled_from(
    ["type", "properties", "$defs", "items", "anyOf", "$ref", "additionalProperties", "minItems", "enum", "required"]
)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-1, 3), st.sampled_from(["object", "#", "#/$defs/type"]))
SCHEMAS = st.dictionaries(
    WORDS,
    st.recursive(VALUES, lambda inner: st.one_of(st.lists(inner), st.dictionaries(WORDS, inner)), max_leaves=12),
)


class Address(BaseModel):
    city: str
    zip: str | None = None


class Person(BaseModel):
    """As the OpenAI SDK's users write them."""

    name: str = Field(description="The full name")
    addresses: list[Address]
    minimum: int = 0  # a property's name is no keyword


class Node(BaseModel):
    children: list["Node"]


class Bounded(BaseModel):
    age: int = Field(ge=0)


def test_a_models_schema_is_closed_throughout():
    schema = enforceable(Person.model_json_schema())
    check_schema("", schema)
    check_references("", schema)
    assert schema["$defs"]["Address"]["additionalProperties"] is False
    assert "additionalProperties" not in Person.model_json_schema()["$defs"]["Address"]


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (Node.model_json_schema(), "itself"),
        ({"type": "object", "properties": {"next": {"$ref": "#"}}}, "itself"),
        (Bounded.model_json_schema(), "'minimum'"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "additionalProperties"),
        ({"type": ["object", "null"], "additionalProperties": True}, "additionalProperties"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 2}, "minItems"),
        ({"$ref": "https://example.com/schema"}, "elsewhere"),
        ({"anyOf": [{"type": "string", "maxLength": 3}]}, "'maxLength'"),
    ],
)
def test_what_bedrock_refuses_is_refused_here_with_its_reason(schema, reason):
    with pytest.raises(ValueError, match=reason):
        enforceable(schema)

    def judged():
        check_references("", schema)
        check_schema("", schema)

    with pytest.raises(AwsError):
        judged()


@given(SCHEMAS)
def test_whatever_a_client_sends_is_enforced_or_refused(schema):
    with suppress(ValueError):
        enforceable(schema)
