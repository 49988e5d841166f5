"""Whatever Bedrock refuses is refused here, with AWS's status, error type and words."""

import json
from typing import Any
from urllib.parse import quote

import pytest

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-micro-v1:0"
NOVA_LITE = "amazon.nova-lite-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
MISTRAL_7B = "mistral.mistral-7b-instruct-v0:2"
DEEPSEEK = "us.deepseek.r1-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
PNG = "iVBORw0KGgo="  # the first bytes of every PNG


def user(*blocks: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": block} if isinstance(block, str) else block for block in blocks]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {**user(*blocks), "role": "assistant"}


def use(identifier: str = "t1", arguments: Any = None) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": identifier, "name": "look", "input": {} if arguments is None else arguments}}


def result(identifier: str = "t1", content: Any = None, **more: Any) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": identifier, "content": content or [{"text": "seen"}], **more}}


def spec(name: str = "look", schema: Any = None, **more: Any) -> dict[str, Any]:
    return {"toolSpec": {"name": name, "inputSchema": {"json": schema or {"type": "object"}}, **more}}


def tools(*specs: Any, **more: Any) -> dict[str, Any]:
    return {"toolConfig": {"tools": list(specs) or [spec()], **more}}


def image(form: str = "png", content: str = PNG) -> dict[str, Any]:
    return {"image": {"format": form, "source": {"bytes": content}}}


def document(name: str = "notes") -> dict[str, Any]:
    return {"document": {"format": "txt", "name": name, "source": {"text": "some notes"}}}


def form(schema: Any) -> dict[str, Any]:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text}}}}}


def inference(**config: Any) -> dict[str, Any]:
    return {"inferenceConfig": config}


def extra(**fields: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": fields}


def thinking(budget: Any = 1024) -> dict[str, Any]:
    return extra(thinking={"type": "enabled", "budget_tokens": budget})


def own(*given: Any, betas: Any = ("computer-use-2025-01-24",), **more: Any) -> dict[str, Any]:
    """Tools that Anthropic defines, beside one of the client's."""
    return tools() | extra(tools=list(given), anthropic_beta=list(betas), **more)


HI = {"messages": [user("Hi")]}
BASH = {"type": "bash_20250124", "name": "bash"}
SCREEN = {"type": "computer_20250124", "name": "computer", "display_width_px": 8, "display_height_px": 6}
CACHE = {"cachePoint": {"type": "default"}}
CLOSED = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}

