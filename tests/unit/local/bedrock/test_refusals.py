"""What Bedrock refuses around tools, reasoning, caches and schemas."""

import pytest

from local.bedrock.answers import sealed, signature
from local.bedrock.catalogue import MODELS
from local.bedrock.errors import AwsError
from local.bedrock.inference import check

CLAUDE = MODELS["anthropic.claude-haiku-4-5-20251001-v1:0"]
USER = {"role": "user", "content": [{"text": "Hi"}]}
TOOLS = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}
ANY = {**TOOLS, "toolChoice": {"any": {}}}


def body(*messages, **more):
    return {"messages": list(messages) or [USER], **more}


def native(choice, tools=TOOLS):
    return body(toolConfig=tools, additionalModelRequestFields={"tool_choice": choice})


def thought(**content):
    return body(USER, {"role": "assistant", "content": [{"reasoningContent": content}, {"text": "Yes"}]}, USER)


def cached(*lifetimes):
    marks = [{"cachePoint": {"type": "default", "ttl": ttl}} for ttl in lifetimes]
    return body({"role": "user", "content": [{"text": "Hi"}, *marks]})


def formed(schema):
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}
    return body(outputConfig={"textFormat": form})


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (native({"disable_parallel_tool_use": True}), "tool_choice.type: Field required"),
        (native({"type": "none"}), "expected tags"),
        (native([]), "valid dictionary"),
        (native({"type": "any", "disable_parallel_tool_use": True}, ANY), "tool_choice/type conflicts"),
        (native({"name": "f"}, ANY), "tool_choice/name conflicts"),
        (thought(reasoningText={"text": "Hm.", "signature": "made up"}), "Invalid `signature`"),
        (thought(redactedContent=b"made up"), "Invalid `data`"),
        (thought(redactedContent=sealed(b"thought") + b"!"), "Invalid `data`"),
        (cached("5m", "1h"), "must not come after"),
        (cached(*["5m"] * 5), "maximum of 4"),
        (formed('{"$ref": "#"}'), "Recursive"),
        (formed('{"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}'), "Recursive"),
    ],
)
def test_it_is_refused_in_bedrocks_words(asked, words):
    with pytest.raises(AwsError, match=words):
        check(CLAUDE, asked, streamed=False)


@pytest.mark.parametrize(
    "asked",
    [
        native({"type": "auto", "disable_parallel_tool_use": True}),
        native({"disable_parallel_tool_use": True}, ANY),
        thought(reasoningText={"text": "Hm.", "signature": signature("Hm.")}),
        thought(redactedContent=sealed(b"thought")),
        cached("1h", "5m"),
        formed('{"anyOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "string"}}}'),
    ],
)
def test_its_like_is_taken(asked):
    check(CLAUDE, asked, streamed=False)
