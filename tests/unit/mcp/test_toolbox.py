"""What the tools do, with an inference that is made up."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pennyworth.errors import Problem
from services.mcp.reply import Reply
from services.mcp.schema import violation
from services.mcp.toolbox import CUT_NOTE, call, completion_request
from services.mcp.tools import TOOLS, ToolResult

USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
ASKED = {"model": "nova-lite", "prompt": "Hi"}
# Of each tool, arguments that it takes.
GOOD: dict[str, dict[str, Any]] = {
    "list_models": {},
    "chat": ASKED,
    "embed": {"model": "titan-embed-v2", "input": ["a", "b"]},
    "count_tokens": ASKED,
}


class Inference:
    """Answers every request with the same status and pieces, and remembers the requests."""

    def __init__(self, status: int, *pieces: Any, fails: str | None = None) -> None:
        self.status, self.pieces, self.fails = status, pieces, fails
        self.requests: list[tuple[str, str, Any]] = []

    def __call__(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        self.requests.append((method, path, body))
        return Reply(self.status, self._body())

    def _body(self) -> Iterator[bytes]:
        yield from (piece if isinstance(piece, bytes) else json.dumps(piece).encode() for piece in self.pieces)
        if self.fails:
            raise Problem(self.fails)


def streamed(*contents: str, finish_reason: str | None = "stop", done: bool = True) -> list[bytes]:
    chunks: list[Any] = [{"model": "nova-lite", "choices": [{"delta": {"content": content}}]} for content in contents]
    if done:
        chunks += [{"choices": [{"delta": {}, "finish_reason": finish_reason}]}, {"choices": [], "usage": USAGE}]
    return [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks] + [b"data: [DONE]\n\n"] * done


def fits(name: str, result: ToolResult) -> bool:
    assert result.structured is not None
    schema = TOOLS[name].output_schema
    return Draft202012Validator(schema).is_valid(result.structured) and violation(result.structured, schema) is None


def test_list_models_gives_ids_and_owners_as_data_and_as_text() -> None:
    listed = [{"id": "a", "object": "model", "created": 1, "owned_by": "amazon"}, {"id": "b", "owned_by": "ü"}]
    infer = Inference(200, {"object": "list", "data": listed})

    result = call("list_models", {}, infer)

    assert infer.requests == [("GET", "/models", None)]
    assert result.structured == {"models": [{"id": "a", "owned_by": "amazon"}, {"id": "b", "owned_by": "ü"}]}
    assert [json.loads(text) for text in result.texts] == [result.structured]
    assert not result.is_error
    assert fits("list_models", result)


def test_chat_gives_the_answer_as_text_and_the_rest_as_data() -> None:
    infer = Inference(200, *streamed("Hel", "lo"))

    result = call("chat", ASKED, infer)

    assert result.texts == ("Hello",)
    assert result.structured == {"text": "Hello", "model": "nova-lite", "finish_reason": "stop", "usage": USAGE}
    assert not result.is_error
    assert fits("chat", result)


def test_an_answer_of_no_text_is_an_answer() -> None:
    result = call("chat", ASKED, Inference(200, *streamed(finish_reason="content_filter")))

    assert result.texts == ("",)
    assert result.structured is not None
    assert result.structured["finish_reason"] == "content_filter"


def test_an_answer_that_time_cut_is_what_there_is_and_says_so() -> None:
    result = call("chat", ASKED, Inference(200, *streamed("Hel", done=False), fails="timeout"))

    assert result.texts == ("Hel", CUT_NOTE)
    assert result.structured == {"text": "Hel", "model": "nova-lite", "finish_reason": "timeout"}
    assert not result.is_error
    assert fits("chat", result)


def test_no_answer_in_time_is_an_error_that_says_what_to_do() -> None:
    result = call("chat", ASKED, Inference(200, fails="timeout"))

    assert result.is_error
    assert result.texts == ("The model took too long to answer. Try again, or ask for less.",)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 502])
def test_what_inference_refuses_is_told_in_its_own_words(name: str, status: int) -> None:
    refusal = {"error": {"message": "You may not use the model 'x'.", "type": "t", "param": None, "code": "c"}}

    result = call(name, GOOD[name], Inference(status, refusal))

    assert result == ToolResult(("You may not use the model 'x'.",), None, True)


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"error": "x"}', b"null"])
@pytest.mark.parametrize("status", [200, 500])
def test_what_nobody_can_read_is_an_error_without_it(name: str, body: bytes, status: int) -> None:
    result = call(name, GOOD[name], Inference(status, body))

    assert result == ToolResult(("The model failed while answering. Try again.",), None, True)


@pytest.mark.parametrize("name", ["chat", "count_tokens"])
@pytest.mark.parametrize("arguments", [{"model": "m"}, {**ASKED, "messages": [{"role": "user", "content": "x"}]}])
def test_chat_wants_a_prompt_or_messages(name: str, arguments: dict[str, Any]) -> None:
    infer = Inference(200)

    result = call(name, arguments, infer)

    assert result == ToolResult(("Give either 'prompt' or 'messages', and not both.",), None, True)
    assert infer.requests == []


def test_embed_gives_the_vectors_in_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [3, 4.5]}, {"index": 0, "embedding": [1, 2]}]
    infer = Inference(200, {"data": rows, "model": "titan-embed-v2", "usage": {"prompt_tokens": 2, "total_tokens": 2}})

    result = call("embed", {**GOOD["embed"], "dimensions": 256.0}, infer)

    body = {"model": "titan-embed-v2", "input": ["a", "b"], "encoding_format": "float", "dimensions": 256}
    assert infer.requests == [("POST", "/embeddings", body)]
    assert result.structured is not None
    assert result.structured["embeddings"] == [[1, 2], [3, 4.5]]
    assert [json.loads(text) for text in result.texts] == [result.structured]
    assert fits("embed", result)


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (ASKED, {"model": "nova-lite", "input": "Hi"}),
        (
            {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "system": "Be brief"},
            {"model": "m", "input": [{"role": "user", "content": "Hi"}], "instructions": "Be brief"},
        ),
    ],
)
def test_count_tokens_asks_no_model_for_an_answer(arguments: dict[str, Any], asked: dict[str, Any]) -> None:
    infer = Inference(200, {"object": "response.input_tokens", "input_tokens": 7})

    result = call("count_tokens", arguments, infer)

    assert infer.requests == [("POST", "/responses/input_tokens", asked)]
    assert result.structured == {"model": arguments["model"], "input_tokens": 7}
    assert fits("count_tokens", result)


STREAMED = {"stream": True, "stream_options": {"include_usage": True}}
USER = {"role": "user", "content": "Hi"}


@pytest.mark.parametrize(
    ("arguments", "request_body"),
    [
        (ASKED, {"model": "nova-lite", "messages": [USER], **STREAMED}),
        (
            {"model": "m", "system": "Be brief", "prompt": "Hi", "max_tokens": 9, "temperature": 0},
            {
                "model": "m",
                "messages": [{"role": "system", "content": "Be brief"}, USER],
                "max_tokens": 9,
                "temperature": 0,
                **STREAMED,
            },
        ),
        (
            {"model": "m", "messages": [USER, {"role": "assistant", "content": "Ho"}, USER]},
            {"model": "m", "messages": [USER, {"role": "assistant", "content": "Ho"}, USER], **STREAMED},
        ),
    ],
)
def test_arguments_become_a_completion_request(arguments: dict[str, Any], request_body: dict[str, Any]) -> None:
    assert completion_request(arguments) == request_body


def test_a_whole_number_with_a_fraction_goes_on_as_openai_takes_it() -> None:
    asked = completion_request({"model": "m", "prompt": "Hi", "max_tokens": 20.0})["max_tokens"]

    assert (type(asked), asked) == (int, 20)


def test_messages_handed_in_are_left_as_they_were() -> None:
    messages = [USER]

    completion_request({"model": "m", "system": "Be brief", "messages": messages})

    assert messages == [USER]