# The model, the body, and words of the message.
REFUSALS: dict[str, tuple[str, Any, str]] = {
    # Shapes
    "unknown member": (CLAUDE, HI | {"temperature": 1}, 'Unknown parameter in input: "temperature"'),
    "unknown member inside": (
        CLAUDE,
        {"messages": [user("Hi") | {"name": "x"}]},
        'Unknown parameter in messages[0]: "name"',
    ),
    "no content": (CLAUDE, {"messages": [{"role": "user"}]}, "Value null at 'messages.1.member.content'"),
    "unknown role": (
        CLAUDE,
        {"messages": [{"role": "tool", "content": []}]},
        "Member must satisfy enum value set: [user,",
    ),
    "two kinds in one block": (
        CLAUDE,
        {"messages": [user({"text": "a", "cachePoint": {"type": "default"}})]},
        "tagged union",
    ),
    "empty block": (CLAUDE, {"messages": [user({})]}, "tagged union"),
    "hot": (CLAUDE, HI | inference(temperature=1.1), "at 'inferenceConfig.temperature' failed to satisfy constraint"),
    "cold": (CLAUDE, HI | inference(temperature=-0.1), "greater than or equal to 0"),
    "top p": (CLAUDE, HI | inference(topP=1.5), "less than or equal to 1"),
    "no tokens": (CLAUDE, HI | inference(maxTokens=0), "greater than or equal to 1"),
    "empty stop": (CLAUDE, HI | inference(stopSequences=[""]), "length greater than or equal to 1"),
    "tool name": (
        CLAUDE,
        HI | tools(spec("look up")),
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
    ),
    "long tool name": (CLAUDE, HI | tools(spec("x" * 65)), "length less than or equal to 64"),
    "empty description": (CLAUDE, HI | tools(spec(description="")), "length greater than or equal to 1"),
    "no tools": (CLAUDE, HI | {"toolConfig": {"tools": []}}, "length greater than or equal to 1"),
    "17 pairs of metadata": (
        CLAUDE,
        HI | {"requestMetadata": {str(n): "" for n in range(17)}},
        "less than or equal to 16",
    ),
    "odd metadata": (CLAUDE, HI | {"requestMetadata": {"a": "b;c"}}, "regular expression"),
    # Turns
    "no messages": (CLAUDE, {"messages": []}, "A conversation must start with a user message"),
    "missing messages": (CLAUDE, {}, "A conversation must start with a user message"),
    "assistant first": (CLAUDE, {"messages": [assistant("Hi")]}, "A conversation must start with a user message"),
    "two users": (CLAUDE, {"messages": [user("a"), user("b")]}, "must alternate between user and assistant roles"),
    "system turn": (CLAUDE, {"messages": [{"role": "system", "content": [{"text": "x"}]}]}, "system role"),
    "empty content": (
        CLAUDE,
        {"messages": [user()]},
        "The content field in the Message object at messages.0 is empty.",
    ),
    "empty text": (
        CLAUDE,
        {"messages": [user("a", "")]},
        "The text field in the ContentBlock object at messages.0.content.1 is blank. "
        "Add text to the text field, and try again.",
    ),
    "blank text": (CLAUDE, {"messages": [user(" \n")]}, "messages.0.content.0 is blank"),
    "blank result": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result(content=[{"text": ""}]))]} | tools(),
        "messages.2.content.0.toolResult.content.0 is blank",
    ),
    "blank system": (CLAUDE, HI | {"system": [{"text": " "}]}, "blank"),
    "ends with a space": (CLAUDE, {"messages": [user("a"), assistant("b ")]}, "trailing whitespace"),
    "prefill": (LLAMA, {"messages": [user("a"), assistant("b")]}, "does not support assistant message prefill"),
    # Tool calls and results
    "call left open": (CLAUDE, {"messages": [user("a"), assistant(use())]} | tools(), "without `tool_result`"),
    "result missing": (
        CLAUDE,
        {"messages": [user("a"), assistant(use("t1"), use("t2")), user(result("t1"))]} | tools(),
        "Expected toolResult blocks at messages.2.content for the following Ids: t2",
    ),
    "result unasked": (
        CLAUDE,
        {"messages": [user(result())]} | tools(),
        "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.",
    ),
    "another id": (
        CLAUDE,
        {"messages": [user("a"), assistant(use("t1")), user(result("t2"))]} | tools(),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    ),
    "result of long ago": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result()), assistant("b"), user(result())]} | tools(),
        "exceeds the number of toolUse blocks",
    ),
    "result twice": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result(), result())]} | tools(),
        "The toolResult blocks at messages.2.content contain duplicate Ids: t1",
    ),
    "call twice": (
        CLAUDE,
        {"messages": [user("a"), assistant(use(), use()), user(result())]} | tools(),
        "The toolUse blocks at messages.1.content contain duplicate Ids: t1",
    ),
    "text before the result": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user("b", result())]} | tools(),
        "without `tool_result` blocks immediately after: t1",
    ),
    "call by the user": (CLAUDE, {"messages": [user(use())]} | tools(), "Only an assistant message"),
    "result by the assistant": (
        CLAUDE,
        {"messages": [user("a"), assistant(result())]} | tools(),
        "Only a user message",
    ),
    "tools forgotten": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result())]},
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    ),
    "failed without a word": (
        CLAUDE,
        {
            "messages": [
                user("a"),
                assistant(use()),
                {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [], "status": "error"}}]},
            ]
        }
        | tools(),
        "cannot be empty when status value is error",
    ),
    "arguments no object": (
        CLAUDE,
        {"messages": [user("a"), assistant(use(arguments=[1])), user(result())]} | tools(),
        "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object",
    ),
    "result no object": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result(content=[{"json": [1]}]))]} | tools(),
        "messages.2.content.0.toolResult.content.0.json is invalid",
    ),
    "result with __type": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result(content=[{"json": {"a": {"__type": "b"}}}]))]} | tools(),
        "messages.2.content.0.toolResult.content.0.json is invalid",
    ),
    "text beside a call, for Llama": (
        LLAMA,
        {"messages": [user("a"), assistant("b", use()), user(result())]} | tools(),
        "Conversation blocks and tool use blocks cannot be provided in the same turn",
    ),
    "text beside a result, for Llama": (
        LLAMA,
        {"messages": [user("a"), assistant(use()), user(result(), "b")]} | tools(),
        "Conversation blocks and tool result blocks cannot be provided in the same turn",
    ),
    "schema no object": (
        CLAUDE,
        HI | tools(spec(schema={"type": "string"})),
        "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    ),
    "no JSON schema": (
        CLAUDE,
        HI | tools(spec(schema={"type": "object", "properties": []})),
        "It must match JSON Schema draft 2020-12",
    ),
    "a name twice": (CLAUDE, HI | tools(spec(), spec()), "Tool names must be unique"),
    "unknown tool chosen": (CLAUDE, HI | tools(toolChoice={"tool": {"name": "hear"}}), "Tool 'hear' not found"),
    "named tool, for gpt-oss": (
        GPT_OSS,
        HI | tools(toolChoice={"tool": {"name": "look"}}),
        "This model doesn't support the toolConfig.toolChoice.tool field. "
        "Remove toolConfig.toolChoice.tool and try again.",
    ),
    "any tool, for Llama": (LLAMA, HI | tools(toolChoice={"any": {}}), "toolConfig.toolChoice.any"),
    "tools, for DeepSeek": (DEEPSEEK, HI | tools(), "This model doesn't support tool use."),
    "strict, for Nova": (NOVA, HI | tools(spec(strict=True)), "strict"),
    "strict but open": (
        CLAUDE,
        HI | tools(spec(strict=True)),
        "'additionalProperties' must be explicitly set to false",
    ),
    # Models
    "system, for Mistral 7B": (MISTRAL_7B, HI | {"system": [{"text": "x"}]}, "doesn't support system messages"),
    "stops, for Llama": (LLAMA, HI | inference(stopSequences=["x"]), "inferenceConfig.stopSequences"),
    "five stops, for Nova": (
        NOVA,
        HI | inference(stopSequences=list("abcde")),
        "expected maximum item count: 4, found: 5",
    ),
    "blank stop": (CLAUDE, HI | inference(stopSequences=["\n"]), "must contain non-whitespace"),
    "too many tokens": (
        NOVA,
        HI | inference(maxTokens=10001),
        "The maximum tokens you requested exceeds the model limit of 10000. "
        "Try again with a maximum tokens value that is lower than 10000.",
    ),
    "both parameters, for Claude": (
        CLAUDE,
        HI | inference(temperature=0.5, topP=0.5),
        "`temperature` and `top_p` cannot both be specified for this model",
    ),
    "too long": (MISTRAL_7B, {"messages": [user("word " * 32001)]}, "Input is too long for requested model."),
    "embedding model": ("amazon.titan-embed-text-v2:0", HI, "Try again with a supported text or chat model"),
    "unknown field, for Claude": (CLAUDE, HI | extra(seed=1), "extraneous key [seed] is not permitted"),
    "extra no object": (CLAUDE, HI | {"additionalModelRequestFields": [1]}, "additionalModelRequestFields is invalid"),
    "own tools, for Nova": (NOVA, HI | tools() | extra(tools=[BASH]), "extraneous key [tools]"),
    "own tools no list": (CLAUDE, HI | tools() | extra(tools=BASH), "tools: Input should be a valid list"),
    "own tools alone": (CLAUDE, HI | extra(tools=[BASH]), "The toolConfig field must be defined"),
    "own tool without its beta": (CLAUDE, HI | own(BASH, betas=()), "does not match any of the expected tags"),
    "own tool of a newer model": (
        CLAUDE,
        HI | own({**SCREEN, "type": "computer_20251124"}),
        "does not support tool types: computer_20251124",
    ),
    "own tool at Anthropic": (CLAUDE, HI | own({"type": "web_search_20250305"}), "does not support tool types"),
    "own tool by another name": (CLAUDE, HI | own({**BASH, "name": "sh"}), "tools.0.name: Input should be 'bash'"),
    "own tool with a schema": (CLAUDE, HI | own({**BASH, "input_schema": {}}), "tools.0.input_schema: Extra inputs"),
    "screen without a height": (
        CLAUDE,
        HI | own({name: value for name, value in SCREEN.items() if name != "display_height_px"}),
        "tools.0.display_height_px: Field required",
    ),
    "screen in words": (CLAUDE, HI | own({**SCREEN, "display_width_px": "8"}), "Input should be a valid int"),
    "own tool twice": (CLAUDE, HI | own(BASH, BASH), "Tool names must be unique"),
    "own tool unknown": (
        CLAUDE,
        HI | own(BASH, tool_choice={"type": "tool", "name": "computer"}),
        "Tool 'computer' not found in provided tools",
    ),
    "thinking no object": (CLAUDE, HI | extra(thinking="on"), "Input tag is not one of the expected tags"),
    "odd field of Nova": (NOVA, HI | extra(inferenceConfig={"topJ": 1}), "only topK is permitted"),
    "tier": (CLAUDE, HI | {"serviceTier": {"type": "flex"}}, "service tier flex is not supported"),
    "latency": (CLAUDE, HI | {"performanceConfig": {"latency": "optimized"}}, "not supported for this model"),
    "pointer": (CLAUDE, HI | {"additionalModelResponseFieldPaths": ["stop"]}, "not a valid JSON Pointer"),
    # Reasoning
    "small budget": (CLAUDE, HI | thinking(1023), "Input should be greater than or equal to 1024"),
    "no budget": (CLAUDE, HI | thinking(None), "Field required"),
    "budget over the limit": (CLAUDE, HI | thinking(2000) | inference(maxTokens=2000), "must be greater than"),
    "thinking coldly": (CLAUDE, HI | thinking() | inference(temperature=0.5), "may only be set to 1 when thinking"),
    "thinking, forced": (
        CLAUDE,
        HI | thinking() | tools(toolChoice={"any": {}}),
        "Thinking may not be enabled when tool_choice",
    ),
    "thinking, begun": (
        CLAUDE,
        {"messages": [user("a"), assistant("b")]} | thinking(),
        "not supported when `thinking`",
    ),
    "thinking, for Nova": (NOVA, HI | thinking(), "extraneous key [thinking]"),
    "effort": (
        NOVA_2,
        HI | extra(reasoningConfig={"type": "enabled", "maxReasoningEffort": "max"}),
        "low, medium, high",
    ),
    "high effort with a limit": (
        NOVA_2,
        HI | extra(reasoningConfig={"type": "enabled", "maxReasoningEffort": "high"}) | inference(maxTokens=9),
        "cannot be used when maxReasoningEffort is high",
    ),
    "gpt-oss effort": (GPT_OSS, HI | extra(reasoning_effort="minimal"), "reasoning_effort"),
    "thoughts by the user": (
        CLAUDE,
        {"messages": [user({"reasoningContent": {"reasoningText": {"text": "a"}}})]},
        "User messages cannot contain reasoning content",
    ),
    "thoughts again, for DeepSeek": (
        DEEPSEEK,
        {"messages": [user("a"), assistant({"reasoningContent": {"reasoningText": {"text": "a"}}}, "b"), user("c")]},
        "reasoningContent is not supported in multi-turn conversations",
    ),
    "unsigned thoughts": (
        CLAUDE,
        {"messages": [user("a"), assistant({"reasoningContent": {"reasoningText": {"text": "a"}}}, "b"), user("c")]},
        "Invalid `signature` in `thinking` block",
    ),
    # Structured output
    "schema, for Nova": (NOVA, HI | form(CLOSED), "doesn't support the outputConfig.textFormat field"),
    "schema no JSON": (CLAUDE, HI | form("{"), "is not a JSON object"),
    "open object": (CLAUDE, HI | form({"type": "object"}), "'additionalProperties' must be explicitly set to false"),
    "open object inside": (
        CLAUDE,
        HI | form(CLOSED | {"properties": {"a": {"type": "array", "items": {"type": "object"}}}}),
        "'additionalProperties' must be explicitly set to false",
    ),
    "limits in a schema": (
        CLAUDE,
        HI | form(CLOSED | {"properties": {"n": {"type": "integer", "minimum": 1}}}),
        "For 'integer' type, properties minimum are not supported",
    ),
    "schema elsewhere": (CLAUDE, HI | form({"$ref": "https://example.com/s.json"}), "External $ref is not supported"),
    "effort, for Haiku 4.5": (CLAUDE, HI | {"outputConfig": {"effort": "low"}}, "outputConfig.effort"),
    # Files
    "image, for Micro": (
        NOVA,
        {"messages": [user("a", image())]},
        "doesn't support the messages.0.content.1.image field",
    ),
    "image by the assistant": (CLAUDE, {"messages": [user("a"), assistant(image()), user("b")]}, "image"),
    "no such image": (CLAUDE, {"messages": [user("a", image("jpeg"))]}, "Could not process image"),
    "21 images": (CLAUDE, {"messages": [user("a", *[image()] * 21)]}, "too many images"),
    "document alone": (CLAUDE, {"messages": [user(document())]}, "A text block must be included when using documents."),
    "document name": (CLAUDE, {"messages": [user("a", document("a.txt"))]}, "The document file name can only contain"),
    "two spaces": (CLAUDE, {"messages": [user("a", document("a  b"))]}, "more than one consecutive whitespace"),
    "six documents": (CLAUDE, {"messages": [user("a", *[document(f"d{n}") for n in range(6)])]}, "too many documents"),
    "one name for two": (CLAUDE, {"messages": [user("a", document(), document())]}, "Duplicate document names"),
    "document, for Micro": (NOVA, {"messages": [user("a", document())]}, "document"),
    "audio": (
        NOVA_LITE,
        {"messages": [user("a", {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}})]},
        "audio",
    ),
    # Caching
    "five points": (CLAUDE, {"messages": [user(*["a", CACHE] * 5)]}, "A maximum of 4 blocks with cache_control"),
    "point first": (CLAUDE, {"messages": [user(CACHE, "a")]}, "must follow"),
    "an hour, for Nova": (
        NOVA,
        {"messages": [user("a", {"cachePoint": {"type": "default", "ttl": "1h"}})]},
        "cachePoint.ttl",
    ),
    # Guardrails
    "unknown guardrail": (
        CLAUDE,
        HI | {"guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"}},
        "The guardrail identifier or version provided in the request does not exist.",
    ),
    "half a guardrail": (CLAUDE, HI | {"guardrailConfig": {"guardrailIdentifier": "abc"}}, "must be set together"),
    # Identifiers
    "unknown model": ("amazon.nova-ultra-v1:0", HI, "The provided model identifier is invalid."),
    "nonsense model": ("no model", HI, "failed to satisfy constraint"),
    "profile of elsewhere": ("eu.amazon.nova-micro-v1:0", HI, "The provided model identifier is invalid."),
    "ARN of elsewhere": (
        "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-micro-v1:0",
        HI,
        "The provided model identifier is invalid.",
    ),
    "needs a profile": (
        "anthropic.claude-haiku-4-5-20251001-v1:0",
        HI,
        "Invocation of model ID anthropic.claude-haiku-4-5-20251001-v1:0 with on-demand throughput "
        "isn\N{RIGHT SINGLE QUOTATION MARK}t supported. Retry your request with the ID or ARN of an inference profile "
        "that contains this model.",
    ),
}


