"""What a model accepts in messages, system and tools beyond text: files, cache points, guarded text."""

import re
from collections.abc import Iterator
from typing import Any

from local.bedrock.catalogue import Model
from local.bedrock.errors import AwsError, invalid, refused_by_model, unsupported

MEDIA = {"image": "images", "document": "documents", "video": "videos", "audio": "audio"}
# Blocks of the service model that no model here understands.
FOREIGN = ("citationsContent", "searchResult", "toolAddition", "toolRemoval")
IMAGES, IMAGE_BYTES = 20, 3_750_000
DOCUMENTS, DOCUMENT_BYTES = 5, 4_500_000
CACHE_POINTS = 4
DOCUMENT_NAME = re.compile(r"[A-Za-z0-9()\[\]-]+(?:\s[A-Za-z0-9()\[\]-]+)*")
MAGIC = {
    "png": (b"\x89PNG\r\n\x1a\n",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
    "webp": (b"RIFF",),
    "pdf": (b"%PDF-",),
    "wav": (b"RIFF",),
    "mp3": (b"ID3", b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2", b"\xff\xe3", b"\xff\xe2"),
}


def check_blocks(model: Model, body: dict[str, Any]) -> None:
    """Raise the first thing in the request that this model does not take."""
    if body.get("system") and not model.can("system"):
        raise invalid(
            "This model doesn't support system messages. Try again without a system message or use a model that "
            "supports system messages."
        )
    for number, block in enumerate(body.get("system", [])):
        if "text" in block and not block["text"].strip():
            raise invalid(
                f"The text field in the SystemContentBlock object at system.{number} is blank. Add text and try again."
            )
    for number, message in enumerate(body["messages"]):
        where = f"messages.{number}.content"
        check_media(model, where, message)
        check_objects(where, message["content"])
    check_counts(body)
    check_audio(body)
    check_cache_points(model, body)


def check_media(model: Model, where: str, message: dict[str, Any]) -> None:
    blocks = message["content"]
    for at, block in enumerate([*blocks, *inside_results(blocks)]):
        kind = next(iter(block))
        if kind in FOREIGN:
            raise unsupported(f"{where}.{at}.{kind}")
        if kind not in MEDIA:
            continue
        if not model.can(MEDIA[kind]) or message["role"] != "user":
            raise unsupported(f"{where}.{at}.{kind}")
        check_file(kind, block[kind])
    if any("document" in block for block in blocks) and not any("text" in block for block in blocks):
        raise invalid("A text block must be included when using documents.")


def inside_results(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield from block.get("toolResult", {}).get("content", [])


def check_file(kind: str, block: dict[str, Any]) -> None:
    content, form = block["source"].get("bytes"), block.get("format", "")
    if kind == "document" and not DOCUMENT_NAME.fullmatch(block["name"]):
        raise invalid(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character."
        )
    if content is None:
        return
    if len(content) > {"image": IMAGE_BYTES, "document": DOCUMENT_BYTES}.get(kind, len(content)):
        raise invalid(f"The {kind} exceeds the maximum size. Reduce its size and try again.")
    if form in MAGIC and not content.startswith(MAGIC[form]):
        raise refused_by_model(f"Could not process {kind}: its content is not {form}")


def check_objects(where: str, blocks: list[dict[str, Any]]) -> None:
    """Arguments and JSON results are objects, none of whose keys is `__type`: Bedrock refuses both."""
    for at, block in enumerate(blocks):
        if "toolUse" in block and not is_plain_object(block["toolUse"]["input"]):
            raise not_an_object(f"{where}.{at}.toolUse.input")
        for inner, part in enumerate(block.get("toolResult", {}).get("content", [])):
            if "json" in part and not is_plain_object(part["json"]):
                raise not_an_object(f"{where}.{at}.toolResult.content.{inner}.json")


def is_plain_object(value: Any) -> bool:
    return isinstance(value, dict) and not holds_type_key(value)


def holds_type_key(value: Any) -> bool:
    if isinstance(value, dict):
        return "__type" in value or any(map(holds_type_key, value.values()))
    return isinstance(value, list) and any(map(holds_type_key, value))


def not_an_object(where: str) -> AwsError:
    return invalid(f"The format of the value at {where} is invalid. Provide a json object for the field and try again.")


def check_counts(body: dict[str, Any]) -> None:
    blocks = [block for message in body["messages"] for block in message["content"]]
    blocks += inside_results(blocks)
    if sum("image" in block for block in blocks) > IMAGES:
        raise refused_by_model(f"too many images: the maximum is {IMAGES}")
    names = [block["document"]["name"] for block in blocks if "document" in block]
    if len(names) > DOCUMENTS:
        raise refused_by_model(f"too many documents: the maximum is {DOCUMENTS}")
    if len(names) != len(set(names)):
        raise invalid("Duplicate document names are not allowed. Give each document its own name and try again.")


def check_audio(body: dict[str, Any]) -> None:
    """The models that hear refuse instructions beside what they hear."""
    if body.get("system") and any("audio" in block for message in body["messages"] for block in message["content"]):
        raise refused_by_model(
            "Found system messages at indexes [0] and audio chunks in user messages are not supported together"
        )


def check_cache_points(model: Model, body: dict[str, Any]) -> None:
    in_tools = points(body.get("toolConfig", {}).get("tools", []))
    elsewhere = points(body.get("system", []))
    for message in body["messages"]:
        elsewhere += points(message["content"])
    every = in_tools + elsewhere
    if (in_tools and not model.can("cached_tools")) or (elsewhere and not model.can("cached_messages")):
        raise AwsError(
            "AccessDeniedException",
            "You invoked an unsupported model or your request did not allow prompt caching. See the documentation "
            "for more information.",
            403,
        )
    if len(every) > CACHE_POINTS:
        raise refused_by_model(
            f"A maximum of {CACHE_POINTS} blocks with cache_control may be provided. Found {len(every)}."
        )
    lives = [point.get("ttl", "5m") for point in every]
    if lives != sorted(lives):
        raise refused_by_model("a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block.")
    if any(point.get("ttl") == "1h" for point in every) and not model.can("one_hour_cache"):
        raise unsupported("cachePoint.ttl")


def points(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cache points among blocks. One that follows nothing marks nothing: refused."""
    if blocks and "cachePoint" in blocks[0]:
        raise invalid("A cachePoint block must follow the content that it caches.")
    return [block["cachePoint"] for block in blocks if "cachePoint" in block]
