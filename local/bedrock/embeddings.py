"""Embeddings: deterministic vectors in which texts that share words lie close together."""

import hashlib
import math
import re
from itertools import pairwise
from typing import Any

from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, malformed
from local.bedrock.tokens import IMAGE, count, pieces

FEATURE_PLACES = 8  # numbers of the vector that one word moves
TITAN_CHARACTERS = NOVA_CHARACTERS = 50000
COHERE_TEXTS, COHERE_CHARACTERS = 96, 2048
INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
THIRD_IMAGE, FOURTH_IMAGE = r"data:image/(png|jpeg);base64,", r"data:image/(png|jpeg|webp|gif);base64,"
COHERE_TYPES = ("float", "int8", "uint8", "binary", "ubinary")
NOVA_SCHEMA = "nova-multimodal-embed-v1"
NOVA_MEDIA = ("text", "image", "video", "audio")
NOVA_PURPOSES = (
    *("GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "IMAGE_RETRIEVAL", "VIDEO_RETRIEVAL"),
    *("DOCUMENT_RETRIEVAL", "AUDIO_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"),
)


def vector(text: str, dimensions: int) -> list[float]:
    """A unit vector: every word and pair of words moves a few numbers up or down."""
    words = re.findall(r"\w+|[^\w\s]", text.lower()) or [text]
    sums = [0.0] * dimensions
    pairs = [(" ".join(two), 0.5) for two in pairwise(words)]
    for feature, weight in [*((word, 1.0) for word in words), *pairs]:
        digest = hashlib.sha256(feature.encode()).digest()
        for at in range(0, FEATURE_PLACES * 4, 4):
            place = int.from_bytes(digest[at : at + 3], "big") % dimensions
            sums[place] += weight if digest[at + 3] & 1 else -weight
    length = math.hypot(*sums)
    if length == 0:
        return [1.0, *[0.0] * (dimensions - 1)]
    return [number / length for number in sums]


def bits(numbers: list[float]) -> list[int]:
    return [int(number > 0) for number in numbers]


def packed(numbers: list[float], signed: bool) -> list[int]:
    """Eight signs to the byte, as Cohere's binary types have it."""
    signs = bits(numbers)
    values = [int("".join(map(str, signs[at : at + 8])), 2) for at in range(0, len(signs), 8)]
    return [value - 128 for value in values] if signed else values


def titan(model: Model, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The reply of Titan Text Embeddings V2, and its input tokens.

    Source: Amazon Bedrock user guide, Amazon Titan Text Embeddings.
    """
    only(body, {"inputText", "dimensions", "normalize", "embeddingTypes"}, {"inputText"})
    text, dimensions = body["inputText"], body.get("dimensions", model.dimensions[0])
    expect(body, "inputText", str)
    expect(body, "normalize", bool)
    if not text:
        raise malformed("expected minLength: 1, actual: 0")
    if len(text) > TITAN_CHARACTERS:
        raise malformed(f"expected maxLength: {TITAN_CHARACTERS}, actual: {len(text)}")
    one_of(body, "dimensions", model.dimensions)
    types = chosen(body.get("embeddingTypes"), "embeddingTypes", ("float", "binary")) or ["float"]
    tokens = count(text)
    if tokens > model.context_tokens:
        limit = model.context_tokens
        raise invalid(
            f"400 Bad Request: Too many input tokens. Max input tokens: {limit}, request input token count: {tokens}"
        )
    numbers = vector(text, dimensions)
    if body.get("normalize") is False:
        numbers = [number * math.sqrt(tokens + 1) for number in numbers]
    forms: dict[str, list[float] | list[int]] = {"float": numbers, "binary": bits(numbers)}
    return {
        "embedding": numbers,
        "inputTextTokenCount": tokens,
        "embeddingsByType": {name: forms[name] for name in types},
    }, tokens


def cohere(model: Model, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The reply of Cohere Embed v3 or v4, and its input tokens.

    Source: Amazon Bedrock user guide, Cohere Embed v3 and Cohere Embed v4.
    """
    fourth = len(model.dimensions) > 1
    allowed = {"input_type", "texts", "images", "truncate", "embedding_types"}
    only(body, allowed | {"inputs", "output_dimension", "max_tokens"} if fourth else allowed, {"input_type"})
    one_of(body, "input_type", INPUT_TYPES[: 4 if fourth else 5])
    one_of(body, "truncate", ("NONE", "LEFT", "RIGHT") if fourth else ("NONE", "START", "END"))
    one_of(body, "output_dimension", model.dimensions)
    truncate, dimensions = body.get("truncate", "NONE"), body.get("output_dimension", model.dimensions[0])
    expect(body, "max_tokens", int)
    if body.get("max_tokens", 1) < 1:
        raise malformed(f"#/max_tokens: {body['max_tokens']} is not greater or equal to 1")
    types = chosen(body.get("embedding_types"), "embedding_types", COHERE_TYPES)
    entries = cohere_entries(body, fourth)
    limit = min(body.get("max_tokens", model.context_tokens), model.context_tokens)
    texts = [cut(text, limit, truncate) for text in entries]
    vectors = [vector(text, dimensions) for text in texts]
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    reply = {"id": f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"}
    form = {"response_type": "embeddings_by_type" if types else "embeddings_floats"}
    embeddings = {name: [converted(numbers, name) for numbers in vectors] for name in types} if types else vectors
    named = {"texts": entries} if "texts" in body else {}
    tokens = IMAGE * len(body.get("images", [])) or sum(map(count, texts))
    return {**reply, **form, **named, "embeddings": embeddings}, tokens


def nova(model: Model, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The reply of Nova Multimodal Embeddings to a text, and its input tokens.

    Source: Amazon Nova user guide, embeddings schema. It gives a text 8192 characters; what the API was seen to refuse
    is 50001.
    """
    only(body, {"schemaVersion", "taskType", "singleEmbeddingParams"}, {"taskType", "singleEmbeddingParams"})
    one_of(body, "schemaVersion", (NOVA_SCHEMA,))
    one_of(body, "taskType", ("SINGLE_EMBEDDING",))
    asked = body["singleEmbeddingParams"]
    only(
        asked, {"embeddingPurpose", "embeddingDimension", *NOVA_MEDIA}, {"embeddingPurpose"}, "#/singleEmbeddingParams"
    )
    one_of(asked, "embeddingPurpose", NOVA_PURPOSES)
    one_of(asked, "embeddingDimension", model.dimensions)
    if len(asked.keys() & set(NOVA_MEDIA)) != 1:
        raise malformed("#/singleEmbeddingParams: exactly one of text, image, video or audio is needed")
    if "text" not in asked:
        raise invalid("This stand-in embeds text only.")
    text = asked["text"]
    only(text, {"truncationMode", "value", "source"}, {"truncationMode"}, "#/singleEmbeddingParams/text")
    if "value" not in text or "source" in text:
        raise invalid("This stand-in embeds text in the request only.")
    one_of(text, "truncationMode", ("START", "END", "NONE"))
    expect(text, "value", str)
    if not 1 <= len(text["value"]) <= NOVA_CHARACTERS:
        limit = f"maxLength: {NOVA_CHARACTERS}" if text["value"] else "minLength: 1"
        raise malformed(f"#/singleEmbeddingParams/text/value: expected {limit}, actual: {len(text['value'])}")
    kept = cut(text["value"], model.context_tokens, text["truncationMode"])
    made: dict[str, Any] = {"embeddingType": "TEXT"}
    made["embedding"] = vector(kept, asked.get("embeddingDimension", model.dimensions[0]))
    if kept != text["value"]:
        made["truncatedCharLength"] = len(kept)
    return {"embeddings": [made]}, count(kept)


def cohere_entries(body: dict[str, Any], fourth: bool) -> list[str]:
    """What is to be embedded, each as one text: a picture is its data URI."""
    given = [name for name in ("texts", "images", "inputs") if name in body]
    if len(given) != 1:
        raise malformed("exactly one of texts, images or inputs is needed")
    if not fourth and (body["input_type"] == "image") != (given[0] == "images"):
        raise malformed("#/input_type: image is for images, and only for them")
    entries = body[given[0]]
    most = COHERE_TEXTS if fourth or given[0] == "texts" else 1
    if not isinstance(entries, list) or not 1 <= len(entries) <= most:
        raise malformed(f"#/{given[0]}: expected between 1 and {most} items")
    if given[0] == "inputs":
        try:
            return [" ".join(str(part[part["type"]]) for part in entry["content"]) for entry in entries]
        except (KeyError, TypeError) as error:
            raise malformed("#/inputs: expected objects with a content list") from error
    for number, entry in enumerate(entries):
        if not isinstance(entry, str):
            raise malformed(f"#/{given[0]}/{number}: expected type: String, found: {type(entry).__name__}")
        if given[0] == "images" and not re.match(FOURTH_IMAGE if fourth else THIRD_IMAGE, entry):
            raise malformed(f"#/images/{number}: expected a data URI of an image")
        if given[0] == "texts" and not fourth and len(entry) > COHERE_CHARACTERS:
            raise malformed(f"#/texts/{number}: expected maxLength: {COHERE_CHARACTERS}, actual: {len(entry)}")
        if not entry:
            raise malformed(f"#/{given[0]}/{number}: expected minLength: 1, actual: 0")
    return entries


def cut(text: str, limit: int, truncate: str) -> str:
    if text.startswith("data:") or count(text) <= limit:
        return text
    if truncate == "NONE":
        raise invalid(f"The input exceeds the maximum of {limit} tokens and truncate is NONE.")
    kept = pieces(text)[-limit:] if truncate in ("START", "LEFT") else pieces(text)[:limit]
    return "".join(kept)


def converted(numbers: list[float], name: str) -> list[float] | list[int]:
    if name == "float":
        return numbers
    if name in ("binary", "ubinary"):
        return packed(numbers, signed=name == "binary")
    scaled = [round(number * 127) for number in numbers]
    return scaled if name == "int8" else [number + 128 for number in scaled]


def chosen(wanted: Any, name: str, known: tuple[str, ...]) -> list[str]:
    """The valid list of embedding types; empty when none were asked for."""
    if wanted is None:
        return []
    if not isinstance(wanted, list) or not wanted or any(one not in known for one in wanted):
        raise malformed(f"#/{name}: expected a list of {', '.join(known)}")
    return list(dict.fromkeys(wanted))


def only(body: Any, allowed: set[str], needed: set[str], where: str = "#") -> None:
    if not isinstance(body, dict):
        raise malformed(f"{where}: expected type: JSONObject, found: {type(body).__name__}")
    for name in sorted(needed - body.keys()):
        raise malformed(f"{where}: required key [{name}] not found")
    for name in sorted(body.keys() - allowed):
        raise malformed(f"{where}: extraneous key [{name}] is not permitted")


def expect(body: dict[str, Any], name: str, wanted: type) -> None:
    if name in body and (not isinstance(body[name], wanted) or (wanted is int and isinstance(body[name], bool))):
        raise malformed(f"#/{name}: expected type: {wanted.__name__}, found: {type(body[name]).__name__}")


def one_of(body: dict[str, Any], name: str, known: tuple[Any, ...]) -> None:
    if name in body and (body[name] not in known or isinstance(body[name], bool | float)):
        raise malformed(f"#/{name}: {body[name]} is not a valid enum value")
