"""What POST /embeddings takes and answers: OpenAI's request and list, as far as Bedrock's models can serve it."""

import base64
import json
import struct
from array import array
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator

from pennyworth.errors import Problem
from services.openai.catalogue import Embedding, Model
from services.openai.strict import STRICT
from services.openai.vocabulary import are_ids, as_text, require_few

MOST_INPUTS = 2048

Vector = list[float]
Encoded: TypeAlias = "array[float] | str"  # a text, because Python 3.11's arrays take no type


def _inputs(given: object) -> object:
    """A string, or one array of token ids, as an array of it."""
    if isinstance(given, str) and given:
        return [given]
    if are_ids(given):
        return [as_text(given)]
    if isinstance(given, list) and given:
        if len(given) > MOST_INPUTS:
            raise ValueError(f"holds {len(given)} inputs, and {MOST_INPUTS} are the most: send several requests")
        require_few(given)
        return given
    raise ValueError("must be a string or an array of strings or of token ids, and not empty")


def _said(said: str) -> str:
    if not said:
        raise ValueError("must not be empty")
    return said


Input = Annotated[str, AfterValidator(_said), BeforeValidator(as_text)]


class EmbeddingRequest(BaseModel):
    """Source: OpenAI's API reference, Create embeddings (as in openai-python 3.54).

    `input_type` is no parameter of OpenAI's. Cohere and Nova embed a query otherwise than the documents it is to find,
    and clients have no other way to say which it is. `user` is taken as the hint it is.
    """

    model_config = STRICT
    model: str
    input: Annotated[list[Input], BeforeValidator(_inputs)]
    dimensions: int | None = None
    encoding_format: Literal["float", "base64"] | None = None
    input_type: Literal["search_document", "search_query", "classification", "clustering"] | None = None
    user: str | None = None


class Batch(NamedTuple):
    """The inputs of one call."""

    texts: list[str]
    param: str  # what to name if they are too long: `input[7]`, or `input` where it may be any of several


class Embedded(NamedTuple):
    """What a call gave."""

    vectors: list[Encoded]
    tokens: int


def batches(request: EmbeddingRequest, model: Model) -> list[Batch]:
    """The inputs, by the calls that the model needs for them. Raises Problem for what it does not take."""
    takes = embedding(model)
    if request.dimensions is not None and request.dimensions not in takes.dimensions:
        sizes = " or ".join(map(str, takes.dimensions))
        raise Problem("invalid_value", param="dimensions", reason=f"the model '{model.name}' makes {sizes} of them")
    if request.input_type is not None and not model.accepts("input_type"):
        reason = f"The model '{model.name}' embeds all input alike. Leave it out."
        raise Problem("unsupported_parameter", param="input_type", reason=reason)
    for index, text in enumerate(request.input):
        if takes.max_characters is not None and len(text) > takes.max_characters:
            param = "input" if len(request.input) == 1 else f"input[{index}]"
            reason = f"has {len(text)} characters, and the model '{model.name}' reads {takes.max_characters}: split it"
            raise Problem("invalid_value", param=param, reason=reason)
    step = takes.inputs_per_call
    texts = [request.input[at : at + step] for at in range(0, len(request.input), step)]
    named = step == 1 and len(texts) > 1
    return [Batch(some, f"input[{index}]" if named else "input") for index, some in enumerate(texts)]


def embedding(model: Model) -> Embedding:
    """Raises Problem for a model that does not embed."""
    if model.embedding is None:
        raise Problem("invalid_value", param="model", reason=f"'{model.name}' is not an embedding model")
    return model.embedding


def encoded(vector: Vector, request: EmbeddingRequest) -> Encoded:
    """As asked for: numbers, or the base64 of little-endian 32-bit floats, which OpenAI's SDKs ask for by default.

    Numbers are packed, because a list takes four times the room: 2048 of Nova's vectors are 6 million.
    """
    if request.encoding_format == "base64":
        return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    return array("d", vector)


def embedding_list(calls: Iterable[Embedded], request: EmbeddingRequest) -> dict[str, Any]:
    """OpenAI's list of embeddings, in the order of the inputs; `pieces` writes it."""
    vectors: list[Encoded] = []
    tokens = 0
    for call in calls:
        vectors += call.vectors
        tokens += call.tokens
    return {
        "object": "list",
        "data": [{"object": "embedding", "index": index, "embedding": made} for index, made in enumerate(vectors)],
        "model": request.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def pieces(embeddings: dict[str, Any]) -> Iterator[str]:
    """The list as JSON, an embedding at a time: whole, it would be a hundred megabytes at the most."""
    data = embeddings.get("data")
    if not isinstance(data, list) or not data:  # an upstream's, which may be anything
        yield _json(embeddings)
        return
    rest = _json({name: value for name, value in embeddings.items() if name != "data"})
    before = f'{rest[:-1]}{"," if rest != "{}" else ""}"data":['
    for made in data:
        yield before + _json(made)
        before = ","
    yield "]}"


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=array.tolist)
