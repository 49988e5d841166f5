"""Our completions and chunks against the OpenAI SDK's own types."""

import json
from pathlib import Path

import pytest
import yaml
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from services.openai.catalogue import card, models
from services.openai.chat import ChatRequest
from services.openai.chunks import stream_chunks
from services.openai.converse import Envelope

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "chat").iterdir())
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


def test_every_parameter_of_the_sdk_is_taken_or_refused_by_a_rule():
    assert set(CompletionCreateParamsStreaming.__annotations__) <= set(ChatRequest.model_fields)


def test_the_contract_documents_every_parameter():
    schemas = yaml.safe_load((ROOT / "openapi.yaml").read_text())["components"]["schemas"]
    assert set(schemas["ChatCompletionRequest"]["properties"]) == set(ChatRequest.model_fields)
