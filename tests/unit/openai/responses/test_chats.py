"""Each folder of tests/golden/responses is a case: a request, and the chat that it becomes."""

import json
from pathlib import Path
from typing import get_type_hints

import pytest
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.converse import to_converse
from services.openai.responses.chats import Chat
from services.openai.responses.history import PREVIOUS
from services.openai.responses.items import items
from services.openai.responses.request import ResponseRequest
from services.openai.responses.thoughts import opened, packed, sealed, unpacked
from services.openai.responses.toolbox import Toolbox, flat

CASES = sorted((Path(__file__).parents[3] / "golden" / "responses").iterdir())
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
IMAGE = {"type": "input_image", "image_url": "data:,"}


def chat(before=(), **request):
    """Of a request; the items before it as if they had been stored."""
    read = check(ResponseRequest, {"model": "m", **request})
    placed = [(item, PREVIOUS) for item in items(list(before))]
    placed += [(item, f"input[{index}]") for index, item in enumerate(items(read.input))]
    return Chat(read, placed, Toolbox(read.tools, read.tool_choice))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_becomes_this_chat(case):
    request, body = (json.loads((case / f"{name}.json").read_text()) for name in ("request", "chat"))
    assert chat(**request).body == body


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_it_becomes_is_what_a_chat_takes(case):
    body = json.loads((case / "chat.json").read_text())
    body.pop("verbosity", None)  # which models on Bedrock do not take, and others do
    body["messages"] = [_without_ids(message) for message in body["messages"]]
    check(ChatRequest, body)


def _without_ids(message):
    """A file's id, which is another's to resolve."""
    if not isinstance(message["content"], list):
        return message
    return message | {"content": [part for part in message["content"] if "file_id" not in part.get("file", ())]}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("messages", "input"),
        ("messages[0]", "instructions"),
        ("messages[0].content", "instructions"),
        ("messages[1].content", PREVIOUS),
        ("messages[2]", "input[0]"),
        ("messages[2].content[1]", "input[0].content[1]"),
        ("messages[2].content[1].image_url.url", "input[0].content[1].image_url"),
        ("messages[2].content[2].file.file_data", "input[0].content[2].file_data"),
        ("messages[2].content[2].file.filename", "input[0].content[2].filename"),
        ("messages[3].content[0].text", "input[2].content[0].text"),
        ("messages[3].thinking_blocks[1].signature", "input[1].encrypted_content"),
        ("messages[3].tool_calls", "input[3]"),
        ("messages[3].tool_calls[1]", "input[4]"),
        ("messages[3].tool_calls[1].function.arguments", "input[4].arguments"),
        ("messages[3].tool_calls[0].function.name", "input[3].name"),
        ("messages[4].tool_call_id", "input[5].call_id"),
        ("messages[5].content[1].image_url.url", "input[5].output[1].image_url"),
        ("tools[1].function.strict", "tools[2].tools[0].strict"),
        ("tools[0].function.parameters", "tools[0].parameters"),
        ("max_completion_tokens", "max_output_tokens"),
        ("response_format", "text.format"),
        ("response_format.json_schema.schema", "text.format.schema"),
        ("reasoning_effort", "reasoning.effort"),
        ("verbosity", "text.verbosity"),
        ("tool_choice.function.name", "tool_choice.name"),
        ("temperature", "temperature"),
    ],
)
def test_what_a_chat_names_is_named_as_the_client_sent_it(theirs, ours):
    blocks = [{"type": "redacted_thinking", "data": "AAAA"}] * 2
    made = chat(
        before=[{"role": "user", "content": "a"}],
        instructions="i",
        input=[
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "a"},
                    IMAGE,
                    {"type": "input_file", "file_data": "YQ==", "filename": "a.txt"},
                ],
            },
            {"type": "reasoning", "summary": [], "encrypted_content": sealed(blocks, "")},
            {"role": "assistant", "content": "b"},
            CALL,
            CALL | {"call_id": "d"},
            {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "x"}, IMAGE]},
        ],
        tools=[
            {"type": "function", "name": "f"},
            {"type": "web_search"},
            {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "g"}]},
        ],
    )
    with pytest.raises(Problem) as raised, made.told():
        raise Problem("invalid_value", param=theirs, reason="is wrong")
    assert raised.value.param == ours
    assert raised.value.message == f"Invalid value for '{ours}': is wrong."


