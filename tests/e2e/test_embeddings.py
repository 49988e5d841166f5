"""Embeddings by the unmodified OpenAI SDK, which asks for base64 unless it is told otherwise."""

import asyncio
import math
from operator import mul

import openai
import pytest

MODELS = {
    # the default size, and another
    "titan-embed-text-v2": (1024, 256),
    "cohere-embed-english-v3": (1024, 1024),
    "cohere-embed-multilingual-v3": (1024, 1024),
    "cohere-embed-v4": (1536, 512),
    "nova-2-multimodal-embeddings": (3072, 384),
}


def cosine(one, other):
    return sum(map(mul, one, other)) / math.hypot(*one) / math.hypot(*other)


@pytest.mark.parametrize(("model", "sizes"), MODELS.items())
def test_every_embedding_model_answers_in_both_encodings_and_every_size(gateway, model, sizes):
    create = gateway.openai().embeddings.create
    packed = create(model=model, input="An owl at night")
    floats = create(model=model, input=["An owl at night"], encoding_format="float")
    smaller = create(model=model, input="An owl at night", dimensions=sizes[1])
    assert [len(answer.data[0].embedding) for answer in (packed, floats, smaller)] == [sizes[0], *sizes]
    assert packed.data[0].embedding == pytest.approx(floats.data[0].embedding, abs=1e-6)
    assert (packed.model, packed.object, packed.usage.prompt_tokens, packed.usage.total_tokens) == (model, "list", 5, 5)


def test_the_model_that_make_run_names_embeds(gateway):
    answer = gateway.openai().embeddings.create(model=gateway.embedding_model, input=["The owl flies", "Invoices"])
    owl, invoices = (made.embedding for made in answer.data)
    (again,) = gateway.openai().embeddings.create(model=gateway.embedding_model, input="The owl flies at night").data
    assert cosine(owl, again.embedding) > 0.6 > cosine(owl, invoices)


@pytest.mark.parametrize("model", ["titan-embed-text-v2", "cohere-embed-english-v3"])
def test_many_inputs_are_answered_in_their_order(gateway, calls, model):
    texts = [f"text {number}" for number in range(100)]
    answer = gateway.openai().embeddings.create(model=model, input=texts)
    (alone,) = gateway.openai().embeddings.create(model=model, input=texts[99]).data
    assert [made.index for made in answer.data] == list(range(100))
    assert answer.data[99].embedding == alone.embedding
    assert len({tuple(made.embedding) for made in answer.data}) == 100
    made = calls()[:-1]
    assert len(made) == (100 if model.startswith("titan") else 2)
    assert answer.usage.prompt_tokens == sum(call["usage"]["inputTokens"] for call in made)


OWL = [2127, 53369, 520, 3814]  # "An owl at night"


@pytest.mark.parametrize("model", MODELS)
def test_token_ids_are_embedded_as_the_text_they_stand_for(gateway, model):
    create = gateway.openai().embeddings.create
    (text,) = create(model=model, input="An owl at night").data
    assert [made.embedding for made in create(model=model, input=OWL).data] == [text.embedding]
    assert [made.embedding for made in create(model=model, input=[OWL]).data] == [text.embedding]


def test_batches_of_token_ids_as_langchain_sends_them_are_answered_in_their_order(gateway):
    """Its OpenAIEmbeddings splits long texts into pieces, and sends those of all texts together, as arrays of ids."""
    pieces = [OWL, OWL * 400, OWL[:1]]
    answer = gateway.openai().embeddings.create(
        model="nova-2-multimodal-embeddings", input=pieces, encoding_format="base64"
    )
    assert [made.index for made in answer.data] == [0, 1, 2]
    (short,) = (
        gateway.openai()
        .embeddings.create(model="nova-2-multimodal-embeddings", input="An", encoding_format="base64")
        .data
    )
    assert answer.data[2].embedding == short.embedding


def test_a_query_may_be_embedded_as_one(gateway):
    answer = gateway.openai().embeddings.create(
        model="cohere-embed-v4", input="Where do owls sleep?", extra_body={"input_type": "search_query"}
    )
    assert len(answer.data[0].embedding) == 1536


def test_the_async_sdk_embeds_side_by_side(gateway):
    async def embed():
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
            asked = (client.embeddings.create(model="titan-embed-text-v2", input=f"text {n}") for n in range(12))
            return await asyncio.gather(*asked)

    answers = asyncio.run(embed())
    assert len({tuple(answer.data[0].embedding) for answer in answers}) == 12


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({"input": [1, 2, 100256]}, "input", "no token of cl100k_base"),
        ({"input": [[1, 2], [-3]]}, r"input[1]", "no token of cl100k_base"),
        ({"input": ""}, "input", "not empty"),
        ({"input": "a", "dimensions": 300}, "dimensions", "1024 or 512 or 256"),
        ({"input": "a", "model": "nova-lite"}, "model", "/chat/completions"),
    ],
)
def test_what_cannot_be_embedded_is_refused_with_the_remedy(gateway, body, param, words):
    with pytest.raises(openai.BadRequestError, match=words) as refused:
        gateway.openai().embeddings.create(**{"model": "titan-embed-text-v2", **body})
    assert refused.value.param == param


def test_a_text_longer_than_the_model_reads_is_refused_not_cut(gateway):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.openai().embeddings.create(model="titan-embed-text-v2", input=["a", "a " * 9000])
    assert (refused.value.code, refused.value.param) == ("context_length_exceeded", "input[1]")


def test_bedrocks_errors_are_those_of_a_chat(gateway, fault):
    fault(operation="InvokeModel", error="ThrottlingException", times=None)
    with pytest.raises(openai.RateLimitError) as refused:
        gateway.openai().embeddings.create(model="titan-embed-text-v2", input=["a"] * 20)
    assert refused.value.response.headers["retry-after"]


def test_a_key_for_other_models_embeds_nothing(gateway):
    key = gateway.key(gateway.user("embed@example.com"), models=["claude-*"])["value"]
    with pytest.raises(openai.PermissionDeniedError):
        gateway.openai(key).embeddings.create(model="titan-embed-text-v2", input="a")


def test_the_largest_request_is_answered(gateway):
    """2048 vectors of 3072 numbers, which a buffered Lambda could not give back."""
    answer = gateway.openai(timeout=120).embeddings.create(
        model="nova-2-multimodal-embeddings", input=[f"text {number}" for number in range(2048)]
    )
    assert [made.index for made in answer.data] == list(range(2048))