def path(model: str, operation: str = "converse") -> str:
    return f"/model/{quote(model, safe='')}/{operation}"


@pytest.mark.parametrize("name", REFUSALS)
def test_what_bedrock_refuses_is_refused(bedrock: Any, name: str) -> None:
    model, body, words = REFUSALS[name]
    for operation in ("converse", "converse-stream"):
        answer = bedrock.post(path(model, operation), body)
        assert answer.status_code == 400, answer.text
        assert answer.headers["x-amzn-errortype"] == "ValidationException"
        assert answer.headers["x-amzn-requestid"]
        assert set(answer.json()) == {"message"}
        message = answer.json()["message"]
        # A model that cannot stream tool calls says so first.
        assert words in message or (operation == "converse-stream" and "tool use in streaming mode" in message)
        assert bedrock.calls()[-1]["error"] == "ValidationException"


GOOD: dict[str, tuple[str, Any]] = {
    "two calls, two results, then text": (
        CLAUDE,
        {"messages": [user("a"), assistant("b", use("x"), use("y")), user(result("y"), result("x"), "c")]} | tools(),
    ),
    "empty result": (
        CLAUDE,
        {
            "messages": [
                user("a"),
                assistant(use()),
                {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": []}}]},
            ]
        }
        | tools(),
    ),
    "prefill": (CLAUDE, {"messages": [user("a"), assistant("b")]}),
    "nulls are absences": (CLAUDE, HI | {"system": None, "inferenceConfig": {"maxTokens": None}}),
    "image in a result": (
        CLAUDE,
        {"messages": [user("a"), assistant(use()), user(result(content=[image()]))]} | tools(),
    ),
    "cache points everywhere": (
        CLAUDE,
        {"messages": [user("a", CACHE)], "system": [{"text": "b"}, CACHE], **tools(spec(), CACHE)},
    ),
    "one-hour cache, for Claude": (CLAUDE, {"messages": [user("a", {"cachePoint": {"type": "default", "ttl": "1h"}})]}),
    "whole number as temperature": (CLAUDE, HI | inference(temperature=1)),
    "disabled thinking": (CLAUDE, HI | extra(thinking={"type": "disabled"}) | tools(toolChoice={"any": {}})),
    "strict and closed": (CLAUDE, HI | tools(spec(schema=CLOSED, strict=True))),
    "system and tools, for Llama": (LLAMA, HI | {"system": [{"text": "x"}]} | tools()),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_bedrock_takes_is_taken(bedrock: Any, name: str) -> None:
    model, body = GOOD[name]
    answer = bedrock.post(path(model), body)
    assert answer.status_code == 200, answer.text


def test_tools_in_a_stream_need_a_model_that_can(bedrock: Any) -> None:
    answer = bedrock.post(path(LLAMA, "converse-stream"), HI | tools())
    assert answer.json() == {"message": "This model doesn't support tool use in streaming mode."}


def test_a_model_without_caching_denies_access_to_it(bedrock: Any) -> None:
    for model, body in (
        (LLAMA, {"messages": [user("a", CACHE)]}),
        (NOVA, HI | tools(spec(), CACHE)),
    ):
        answer = bedrock.post(path(model), body)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
        assert "did not allow prompt caching" in answer.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"messages": {}}',
        b'{"messages": [{"role": "user", "content": "Hi"}]}',
        b'{"inferenceConfig": {"maxTokens": "5"}}',
        b'{"inferenceConfig": {"maxTokens": true}}',
        b'{"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": "!"}}}]}]}',
    ],
)
def test_what_cannot_be_read_is_a_serialization_error(bedrock: Any, body: bytes) -> None:
    answer = bedrock.post(path(CLAUDE), body)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "SerializationException")


def test_boto3_reads_a_refusal_as_its_own_exception(bedrock: Any) -> None:
    with pytest.raises(bedrock.runtime.exceptions.ValidationException) as caught:
        bedrock.runtime.converse(modelId="amazon.nova-ultra-v1:0", messages=[user("Hi")])
    assert caught.value.response["Error"]["Message"] == "The provided model identifier is invalid."
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="must alternate"):
        bedrock.runtime.converse_stream(modelId=CLAUDE, messages=[user("a"), user("b")])


def test_a_path_that_is_no_operation_is_unknown(bedrock: Any) -> None:
    answer = bedrock.post("/model/x/sing", {})
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (404, "UnknownOperationException")
