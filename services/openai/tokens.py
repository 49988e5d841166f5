"""How many tokens a prompt has: what Bedrock is asked, and an estimate where it does not count. Pure."""

import json
from typing import Any

from services.openai.catalogue import Model
from services.openai.names import foundation_id

# What of a Converse body CountTokens takes. Source: the bedrock-runtime service model, ConverseTokensRequest (2026-11).
_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")
_CHARACTERS = 4  # of a token of English, about
_IMAGE, _BYTES = 1600, 4  # tokens of an image at the size to which models scale it; bytes of a document's token


def counted_as(model: Model) -> str | None:
    """The id to count by: Bedrock refuses inference profiles here, though newer models are invoked by nothing else.
    None for a model that it counts no tokens of.

    Sources: Amazon Bedrock user guide, CountTokens; live probes in
    https://github.com/Boise-State-Development/agentcore-public-stack/pull/430 (read 2026-11).
    """
    counts = model.owned_by == "anthropic" and not model.id.startswith("arn:")
    return foundation_id(model.id) if counts else None


def count_input(converse: dict[str, Any]) -> dict[str, Any]:
    """CountTokens' body, of Converse's."""
    return {"input": {"converse": {name: converse[name] for name in _COUNTED if name in converse}}}


def estimate(value: Any) -> int:
    """Tokens of a prompt's JSON, in anybody's form: the text's length, images and files by their own measure."""
    return max(1, round(_size(value)))


def _size(value: Any) -> float:
    if isinstance(value, dict):
        if value.get("type") == "image" or "image_url" in value or isinstance(value.get("image"), dict):
            return _IMAGE
        if (base64 := _base64(value)) is not None:
            return len(base64) * 3 / 4 / _BYTES
        return sum(_size(inner) + len(name) / _CHARACTERS / 2 for name, inner in value.items())
    if isinstance(value, list):
        return sum(_size(inner) + 1 for inner in value)
    return len(value if isinstance(value, str) else json.dumps(value)) / _CHARACTERS


def _base64(value: dict[str, Any]) -> str | None:
    """Of a file: Anthropic's, OpenAI's and Converse's, in this order."""
    data = value.get("data") if value.get("type") == "base64" else value.get("file_data", value.get("bytes"))
    return data if isinstance(data, str) else None