@pytest.mark.parametrize(
    ("request_", "param", "code"),
    [
        ({"input": 1}, "input", "invalid_value"),
        ({"input": ["a"]}, "input[0]", "invalid_value"),
        ({"input": [{}]}, "input[0].type", "missing_required_parameter"),
        ({"input": [{"type": ["message"]}]}, "input[0].type", "unsupported_parameter"),
        ({"input": [{"type": "computer_call"}]}, "input[0].type", "unsupported_parameter"),
        ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter"),
        ({"input": [{"role": "tool", "content": "a"}]}, "input[0].role", "invalid_value"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]},
            "input[0].content[0].type",
            "invalid_value",
        ),
        ({"input": [{"role": "user", "content": [{"type": "input_text"}]}]}, "input[0].content[0]", "invalid_value"),
        ({"input": [{"role": "user", "content": [IMAGE | {"text": "a"}]}]}, "input[0].content[0]", "invalid_value"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0]", "invalid_value"),
        ({"input": [CALL | {"extra": 1}]}, "input[0].extra", "unsupported_parameter"),
        (
            {"input": [{"type": "reasoning", "summary": [], "encrypted_content": "e30="}]},
            "input[0].encrypted_content",
            "invalid_value",
        ),
        (
            {"input": [{"type": "compaction", "encrypted_content": "e30="}]},
            "input[0].encrypted_content",
            "invalid_value",
        ),
        ({"tools": [{"type": "function"}]}, "tools[0].name", "missing_required_parameter"),
        ({"tools": [{"name": "f"}]}, "tools[0].type", "missing_required_parameter"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "tools[0].type", "unsupported_parameter"),
        ({"tools": [{"type": "code_interpreter"}]}, "tools[0].type", "unsupported_parameter"),
        ({"tools": [{"type": "function", "name": "f"}] * 2}, "tools[1].name", "invalid_value"),
        (
            {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}]},
            "tools[0].tools[0].type",
            "unsupported_parameter",
        ),
        ({"tool_choice": "any"}, "tool_choice", "invalid_value"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice.name", "invalid_value"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "tool_choice.type", "unsupported_parameter"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "any"}}, "tool_choice.mode", "invalid_value"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto"}}, "tool_choice.tools", "invalid_value"),
        (
            {"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "f"}]}},
            "tool_choice.tools[0].name",
            "invalid_value",
        ),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format", "invalid_value"),
        ({"text": {"format": {"type": "text", "name": "n"}}}, "text.format", "invalid_value"),
        ({"reasoning": {"context": "current_turn"}}, "reasoning.context", "unsupported_parameter"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a", "invalid_value"),
        ({"top_logprobs": False}, "top_logprobs", "unsupported_parameter"),
    ],
)
def test_what_cannot_be_is_refused_by_its_path(request_, param, code):
    with pytest.raises(Problem) as raised:
        chat(**{"input": "a", **request_})
    assert (raised.value.param, raised.value.code, raised.value.status) == (param, code, 400)


HARMLESS = {
    "background": False,
    "truncation": "disabled",
    "top_logprobs": 0,
    "conversation": None,
    "prompt": None,
    "context_management": None,
    "max_tool_calls": 3,
    "stream_options": {"include_obfuscation": False},
    "include": ["web_search_call.action.sources", "message.input_image.image_url"],
    "reasoning": {"context": "auto", "mode": "standard"},
    "text": {"format": {"type": "text"}},
    "client_metadata": {"x": "y"},
}


def test_what_asks_for_nothing_changes_nothing():
    assert chat(input="a", **HARMLESS).body == chat(input="a").body


def test_every_parameter_of_the_sdk_is_known():
    theirs = get_type_hints(ResponseCreateParamsNonStreaming)
    assert "input" in theirs
    assert theirs.keys() <= ResponseRequest.model_fields.keys()


def test_names_in_namespaces_stay_apart_and_fit():
    long = [flat("x" * 60 + end, "mcp__server") for end in "ab"]
    assert len(set(long)) == 2
    assert all(len(name) == 64 for name in long)
    assert flat("f", "mcp.server") == "mcp_server__f"


@pytest.mark.parametrize(
    "encrypted",
    [
        *("", "x", "%%%", "bnVsbA==", "W10=", "gAAAAABo-from-elsewhere"),
        "eyJ0aGlua2luZ19ibG9ja3MiOlt7InR5cGUiOiJ0aGlua2luZyJ9XX0=",
        packed("a summary"),
    ],
)
def test_what_no_answer_here_gave_is_refused(encrypted):
    with pytest.raises(Problem) as raised:
        opened(encrypted, "input[0].encrypted_content")
    assert (raised.value.param, raised.value.code) == ("input[0].encrypted_content", "invalid_value")


def test_what_was_kept_comes_back():
    blocks = [{"type": "thinking", "thinking": "é", "signature": "s"}]
    assert opened(sealed(blocks, "é"), "x") == {"thinking_blocks": blocks}
    assert opened(sealed([], "é"), "x") == {"reasoning_content": "é"}
    assert sealed([], "") is None
    assert unpacked(packed("é"), "x") == "é"


ASK = {"role": "user", "content": "a"}


@pytest.mark.parametrize(
    ("given", "param", "words"),
    [
        ([ASK, CALL, ASK], "input[1]", "the call 'c' has no output with its 'call_id' right after it"),
        (
            [ASK, {"type": "function_call_output", "call_id": "c", "output": "x"}],
            "input[1].call_id",
            "no call of the assistant's right before it has this id",
        ),
        (
            [{"role": "system", "content": [IMAGE]}, ASK],
            "input[0]",
            "parts of type 'input_image' and 'input_file' are for messages of the role 'user'",
        ),
    ],
)
def test_what_a_chat_refuses_is_said_in_the_words_of_items(given, param, words):
    made = chat(input=given)
    with pytest.raises(Problem) as raised, made.told():
        to_converse(check(ChatRequest, made.body), find("nova-lite"))
    assert raised.value.param == param
    assert words in raised.value.message
