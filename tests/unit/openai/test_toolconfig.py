"""OpenAI's tools as Converse's toolConfig."""

import pytest

from pennyworth.body import check
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.toolconfig import tool_config

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def specification(model, parameters):
    """What a strict tool with these parameters is to that model."""
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": parameters}}
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "tools": [tool]}
    (made,) = tool_config(check(ChatRequest, body), [], find(model))["tools"]
    return made["toolSpec"]


def test_a_strict_tool_is_enforced_with_its_objects_closed():
    made = specification("claude-haiku-4.5", SCHEMA)
    assert made["strict"] is True
    assert made["inputSchema"]["json"] == {**SCHEMA, "additionalProperties": False}


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        ("nova-lite", SCHEMA),
        ("claude-haiku-4.5", {**SCHEMA, "additionalProperties": True}),
        ("claude-haiku-4.5", {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}}),
    ],
    ids=["by no model of this kind", "not an open object", "not a minimum"],
)
def test_where_bedrock_enforces_nothing_the_model_reads_the_schema_as_it_is(model, parameters):
    """As it is for a response_format: clients send `strict` with every tool, whoever the model is."""
    made = specification(model, parameters)
    assert "strict" not in made
    assert made["inputSchema"]["json"] == parameters
