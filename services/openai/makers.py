"""Embeddings as each maker's models take and give them through InvokeModel: pure translation.

Sources: Amazon Bedrock user guide, Titan Text Embeddings V2 and Cohere Embed v3 and v4; Amazon Nova user guide,
embeddings schema (read 2026-11). No text is ever cut short: a vector of half a text looks like one of the whole.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.embeddings import Batch, Embedded, EmbeddingRequest, Vector, embedding, encoded

# Bedrock counts every model's tokens here; Cohere's replies say them nowhere else (seen in public reports, 2026-06).
_COUNTED = "x-amzn-bedrock-input-token-count"
_PURPOSES = {
    "search_document": "GENERIC_INDEX",
    "search_query": "TEXT_RETRIEVAL",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
_DOCUMENT = "search_document"  # what a client that says nothing embeds more often


def to_titan(texts: list[str], request: EmbeddingRequest, _: Model) -> dict[str, Any]:
    body: dict[str, Any] = {"inputText": texts[0]}
    return body if request.dimensions is None else {**body, "dimensions": request.dimensions}


def from_titan(reply: dict[str, Any], _: Batch, __: Model) -> list[Vector]:
    return [reply["embedding"]]


def to_cohere(texts: list[str], request: EmbeddingRequest, model: Model) -> dict[str, Any]:
    """v3 knows no `output_dimension`: it makes vectors of one size only."""
    body = {"texts": texts, "input_type": request.input_type or _DOCUMENT, "truncate": "NONE"}
    if request.dimensions is None or len(embedding(model).dimensions) == 1:
        return body
    return {**body, "output_dimension": request.dimensions}


def from_cohere(reply: dict[str, Any], _: Batch, __: Model) -> list[Vector]:
    """A list, or lists by type: v4 was seen to answer either way."""
    vectors: list[Vector] | dict[str, list[Vector]] = reply["embeddings"]
    return vectors["float"] if isinstance(vectors, dict) else vectors


def to_nova(texts: list[str], request: EmbeddingRequest, _: Model) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "embeddingPurpose": _PURPOSES[request.input_type or _DOCUMENT],
        "text": {"truncationMode": "NONE", "value": texts[0]},
    }
    if request.dimensions is not None:
        parameters["embeddingDimension"] = request.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": parameters}


def from_nova(reply: dict[str, Any], batch: Batch, model: Model) -> list[Vector]:
    """Raises Problem where Nova cut the text although told not to, as was seen to happen."""
    (made,) = reply["embeddings"]
    if "truncatedCharLength" in made:
        raise Problem("context_length_exceeded", param=batch.param, model=model.name)
    return [made["embedding"]]


class Form(NamedTuple):
    write: Callable[[list[str], EmbeddingRequest, Model], dict[str, Any]]
    read: Callable[[dict[str, Any], Batch, Model], list[Vector]]


FORMS = {
    "titan": Form(to_titan, from_titan),
    "cohere": Form(to_cohere, from_cohere),
    "nova": Form(to_nova, from_nova),
}


def to_invoke(batch: Batch, request: EmbeddingRequest, model: Model) -> dict[str, Any]:
    """The InvokeModel body for the inputs of one call."""
    return FORMS[embedding(model).form].write(batch.texts, request, model)


def from_invoke(
    reply: dict[str, Any], headers: Mapping[str, str], batch: Batch, request: EmbeddingRequest, model: Model
) -> Embedded:
    """What InvokeModel answered for these inputs. Raises Problem."""
    vectors = FORMS[embedding(model).form].read(reply, batch, model)
    if len(vectors) != len(batch.texts):
        raise Problem("upstream_error")
    counted = headers.get(_COUNTED) or reply.get("inputTextTokenCount", 0)
    return Embedded([encoded(vector, request) for vector in vectors], int(counted))
