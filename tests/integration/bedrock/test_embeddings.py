"""Embeddings of Titan, Cohere and Nova: forms, sizes, and that close texts are close."""

import json
import math
from operator import mul
from typing import Any

import pytest

TITAN = "amazon.titan-embed-text-v2:0"
COHERE_3 = "cohere.embed-english-v3"
COHERE_4 = "us.cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
DOCUMENT = {"input_type": "search_document"}
PICTURE = "data:image/png;base64,iVBORw0KGgo="


def embed(bedrock: Any, model: str, /, **body: Any) -> dict[str, Any]:
    return json.loads(bedrock.runtime.invoke_model(modelId=model, body=json.dumps(body))["body"].read())


def cosine(one: list[float], other: list[float]) -> float:
    return sum(map(mul, one, other)) / math.hypot(*one) / math.hypot(*other)


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_titan_gives_unit_vectors_of_the_size_asked_for(bedrock: Any, dimensions: int) -> None:
    reply = embed(bedrock, TITAN, inputText="An owl at night", dimensions=dimensions)
    assert len(reply["embedding"]) == dimensions
    assert math.isclose(math.hypot(*reply["embedding"]), 1)
    assert reply["inputTextTokenCount"] == 5
    assert reply["embeddingsByType"] == {"float": reply["embedding"]}
    assert bedrock.calls()[-1]["usage"] == {"inputTokens": 5, "outputTokens": 0, "totalTokens": 5}


def test_titan_vectors_may_stay_unnormalized_and_become_binary(bedrock: Any) -> None:
    plain = embed(bedrock, TITAN, inputText="An owl at night")
    assert len(plain["embedding"]) == 1024
    loose = embed(bedrock, TITAN, inputText="An owl at night", normalize=False, embeddingTypes=["binary", "float"])
    assert math.hypot(*loose["embedding"]) > 1.5
    assert math.isclose(cosine(loose["embedding"], plain["embedding"]), 1)
    assert loose["embeddingsByType"]["binary"] == [int(number > 0) for number in plain["embedding"]]


def test_the_same_text_has_the_same_vector_and_close_texts_close_ones(bedrock: Any) -> None:
    owl, again, close, far = (
        embed(bedrock, TITAN, inputText=text)["embedding"]
        for text in ("The owl flies", "The owl flies", "The owl flies at night", "Invoices are due in May")
    )
    assert owl == again
    assert cosine(owl, close) > 0.6 > 0.3 > cosine(owl, far)


def test_cohere_answers_lists_or_lists_by_type(bedrock: Any) -> None:
    floats = embed(bedrock, COHERE_3, texts=["a b", "c"], **DOCUMENT)
    assert floats["response_type"] == "embeddings_floats"
    assert floats["texts"] == ["a b", "c"]
    assert [len(vector) for vector in floats["embeddings"]] == [1024, 1024]
    typed = embed(bedrock, COHERE_3, texts=["a b"], embedding_types=["int8", "uint8", "binary", "ubinary"], **DOCUMENT)
    assert typed["response_type"] == "embeddings_by_type"
    sizes = {name: len(vectors[0]) for name, vectors in typed["embeddings"].items()}
    assert sizes == {"int8": 1024, "uint8": 1024, "binary": 128, "ubinary": 128}
    assert all(-128 <= number <= 127 for number in typed["embeddings"]["binary"][0])
    assert all(0 <= number <= 255 for number in typed["embeddings"]["uint8"][0])


def test_cohere_4_takes_sizes_images_and_mixed_inputs(bedrock: Any) -> None:
    assert len(embed(bedrock, COHERE_4, texts=["a"], **DOCUMENT)["embeddings"][0]) == 1536
    assert len(embed(bedrock, COHERE_4, images=[PICTURE], output_dimension=256, **DOCUMENT)["embeddings"][0]) == 256
    content = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": PICTURE}]
    assert len(embed(bedrock, COHERE_4, inputs=[{"content": content}], **DOCUMENT)["embeddings"]) == 1


def test_cohere_cuts_long_texts_only_when_told(bedrock: Any) -> None:
    words = [f"{number:x}" for number in range(513)]

    def vector(kept: list[str], **more: str) -> list[float]:
        return embed(bedrock, COHERE_3, texts=[" ".join(kept)], **more, **DOCUMENT)["embeddings"][0]

    assert vector(words, truncate="END") == vector(words[:512])
    assert vector(words, truncate="START") == vector(words[1:])
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="maximum of 512 tokens"):
        vector(words)


def nova(text: object = "a", mode: str = "NONE", **more: Any) -> dict[str, Any]:
    said = {"truncationMode": mode, "value": text}
    return {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {"embeddingPurpose": "GENERIC_INDEX", "text": said, **more},
    }


@pytest.mark.parametrize("dimensions", [256, 384, 1024, 3072])
def test_nova_gives_vectors_of_the_size_asked_for(bedrock: Any, dimensions: int) -> None:
    (made,) = embed(bedrock, NOVA, **nova("An owl at night", embeddingDimension=dimensions))["embeddings"]
    assert made.keys() == {"embeddingType", "embedding"}
    assert (made["embeddingType"], len(made["embedding"])) == ("TEXT", dimensions)
    assert bedrock.calls()[-1]["usage"] == {"inputTokens": 5, "outputTokens": 0, "totalTokens": 5}


def test_nova_says_where_it_cut_a_text(bedrock: Any) -> None:
    words = "a " * 9000
    (made,) = embed(bedrock, NOVA, **nova(words, "END"))["embeddings"]
    assert len(made["embedding"]) == 3072
    assert made["truncatedCharLength"] < len(words)


