"""What a model thought, as a reasoning item's `encrypted_content`: a client keeps it and hands it back unread.

It is not secret, for the client reads the same in a chat; a model's signature on it is what its provider verifies.
"""

import base64
import json
from typing import Any

from pydantic import ValidationError

from pennyworth.errors import Problem
from services.openai.conversation import ThinkingBlock

_FIELDS = {"thinking_blocks", "reasoning_content"}


def sealed(blocks: list[dict[str, Any]], text: str) -> str | None:
    """What goes back to the model: its signed blocks, or the text where it signs none. None for neither."""
    kept: dict[str, Any] = {"thinking_blocks": blocks} if blocks else {"reasoning_content": text} if text else {}
    return base64.b64encode(json.dumps(kept, separators=(",", ":")).encode()).decode() if kept else None


def opened(encrypted: str, param: str) -> dict[str, Any]:
    """The fields of the assistant's message. Raises Problem for what no answer here gave."""
    try:
        kept = json.loads(base64.b64decode(encrypted, validate=True))
        if not isinstance(kept, dict) or not kept or not kept.keys() <= _FIELDS:
            raise ValueError("fields of another's")
        for block in kept.get("thinking_blocks", ()):
            ThinkingBlock.model_validate(block)
        if not isinstance(kept.get("reasoning_content", ""), str):
            raise ValueError("no text")
    except (ValueError, TypeError, RecursionError, ValidationError):
        reason = "is not what an answer here gave: send the item as it came, or leave it out"
        raise Problem("invalid_value", param=param, reason=reason) from None
    return kept


def packed(summary: str) -> str:
    """A summary as a compaction item's `encrypted_content`."""
    return base64.b64encode(json.dumps({"summary": summary}, separators=(",", ":")).encode()).decode()


def unpacked(encrypted: str, param: str) -> str:
    """The summary. Raises Problem for what no compaction here gave."""
    try:
        summary = json.loads(base64.b64decode(encrypted, validate=True))["summary"]
        if not isinstance(summary, str) or not summary.strip():
            raise ValueError("no text")
    except (ValueError, TypeError, KeyError, RecursionError):
        reason = "is not what POST /responses/compact gave here: send the item as it came"
        raise Problem("invalid_value", param=param, reason=reason) from None
    return summary
