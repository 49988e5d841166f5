"""Our completions and chunks against the OpenAI SDK's own types."""

import json
from pathlib import Path

import pytest
import yaml
from openai.types import Completion, CreateEmbeddingResponse, EmbeddingCreateParams, Model, completion_create_params
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import BaseModel

from services.openai.catalogue import card, models
from services.openai.chat import ChatRequest
from services.openai.choices import together
from services.openai.chunks import stream_chunks
from services.openai.completions import CompletionRequest, text_completion, text_events
from services.openai.converse import Envelope
from services.openai.embeddings import EmbeddingRequest
from services.openai.sse import sse
from tests.converse_events import events_of

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


# The fields that our answers have beside OpenAI's: reasoning, under the names that others gave them before us, and how
# many of the tokens written to a cache are kept for an hour, which costs more.
OURS = {"reasoning_content", "thinking_blocks", "cache_write_1h_tokens"}


def foreign(value):
    """The names of the fields, at any depth, that the SDK's types do not have."""
    if isinstance(value, list):
        return set().union(*map(foreign, value))
    if not isinstance(value, BaseModel):
        return set()
    own = (getattr(value, name) for name in type(value).model_fields)
    return set(value.model_extra or ()).union(*map(foreign, own))


def held(kind, answer, extensions=frozenset()):
    """Checked to have what the SDK's type wants, as it wants it, and no more but those extensions."""
    assert foreign(kind.model_validate(answer, strict=True)) <= extensions


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_a_completion_is_what_the_sdk_expects(case):
    held(ChatCompletion, json.loads((case / "completion.json").read_text()), OURS)


def test_several_answers_are_what_the_sdk_expects():
    ones = [json.loads((case / "completion.json").read_text()) for case in GOLDEN]
    held(ChatCompletion, together(ones), OURS)


@pytest.mark.parametrize("include_usage", [False, True])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_a_chunk_is_what_the_sdk_expects(case, include_usage):
    reply = json.loads((case / "reply.json").read_text())
    for chunk in filter(None, stream_chunks(events_of(reply, 3), Envelope("chatcmpl-1", 1, "m"), include_usage)):
        held(ChatCompletionChunk, chunk, OURS)


def test_the_checks_find_a_field_that_openai_has_not():
    completion = json.loads((GOLDEN[0].parent / "text" / "completion.json").read_text())
    completion["choices"][0]["message"]["provider_fields"] = {}
    assert foreign(ChatCompletion.model_validate(completion)) == {"provider_fields"}


@pytest.mark.parametrize("name", models())
def test_a_model_card_is_what_the_sdk_expects(name):
    held(Model, card(models()[name]))


@pytest.mark.parametrize("case", EMBEDDINGS, ids=lambda case: case.name)
def test_a_list_of_embeddings_is_what_the_sdk_expects(case):
    """The SDK's own type is for numbers: it turns base64 into them before anyone looks."""
    answer = json.loads((case / "embeddings.json").read_text())
    for made in answer["data"]:
        if isinstance(made["embedding"], str):
            made["embedding"] = [0.0]
    held(CreateEmbeddingResponse, answer)


def test_every_parameter_of_the_sdks_embeddings_is_taken():
    assert set(EmbeddingRequest.model_fields) == set(EmbeddingCreateParams.__annotations__) | {"input_type"}


PROMPT = CompletionRequest(model="m", prompt="Hello", echo=True)
TEXT = [*EVENTS[:3], ("messageStop", {"stopReason": "end_turn"}), EVENTS[-1]]


def test_a_completion_of_the_older_api_is_what_the_sdk_expects():
    chat = json.loads((GOLDEN[0].parent / "text" / "completion.json").read_text())
    held(Completion, text_completion([chat], PROMPT, Envelope("cmpl-1", 1, "m")))


def test_a_chunk_of_the_older_api_is_what_the_sdk_expects():
    """The SDK's type has a finish_reason always, as no chunk but the last does."""
    chunks = stream_chunks(TEXT, Envelope("cmpl-1", 1, "m"), include_usage=True)
    *events, done = b"".join(text_events(sse(chunks), PROMPT)).split(b"\n\n")[:-1]
    assert done == b"data: [DONE]"
    for event in events:
        chunk = json.loads(event.removeprefix(b"data: "))
        for choice in chunk["choices"]:
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        held(Completion, chunk)


def test_every_parameter_of_the_sdks_completions_is_known():
    theirs = completion_create_params.CompletionCreateParamsStreaming
    assert set(CompletionRequest.model_fields) == theirs.__required_keys__ | theirs.__optional_keys__


def test_every_parameter_of_the_sdk_is_taken_or_refused_by_a_rule():
    assert set(CompletionCreateParamsStreaming.__annotations__) <= set(ChatRequest.model_fields)


def test_the_contract_documents_every_parameter():
    schemas = yaml.safe_load((ROOT / "openapi.yaml").read_text())["components"]["schemas"]
    assert set(schemas["ChatCompletionRequest"]["properties"]) == set(ChatRequest.model_fields)