def test_the_tokens_are_in_a_header(bedrock: Any) -> None:
    body = json.dumps({"texts": ["An owl", "at night"], **DOCUMENT})
    headers = bedrock.runtime.invoke_model(modelId=COHERE_3, body=body)["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == "5"


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "no text": (TITAN, {}, "#: required key [inputText] not found"),
    "empty text": (TITAN, {"inputText": ""}, "expected minLength: 1, actual: 0"),
    "list of texts": (TITAN, {"inputText": ["a"]}, "#/inputText: expected type: str, found: list"),
    "odd key": (TITAN, {"inputText": "a", "model": "b"}, "extraneous key [model] is not permitted"),
    "odd size": (TITAN, {"inputText": "a", "dimensions": 300}, "#/dimensions: 300 is not a valid enum value"),
    "odd type": (TITAN, {"inputText": "a", "embeddingTypes": ["int8"]}, "#/embeddingTypes"),
    "odd normalize": (TITAN, {"inputText": "a", "normalize": "yes"}, "#/normalize"),
    "too many tokens": (TITAN, {"inputText": "a " * 8193}, "Too many input tokens. Max input tokens: 8192"),
    "too many characters": (TITAN, {"inputText": "a" * 50001}, "expected maxLength: 50000, actual: 50001"),
    "no input type": (COHERE_3, {"texts": ["a"]}, "required key [input_type] not found"),
    "odd input type": (COHERE_3, {"texts": ["a"], "input_type": "query"}, "#/input_type"),
    "nothing": (COHERE_3, DOCUMENT, "exactly one of texts, images or inputs"),
    "no texts": (COHERE_3, DOCUMENT | {"texts": []}, "expected between 1 and 96 items"),
    "97 texts": (COHERE_3, DOCUMENT | {"texts": ["a"] * 97}, "expected between 1 and 96 items"),
    "long text": (COHERE_3, DOCUMENT | {"texts": ["a" * 2049]}, "#/texts/0: expected maxLength: 2048"),
    "number": (COHERE_3, DOCUMENT | {"texts": [1]}, "#/texts/0: expected type: String"),
    "odd truncate": (COHERE_3, DOCUMENT | {"texts": ["a"], "truncate": "LEFT"}, "#/truncate"),
    "size for 3": (COHERE_3, DOCUMENT | {"texts": ["a"], "output_dimension": 256}, "extraneous key [output_dimension]"),
    "odd size for 4": (COHERE_4, DOCUMENT | {"texts": ["a"], "output_dimension": 1}, "#/output_dimension"),
    "no picture": (COHERE_4, DOCUMENT | {"images": ["abc"]}, "expected a data URI"),
    "no tokens": (COHERE_4, DOCUMENT | {"texts": ["a"], "max_tokens": 0}, "#/max_tokens"),
    "a moving picture for 3": (
        COHERE_3,
        {"input_type": "image", "images": ["data:image/gif;base64,R0lG"]},
        "expected a data URI",
    ),
    "two pictures for 3": (
        COHERE_3,
        {"input_type": "image", "images": [PICTURE, PICTURE]},
        "expected between 1 and 1 items",
    ),
    "picture as document": (COHERE_3, DOCUMENT | {"images": [PICTURE]}, "#/input_type: image is for images"),
    "text as picture": (COHERE_3, {"input_type": "image", "texts": ["a"]}, "#/input_type: image is for images"),
    "nova: no task": (NOVA, {"singleEmbeddingParams": {}}, "required key [taskType] not found"),
    "nova: odd task": (NOVA, nova() | {"taskType": "SEGMENTED_EMBEDDING"}, "#/taskType"),
    "nova: odd schema": (NOVA, nova() | {"schemaVersion": "2"}, "#/schemaVersion"),
    "nova: titan's body": (NOVA, {"inputText": "a"}, "required key [singleEmbeddingParams] not found"),
    "nova: odd key": (NOVA, nova(normalize=True), "extraneous key [normalize] is not permitted"),
    "nova: odd size": (NOVA, nova(embeddingDimension=512), "#/embeddingDimension: 512"),
    "nova: broken size": (NOVA, nova(embeddingDimension=256.0), "#/embeddingDimension: 256.0"),
    "nova: odd purpose": (NOVA, nova(embeddingPurpose="search_query"), "#/embeddingPurpose"),
    "nova: odd mode": (NOVA, nova(mode="LEFT"), "#/truncationMode"),
    "nova: two media": (NOVA, nova(image={}), "exactly one of text, image, video or audio"),
    "nova: number": (NOVA, nova(7), "#/value: expected type: str"),
    "nova: empty text": (NOVA, nova(""), "expected minLength: 1"),
    "nova: too many characters": (NOVA, nova("a" * 50001), "expected maxLength: 50000, actual: 50001"),
    "nova: too many tokens": (NOVA, nova("a " * 9000), "maximum of 8172 tokens"),
    "odd inputs": (COHERE_4, DOCUMENT | {"inputs": [{"text": "a"}]}, "#/inputs"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bodies_that_the_model_refuses_are_refused(bedrock: Any, name: str) -> None:
    model, body, words = REFUSALS[name]
    with pytest.raises(bedrock.runtime.exceptions.ValidationException) as caught:
        embed(bedrock, model, **body)
    assert words in caught.value.response["Error"]["Message"]


def test_embedding_models_do_not_stream(bedrock: Any) -> None:
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="unsupported for streaming"):
        bedrock.runtime.invoke_model_with_response_stream(modelId=TITAN, body=json.dumps({"inputText": "a"}))
