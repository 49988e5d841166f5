import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from services.mcp.access.crowd import SEARCH
from services.mcp.schema import KEYWORDS, violation
from services.mcp.tools import CHAT, TOOLS


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"model": "m", "prompt": "Hi"}, None),
        ({}, "'model' is missing."),
        ({"model": 7}, "'model' must be a string."),
        ({"model": ""}, "'model' must be at least 1 character long."),
        ({"model": "m", "messages": {}}, "'messages' must be an array."),
        ({"model": "m", "messages": []}, "'messages' must have at least 1 item."),
        ({"model": "m", "messages": [{"role": "user"}]}, "'messages[0].content' is missing."),
        (
            {"model": "m", "messages": [{"role": "tool", "content": "x"}]},
            "'messages[0].role' must be one of 'system', 'user', 'assistant'.",
        ),
        ({"model": "m", "max_tokens": 0}, "'max_tokens' must be at least 1."),
        ({"model": "m", "max_tokens": True}, "'max_tokens' must be an integer."),
        ({"model": "m", "max_tokens": 1.5}, "'max_tokens' must be an integer."),
        ({"model": "m", "max_tokens": 3.0}, None),
        ({"model": "m", "temperature": 2.1}, "'temperature' must be at most 2."),
        ({"model": "m", "temperature": float("inf")}, "'temperature' must be at most 2."),
        ({"model": "m", "temperature": None}, "'temperature' must be a number."),
        (
            {"model": "m", "top_k": 1},
            "'top_k' is not known. Known are: model, prompt, messages, system, max_tokens, temperature.",
        ),
    ],
)
def test_the_first_wrong_field_is_named(arguments: object, expected: str | None) -> None:
    assert violation(arguments, CHAT.input_schema) == expected


def test_a_text_may_be_too_long() -> None:
    fault = violation({"query": "x" * 201}, SEARCH.input_schema)
    assert fault == "'query' must be at most 200 characters long."
    assert violation({"query": "x" * 200}, SEARCH.input_schema) is None


def test_a_tool_without_arguments_takes_none() -> None:
    assert violation({"a": 1}, TOOLS["list_models"].input_schema) == "'a' is not known. Known are: none."


@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_our_schemas_use_only_keywords_that_are_checked(tool: object) -> None:
    def keywords(schema: object) -> set[str]:
        if not isinstance(schema, dict):
            return set()
        inner = [*schema.get("properties", {}).values(), schema.get("items")]
        return set(schema).union(*map(keywords, inner))

    for schema in (tool.input_schema, tool.output_schema):  # type: ignore[attr-defined]
        Draft202012Validator.check_schema(schema)
        assert keywords(schema) <= KEYWORDS


NAMES = st.sampled_from(["model", "prompt", "messages", "system", "max_tokens", "temperature", "role", "content", "x"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats(-1, 3) | st.sampled_from(["", "m", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES, max_size=6))
def test_it_agrees_with_a_whole_validator(arguments: dict[str, object]) -> None:
    whole = Draft202012Validator(CHAT.input_schema).is_valid(arguments)

    assert (violation(arguments, CHAT.input_schema) is None) == whole
