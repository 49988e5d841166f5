"""Our completions and chunks against the OpenAI SDK's own types."""

import json
from pathlib import Path

import pytest
import yaml
from openai.types import Completion, CreateEmbeddingResponse, EmbeddingCreateParams, Model, completion_create_params
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from services.openai.catalogue import card, models
from services.openai.chat import ChatRequest
from services.openai.chunks import stream_chunks
from services.openai.completions import CompletionRequest, text_completion, text_events
from services.openai.converse import Envelope
from services.openai.embeddings import EmbeddingRequest
from services.openai.sse import sse

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "chat").iterdir())
EMBEDDINGS = sorted((Path(__file__).parents[1] / "golden" / "embeddings").iterdir())
EVENTS = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"text": "Hi"}, "contentBlockIndex": 0}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "f"}}, "contentBlockIndex": 1}),
    ("contentBlockDelta", {"delta": {"toolUse": {"input": '{"a":1}'}}, "contentBlockIndex": 1}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("messageStop", {"stopReason": "tool_use"}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {"latencyMs": 1}}),
]


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_a_completion_is_what_the_sdk_expects(case):
    ChatCompletion.model_validate(json.loads((case / "completion.json").read_text()), strict=True)


@pytest.mark.parametrize("include_usage", [False, True])
def test_a_chunk_is_what_the_sdk_expects(include_usage):
    for chunk in filter(None, stream_chunks(EVENTS, Envelope("chatcmpl-1", 1, "m"), include_usage)):
        ChatCompletionChunk.model_validate(chunk, strict=True)


@pytest.mark.parametrize("name", models())
def test_a_model_card_is_what_the_sdk_expects(name):
    Model.model_validate(card(models()[name]), strict=True)


@pytest.mark.parametrize("case", EMBEDDINGS, ids=lambda case: case.name)
def test_a_list_of_embeddings_is_what_the_sdk_expects(case):
    """The SDK's own type is for numbers: it turns base64 into them before anyone looks."""
    answer = json.loads((case / "embeddings.json").read_text())
    for made in answer["data"]:
        if isinstance(made["embedding"], str):
            made["embedding"] = [0.0]
    CreateEmbeddingResponse.model_validate(answer, strict=True)


def test_every_parameter_of_the_sdks_embeddings_is_taken():
    assert set(EmbeddingRequest.model_fields) == set(EmbeddingCreateParams.__annotations__) | {"input_type"}


PROMPT = CompletionRequest(model="m", prompt="Hello", echo=True)
TEXT = [*EVENTS[:3], ("messageStop", {"stopReason": "end_turn"}), EVENTS[-1]]


def test_a_completion_of_the_older_api_is_what_the_sdk_expects():
    chat = json.loads((GOLDEN[0].parent / "text" / "completion.json").read_text())
    Completion.model_validate(text_completion([chat], PROMPT, Envelope("cmpl-1", 1, "m")), strict=True)


def test_a_chunk_of_the_older_api_is_what_the_sdk_expects():
    """The SDK's type has a finish_reason always, as no chunk but the last does."""
    chunks = stream_chunks(TEXT, Envelope("cmpl-1", 1, "m"), include_usage=True)
    *events, done = b"".join(text_events(sse(chunks), PROMPT)).split(b"\n\n")[:-1]
    assert done == b"data: [DONE]"
    for event in events:
        chunk = json.loads(event.removeprefix(b"data: "))
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        Completion.model_validate(chunk, strict=True)


def test_every_parameter_of_the_sdks_completions_is_known():
    theirs = completion_create_params.CompletionCreateParamsStreaming
    assert set(CompletionRequest.model_fields) == theirs.__required_keys__ | theirs.__optional_keys__


def test_every_parameter_of_the_sdk_is_taken_or_refused_by_a_rule():
    assert set(CompletionCreateParamsStreaming.__annotations__) <= set(ChatRequest.model_fields)


def test_the_contract_documents_every_parameter():
    schemas = yaml.safe_load((ROOT / "openapi.yaml").read_text())["components"]["schemas"]
    assert set(schemas["ChatCompletionRequest"]["properties"]) == set(ChatRequest.model_fields)
