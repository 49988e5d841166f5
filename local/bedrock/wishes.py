"""What a conversation says in plain words of the JSON it wants, for where no schema binds the answer."""

import json
import re
from typing import Any

_DECODER = json.JSONDecoder()
_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_NAME = r"[\"'`]?[A-Za-z_]\w*[\"'`]?"
_NAMES = rf"{_NAME}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+){_NAME})*"
_NOUN = r"(?:keys?|fields?|properties|property)"
_QUOTED = re.compile(rf"((?:[\"'`]\w+[\"'`](?:\s*,\s*|\s+and\s+|\s*,\s*and\s+)?)+)\s*{_NOUN}\b", re.IGNORECASE)
_LISTED = re.compile(rf"\b{_NOUN}\b(?:\s+(?:named|called|are|is|of))?\s*:?\s+({_NAMES})", re.IGNORECASE)


def wished(texts: list[str]) -> dict[str, Any] | None:
    """The schema of the JSON that texts ask for: one written out in them, else one of the keys that they name."""
    text = "\n".join(texts)
    if not _JSON.search(text):
        return None
    written = list(_schemas(text))
    if written:
        return written[-1]
    found = _QUOTED.search(text) or _LISTED.search(text)
    names = [name for name in re.findall(r"\w+", found[1]) if name.lower() != "and"] if found else []
    return {"type": "object", "properties": {name: {} for name in names}, "required": names} if names else None


def unwished(text: str) -> str:
    """A text without the schemas and keys it asks for, whose words are none of what the answer is filled with."""
    at = 0
    while (start := text.find("{", at)) >= 0:
        found, end = _read(text, start)
        if found is None:
            at = start + 1
        else:
            text, at = text[:start] + text[end:], start
    return _QUOTED.sub(" ", text) if _JSON.search(text) else text


def _schemas(text: str) -> Any:
    at = 0
    while (start := text.find("{", at)) >= 0:
        found, end = _read(text, start)
        if found is not None:
            yield found
        at = end


def _read(text: str, start: int) -> tuple[dict[str, Any] | None, int]:
    """The JSON schema that begins there, and where it ends."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except ValueError:
        return None, start + 1
    is_schema = isinstance(value, dict) and isinstance(value.get("properties"), dict)
    return (value, end) if is_schema else (None, end)
