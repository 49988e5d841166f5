"""docs/compatibility.md is what the function does, and leaves no parameter of the SDKs out."""

import pytest
from anthropic.types import message_create_params
from openai.types import completion_create_params, embedding_create_params
from openai.types.chat import completion_create_params as chat_create_params
from openai.types.responses import response_create_params

from tools.compatibility.outcome import IDLE, REFUSED, WORKS, Sample, Unclear, outcome
from tools.compatibility.page import PAGE, SAMPLES, page

PARAMETERS = {
    "/chat/completions": chat_create_params.CompletionCreateParamsStreaming,
    "/completions": completion_create_params.CompletionCreateParamsBase,
    "/embeddings": embedding_create_params.EmbeddingCreateParams,
    "/responses": response_create_params.ResponseCreateParamsStreaming,
    "/messages": message_create_params.MessageCreateParamsStreaming,
}
ASK = {"messages": [{"role": "user", "content": "Hi"}]}


def test_the_page_says_what_the_function_does():
    assert PAGE.read_text() == page(), "write it again with `make docs`"


@pytest.mark.parametrize("path", PARAMETERS)
def test_every_parameter_of_the_sdks_is_in_the_table(path):
    known = {row["parameter"] for row in SAMPLES[path]["samples"]} | set(SAMPLES[path]["base"]) | {"model"}
    assert set(PARAMETERS[path].__annotations__) - known == set()


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        (Sample("temperature", 0.5), WORKS),
        (Sample("store", True), IDLE),
        (Sample("seed", 7), REFUSED),
        (Sample("stream", True), WORKS),
    ],
)
def test_what_a_parameter_does_is_found_out(sample, found):
    assert outcome("/chat/completions", "nova-lite", ASK, sample) == found


@pytest.mark.parametrize("sample", [Sample("temperature", 0.5, beside={"colour": "red"})])
def test_a_sample_that_shows_nothing_is_an_error(sample):
    with pytest.raises(Unclear):
        outcome("/chat/completions", "no-such-model", ASK, sample)
